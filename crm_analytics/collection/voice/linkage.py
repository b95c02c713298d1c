"""What satisfaction is worth: what customers bought after they answered, by what they answered (linkage analysis)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_analytics.collection.voice.replies import latest_with
from crm_analytics.collection.voice.satisfaction import PASSIVE, PROMOTER
from crm_analytics.collection.voice.weighing import mean, p_value
from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

LEAST_IN_GROUP = 15
CHANCE = 0.05
SAME_BEFORE = 0.25
"""Groups whose spending before differs by more standard deviations were not alike to begin with."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinkageResult(Result):
    """`table`: group (low, middle, high answers), answers, position (mean), spend (after the answer, money a customer),
    low, high, before (money in the year before), bought (share who bought after), bought_low, bought_high.

    `difference`, `low` and `high`: what the high answers spent more than the low ones, alike customers compared.
    """

    survey: str
    question: str
    days: int
    difference: float
    low: float
    high: float
    raw: float
    """The plain difference of the means, without making customers alike."""


@dataclass(frozen=True, kw_only=True)
class Linkage(Study):
    """Do satisfied customers buy more afterwards, and how much is it?

    Point in time: money of the days after the answer only, from customers whose window is over. Customers are made
    alike by what they bought in the year before (weighted regression within the groups compared, robust errors), since
    good customers are often both satisfied and busy. It is an association: raising satisfaction may bring less.
    """

    question: str = ""
    survey: str = ""
    confidence: float = 0.95

    reads: ClassVar[str] = "spend_after_answers"
    columns: ClassVar[tuple[str, ...]] = (
        "survey",
        "respondent_id",
        "customer_id",
        "question",
        "position",
        "lowest",
        "highest",
        "weight",
        "answered_at",
        "spend_before",
        "spend_after",
        "days",
    )
    least: ClassVar[int] = 2 * LEAST_IN_GROUP
    of: ClassVar[str] = "answers of known customers whose days afterwards are over"

    def _answer(self, frame: pd.DataFrame) -> Result:
        placed = frame.assign(survey=frame.survey.fillna(""), item="")
        last = pd.to_datetime(placed.answered_at).groupby(placed.survey).max().reset_index(name="day")
        order = last.sort_values(["day", "survey"]).survey.tolist()
        found = latest_with(placed, order, self.survey, self.question)
        if found is None:
            return self.refuse(
                say("Not enough evidence: no survey asks known customers for satisfaction; name its question.")
            )
        survey, question = found
        rows = placed[(placed.survey == survey) & (placed.question == question)]
        rows = rows.drop_duplicates("customer_id").sort_values(["customer_id"], ignore_index=True)
        rows = rows.assign(group=_groups(rows))
        sizes = rows.group.value_counts()
        low, high = sizes.get("low", 0), sizes.get("high", 0)
        if min(low, high) < LEAST_IN_GROUP:
            return self.refuse(
                say(
                    "Not enough evidence: {low:count} unsatisfied and {high:count} satisfied customers can be followed "
                    "for {days:count} days; {least:count} of each are needed.",
                    low=int(low),
                    high=int(high),
                    days=int(rows.days.iloc[0]) if len(rows) else 0,
                    least=LEAST_IN_GROUP,
                )
            )
        return self._told(rows, survey, question)

    def _told(self, rows: pd.DataFrame, survey: str, question: str) -> LinkageResult:
        table = _table(rows, self.confidence)
        difference, low, high, p = _alike(rows, self.confidence)
        spends = table.set_index("group").spend
        days = int(rows.days.iloc[0])
        shown = p < CHANCE
        text = say(
            "{difference:money} ({low:money} – {high:money}) more in the next {days:count} days is what satisfied "
            "customers spend than unsatisfied ones who bought as much before."
            if shown and difference > 0
            else "{difference:money} ({low:money} – {high:money}) is the difference in the next {days:count} days "
            "between satisfied and unsatisfied customers who bought as much before: no more than chance makes."
            if not shown
            else "{difference:money} ({low:money} – {high:money}) in the next {days:count} days: satisfied customers "
            "spend less than unsatisfied ones who bought as much before.",
            difference=difference,
            low=low,
            high=high,
            days=days,
        )
        raw = float(spends["high"] - spends["low"])
        return LinkageResult(
            study=self,
            table=table,
            text=text,
            checks=tuple(_checks(rows, table, raw, (difference, low, high))),
            survey=survey,
            question=question,
            days=days,
            difference=difference,
            low=low,
            high=high,
            raw=raw,
        )


