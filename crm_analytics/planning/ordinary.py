"""What change is ordinary: the range in which the next one would lie if nothing but the usual happened."""

from __future__ import annotations

import numpy as np

CHANGES_NEEDED = 4
"""Earlier changes below which nobody can say what an ordinary one is."""


def log_changes(months_of: np.ndarray, *, months: int, lag: int) -> np.ndarray:
    """Log changes of `months` against `lag` months earlier, in the periods before the newest; they do not overlap.

    `months_of` is parts × months; the answer is parts × changes, NaN where either period brought nothing.
    """
    sums = np.cumsum(np.pad(months_of, ((0, 0), (1, 0))), axis=1)
    rolling = sums[:, months:] - sums[:, :-months]
    ends = np.arange(rolling.shape[1] - 1 - months, lag - 1, -months)
    now, before = rolling[:, ends], rolling[:, ends - lag]
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
