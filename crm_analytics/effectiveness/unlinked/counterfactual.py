"""What a stretch of days would have sold, told from the days before it alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from crm_analytics.effectiveness.unlinked import structural
from crm_analytics.effectiveness.unlinked.influences import Series

PLACEBOS = 12
"""In so many windows before the campaign the method is tried."""
TRUSTED = 10
"""The model's own width counts for as much as so many placebo windows."""


class Tried(NamedTuple):
    """A placebo window: what it sold beyond what was foretold, how far that may be chance, and the interval."""

    gain: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Counterfactual:
    """A series and the structure learned from the days before the campaign, ready to be asked about any days."""

    series: Series
    structure: structural.Structure
    draws: int
    seed: int
    confidence: float
    stretch: float = 1.0
    """How much wider intervals are made than the model would have them, since placebo windows missed by more."""

    @classmethod
    def learn(cls, series: Series, *, draws: int, seed: int, confidence: float) -> Counterfactual:
        """Learn from the open days before the campaign. A day of nothing but returns counts as a day without sales."""
        before = series.open_before(series.start)
        sales = np.maximum(series.actual[before], 0) / series.unit
        structure = structural.fit(sales, series.influences[before], series.prior_sd, series.family)
        return cls(series=series, structure=structure, draws=draws, seed=seed, confidence=confidence)

    def expected(self, days: slice) -> np.ndarray:
        """Draws of what these days would have sold, in the unit of the measure: draws × days."""
        series = self.series
        here = np.arange(days.start, days.stop)
        sold = series.open[here]
        after = len(series.open_before(days.start))
        expected = np.zeros((self.draws, len(here)))
        expected[:, sold] = series.unit * self.structure.paths(
            series.influences[here[sold]], after=after, draws=self.draws, seed=self.seed
        )
        return expected

    def gain(self, days: slice) -> tuple[float, float]:
        """The interval of what these days sold beyond what they would have."""
        low, high = self.between(self.series.actual[days].sum() - self.expected(days).sum(axis=1))
        return float(low), float(high)

    def between(self, draws: np.ndarray) -> np.ndarray:
        """The bounds that hold the middle of the draws: low and high."""
        middle, low, high = np.quantile(draws, [0.5, (1 - self.confidence) / 2, (1 + self.confidence) / 2], axis=0)
        return middle + self.stretch * (np.array([low, high]) - middle)

    def tried(self, window: slice) -> list[Tried]:
        """The method tried on windows of the same length before this one, each told from the days before it alone."""
        length = window.stop - window.start
        starts = range(window.start - length, max(112, window.start // 3), -length)[:PLACEBOS]
        found = []
        for start in starts:
            days = slice(start, start + length)
            draws = self.series.actual[days].sum() - self.expected(days).sum(axis=1)
            found.append(Tried(float(draws.mean()), float(draws.std()), *self.between(draws)))
        return found

    def calibrated(self, tried: list[Tried]) -> Counterfactual:
        """The same with intervals as wide as its errors in placebo windows ask for; never narrower."""
        missed = sum((one.gain / one.sd) ** 2 for one in tried if one.sd > 0)
        return replace(self, stretch=max(1.0, float(np.sqrt((missed + TRUSTED) / (len(tried) + TRUSTED)))))
