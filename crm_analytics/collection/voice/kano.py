"""What a factor does when it is bad, and when it is excellent: penalty–reward contrasts (Brandt 1987, after Kano)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.result.chance import holm

BASIC, PERFORMANCE, EXCITING, UNCLEAR = "basic", "performance", "exciting", "unclear"
LOW_END, HIGH_END = 0.25, 0.9
"""Bad is the lowest quarter of a scale (1 and 2 of 5), excellent its top (5 of 5, 9 and 10 of 10)."""

LEAST_IN_GROUP, CHANCE = 8, 0.05


def kinds(wide: pd.DataFrame, y: np.ndarray, weight: np.ndarray, *, ends: pd.DataFrame) -> list[str]:
    """The kind of each factor (column of `wide`): basic, performance, exciting, or unclear.

    Satisfaction is regressed on whether each factor is bad and whether it is excellent, all at once, among
    those who rated them all. A factor that costs more when bad than it brings when excellent is basic; the other way
    round it is exciting; one that does both alike is a performance factor. Errors are robust and hold for all factors
    (Holm).
    """
    from scipy import stats

    whole = wide.notna().all(axis=1).to_numpy()
    factors = wide.shape[1]
    if whole.sum() < 10 * factors:
        return [UNCLEAR] * factors
    low, high = ends.loc[wide.columns, "lowest"].to_numpy(float), ends.loc[wide.columns, "highest"].to_numpy(float)
    level = (wide.to_numpy(float)[whole] - low) / (high - low)
    bad, excellent = level <= LOW_END, level >= HIGH_END
    design = np.column_stack([np.ones(len(level)), bad, excellent]).astype(float)
    found, spread = _fitted(design, y[whole], weight[whole])
    steps = np.array([1.0, -1.0])
    seen = (np.minimum(bad.sum(axis=0), excellent.sum(axis=0)) >= LEAST_IN_GROUP) & np.isfinite(found[1:]).all()
    parts = []
    for j in range(factors):
        at = [1 + j, 1 + factors + j]
        penalty, reward = -found[at[0]], found[at[1]]
        variance = spread[np.ix_(at, at)]
        contrast = penalty - reward
        of_contrast = float(np.sqrt(max(np.ones(2) @ variance @ np.ones(2), 1e-300)))
        of_both = float(np.sqrt(max(steps @ variance @ steps, 1e-300)))
        parts.append((contrast, contrast / of_contrast, (penalty + reward) / of_both))
    contrast, z_contrast, z_both = np.array(parts).T
    left = max(whole.sum() - 2 * factors - 1, 1)
    differs = holm(2 * stats.t.sf(np.abs(z_contrast), left)) < CHANCE
    moves = (holm(2 * stats.t.sf(np.abs(z_both), left)) < CHANCE) & (z_both > 0)
    named = np.select(
        [~seen | ~moves, differs & (contrast > 0), differs & (contrast < 0)], [UNCLEAR, BASIC, EXCITING], PERFORMANCE
    )
    return named.tolist()


def _fitted(design: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted least squares: coefficients and their robust covariance (HC1)."""
    root = np.sqrt(weight)[:, None]
    inverse = np.linalg.pinv((design * root).T @ (design * root))
    found = inverse @ (design.T @ (weight * y))
    pushes = design * (weight * (y - design @ found))[:, None]
    freedom = len(y) / max(len(y) - design.shape[1], 1)
    return found, freedom * inverse @ (pushes.T @ pushes) @ inverse
