"""Shares of customers beside each other: the interval of their difference, and how often chance alone makes it."""

from __future__ import annotations

import numpy as np

from crm_analytics.result.chance import share_interval

Z = 1.959964
"""For 19 of 20 cases."""


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
