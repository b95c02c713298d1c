"""Sales as a level that wanders slowly, weather that lasts a few days, and influences that are known.

    sales(t) = exp(course(t)) · (1 + noise(t)),   course(t) = x(t)·β + level(t)

with the level a random walk, the noise an AR(1) and β ~ N(0, prior_sd²). It is fitted to the working response
z = log m + sales/m − 1 around the mean m (McCullagh & Nelder 1989, as for a Poisson regression), for which
z = course + noise holds without the bias that the logarithm of a small store's noisy day would have.

The state space and its filter are statsmodels' UnobservedComponents, with the coefficients as states, so that what
is not known about them widens every forecast. Only the search for the two variance parameters is done here:
(1 − ρB)(1 − B) turns the noise into an MA(1), whose covariance is a band of three, so that a likelihood costs a
millisecond where a numerical search through the filter would cost seconds. Harvey, Forecasting, Structural Time
Series Models (1989).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

import numpy as np

WANDERING = 10.0 ** np.arange(-5, 0.01, 0.5)
"""Candidates for the variance of the level's daily step, as a multiple of the noise's."""
PERSISTENCE = (0.0, 0.2, 0.4, 0.6, 0.8)
"""Candidates for the noise's correlation from one day to the next."""
ROUNDS = 3
"""So often the mean that the working response is taken around is improved; later rounds change nothing that shows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Structure:
    """A fitted structure: from the filtered state of any day it tells the days after it, without having seen them."""

    z: np.ndarray
    influences: np.ndarray
    prior_sd: np.ndarray
    noise_sd: float
    wandering: float
    persistence: float

    @cached_property
    def _filtered(self):
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        k = self.influences.shape[1]
        model = UnobservedComponents(
            self.z, level="random walk", autoregressive=1, exog=self.influences, mle_regression=False
        )
        variance = self.noise_sd**2
        start = np.diag(np.r_[100.0, variance / (1 - self.persistence**2), self.prior_sd**2])
        model.ssm.initialize_known(np.zeros(k + 2), start)
        model.ssm.filter_univariate = True
        model.update(np.array([self.wandering * variance, variance, self.persistence]))
        return model.ssm.filter()

    @property
    def log_likelihood(self) -> float:
        return float(self._filtered.llf_obs.sum())

    @property
    def expected(self) -> np.ndarray:
        """What the day before would have expected of each day, in units of z."""
        return self._filtered.forecasts[0]

    @property
    def surprises(self) -> np.ndarray:
        """By how many standard errors each day differed from that."""
        return self._filtered.standardized_forecasts_error[0]

    @property
    def coefficients(self) -> tuple[np.ndarray, np.ndarray]:
        """The influences' coefficients and their standard errors, after the last day."""
        done = self._filtered
        return done.predicted_state[2:, -1], np.sqrt(np.diagonal(done.predicted_state_cov[2:, 2:, -1]))

    def paths(self, ahead: np.ndarray, *, after: int, draws: int, seed: int) -> np.ndarray:
        """Draws of sales for the days that follow the first `after` days, `ahead` being their influences: draws × days.

        A draw takes one possible state (level, noise, coefficients) and one possible noise variance, and walks on.
        """
        from scipy.signal import lfilter

        random = np.random.default_rng(seed)
        days = len(ahead)
        done = self._filtered
        freedom = max(after - 2 - len(self.prior_sd), 5)
        stretch = np.sqrt(freedom / random.chisquare(freedom, size=(draws, 1)))
        root = _root(done.predicted_state_cov[:, :, after])
        state = done.predicted_state[:, after] + stretch * (random.standard_normal((draws, len(root))) @ root.T)
        steps = stretch * self.noise_sd * random.standard_normal((draws, 2, days)).transpose(1, 0, 2)
        level = state[:, :1] + np.sqrt(self.wandering) * np.c_[np.zeros(draws), np.cumsum(steps[0], axis=1)[:, :-1]]
        fresh = np.c_[state[:, 1], steps[1][:, :-1]]
        noise = lfilter([1.0], [1.0, -self.persistence], fresh, axis=1)
        return np.exp(state[:, 2:] @ ahead.T + level) * (1 + noise)


def fit(sales: np.ndarray, influences: np.ndarray, prior_sd: np.ndarray) -> Structure:
    """Learn the structure of `sales` (a day each, none negative) under `influences` (days × k), prior spreads of β (k).

    The two variance parameters are posterior means over a grid, since their most likely values tend to zero and would
    make the level look steadier than it is.
    """
    z = _working_response(sales, influences, prior_sd)
    tried = [(_profile(z, influences, prior_sd, q, rho), q, rho) for q, rho in product(WANDERING, PERSISTENCE)]
    likelihood = np.array([profile.likelihood for profile, _, _ in tried])
    weight = np.exp(likelihood - likelihood.max())
    weight /= weight.sum()
    variance, wandering, persistence = weight @ np.array([(p.variance, q, rho) for p, q, rho in tried])
    return Structure(
        z=z,
        influences=influences,
        prior_sd=prior_sd,
        noise_sd=float(np.sqrt(variance)),
        wandering=float(wandering),
        persistence=float(persistence),
    )


def _working_response(sales: np.ndarray, influences: np.ndarray, prior_sd: np.ndarray) -> np.ndarray:
    """z around a mean that follows the influences from day to day and the sales themselves over a quarter."""
    base = np.ones(len(sales))
    for _ in range(ROUNDS):
        level = np.maximum(_over_a_quarter(sales) / _over_a_quarter(base), 1e-3 * sales.mean() / base.mean())
        mean = base * level
        z = np.log(mean) + sales / mean - 1
        base = np.exp(influences @ _profile(z, influences, prior_sd, 1e-3, 0.2).beta)
    return z


def _over_a_quarter(values: np.ndarray) -> np.ndarray:
    from scipy.ndimage import uniform_filter1d

    return uniform_filter1d(values, min(91, len(values)), mode="nearest")


class _Profile(NamedTuple):
    """How likely a pair of variance parameters is, with the noise variance and β that are best under it."""

    likelihood: float
    variance: float
    beta: np.ndarray


def _profile(z: np.ndarray, influences: np.ndarray, prior_sd: np.ndarray, q: float, rho: float) -> _Profile:
    """The log likelihood with β integrated and the noise variance at its best; the first two days only start it."""
    from scipy.linalg import cho_factor, cho_solve, cholesky_banded, solve_banded

    spread = prior_sd / (np.std(np.diff(z)) / np.sqrt(2) + 1e-12)
    rows = np.diff(np.c_[z, influences], axis=0)
    rows = rows[1:] - rho * rows[:-1]
    band = np.empty((2, len(rows)))
    band[0], band[1] = q * (1 + rho**2) + 2, -q * rho - 1
    root = cholesky_banded(band, lower=True, check_finite=False)
    white = solve_banded((1, 0), root, rows, check_finite=False)
    gram = white.T @ white
    factor = cho_factor(gram[1:, 1:] + np.diag(spread**-2), check_finite=False)
    beta = cho_solve(factor, gram[1:, 0], check_finite=False)
    variance = float(gram[0, 0] - gram[0, 1:] @ beta) / len(rows)
    size = 2 * np.log(root[0]).sum() + 2 * np.log(np.diagonal(factor[0])).sum() + 2 * np.log(spread).sum()
    return _Profile(-0.5 * (len(rows) * np.log(variance) + float(size)), variance, beta)


def _root(covariance: np.ndarray) -> np.ndarray:
    """A square root of a covariance that may be singular up to rounding."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return vectors * np.sqrt(np.clip(values, 0, None))
