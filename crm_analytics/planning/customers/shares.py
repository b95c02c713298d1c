"""Shares of customers and their uncertainty: one interval, the difference of two, and many questions asked at once."""

from __future__ import annotations

import numpy as np

Z = 1.959964
"""For 19 of 20 cases."""


def share_interval(count: np.ndarray | float, of: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Low and high of a share (Wilson 1927), which stays within 0 and 1 for few customers, too; 0–1 for none."""
    count, of = np.asarray(count, float), np.asarray(of, float)
    n = np.maximum(of, 1e-12)
    share = count / n
    middle = share + Z**2 / (2 * n)
    half = Z * np.sqrt(np.maximum(share * (1 - share), 0) / n + Z**2 / (4 * n**2))
    low, high = (middle - half) / (1 + Z**2 / n), (middle + half) / (1 + Z**2 / n)
    return np.where(of > 0, np.clip(low, 0, share), 0.0), np.where(of > 0, np.clip(high, share, 1), 1.0)


def difference_of_shares(
    count: np.ndarray | float, of: np.ndarray | float, count_then: np.ndarray | float, of_then: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Low and high of the first share less the second (Newcombe 1998, method 10)."""
    now, then = np.asarray(count, float) / of, np.asarray(count_then, float) / of_then
    (low, high), (low_then, high_then) = share_interval(count, of), share_interval(count_then, of_then)
    gap = now - then
    return gap - np.hypot(now - low, high_then - then), gap + np.hypot(high - now, then - low_then)


def above_zero(count: np.ndarray, of: np.ndarray, count_then: np.ndarray, of_then: np.ndarray) -> np.ndarray:
    """How often two shares would differ so much if there were no difference between them (two-sided)."""
    from scipy.stats import norm

    both = (count + count_then) / (of + of_then)
    spread = np.sqrt(np.maximum(both * (1 - both) * (1 / of + 1 / of_then), 1e-300))
    return 2 * norm.sf(np.abs(count / of - count_then / of_then) / spread)


def holm(p_values: np.ndarray) -> np.ndarray:
    """The same, corrected for so many questions asked at once (Holm 1979); NaN for a question that was not asked."""
    p = np.asarray(p_values, float)
    asked = np.flatnonzero(np.isfinite(p))
    out = np.full(len(p), np.nan)
    order = asked[np.argsort(p[asked], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out
