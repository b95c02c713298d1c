"""How much of a variance each of several correlated factors explains.

Shares are Shapley values of the explained variance (Lindeman, Merenda, Gold 1980), exact for up to EXACT factors and by
relative weights (Johnson 2000) for more. R² is adjusted before it is shared out, so that factors which explain nothing
get nothing on average. Everything is computed from covariances, for many resampled ones at once.
"""

from __future__ import annotations

from math import comb

import numpy as np

EXACT = 12
SMALL = 1e-8


def covariance(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weighted covariance of the columns of x, each pair from the rows that have both; made semidefinite."""
    there = np.isfinite(x)
    filled = np.where(there, x - np.nanmean(x, axis=0), 0.0)
    mask = there.astype(float)
    weighted_mask, weighted = mask * weight[:, None], filled * weight[:, None]
    both = np.maximum(weighted_mask.T @ mask, 1e-300)
    of_row = weighted.T @ mask / both
    found = weighted.T @ filled / both - of_row * of_row.T
    values, vectors = np.linalg.eigh(found)
    floor = SMALL * max(values[-1], 0.0)
    return found if values[0] >= floor else (vectors * np.maximum(values, floor)) @ vectors.T


def shares_of_variance(found: np.ndarray, count: float) -> tuple[np.ndarray, np.ndarray]:
    """(share of each factor, adjusted R²) for covariances … × (p + 1) × (p + 1), the outcome last, of `count` people.

    Shares sum to one; they are undefined (nan) where nothing is explained.
    """
    found = np.atleast_3d(found) if found.ndim == 3 else found[None]
    factors = found.shape[1] - 1
    explained = _lmg(found, count) if factors <= EXACT else _relative(found, count)
    whole = explained.sum(axis=1)
    kept = np.maximum(explained, 0.0)
    total = kept.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, kept / total, np.nan), whole


def r_squared(found: np.ndarray) -> float:
    """The share of the outcome's variance (last row) that all factors explain together."""
    inner, cross = found[:-1, :-1], found[:-1, -1]
    return float(cross @ np.linalg.lstsq(inner, cross, rcond=None)[0] / found[-1, -1])


def inflation(found: np.ndarray) -> np.ndarray:
    """Of each factor, how much the others inflate the variance of its coefficient (VIF)."""
    inner = found[:-1, :-1]
    spread = np.sqrt(np.maximum(np.diag(inner), SMALL))
    return np.diag(np.linalg.pinv(inner / np.outer(spread, spread)))


def _lmg(found: np.ndarray, count: float) -> np.ndarray:
    factors = found.shape[1] - 1
    worth = np.zeros((1 << factors, len(found)))
    size = np.array([bin(mask).count("1") for mask in range(1 << factors)])
    total = np.maximum(found[:, -1, -1], SMALL)

    def visit(left: np.ndarray, mask: int, first: int) -> None:
        """Gaussian elimination of one factor after the other: what is left of the outcome's variance is unexplained."""
        worth[mask] = 1 - (left[:, -1, -1] / total) * (count - 1) / max(count - size[mask] - 1, 1)
        for j in range(first, factors):
            pivot = np.maximum(left[:, j, j], SMALL)
            gone = left[:, :, j, None] * left[:, j, None, :] / pivot[:, None, None]
            visit(left - gone, mask | 1 << j, j + 1)

    visit(found, 0, 0)
    orders = np.array([1.0 / (factors * _choose(factors - 1, k)) for k in range(factors)])
    masks = np.arange(1 << factors)
    parts = []
    for j in range(factors):
        without = masks[masks & (1 << j) == 0]
        gains = worth[without | 1 << j] - worth[without]
        parts.append(orders[size[without]] @ gains)
    return np.stack(parts, axis=1)


def _relative(found: np.ndarray, count: float) -> np.ndarray:
    spread = np.sqrt(np.maximum(np.diagonal(found, axis1=1, axis2=2), SMALL))
    related = found / (spread[:, :, None] * spread[:, None, :])
    values, vectors = np.linalg.eigh(related[:, :-1, :-1])
    root = (vectors * np.sqrt(np.maximum(values, SMALL))[:, None, :]) @ vectors.transpose(0, 2, 1)
    beta = np.linalg.solve(root, related[:, :-1, -1:])
    raw = (root**2 @ beta**2)[..., 0]
    whole = raw.sum(axis=1, keepdims=True)
    factors = raw.shape[1]
    adjusted = 1 - (1 - whole) * (count - 1) / max(count - factors - 1, 1)
    return raw * adjusted / np.maximum(whole, SMALL)


def _choose(n: int, k: int) -> int:
    return comb(n, k)
