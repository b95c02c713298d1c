"""The rate of leaving after a purchase, by what the customer had met with: a proportional-hazards model for pauses of
which some never end.

The chance to leave after a purchase is 1 − exp(−exp(η)) (Prentice and Gloeckler 1978), so a coefficient is the
logarithm of a hazard ratio. A customer who came back had not left; one who is silent has, or is in a pause of which a
share G lasts so long. The likelihood of both is maximised by Newton's method on counts, so that its curvature knows how
little a young silence says. Months have levels of their own, so nothing that happened to everybody passes for a cause;
what all share (prices, competitors, season) is then read off these levels, with the spread of the levels themselves as
noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RIDGE = 0.25
"""Precision that holds each month's level to that of all: months of which little is known yet stay near it."""
LEAST_FREE = 6
EXTRA = np.concatenate(([0.0], np.geomspace(1e-3, 2.0, 14)))
"""Variances that the months' levels may have beyond what is told of them."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Coefficients and their covariance, and how many have left by the model, by column of the design."""

    coefficients: np.ndarray
    cover: np.ndarray
    gone: np.ndarray
    """The chance to have left, by row, times its count."""

    def ratio(self, column: int, z: float) -> tuple[float, float, float]:
        """The hazard ratio of a column with its interval of ± z errors."""
        middle, error = self.coefficients[column], np.sqrt(self.cover[column, column])
        low, high = np.exp([middle - z * error, middle + z * error])
        return float(np.exp(middle)), float(low), float(high)


def fit(design: np.ndarray, count: np.ndarray, as_long: np.ndarray, *, held: np.ndarray) -> Fitted:
    """From rows of a design (constant first), how many purchases each stands for, and the share G of pauses as long as
    their silence (NaN: they came back); `held` is the precision that holds each coefficient to zero."""
    open_ = ~np.isnan(as_long)
    g = np.where(open_, as_long, 1.0)
    beta = np.zeros(design.shape[1])
    beta[0] = -2.3
    best, step = -np.inf, np.zeros_like(beta)
    for _ in range(60):
        value, slope, curve, _ = _likelihood(design, beta + step, (count, g, open_), held)
        if not value >= best - 1e-9:
            step = step / 2
            if np.abs(step).max() < 1e-7:
                break
            continue
        beta, best = beta + step, value
        step = np.clip(np.linalg.solve(curve, slope), -1.0, 1.0)
        if np.abs(step).max() < 1e-6 or float(slope @ step) < 1e-8 * abs(best):
            break
    _, _, safe, known = _likelihood(design, beta, (count, g, open_), held)
    curve = known if np.linalg.eigvalsh(known).min() > 1e-6 else safe
    h = -np.expm1(-np.exp(np.clip(design @ beta, -30, 3)))
    return Fitted(coefficients=beta, cover=np.linalg.inv(curve),
                  gone=np.where(open_, count * h / np.maximum(h + (1 - h) * g, 1e-300), 0.0))  # fmt: skip


def _likelihood(design: np.ndarray, beta: np.ndarray, rows: tuple, held: np.ndarray) -> tuple:
    """The value, its slope, a curvature that always leads uphill, and the observed one, which knows how little a young
    silence says."""
    count, g, open_ = rows
    m = np.exp(np.clip(design @ beta, -30, 3))
    q = np.exp(-m) * (1 - g)
    rest = np.maximum(1 - q, 1e-300)
    value = np.where(open_, np.log(rest), -m)
    slope = np.where(open_, m * q / rest, -m)
    bend = np.where(open_, -(m * q / rest) * (1 - m - m * q / rest), m)
    flat = np.where(open_, np.maximum(bend, 0.02 * np.abs(slope)), bend)
    known, safe = ((design * (count * each)[:, None]).T @ design + np.diag(held + 1e-9) for each in (bend, flat))
    return (
        float(count @ value) - 0.5 * float(held @ beta**2),
        design.T @ (count * slope) - held * beta,
        safe,
        known,
    )


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What moved everybody's rate of leaving: a coefficient for each column, its error, and the degrees of freedom."""

    coefficients: np.ndarray
    errors: np.ndarray
    free: int


def shared(levels: np.ndarray, cover: np.ndarray, columns: np.ndarray) -> Shared | None:
    """Read the levels of the months (known with their errors) off columns that all customers share; None where there
    are too few months. What the columns leave unexplained has a variance of its own, the likeliest (REML), and widens
    the intervals."""
    x = np.column_stack([np.ones(len(levels)), columns])
    free = len(levels) - x.shape[1]
    if free < LEAST_FREE or np.linalg.matrix_rank(x) < x.shape[1]:
        return None

    def read(extra: float) -> tuple[float, np.ndarray, np.ndarray]:
        inverse = np.linalg.inv(cover + extra * np.eye(len(levels)))
        known = x.T @ inverse @ x
        curve = np.linalg.inv(known)
        beta = curve @ x.T @ inverse @ levels
        rest = levels - x @ beta
        value = np.linalg.slogdet(inverse)[1] - np.linalg.slogdet(known)[1] - float(rest @ inverse @ rest)
        return value, beta, curve

    _, beta, curve = max((read(extra) for extra in EXTRA), key=lambda found: found[0])
    return Shared(coefficients=beta[1:], errors=np.sqrt(np.diag(curve))[1:], free=free)


def by_shifting(levels: np.ndarray, cover: np.ndarray, columns: np.ndarray, place: int) -> float:
    """How often one column would show as much if it were shifted against the months, end to front: prices that drift
    and months that drift find each other by chance more often than a formula says."""

    def size(shift: int) -> float:
        moved = columns.copy()
        moved[:, place] = np.roll(columns[:, place], shift)
        found = shared(levels, cover, moved)
        return abs(found.coefficients[place]) / found.errors[place] if found else 0.0

    own, count = size(0), len(levels)
    others = [size(shift) for shift in range(2, count - 1)]
    return (1 + sum(other >= own for other in others)) / (1 + len(others))
