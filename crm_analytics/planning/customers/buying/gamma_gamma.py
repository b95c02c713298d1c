"""How much a customer spends at a time: the Gamma-Gamma model.

What one customer pays varies around a mean of the customer's own (gamma, `p`); the means differ between customers
(gamma, `q` and `gamma`). It assumes that how much somebody spends does not depend on how often, which is to be checked.

Source: Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value"; equation numbers are theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from crm_analytics.planning.customers.buying.likelihood import Peak, climb, scattered

REDRAWN = 4_000
"""Of more customers than this a part is redrawn to see how the parameters scatter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GammaGamma:
    """Spending in three numbers: a purchase is gamma(`p`, ν), and ν varies over customers as gamma(`q`, `gamma`)."""

    p: float
    q: float
    gamma: float
    peak: Peak | None = None

    @classmethod
    def fit(cls, x: np.ndarray, mean_value: np.ndarray) -> GammaGamma:
        """The most likely model behind customers' mean value over `x` purchases each; both positive."""
        x, mean_value = np.asarray(x, dtype=float), np.asarray(mean_value, dtype=float)
        if not ((x > 0) & (mean_value > 0)).all():
            raise ValueError("Gamma-Gamma takes customers who bought again, at a positive mean value; drop the rest.")
        centre = float(np.average(mean_value, weights=x))
        peak = climb(_Likelihood(x, mean_value / centre, np.ones(len(x))), np.array([2.0, 3.0, 1.0]))
        peak = _in_units_of(centre, peak, len(x))
        return cls.at(peak.parameters, peak)

    @classmethod
    def at(cls, parameters: np.ndarray, peak: Peak | None = None) -> GammaGamma:
        p, q, gamma = map(float, parameters)
        return cls(p=p, q=q, gamma=gamma, peak=peak)

    def resampled(self, x: np.ndarray, mean_value: np.ndarray, *, seed: int) -> list[GammaGamma]:
        """The same model among customers drawn anew, as `Buying.resampled`."""
        step, random = max(1, len(x) // REDRAWN), np.random.default_rng(seed)
        centre = float(np.average(mean_value, weights=x))
        x, mean_value, whole = x[::step], mean_value[::step] / centre, len(x)
        here = self.parameters / np.array([1, 1, centre])
        peak = climb(_Likelihood(x, mean_value, np.ones(len(x))), here)

        def redrawn() -> _Likelihood:
            weights = random.standard_exponential(len(x))
            return _Likelihood(x, mean_value, weights * (len(x) / weights.sum()))

        narrowed = (scattered(peak, redrawn) - np.log(peak.parameters)) * np.sqrt(len(x) / whole)
        return [self.at(self.parameters * np.exp(aside)) for aside in narrowed]

    @property
    def parameters(self) -> np.ndarray:
        return np.array([self.p, self.q, self.gamma])

    def log_likelihood(self, x: np.ndarray, mean_value: np.ndarray) -> float:
        """How likely these means are, as a logarithm (1a), summed over customers."""
        x, mean_value = np.asarray(x, dtype=float), np.asarray(mean_value, dtype=float)
        return _Likelihood(x, mean_value, np.ones(len(x)))(self.parameters)[0]

    @property
    def mean(self) -> float:
        """The mean value of a purchase over all customers; infinite when `q` is not above 1."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else np.inf

    def expected(self, x: np.ndarray, mean_value: np.ndarray) -> np.ndarray:
        """What to expect of a customer's next purchase (5): the customer's own mean drawn toward everybody's.

        Without a purchase to go by (`x` = 0) it is everybody's mean. A customer bought from at a loss stays one.
        """
        return self.p * self.scale(x, mean_value) / (self.p * np.asarray(x, dtype=float) + self.q - 1)

    def scale(self, x: np.ndarray, mean_value: np.ndarray) -> np.ndarray:
        """γ + x·z̄: given the history, 1/ν is this scale over a gamma(q + p·x) variable (4)."""
        x = np.asarray(x, dtype=float)
        return self.gamma + x * np.where(x > 0, mean_value, 0.0)

    def draw_scaled(self, x: np.ndarray, purchases: np.ndarray, *, random: np.random.Generator) -> np.ndarray:
        """One possible sum of so many purchases of each customer, in units of that customer's `scale`."""
        worth = random.standard_gamma(self.p * purchases)
        return worth / random.standard_gamma(self.q + self.p * x)


def _in_units_of(centre: float, peak: Peak, customers: int) -> Peak:
    """The peak found on values divided by `centre`, for the values themselves."""
    return replace(
        peak,
        parameters=peak.parameters * np.array([1, 1, centre]),
        log_likelihood=peak.log_likelihood - customers * float(np.log(centre)),
    )


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The log-likelihood (1a) of mean values, with gradient and second derivatives, as a function of (p, q, gamma)."""

    x: np.ndarray
    mean_value: np.ndarray
    weight: np.ndarray

    @cached_property
    def _by_x(self) -> tuple[np.ndarray, np.ndarray]:
        x, which = np.unique(self.x, return_inverse=True)
        return x, np.bincount(which, weights=self.weight)

    @cached_property
    def _logarithms(self) -> tuple[float, float]:
        weight = self.weight
        return weight @ np.log(self.mean_value), (weight * self.x) @ np.log(self.x * self.mean_value)

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        from scipy.special import gammaln, polygamma, psi

        p, q, gamma = parameters
        (x, n), size, each = self._by_x, self.weight.sum(), self.weight
        log_mean, x_log_total = self._logarithms
        scale, x_each = gamma + self.x * self.mean_value, each * self.x
        log_scale, per = np.log(scale), 1 / scale
        x_log_scale, sum_log_scale = x_each @ log_scale, each @ log_scale
        sum_per, x_per = each @ per, x_each @ per

        value = (
            n @ (gammaln(p * x + q) - gammaln(p * x))
            - size * gammaln(q)
            + size * q * np.log(gamma)
            + p * x_log_total
            - log_mean
            - p * x_log_scale
            - q * sum_log_scale
        )
        slope = np.array(
            [
                n @ (x * (psi(p * x + q) - psi(p * x))) + x_log_total - x_log_scale,
                n @ psi(p * x + q) - size * psi(q) + size * np.log(gamma) - sum_log_scale,
                size * q / gamma - p * x_per - q * sum_per,
            ]
        )
        both, alone = polygamma(1, p * x + q), polygamma(1, p * x)
        pp, pq, qq = n @ (x**2 * (both - alone)), n @ (x * both), n @ both - size * polygamma(1, q)
        squared = p * (x_each @ per**2) + q * (each @ per**2) - size * q / gamma**2
        bend = np.array(
            [
                [pp, pq, -x_per],
                [pq, qq, size / gamma - sum_per],
                [-x_per, size / gamma - sum_per, squared],
            ]
        )
        return float(value), slope, bend
