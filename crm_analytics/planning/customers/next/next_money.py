"""How much will each customer spend at the next purchase? The own mean, drawn towards the base's.

Sums are log-normal about a customer's own level, levels normal over the customers (one-way random effects). How wide
the interval must be is read from purchases that were foretold and have come, so that it covers whatever their shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

YEAR_DAYS = 365
CAUTION = 50
"""As how many purchases a season begins at nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Levels:
    """What customers known on a day usually spend: `level` (the logarithm) and `spread` of the next sum about it."""

    level: np.ndarray
    spread: np.ndarray

    @classmethod
    def known(cls, purchases: pd.DataFrame, day: pd.Timestamp, horizon_days: int) -> Levels:
        """From purchases (`customer_id`, `day`, `revenue`) sorted by customer, of which those before `day` count.

        What everybody spent more than usual on the same days a year ago, they are to spend more this year.
        """
        purchases = purchases[purchases["day"] < day]
        ids = purchases["customer_id"].to_numpy(object)
        starts = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
        logs = np.log(np.maximum(purchases["revenue"].to_numpy(float), 0.01))
        count = np.diff(np.concatenate((starts, [len(ids)]))).astype(float)
        mean = np.add.reduceat(logs, starts) / count
        within = float(np.square(logs - np.repeat(mean, count.astype(int))).sum() / max(count.sum() - len(count), 1))
        within = max(within, 1e-6)
        weight = count / count.sum()
        centre = float(weight @ mean)
        # what group means differ by beyond what chance within groups makes (DerSimonian and Laird's moments)
        excess = float(count @ np.square(mean - centre)) - (len(count) - 1) * within
        between = max(excess / max(count.sum() - float(np.square(count).sum()) / count.sum(), 1e-9), 1e-9)
        certain = count / within + 1 / between
        level = (count * mean / within + centre / between) / certain
        ago = (day - purchases["day"]).dt.days.to_numpy()
        same = (ago <= YEAR_DAYS) & (ago > YEAR_DAYS - horizon_days)
        aside = (logs - np.repeat(level, count.astype(int)))[same & (ago.max() >= YEAR_DAYS)]
        level = level + aside.sum() / (len(aside) + CAUTION)
        return cls(level=level, spread=np.sqrt(1 / certain + within))


@dataclass(frozen=True, kw_only=True)
class Sums:
    """From levels to money: the mean, and the ends between which so much of what was foretold came to lie."""

    times: float
    low: float
    high: float
    error: float
    """Standard error of the mean of what is foretold, as a share of it."""

    @classmethod
    def learned(cls, levels: Levels, rows: np.ndarray, spent: np.ndarray, *, share: float) -> Sums:
        """From what these customers (`rows`) spent at the purchase that was foretold."""
        level, spread = levels.level[rows], levels.spread[rows]
        aside = (np.log(np.maximum(spent, 0.01)) - level) / spread
        low, high = np.quantile(aside, [(1 - share) / 2, (1 + share) / 2])
        plain = np.exp(level + spread**2 / 2)
        times = float(spent.sum() / plain.sum())
        error = float(np.std(spent - times * plain) / np.sqrt(len(spent)) / max(spent.mean(), 1e-9))
        return cls(times=times, low=float(low), high=float(high), error=error)

    def of(self, levels: Levels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean, low and high of each customer's next sum."""
        mean = self.times * np.exp(levels.level + levels.spread**2 / 2)
        return mean, np.exp(levels.level + self.low * levels.spread), np.exp(levels.level + self.high * levels.spread)
