"""The interval of a sum to which few large cases contribute most."""

from __future__ import annotations

import numpy as np
from scipy.stats import t


def skewed_interval(
    value: float, without: np.ndarray, *, confidence: float = 0.95, least_error: float = 0.0
) -> tuple[float, float]:
    """Low and high of a value, given what it would be without each part of the data (a jackknife over parts of like
    size), where few large cases make most of it.

    Student's interval misses such a value nearly always on one side: where the large ones are lacking, the value and
    its error are both too small. The cubic transformation of Hall (1992) takes the skewness out; without any it is
    Student's. No standard error below `least_error` is believed.
    """
    parts, apart = len(without), without.mean() - without
    error = max(float(np.sqrt((parts - 1) / parts * (apart**2).sum())), least_error)
    spread = float(np.sqrt((apart**2).mean()))
    skew = float((apart**3).mean()) / spread**3 if spread > 0 else 0.0
    reach = float(t.ppf((1 + confidence) / 2, parts - 1))
    if abs(skew) < 1e-6:
        return value - reach * error, value + reach * error
    ends = np.array([reach, -reach]) / np.sqrt(parts) - skew / (6 * parts)
    ends = 3 / skew * (np.cbrt(1 + skew * ends) - 1) * np.sqrt(parts)
    low, high = value - ends * error
    return float(low), float(high)
