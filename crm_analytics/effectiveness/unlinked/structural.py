"""Sales as a level that wanders slowly, weather that lasts a few days, and influences that are known.

    sales(t) = exp(course(t)) · (1 + noise(t)),   course(t) = x(t)·β + level(t)

with the level a random walk, the noise an AR(1) and β ~ N(0, prior_sd²). It is fitted to the working response
z = log m + sales/m − 1 around the mean m (McCullagh & Nelder 1989, as for a Poisson regression), for which
z = course + noise holds without the bias that the logarithm of a small store's noisy day would have.

Everything is exact and in closed form but for three parameters, which are averaged over a grid. Their likelihood:
(1 − ρB)(1 − B) turns the noise into an MA(1), whose covariance is a band of three, so that one costs a millisecond
where a numerical search through a filter would cost seconds; series that share their influences share its costliest
part. The forecasts: a Kalman filter of two states is run over the sales and over each influence alike, and the
coefficients are regressed on its innovations (de Jong, The diffuse Kalman filter, 1991), so that what is not known
about them widens every forecast. Harvey, Forecasting, Structural Time Series Models (1989). The tests hold both to
statsmodels' UnobservedComponents.
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
SPREADS = (0.25, 0.5, 1.0, 2.0)
"""Candidates for the spread within a family of coefficients, as a multiple of its prior_sd."""
ROUNDS = 3
"""So often the mean that the working response is taken around is improved; later rounds change nothing that shows."""
VAGUE = 100.0
"""The variance of the level before the first day, in units of z: nothing is known of it."""


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
    def _filtered(self) -> _Filtered:
        columns = np.column_stack([self.z, self.influences])
        return _filtered(columns, self.wandering, self.persistence, VAGUE / self.noise_sd**2)

    @property
    def _precision(self) -> np.ndarray:
        """How sure β is before any data, where the noise has variance one."""
        return np.diag((self.noise_sd / self.prior_sd) ** 2)

    @cached_property
    def _one_step(self) -> tuple[np.ndarray, np.ndarray]:
        """What the day before would have expected of each day's z, and its standard error, in units of the noise."""
        done = self._filtered
        beta, covariance = np.zeros(len(self.prior_sd)), np.diag((self.prior_sd / self.noise_sd) ** 2)
        expected, error = np.empty(len(self.z)), np.empty(len(self.z))
        for day, (surprise, variance) in enumerate(zip(done.surprises, done.variances, strict=True)):
            reach = covariance @ surprise[1:]
            total = variance + surprise[1:] @ reach
            missed = surprise[0] - surprise[1:] @ beta
            expected[day], error[day] = self.z[day] - missed, np.sqrt(total)
            beta = beta + reach * (missed / total)
            covariance = covariance - np.outer(reach, reach / total)
        return expected, error

    @property
    def log_likelihood(self) -> float:
        expected, error = self._one_step
        scale = self.noise_sd * error
        return float(-0.5 * np.sum(np.log(2 * np.pi * scale**2) + ((self.z - expected) / scale) ** 2))

    @property
    def expected(self) -> np.ndarray:
        """What the day before would have expected of each day, in units of z."""
        return self._one_step[0]

    @property
    def surprises(self) -> np.ndarray:
        """By how many standard errors each day differed from that."""
        expected, error = self._one_step
        return (self.z - expected) / (self.noise_sd * error)

    @property
    def coefficients(self) -> tuple[np.ndarray, np.ndarray]:
        """The influences' coefficients and their standard errors, after the last day."""
        state, covariance = self.state(len(self.z))
        return state[2:], np.sqrt(np.diagonal(covariance)[2:])

    def state(self, after: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance of level, noise and β as the first `after` days foretell them for the next day."""
        done = self._filtered
        seen = done.surprises[:after] / np.sqrt(done.variances[:after, None])
        precision = self._precision + seen[:, 1:].T @ seen[:, 1:]
        beta = np.linalg.solve(precision, seen[:, 1:].T @ seen[:, 0])
        spread = np.linalg.inv(precision)
        state, carried = done.states[after][:, 0], done.states[after][:, 1:]
        below = np.vstack([-carried, np.eye(len(beta))])
        covariance = below @ spread @ below.T
        covariance[:2, :2] += done.covariances[after]
        return np.r_[state - carried @ beta, beta], self.noise_sd**2 * covariance

    def paths(self, ahead: np.ndarray, *, after: int, draws: int, seed: int) -> np.ndarray:
        """Draws of sales for the days that follow the first `after` days, `ahead` being their influences: draws × days.

        A draw takes one possible state (level, noise, coefficients) and one possible noise variance, and walks on.
        """
        from scipy.signal import lfilter

        random = np.random.default_rng(seed)
        days = len(ahead)
        freedom = max(after - 2 - len(self.prior_sd), 5)
        stretch = np.sqrt(freedom / random.chisquare(freedom, size=(draws, 1)))
        mean, covariance = self.state(after)
        reach = np.zeros((2 + days, len(mean)))  # only these combinations of the state are looked at
        reach[0, 0] = reach[1, 1] = 1.0
        reach[2:, 2:] = ahead
        root = _root(reach @ covariance @ reach.T)
        state = reach @ mean + stretch * (random.standard_normal((draws, len(root))) @ root.T)
        steps = stretch * self.noise_sd * random.standard_normal((draws, 2, days)).transpose(1, 0, 2)
        level = state[:, :1] + np.sqrt(self.wandering) * np.c_[np.zeros(draws), np.cumsum(steps[0], axis=1)[:, :-1]]
        fresh = np.c_[state[:, 1], steps[1][:, :-1]]
        noise = lfilter([1.0], [1.0, -self.persistence], fresh, axis=1)
        return np.exp(state[:, 2:] + level) * (1 + noise)


def fit(
    sales: np.ndarray, influences: np.ndarray, prior_sd: np.ndarray, family: np.ndarray | None = None
) -> Structure:
    """Learn the structure of `sales` (a day each, none negative) under `influences` (days × k), prior spreads of β (k).

    `family` marks the coefficients whose common spread is itself learned, `prior_sd` being only where to begin.
    """
    return fit_many(sales[:, None], influences[:, None], prior_sd, family)[0]


def fit_many(
    sales: np.ndarray, influences: np.ndarray, prior_sd: np.ndarray, family: np.ndarray | None = None
) -> list[Structure]:
    """Learn the structure of each column of `sales` (days × series) under its `influences` (days × series × k).

    What the influences have in common is worked out once. The variance parameters are posterior means over a grid,
    since their most likely values tend to zero and would make the level look steadier than it is, and the family's
    members more alike.
    """
    known = _Known.of(influences)
    z = _working_response(sales, known, prior_sd)
    learned = np.zeros(len(prior_sd), bool) if family is None else family
    spreads = np.array([np.where(learned, size, 1.0) for size in (SPREADS if learned.any() else (1.0,))]) * prior_sd
    tried = [(q, rho) for q, rho in product(WANDERING, PERSISTENCE)]
    profiles = [_profiles(z, known, spreads, q, rho) for q, rho in tried]
    likelihood = np.array([profile.likelihood for profile in profiles])  # grid × spreads × series
    weight = np.exp(likelihood - likelihood.max(axis=(0, 1)))
    weight /= weight.sum(axis=(0, 1))
    variance = (weight * np.array([profile.variance for profile in profiles])).sum(axis=(0, 1))
    wandering, persistence = (np.einsum("gps,g->s", weight, np.array(values)) for values in zip(*tried, strict=True))
    spread = np.sqrt(np.einsum("gps,pk->sk", weight, spreads**2))
    return [
        Structure(
            z=z[:, s], influences=influences[:, s], prior_sd=spread[s], noise_sd=float(np.sqrt(variance[s])),
            wandering=float(wandering[s]), persistence=float(persistence[s]),
        )
        for s in range(z.shape[1])
    ]


class _Known(NamedTuple):
    """The influences on several series: those all have in common, and each one's own."""

    all: np.ndarray
    common: np.ndarray
    """Which of the k influences are the same for every series."""

    @classmethod
    def of(cls, influences: np.ndarray) -> _Known:
        return cls(influences, (influences == influences[:, :1]).all(axis=(0, 1)))

    @property
    def columns(self) -> np.ndarray:
        """Each column once: days × (common + series × own)."""
        own = self.all[:, :, ~self.common]
        return np.c_[self.all[:, 0, self.common], own.reshape(len(own), -1)]

    def of_series(self, s: int) -> np.ndarray:
        """Where the columns of series s stand in `columns`, in the order of the k influences."""
        place = np.empty(len(self.common), int)
        own = int((~self.common).sum())
        place[self.common] = np.arange(int(self.common.sum()))
        place[~self.common] = self.common.sum() + s * own + np.arange(own)
        return place


def _working_response(sales: np.ndarray, known: _Known, prior_sd: np.ndarray) -> np.ndarray:
    """z around a mean that follows the influences from day to day and the sales themselves over a quarter."""
    base = np.ones(sales.shape)
    for _ in range(ROUNDS):
        least = 1e-3 * sales.mean(axis=0) / base.mean(axis=0)
        mean = base * np.maximum(_over_a_quarter(sales) / _over_a_quarter(base), least)
        z = np.log(mean) + sales / mean - 1
        base = np.exp(np.einsum("nsk,sk->ns", known.all, _profiles(z, known, prior_sd[None], 1e-3, 0.2).beta[0]))
    return z


def _over_a_quarter(values: np.ndarray) -> np.ndarray:
    from scipy.ndimage import uniform_filter1d

    return uniform_filter1d(values, min(91, len(values)), axis=0, mode="nearest")


class _Profiles(NamedTuple):
    """How likely a pair of variance parameters is (spreads × series), and the noise variance and the best β under it:
    what is left over against the days that the coefficients leave free (MacKay, Bayesian interpolation, 1992)."""

    likelihood: np.ndarray
    variance: np.ndarray
    beta: np.ndarray


def _profiles(z: np.ndarray, known: _Known, spreads: np.ndarray, q: float, rho: float) -> _Profiles:
    """The log likelihood with β integrated and the noise variance at its best; the first two days only start it.

    The spreads of β are measured in what is noise once the influences are taken out: a week's rhythm is none of it.
    """
    from scipy.linalg import cholesky_banded, solve_banded

    columns = known.columns
    k = columns.shape[1]
    rows = np.diff(np.c_[columns, z], axis=0)
    swings = np.std(rows[:, k:], axis=0) / np.sqrt(2) + 1e-12  # of the noise, and of all that the influences know
    rows = rows[1:] - rho * rows[:-1]
    band = np.empty((2, len(rows)))
    band[0], band[1] = q * (1 + rho**2) + 2, -q * rho - 1
    root = cholesky_banded(band, lower=True, check_finite=False)
    white = solve_banded((1, 0), root, rows, check_finite=False)
    squares = (white[:, k:] ** 2).sum(axis=0)
    shared = white[:, : int(known.common.sum())]
    common = shared.T @ shared
    shape = (len(spreads), z.shape[1])
    size, gained, variance = np.empty(shape), np.empty(shape), np.empty(shape)
    beta = np.empty((*shape, spreads.shape[1]))
    both = np.ix_(known.common, known.common)
    for s in range(z.shape[1]):
        own = white[:, known.of_series(s)]
        gram = np.empty((own.shape[1],) * 2)
        gram[~known.common] = own[:, ~known.common].T @ own
        gram[:, ~known.common] = gram[~known.common].T
        gram[both] = common
        onto = own.T @ white[:, k + s]
        loose = (swings[s] / spreads.max(axis=0)) ** 2
        noise = (squares[s] - onto @ _solved(gram + np.diag(loose), onto)[0]) / len(rows) + 1e-12
        for p, spread in enumerate(spreads):
            prior = noise / spread**2
            beta[p, s], factor = _solved(gram + np.diag(prior), onto)
            size[p, s] = 2 * np.log(np.diagonal(factor)).sum() - np.log(prior).sum()
            gained[p, s] = onto @ beta[p, s]
            left = squares[s] - gained[p, s] - prior @ beta[p, s] ** 2
            variance[p, s] = left / (len(rows) - len(prior) + prior @ _inverse_diagonal(factor)) + 1e-12
    size += 2 * np.log(root[0]).sum()
    return _Profiles(-0.5 * (len(rows) * np.log((squares - gained) / len(rows)) + size), variance, beta)


def _solved(matrix: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The solution of a positive definite system, and the lower triangle whose product with itself the matrix is."""
    from scipy.linalg.lapack import dposv

    factor, solution, _ = dposv(matrix, right, lower=1)
    return solution, factor


def _inverse_diagonal(factor: np.ndarray) -> np.ndarray:
    """The diagonal of the inverse of such a matrix."""
    from scipy.linalg.lapack import dtrtri

    return np.square(np.tril(dtrtri(factor, lower=1)[0])).sum(axis=0)


class _Filtered(NamedTuple):
    """The filter of level and noise, run over several columns: in units of the noise's standard deviation."""

    surprises: np.ndarray
    """By how much each day differed from what the day before foretold: days × columns."""
    variances: np.ndarray
    states: np.ndarray
    """Level and noise as foretold for the day after the first 0, 1, … days: days + 1 × 2 × columns."""
    covariances: np.ndarray


def _filtered(columns: np.ndarray, q: float, rho: float, vague: float) -> _Filtered:
    days = len(columns)
    surprises, variances = np.empty(columns.shape), np.empty(days)
    states, covariances = np.zeros((days + 1, 2, columns.shape[1])), np.empty((days + 1, 2, 2))
    level, noise = np.zeros(columns.shape[1]), np.zeros(columns.shape[1])
    a, b, c = vague, 0.0, 1 / (1 - rho**2)
    covariances[0] = (a, b), (b, c)
    for day in range(days):
        f = a + 2 * b + c
        to_level, to_noise = (a + b) / f, rho * (b + c) / f
        surprise = columns[day] - level - noise
        level = level + to_level * surprise
        noise = rho * noise + to_noise * surprise
        a, b, c = (
            a - (a + b) ** 2 / f + q,
            rho * (b - (a + b) * (b + c) / f),
            rho**2 * (c - (b + c) ** 2 / f) + 1,
        )
        surprises[day], variances[day] = surprise, f
        states[day + 1], covariances[day + 1] = (level, noise), ((a, b), (b, c))
    return _Filtered(surprises, variances, states, covariances)


def _root(covariance: np.ndarray) -> np.ndarray:
    """A square root of a covariance that may be singular up to rounding."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return vectors * np.sqrt(np.clip(values, 0, None))
