"""Exact money, and how far a sum over customers would lie from itself had other such customers been drawn."""

from __future__ import annotations

import numpy as np

GRAIN = 10_000
"""Money is counted in whole ten-thousandths: so parts sum to their whole in the last digit."""

MOST_SKEWED = 0.3
"""Of the mean's skewness: beyond it the correction is no longer an expansion but an explosion."""


def exact(values: object) -> np.ndarray:
    """Money (floats or decimals; nothing is 0) in whole ten-thousandths."""
    numbers = np.nan_to_num(np.asarray(values, dtype=float))
    return np.rint(numbers * GRAIN).astype(np.int64)


def sum_interval(parts: np.ndarray, of: int, confidence: float) -> tuple[float, float]:
    """Between what a sum over `of` customers would have lain, had other such customers been drawn.

    `parts` are what each customer adds; customers who add nothing need not be listed. It is the bootstrap over
    customers with all its draws, in closed form: the sum's spread and skewness follow from those of the parts, and the
    skewed are corrected for their long tail as Hall does (On the removal of skewness by transformation, 1992).
    """
    from scipy.stats import norm

    parts = np.asarray(parts, float)
    total = float(parts.sum())
    if of < 2 or not np.any(parts):
        return total, total
    mean, absent = total / of, of - len(parts)
    centred = parts - mean
    square = (float(centred @ centred) + absent * mean**2) / of
    if square <= 0:
        return total, total
    cube = (float((centred**3).sum()) - absent * mean**3) / of
    spread, skew = np.sqrt(square * of / (of - 1) * of), cube / square**1.5
    z = norm.ppf((1 + confidence) / 2)
    return total - spread * _bent(z, skew, of), total - spread * _bent(-z, skew, of)


def _bent(z: float, skew: float, of: int) -> float:
    """The quantile of the studentised mean of skewed values, from that of the normal."""
    gamma = float(np.clip(skew / np.sqrt(of), -MOST_SKEWED, MOST_SKEWED))
    if abs(gamma) < 1e-6:
        return float(z)
    return float(3 / gamma * (np.cbrt(1 + gamma * (z - gamma / 6)) - 1))
