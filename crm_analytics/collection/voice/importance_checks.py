"""Reasons to believe or doubt derived importance: collinearity, missing answers, the scale, a halo, what is said."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from crm_analytics.collection.voice import drivers
from crm_analytics.result import Check
from crm_analytics.say import say

COLLINEAR, SAME_TO_ALL, FEW_FACTORS = 5.0, 0.25, 2


def collinear(wide: pd.DataFrame, found: np.ndarray) -> Check:
    worst = drivers.inflation(found)
    at = int(np.argmax(worst))
    spread = np.sqrt(np.diag(found)[:-1])
    related = np.abs(found[:-1, :-1] / np.outer(spread, spread)) - np.eye(len(spread)) * 2
    other = int(np.argmax(related[at]))
    return Check(
        name=say("collinearity"),
        verdict="weak" if worst[at] > COLLINEAR else "holds",
        text=say(
            "{one} and {other} are hardly told apart by customers (variance inflated {vif:number} times); read their "
            "importance together."
            if worst[at] > COLLINEAR
            else "Factors can be told apart: none of them is inflated more than {vif:number} times by the others.",
            one=wide.columns[at],
            other=wide.columns[other],
            vif=float(worst[at]),
        ),
    )


def missing(x: np.ndarray, weight: np.ndarray, table: pd.DataFrame, names: list[str], count: float) -> Check:
    whole = np.isfinite(x).all(axis=1)
    gone = 1 - float(np.isfinite(x[:, :-1]).mean())
    if whole.all():
        told = say("Everybody who rated one factor rated all of them.")
        return Check(name=say("missing"), verdict="holds", text=told)
    same = None
    if whole.sum() > 2 * len(names):
        again = drivers.shares_of_variance(drivers.covariance(x[whole], weight[whole]), max(count * whole.mean(), 10))[
            0
        ][0]
        same = names[int(np.nanargmax(again))] == table.factor.iloc[0] if np.isfinite(again).any() else None
    return Check(
        name=say("missing"),
        verdict="holds" if same else "weak",
        text=say(
            "{gone:percent} of the ratings are missing; among those who rated everything the same factor comes first."
            if same
            else "{gone:percent} of the ratings are missing, and those who rated everything may answer otherwise.",
            gone=gone,
        ),
    )


def by_rank(x: np.ndarray, weight: np.ndarray, table: pd.DataFrame, names: list[str], count: float) -> Check:
    """Whether the order needs the steps of the scale to be equally far apart."""
    ranks = pd.DataFrame(x).rank().to_numpy()
    again = drivers.shares_of_variance(drivers.covariance(ranks, weight), count)[0][0]
    same = bool(np.isfinite(again).all()) and names[int(np.argmax(again))] == table.factor.iloc[0]
    return Check(
        name=say("scale"),
        verdict="holds" if same else "weak",
        text=say(
            "Counted by rank alone, without taking the steps of the scale as equal, the same factor comes first."
            if same
            else "Counted by rank alone another factor comes first, so the order hangs on the steps of the scale.",
        ),
    )


def halo(wide: pd.DataFrame) -> Iterator[Check]:
    known = wide.dropna()
    same = float((known.nunique(axis=1) == 1).mean()) if len(known) else 0.0
    if same > SAME_TO_ALL:
        yield Check(
            name=say("same to all"),
            verdict="weak",
            text=say("{share:percent} of respondents rated every factor alike, which tells little.", share=same),
        )


def backward(table: pd.DataFrame) -> Iterator[Check]:
    wrong = table[table.direction < 0]
    if len(wrong):
        yield Check(
            name=say("direction"),
            verdict="weak",
            text=say(
                "The better {factor} is rated, the less satisfied people are; see whether its scale runs the other "
                "way.",
                factor=wrong.factor.iloc[0],
            ),
        )


def stated_first(table: pd.DataFrame) -> Iterator[Check]:
    known = table.dropna(subset=["stated"])
    if len(known) < FEW_FACTORS:
        return
    said = known.sort_values(["stated", "factor"], ascending=[False, True]).factor.iloc[0]
    agree = said == table.factor.iloc[0]
    yield Check(
        name=say("stated"),
        verdict="holds" if agree else "weak",
        text=say(
            "People also say that {factor} is the most important."
            if agree
            else "People say that {said} is the most important; what moves their satisfaction most is {factor}.",
            said=said,
            factor=table.factor.iloc[0],
        ),
    )
