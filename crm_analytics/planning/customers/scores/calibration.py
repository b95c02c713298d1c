"""Probabilities that mean what they say: a score's log-odds brought to what happened, and held against it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.planning.customers.scores.scorecard import Scorecard

TRUST = 0.5
"""How far, give or take, a calibration's slope is expected from one before it has seen anything."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What happened, as a line over what was foretold (both log-odds): intercept, slope and their covariance.

    A slope below one: foretold too boldly; an intercept above nothing: more happened than foretold (Cox 1958).
    """

    intercept: float
    slope: float
    covariance: np.ndarray

    @classmethod
    def through(cls, log_odds: np.ndarray, happened: np.ndarray, customers: np.ndarray | None = None) -> Line:
        """By logistic regression; rows of one customer count as one observation for its errors."""
        design = np.column_stack([np.ones(len(log_odds)), log_odds])
        beta, bread = _newton(design, happened, prior=np.zeros((2, 2)))
        score = design * (happened - sigmoid(design @ beta))[:, None]
        if customers is not None:
            _, who = np.unique(customers, return_inverse=True)
            score = np.column_stack([np.bincount(who, weights=score[:, j]) for j in range(2)])
        return cls(intercept=float(beta[0]), slope=float(beta[1]), covariance=bread @ (score.T @ score) @ bread)

    @property
    def slope_span(self) -> tuple[float, float]:
        half = 1.96 * float(np.sqrt(self.covariance[1, 1]))
        return self.slope - half, self.slope + half

    def span(self, log_odds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far a probability may be off for what the calibration does not know."""
        v = self.covariance
        half = 1.96 * np.sqrt(np.maximum(v[0, 0] + 2 * log_odds * v[0, 1] + log_odds**2 * v[1, 1], 0))
        return sigmoid(log_odds - half), sigmoid(log_odds + half)


def sigmoid(log_odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))


def slope_of(log_odds: np.ndarray, happened: np.ndarray) -> float:
    """Platt's slope (1999), held back towards one where few rows speak."""
    design = np.column_stack([np.ones(len(log_odds)), log_odds])
    beta, _ = _newton(design, happened, prior=np.diag([0.0, 1 / TRUST**2]))
    return float(np.clip(beta[1], 0.05, 2.0))


def shift_to(log_odds: np.ndarray, rate: float) -> float:
    """What to add so that the mean probability is the rate."""
    low, high = -25.0, 25.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(log_odds + middle).mean() < rate else (low, middle)
    return (low + high) / 2


def calibrated(card: Scorecard, slope: float, newest_log_odds: np.ndarray, newest: np.ndarray) -> Scorecard:
    """The card on the scale of probabilities, recalibrated to how often it happened most recently."""
    rate = (newest.sum() + 0.5) / (len(newest) + 1)
    return card.moved(shift_to(slope * newest_log_odds, rate), slope)


def _newton(design: np.ndarray, y: np.ndarray, *, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression on few columns, its slope expected at one so surely; and its covariance."""
    centre = np.array([0.0, 1.0])
    beta = centre.copy()
    for _ in range(40):
        p = sigmoid(design @ beta)
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + prior + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (y - p) - prior @ (beta - centre))
        beta = beta + np.clip(step, -4, 4)
        if np.abs(step).max() < 1e-10:
            break
    return beta, np.linalg.inv(hessian)
