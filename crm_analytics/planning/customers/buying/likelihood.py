"""Finding the parameters under which what happened was most likely, and how well they are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Surface = Callable[[np.ndarray], tuple[float, np.ndarray, np.ndarray]]
"""A log-likelihood: positive parameters → its value, gradient and matrix of second derivatives."""

Told = tuple[float, np.ndarray, np.ndarray]
"""The value of a log-likelihood at one place, its gradient and its second derivatives."""

STEPS = 200
GAIN = 1e-9
"""The climb ends where the next step would add no more than this to the log-likelihood."""

RESAMPLES = 60
"""So many times a base is drawn anew to see how the parameters scatter."""

ROUGHLY = 1e-3
"""The gain at which the climb ends in a base drawn anew: what is left is far less than the scatter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Peak:
    """The most likely parameters, how likely, and the covariance of their logarithms (from the curvature there)."""

    parameters: np.ndarray
    log_likelihood: float
    log_covariance: np.ndarray
    converged: bool

    @property
    def log_errors(self) -> np.ndarray:
        """Standard errors of the parameters' logarithms: .1 means known to about 10 %."""
        return np.sqrt(np.diag(self.log_covariance))


def climb(surface: Surface, start: np.ndarray, gain: float = GAIN) -> Peak:
    """Climb to the peak of a log-likelihood of positive parameters by Newton's steps on their logarithms.

    Where the surface is not yet curved like a peak, or a step would overshoot, the step is shortened and turned
    uphill (Levenberg 1944, Marquardt 1963). A surface without a peak ends with `converged` False or wide errors.
    """
    place, damping, converged = np.log(np.asarray(start, dtype=float)), 1e-3, False
    value, slope, bend = _on_logarithms(surface, place)
    for _ in range(STEPS):
        step = _uphill(slope, bend, damping)
        converged = float(slope @ step) < gain
        there = _on_logarithms(surface, place + step)
        if np.isfinite(there[0]) and there[0] >= value - 1e-12 * abs(value):
            place, (value, slope, bend), damping = place + step, there, damping / 10
        else:
            damping *= 100
        if converged or damping > 1e9:
            break
    return Peak(parameters=np.exp(place), log_likelihood=value, log_covariance=_covariance(-bend), converged=converged)


def scattered(peak: Peak, redrawn: Callable[[], Surface]) -> np.ndarray:
    """The logarithms of the parameters at the peaks of RESAMPLES redrawn bases, resamples × parameters."""
    return np.log([climb(redrawn(), peak.parameters, ROUGHLY).parameters for _ in range(RESAMPLES)])


def mixture(terms: np.ndarray, slopes: np.ndarray, bends: dict[tuple[int, int], np.ndarray], n: np.ndarray) -> Told:
    """The log-likelihood of histories of which each may have come about in several ways.

    `terms` holds the logarithm of how likely each way is, ways × histories; `slopes` its derivatives, parameters ×
    ways × histories; `bends` its second derivatives by pairs of parameters, where they are not zero; `n` weighs the
    histories.
    """
    top = terms.max(axis=0)
    share = np.exp(terms - top)
    total = share.sum(axis=0)
    share = share / total
    weight = share * n
    mean = (slopes * share).sum(axis=1)
    bend = np.tensordot(slopes * weight, slopes, axes=((1, 2), (1, 2))) - (mean * n) @ mean.T
    for (i, k), second in bends.items():
        more = float((weight * second).sum())
        bend[i, k] += more
        bend[k, i] += more * (i != k)
    return float(n @ (top + np.log(total))), mean @ n, bend


def _on_logarithms(surface: Surface, place: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    at = np.exp(place)
    value, slope, bend = surface(at)
    return value, at * slope, np.diag(at * slope) + np.outer(at, at) * bend


def _uphill(slope: np.ndarray, bend: np.ndarray, damping: float) -> np.ndarray:
    """Newton's step where the surface is curved like a peak; elsewhere uphill all the same; at most to an e-fold."""
    curve, axes = np.linalg.eigh(-bend)
    curve = np.maximum(np.abs(curve), 1e-9 * np.abs(curve).max() + 1e-300)
    step = axes @ ((axes.T @ slope) / (curve * (1 + damping)))
    return step / max(1.0, float(np.abs(step).max()))


def _covariance(information: np.ndarray) -> np.ndarray:
    """The inverse of the information; in a direction in which next to nothing is known, a variance of a hundred."""
    curve, axes = np.linalg.eigh(information)
    return (axes / np.maximum(curve, 1e-2)) @ axes.T