def _groups(rows: pd.DataFrame) -> np.ndarray:
    """Detractors, passives and promoters of 0 … 10; else the lower 40 %, the middle, the upper quarter of a scale."""
    recommends = (rows.lowest == 0) & (rows.highest == 10)
    level = (rows.position - rows.lowest) / (rows.highest - rows.lowest)
    high = np.where(recommends, rows.position >= PROMOTER, level >= 0.75)
    low = np.where(recommends, rows.position < PASSIVE, level <= 0.4)
    return np.select([high, low], ["high", "low"], "middle")


def _table(rows: pd.DataFrame, confidence: float) -> pd.DataFrame:
    parts = []
    for name in ("low", "middle", "high"):
        mine = rows[rows.group == name]
        if not len(mine):
            continue
        weight = mine.weight.to_numpy(float)
        after = mean(mine.spend_after.to_numpy(float), weight, confidence)
        bought = mean((mine.spend_after > 0).to_numpy(float), weight, confidence)
        parts.append(
            {
                "group": name,
                "answers": len(mine),
                "position": float(np.average(mine.position, weights=weight)),
                "spend": after.value,
                "low": after.low,
                "high": after.high,
                "before": float(np.average(mine.spend_before, weights=weight)),
                "bought": bought.value,
                "bought_low": max(bought.low, 0.0),
                "bought_high": min(bought.high, 1.0),
            }
        )
    return pd.DataFrame(parts)


def _alike(rows: pd.DataFrame, confidence: float) -> tuple[float, float, float, float]:
    """The high group's spending less the low one's, at the same spending before: (difference, low, high, p)."""
    from scipy import stats

    two = rows[rows.group != "middle"]
    high = (two.group == "high").to_numpy(float)
    before = np.log1p(np.maximum(two.spend_before.to_numpy(float), 0.0))
    weight = two.weight.to_numpy(float) / two.weight.mean()
    centred = before - np.average(before, weights=weight)
    parts = [np.ones(len(two)), high, centred, high * centred] if np.ptp(before) > 0 else [np.ones(len(two)), high]
    x = np.column_stack(parts)
    root = np.sqrt(weight)[:, None]
    inverse = np.linalg.pinv((x * root).T @ (x * root))
    y = two.spend_after.to_numpy(float)
    found = inverse @ (x.T @ (weight * y))
    leverage = np.minimum((x * root * ((x * root) @ inverse)).sum(axis=1), 0.99)
    pushes = x * (weight * (y - x @ found) / (1 - leverage))[:, None]
    se = float(np.sqrt((inverse @ (pushes.T @ pushes) @ inverse)[1, 1]))
    freedom = max(min(high.sum(), (1 - high).sum()) - 1, 1)
    reach = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * se
    value = float(found[1])
    return value, value - reach, value + reach, p_value(value, se, freedom + 1)


def _checks(rows: pd.DataFrame, table: pd.DataFrame, raw: float, alike: tuple[float, float, float]) -> Iterator[Check]:
    two = rows[rows.group != "middle"]
    before = np.log1p(np.maximum(two.spend_before.to_numpy(float), 0.0))
    high = (two.group == "high").to_numpy()
    spread = float(np.sqrt((before[high].var() + before[~high].var()) / 2)) or 1.0
    apart = float((before[high].mean() - before[~high].mean()) / spread)
    yield Check(
        name=say("alike before"),
        verdict="holds" if abs(apart) <= SAME_BEFORE else "weak",
        text=say(
            "Both groups bought about as much in the year before they answered."
            if abs(apart) <= SAME_BEFORE
            else "The groups bought differently before they answered; made alike, the plain difference of {raw:money} "
            "becomes {value:money}.",
            raw=raw,
            value=alike[0],
        ),
    )
    wide = alike[2] - alike[1]
    clear = alike[1] > 0 or alike[2] < 0
    needed = len(two) * (wide / 2 / abs(alike[0])) ** 2 if alike[0] else float("inf")
    enough = clear or not np.isfinite(needed) or needed > 100 * len(two)
    yield Check(
        name=say("evidence"),
        verdict="holds" if clear else "weak",
        text=say(
            "The interval leaves zero out, so the direction is settled."
            if clear
            else "The interval holds zero, and the difference found is too small for any survey to settle."
            if enough
            else "The interval holds zero; if the difference is as large as it looks, about {needed:count} followed "
            "answers would settle it, against {have:count}.",
            needed=needed if np.isfinite(needed) else 0,
            have=len(two),
        ),
    )
    yield Check(
        name=say("cause"),
        verdict="weak",
        text=say(
            "Nobody was made satisfied by lot: what satisfied customers do need not be what satisfying them does."
        ),
    )
