"""A change between two periods, split among its causes so that the order in which they are named does not matter.

Sales are a product of causes, so what one of them changed in money depends on the others. Every later day is held
against every earlier one of its weekday, and their difference is shared out by logarithmic means (additive LMDI-I: Ang,
Zhang & Choi, Factorizing changes in energy and environmental indicators through decomposition, 1998):

    later − earlier = L(later, earlier) · Σ (x·β of the later day − x·β of the earlier one),   L(a, b) = (a − b)/ln(a/b)

It is exact, has no rest of its own, gives a cause that did not move nothing, and is the same whatever comes first, as a
Shapley value would be; but it is linear in the coefficients, so that their uncertainty becomes that of the money
without any drawing. What the causes leave over, the ratio of both periods to what they foretell, is one more factor:
the unexplained.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crm_analytics.effectiveness.causes.learned import COURSE, SECRET, Learned
from crm_analytics.effectiveness.causes.periods import Periods, logarithmic_mean

CALENDAR, UNEXPLAINED = "calendar", "unexplained"


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Two totals, and what each cause changed between them.

    `keys` are the causes, `weights` (causes × influences) turn coefficients into money. `change` is each cause's money,
    `unexplained` what is left; with these the totals differ by exactly as much as they do.
    """

    learned: Learned
    periods: Periods
    was: float
    now: float
    keys: list[str]
    weights: np.ndarray
    counted: np.ndarray
    """Money that is counted, not estimated, by cause: the number of days and their weekdays."""
    counted_variance: np.ndarray

    @classmethod
    def of(cls, learned: Learned, periods: Periods) -> Split:
        actual, course = learned.series.actual, learned.course
        was, now, calendar = periods.totals(actual)
        here, there = periods.later_open, periods.earlier_open
        usual_now = course[here] * actual[here].sum() / course[here].sum()
        at_pace = float(periods.weight @ actual[there])
        usual_then = course[there] * at_pace / float(periods.weight @ course[there])
        shared = periods.pairing * logarithmic_mean(usual_now[:, None], usual_then)
        moved = shared.sum(axis=1) @ learned.influences[here] - shared.sum(axis=0) @ learned.influences[there]
        keys, weights = _by_cause(learned, moved)
        counted, variance = np.zeros(len(keys)), np.zeros(len(keys))
        counted[keys.index(CALENDAR)] = calendar
        spare = (periods.weight - 1) * usual_then * learned.structure.noise_sd if periods.alike else np.zeros(1)
        variance[keys.index(CALENDAR)] = float(spare @ spare)
        return cls(
            learned=learned,
            periods=periods,
            was=was,
            now=now,
            keys=keys,
            weights=weights,
            counted=counted,
            counted_variance=variance,
        )

    @property
    def change(self) -> np.ndarray:
        return self.counted + self.weights @ self.learned.whole[0]

    @property
    def unexplained(self) -> float:
        return self.now - self.was - float(self.change.sum())

    @cached_property
    def covariance(self) -> np.ndarray:
        """Of the causes' money: causes × causes."""
        scale = np.square(self.ordinary() / (self.was + self.now))
        wider = self.learned.doubt(self.weights)
        return (
            self.weights @ self.learned.whole[1] @ self.weights.T * np.outer(wider, wider)
            + np.diag(self.counted_variance)
            + scale * np.outer(self.change, self.change)
        )

    @property
    def beforehand(self) -> np.ndarray:
        """How uncertain each cause's money would be had the series not been seen (standard deviation)."""
        return np.sqrt(np.square(self.weights) @ np.square(self.learned.prior_sd))

    def ordinary(self) -> float:
        """How far the unexplained goes in ordinary times, in money (standard deviation)."""
        days = np.zeros(len(self.learned.series.actual))
        days[self.periods.later_open] = 1 / len(self.periods.later_open)
        days[self.periods.earlier_open] -= self.periods.weight / self.periods.weight.sum()
        scale = logarithmic_mean(np.array([max(self.now, 1e-9)]), np.array([max(self.was, 1e-9)]))[0]
        return float(scale) * self.learned.wandering_sd(days)


def _by_cause(learned: Learned, moved: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Each influence's weight under the cause it belongs to; campaigns together are shared out by name."""
    keys, rows = [CALENDAR], {CALENDAR: np.zeros(len(moved))}
    for place, name in enumerate(learned.names):
        key = cause_of(name)
        if name.startswith(SECRET):
            continue
        if key not in rows:
            keys.append(key)
            rows[key] = np.zeros(len(moved))
        rows[key][place] += moved[place]
    named = [place for place, name in enumerate(learned.names) if name.startswith("campaign: ") and COURSE not in name]
    for place in named:  # what campaigns usually do is in each one's own money
        of_all = learned.names.index("campaigns")
        rows[learned.names[place]][of_all] = moved[place]
        rows["campaigns"][of_all] -= moved[place]
    return keys, np.array([rows[key] for key in keys])


def cause_of(influence: str) -> str:
    """The cause an influence belongs to: the waves of the season are one, and so are the holidays."""
    if influence.startswith("weekday_"):
        return CALENDAR
    if influence.startswith("season_"):
        return "season"
    if influence.startswith("holiday"):
        return "holidays"
    return influence.partition(COURSE)[0]
