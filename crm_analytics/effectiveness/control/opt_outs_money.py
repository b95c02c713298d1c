"""What campaigns won, and what a permission is worth: so that what was won stands beside what was lost."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import Estimate, compared
from crm_analytics.effectiveness.control.measures import Measure, measure_of
from crm_analytics.say import say

if TYPE_CHECKING:
    from collections.abc import Iterator

YEAR_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class Money:
    """What the campaigns won in all, and what a subscriber brings in a year, in money.

    `messages` is what being addressed added to a customer's year: lost with the permission, and the least that is.
    `everything` is all that a customer who is left alone buys in a year: lost if the customer goes altogether.
    """

    measure: str
    won: float
    low: float
    high: float
    days: int
    messages: float
    everything: float

    def worded(self, caused: float, *, opt_outs: bool) -> str:
        """What was won beside what was lost."""
        values = {"won": self.won, "low": self.low, "high": self.high, "noun": measure_noun(self.measure)}
        values |= {"days": self.days, "each": self.won / caused}
        if self.low <= 0 <= self.high:
            told = (
                "What they won of {noun} in {days:count} days is within noise ({low:money} – {high:money})."
            )
        elif self.won < 0:
            told = "They also lost {noun}: {won:money} in their first {days:count} days ({low:money} – {high:money})."
        elif opt_outs:
            told = (
                "They won {won:money} of {noun} in their first {days:count} days ({low:money} – {high:money}), "
                "{each:money} for each permission lost."
            )
        else:
            told = (
                "They won {won:money} of {noun} in their first {days:count} days ({low:money} – {high:money}), "
                "{each:money} for each complaint."
            )
        told = say(told, **values)
        if not opt_outs:
            return told
        return told + " " + say(
            "A year of a permission is worth {least:money} if only what messages bring is lost with it, {most:money} "
            "if the customer goes altogether: {least_all:money} to {most_all:money} a year for all that were lost."
            if self.messages > 0
            else "Messages add nothing beyond noise to a customer's year; if the customer goes altogether, {most:money}"
            " a year is lost with a permission, {most_all:money} with all of them.",
            least=self.messages, most=self.everything, least_all=caused * self.messages,
            most_all=caused * self.everything,
        )  # fmt: skip


def brought(rows: pd.DataFrame, confidence: float) -> pd.DataFrame | None:
    """What each campaign won of all it addressed, with an interval of its own: won, won_low, won_high, by campaign_id.
    None where sales are not known."""
    measure = _measure(rows)
    if measure is None:
        return None
    found = {name: (people, compared(people, measure).effect) for name, people in _tests(rows, measure)}
    parts = {name: _in_all(people, effect, confidence) for name, (people, effect) in found.items()}
    return pd.DataFrame.from_dict(parts, orient="index", columns=["won", "won_low", "won_high"])


def money(rows: pd.DataFrame, confidence: float) -> Money | None:
    """What all of them won, and what a subscriber brings in a year. None where sales are not known."""
    measure = _measure(rows)
    if measure is None or "days" not in rows:
        return None
    tests = [(people, compared(people, measure)) for _, people in _tests(rows, measure)]
    if not tests:
        return None
    won, pulls = 0.0, []
    for people, arms in tests:
        addressed = int((people["arm"] == "treated").sum())
        won += addressed * arms.effect.value
        scale = addressed * arms.effect.se / max(float((arms.pull**2).sum()) ** 0.5, 1e-12)
        pulls.append(pd.Series(scale * arms.pull, index=people["customer_id"].to_numpy()))
    together = pd.concat(pulls)
    error = float((together.groupby(level=0).sum() ** 2).sum()) ** 0.5  # a customer of several campaigns counts once
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * error
    low, high = won - reach, won + reach
    days = int(rows["days"].iloc[0])
    starts = pd.to_datetime(rows["starts"]) if "starts" in rows else pd.Series(pd.Timestamp(0), index=rows.index)
    years = max((starts.max() - starts.min()).days + days, YEAR_DAYS) / YEAR_DAYS
    subscribers = rows.loc[rows["arm"] == "treated", "customer_id"].nunique()
    control = rows[rows["arm"] == "control"]
    return Money(
        measure=measure.name, won=won, low=low, high=high, days=days,
        messages=won / subscribers / years if low > 0 else 0.0,
        everything=float(control[measure.above].mean()) * YEAR_DAYS / days,
    )  # fmt: skip


def measure_noun(name: str) -> str:
    return say("margin") if name == "margin" else say("revenue")


def _measure(rows: pd.DataFrame) -> Measure | None:
    if "outcome_margin" in rows and rows["outcome_margin"].notna().all():
        return measure_of("margin", rows)
    return measure_of("revenue", rows) if "outcome_revenue" in rows else None


def _tests(rows: pd.DataFrame, measure: Measure) -> Iterator[tuple[str, pd.DataFrame]]:
    """The customers of each campaign in which anybody bought anything."""
    for name, people in rows.groupby("campaign_id", sort=True):
        if people[measure.above].nunique() > 1:
            yield str(name), people


def _in_all(people: pd.DataFrame, effect: Estimate, confidence: float) -> np.ndarray:
    addressed = int((people["arm"] == "treated").sum())
    return addressed * np.array([effect.value, *effect.interval(confidence)])
