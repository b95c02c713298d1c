"""How often customers who come and go unannounced will buy, where they leave with time, not by purchases: Pareto/NBD.

While a customer is active, purchases come at a constant rate, and leaving threatens at another, purchases or not.
Buying rates differ between customers (gamma, `r` and `alpha`), so do leaving rates (gamma, `s` and `beta`).

The likelihood of a history is a sum over all moments at which the customer may have left, and the moment of asking.
It is taken as such, at NODES moments, where the published formula subtracts two hypergeometric functions that are
almost equal; so it has slopes and curvature, and keeps its digits for a customer of a thousand purchases.

Source: Schmittlein, Morrison & Colombo (1987), "Counting Your Customers", Management Science 33(1); Fader & Hardie
(2005), "A Note on Deriving the Pareto/NBD Model".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from crm_analytics.planning.customers.buying.buying import Buying
from crm_analytics.planning.customers.buying.likelihood import mixture
from crm_analytics.planning.customers.worth.histories import Block, Histories

NODES = 32
"""Moments at which a customer may have left; the sum over them is then right to nine digits."""

FADED = 40.0
"""A moment e^40 times less likely than the first possible one is left out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ParetoNBD(Buying):
    """Buying rates vary as gamma(`r`, `alpha`), leaving rates as gamma(`s`, `beta`); both scales in the unit of
    time."""

    r: float
    alpha: float
    s: float
    beta: float
    called: ClassVar[str] = "Pareto/NBD"

    @classmethod
    def _start(cls, histories: Histories) -> np.ndarray:
        x, T = (np.average(v, weights=histories.n) for v in (histories.x, histories.T))
        return np.array([0.5, 0.5 * T / max(x, 0.05), 0.5, T / 2])

    @staticmethod
    def _surface(histories: Histories) -> _Likelihood:
        return _Likelihood(histories)

    def p_alive(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """The chance that a customer still buys: the weight of not having left among all that may have happened."""
        x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, t_x, T)))
        flat = (x.ravel(), t_x.ravel(), T.ravel())
        alive = np.empty(x.size)
        for rows in np.array_split(np.arange(x.size), 1 + x.size // 4096):
            terms, *_ = _stories(self.parameters, *(v[rows] for v in flat))
            stories = np.exp(terms - terms.max(axis=0))
            alive[rows] = stories[0] / stories.sum(axis=0)
        return alive.reshape(x.shape)

    def expected_if_active(self, x: np.ndarray, T: np.ndarray, t: np.ndarray, leaving: float = 1.0) -> np.ndarray:
        """Purchases to expect in the next `t` of a customer who is active now; does not depend on `t_x`."""
        x, T, t = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T, t)))
        rate, lasting = (self.r + x) / (self.alpha + T), np.log1p(leaving * t / (self.beta + T))
        power = self.s - 1
        shrunk = lasting if abs(power) < 1e-9 else -np.expm1(-power * lasting) / power
        return rate * (self.beta + T) / leaving * shrunk

    def buys_if_active(self, x: np.ndarray, T: np.ndarray, t: float) -> np.ndarray:
        """The chance that a customer who is active now buys in the next `t`: no story without one comes true."""
        x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T)))
        stories, *_ = _stories(self.parameters, x.ravel(), T.ravel(), T.ravel() + t)
        active, *_ = _stories(self.parameters, x.ravel(), T.ravel(), T.ravel())
        return (1 - np.exp(stories - active[0]).sum(axis=0)).reshape(x.shape)

    def retained(self, x: np.ndarray, T: np.ndarray, t: float, leaving: float = 1.0) -> np.ndarray:
        """The chance that a customer who is active now has not left after the next `t`."""
        x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T)))
        return np.exp(-self.s * np.log1p(leaving * t / (self.beta + T)))

    def draw_if_active(self, x: np.ndarray, T: np.ndarray, t: float, *, random: np.random.Generator) -> np.ndarray:
        """One possible number of purchases in the next `t` of each of these customers, if active now."""
        rate = random.gamma(self.r + x, 1 / (self.alpha + T))
        leaving = np.maximum(random.gamma(self.s, 1 / (self.beta + T)), 1e-300)
        return random.poisson(rate * np.minimum(t, random.standard_exponential(np.shape(x)) / leaving))


def _stories(parameters: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> tuple[np.ndarray, ...]:
    """Everything that may have happened to each customer after the last purchase, stories × customers: how likely, as
    logarithms (without Γ(r+x)/Γ(r)), when it ended, and whether by leaving (1) or by our asking (0, the first row)."""
    r, alpha, s, beta = parameters
    at, weight = _moments(parameters, x, t_x, T)
    ends = np.concatenate([T[None], at])
    left = np.ones((len(ends), 1))
    left[0] = 0
    terms = r * np.log(alpha) + s * np.log(beta) - (r + x) * np.log(alpha + ends) - (s + left) * np.log(beta + ends)
    terms[1:] += np.log(s) + np.log(np.maximum(weight, 1e-300))
    return terms, ends, left


def _moments(parameters: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moments between the last purchase and T, and their weights in a sum over all: Gauss–Legendre on a logarithmic
    scale, on which the chance of having left falls ever more steeply, up to where it has faded."""
    r, alpha, s, beta = parameters
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    least = min(alpha, beta)
    steep = (r + x) * (least + t_x) / (alpha + t_x) + (s + 1) * (least + t_x) / (beta + t_x) - 1
    length = np.minimum(np.log((least + T) / (least + t_x)), FADED / np.maximum(steep, 1e-9))
    at = (least + t_x) * np.exp(length * (nodes[:, None] + 1) / 2)
    return at - least, at * length / 2 * weights[:, None]


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The log-likelihood of histories, with gradient and second derivatives, as a function of (r, alpha, s, beta)."""

    histories: Histories

    @cached_property
    def _by_x(self) -> tuple[np.ndarray, np.ndarray]:
        n = np.bincount(self.histories.x.astype(int), weights=self.histories.n)
        return np.arange(len(n)), n

    @cached_property
    def _blocks(self) -> list[Block]:
        return list(self.histories.blocks(np.arange(len(self.histories.n)), size=1024))

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        from scipy.special import gammaln, polygamma, psi

        r, (x, n) = parameters[0], self._by_x
        rise = [n @ (f(r + x) - f(r)) for f in (gammaln, psi, lambda v: polygamma(1, v))]
        counts = float(rise[0]), np.array([rise[1], 0, 0, 0]), np.diag([rise[2], 0, 0, 0])
        parts = [counts, *(_of_block(parameters, *block) for block in self._blocks)]
        return tuple(sum(part) for part in zip(*parts, strict=True))


def _of_block(
    parameters: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, n: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    r, alpha, s, beta = parameters
    terms, ends, left = _stories(parameters, x, t_x, T)
    per_alpha, per_beta = 1 / (alpha + ends), 1 / (beta + ends)
    slopes = np.stack(
        [
            np.log(alpha * per_alpha),
            r / alpha - (r + x) * per_alpha,
            np.log(beta * per_beta) + left / s,
            s / beta - (s + left) * per_beta,
        ]
    )
    bends = {
        (0, 1): 1 / alpha - per_alpha,
        (1, 1): (r + x) * per_alpha**2 - r / alpha**2,
        (2, 2): -left / s**2,
        (2, 3): 1 / beta - per_beta,
        (3, 3): (s + left) * per_beta**2 - s / beta**2,
    }
    return mixture(terms, slopes, bends, n)
