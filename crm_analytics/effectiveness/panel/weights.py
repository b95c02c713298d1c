"""Weights that are shares: how much of each of several columns makes up a target best."""

from __future__ import annotations

import numpy as np


def shares(columns: np.ndarray, target: np.ndarray, *, ridge: float = 0.0) -> np.ndarray:
    """The w ≥ 0 with Σw = 1 that minimises ‖columns·w − target‖² + ridge·‖w‖² (rows × k, rows) → k.

    Since Σw = 1 the residual is (columns − target·1ᵀ)·w, so the problem is to minimise wᵀGw over shares. The solution
    of the non-negative least squares of (Ru, Σu − 1), G = RᵀR, is a multiple of it: for any sum of u the best
    direction is the same. Hence it is exact, without a step size or a tolerance (Lawson & Hanson 1974, ch. 23).
    """
    from scipy.linalg import qr
    from scipy.optimize import nnls

    k = columns.shape[1]
    root = columns - target[:, None]
    if len(root) > k:
        root = qr(root, mode="r", check_finite=False)[0][:k]
    if ridge:
        root = np.vstack([root, np.sqrt(ridge) * np.eye(k)])
    scale = np.sqrt((root**2).sum(axis=0).mean()) or 1.0
    found, _ = nnls(np.vstack([root / scale, np.ones(k)]), np.r_[np.zeros(len(root)), 1.0])
    return found / found.sum()
