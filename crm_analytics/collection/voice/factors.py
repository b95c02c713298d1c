"""What may move satisfaction: the ratings of a survey beside the whole, who gave them, and what people say matters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from crm_analytics.collection.voice.replies import IMPORTANT, RATED, RECOMMEND, WHOLE
from crm_analytics.collection.voice.weighing import effective_number

LEAST_DRIVERS = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Rated:
    """Who rated what in one survey: people × factors (`wide`, NaN where unanswered) and, beside it, the whole."""

    survey: str
    outcome: str
    rows: pd.DataFrame
    wide: pd.DataFrame
    whole: np.ndarray
    weight: np.ndarray

    @cached_property
    def x(self) -> np.ndarray:
        """Factors and, last, the whole."""
        return np.column_stack([self.wide.to_numpy(float), self.whole])

    @cached_property
    def count(self) -> float:
        """How many independent whole answers these are worth."""
        available = np.isfinite(self.x[:, :-1]).mean()
        return max(effective_number(self.weight) * available, self.wide.shape[1] + 3)


def ratings(placed: pd.DataFrame, outcome: str, named: str) -> pd.DataFrame:
    """The ratings that can be factors: items of rating questions, or, where there are none, other questions."""
    others = placed[(placed.question != outcome) & ~placed.question.map(lambda q: bool(IMPORTANT.search(q)))]
    if named:
        others = placed[(placed.question == named) | placed["item"].isin([named])]
    items = others[others["item"] != ""]
    if len(items):
        rated = items.groupby("question").agg(n=("respondent_id", "nunique"), k=("item", "nunique")).reset_index()
        rated["named"] = rated.question.map(lambda q: bool(RATED.search(q)))
        order, falling = ["named", "n", "k", "question"], [False, False, False, True]
        rated = rated[rated.k >= LEAST_DRIVERS].sort_values(order, ascending=falling)
        alike = items[items.question.isin(rated.question.head(1))]
        rows = alike.assign(factor=alike["item"])
    else:
        whole = others.question.map(lambda q: bool(RECOMMEND.search(q) or WHOLE.search(q)))
        rows = others[~whole].assign(factor=others.question[~whole])
    rows = rows.drop_duplicates(["respondent_id", "factor"])
    rows.attrs["survey_rows"] = placed
    return rows


def stated(placed: pd.DataFrame) -> dict[str, float]:
    """How important people say each item is, from 0 to 1, where the survey asked."""
    asked = placed[placed.question.map(lambda q: bool(IMPORTANT.search(q))) & (placed["item"] != "")]
    if not len(asked):
        return {}
    level = (asked.position - asked.lowest) / (asked.highest - asked.lowest)
    total = (level * asked.weight).groupby(asked["item"]).sum() / asked.weight.groupby(asked["item"]).sum()
    return total.to_dict()
