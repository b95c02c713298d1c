"""What change is ordinary: the range in which the next one would lie if nothing but the usual happened."""

from __future__ import annotations

import numpy as np

CHANGES_NEEDED = 4
"""Earlier changes below which nobody can say what an ordinary one is."""


def log_ratios(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Log changes between pairs of periods, parts × pairs; NaN where either period brought nothing."""
    usable = (now > 0) & (before > 0)
    return np.where(usable, np.log(np.where(usable, now, 1) / np.where(usable, before, 1)), np.nan)


def ordinary_range(changes: np.ndarray) -> np.ndarray:
    """Low and high of the next ordinary change as a share, for each row of log changes; NaN for a short history."""
    from scipy.stats import t

    seen = np.isfinite(changes)
    n = seen.sum(axis=1)
    enough = n >= CHANGES_NEEDED
    size = np.maximum(n, 2)
    mean = np.where(seen, changes, 0).sum(axis=1) / size
    spread = np.sqrt((np.where(seen, changes - mean[:, None], 0) ** 2).sum(axis=1) / (size - 1))
    reach = t.ppf(0.975, size - 1) * spread * np.sqrt(1 + 1 / size)
    ranges = np.expm1(np.column_stack([mean - reach, mean + reach]))
    return np.where(enough[:, None], ranges, np.nan)
