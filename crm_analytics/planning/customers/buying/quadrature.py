"""Means over what is not known for certain, taken at a few well-chosen places."""

from __future__ import annotations

import numpy as np

NODES = 64
"""At so many values of a probability a mean over all of them is taken; it is then right to seven digits."""

FEWER = {1.0: 16, 4.0: 32, np.inf: NODES}
"""So many are enough where no more time lies ahead than these multiples of what a customer has shown already."""

NEVER = 1e-12
"""No probability of leaving counts as lower than this."""


def beta_nodes(a: float, b: np.ndarray, nodes: int = NODES) -> tuple[np.ndarray, np.ndarray]:
    """Where to look at functions of beta(a, b) variables, and with which weights, to find their means; a row for each
    b.

    Gauss quadrature from the recurrence of Jacobi's polynomials (Golub & Welsch, 1969).
    """
    from scipy.linalg import eigh_tridiagonal

    b = np.asarray(b, dtype=float)[:, None]
    k, s = np.arange(1, nodes), a + b
    centres = np.hstack([a / s, (a * (s - 2) + 2 * k * (k + s - 1)) / ((2 * k + s) * (2 * k + s - 2))])
    first, k = a * b / (s**2 * (s + 1)), k[1:]
    others = k * (k + a - 1) * (k + b - 1) * (k + s - 2) / ((2 * k + s - 2) ** 2 * (2 * k + s - 1) * (2 * k + s - 3))
    beside = np.sqrt(np.hstack([first, others]))
    found = [eigh_tridiagonal(*row) for row in zip(centres, beside, strict=True)]  # unlike a batch of eigh: no threads
    places, vectors = (np.array(part) for part in zip(*found, strict=True))
    return np.maximum(places, NEVER), vectors[:, 0] ** 2
