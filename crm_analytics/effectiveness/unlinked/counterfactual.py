"""What a stretch of days would have sold, told from the days before it alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.effectiveness.unlinked import structural
from crm_analytics.effectiveness.unlinked.influences import Series


@dataclass(frozen=True, kw_only=True, eq=False)
class Counterfactual:
    """A series and the structure learned from the days before the campaign, ready to be asked about any days."""

    series: Series
    structure: structural.Structure
    draws: int
    seed: int
    confidence: float

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
        return np.quantile(draws, [(1 - self.confidence) / 2, (1 + self.confidence) / 2], axis=0)
