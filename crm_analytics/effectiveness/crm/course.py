"""One monthly measure with a day on which something was introduced: what it is since, beyond season and trend.

Interrupted time series: a yearly wave of two harmonics, a straight trend, and a step (Wagner et al., 2002), weighted by
how many each month is made of. Months that follow one another are alike; how much so is not known, and the step is
averaged over what it may be, each by its restricted likelihood (Harville 1977), so that the interval knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ALIKE = np.arange(0, 0.91, 0.1)
"""Candidates for the correlation of one month's error with the next one's."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """The step, its standard error and degrees of freedom; what each month would have been without it."""

    value: float
    error: float
    freedom: float
    without: np.ndarray

    def between(self, confidence: float) -> tuple[float, float]:
        """Low and high, by Student's t."""
        from scipy.stats import t

        half = float(t.ppf(0.5 + confidence / 2, self.freedom)) * self.error
        return self.value - half, self.value + half

    @property
    def p(self) -> float:
        """The chance of as large a step where there is none."""
        from scipy.stats import t

        return float(2 * t.sf(abs(self.value) / max(self.error, 1e-300), self.freedom))


def step(level: np.ndarray, weight: np.ndarray, month: np.ndarray, since: int) -> Step:
    """`level` of each month, `weight` (how many it is made of), `month` as a running number, `since` the first row
    after the introduction."""
    years = 2 * np.pi * month / 12
    waves = [f(k * years) for k in (1, 2) for f in (np.sin, np.cos)]
    after = (np.arange(len(level)) >= since).astype(float)
    design = np.column_stack([np.ones(len(level)), (month - month.mean()) / 12, *waves, after])
    scale = np.sqrt(weight / weight.mean())
    fits = [_fitted(level * scale, design * scale[:, None], rho, month) for rho in ALIKE]
    like = np.array([fit[0] for fit in fits])
    chance = np.exp(like - like.max())
    chance /= chance.sum()
    values, errors = (np.array([fit[i] for fit in fits]) for i in (1, 2))
    value = float(chance @ values)
    error = float(np.sqrt(chance @ (errors**2 + (values - value) ** 2)))
    beta = np.sum([c * fit[3] for c, fit in zip(chance, fits, strict=True)], axis=0)
    alike = float(chance @ ALIKE)
    freedom = max((len(level) - design.shape[1]) * (1 - alike) / (1 + alike), 2.0)
    return Step(value=value, error=error, freedom=freedom, without=design[:, :-1] @ beta[:-1])


def _fitted(y: np.ndarray, design: np.ndarray, rho: float, month: np.ndarray) -> tuple:
    """Restricted log likelihood, the step, its error, and all coefficients, for one correlation of neighbours."""
    together = rho ** np.abs(month[:, None] - month[None, :])
    root = np.linalg.cholesky(together)
    white_y, white = np.linalg.solve(root, y), np.linalg.solve(root, design)
    gram = white.T @ white
    inverse = np.linalg.pinv(gram)
    beta = inverse @ white.T @ white_y
    free = len(y) - design.shape[1]
    variance = float(((white_y - white @ beta) ** 2).sum()) / free
    like = (-0.5 * free * np.log(max(variance, 1e-300)) - np.log(np.diagonal(root)).sum()
            - 0.5 * np.linalg.slogdet(gram)[1])  # fmt: skip
    return like, float(beta[-1]), float(np.sqrt(variance * inverse[-1, -1])), beta
