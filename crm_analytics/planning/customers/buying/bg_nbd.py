"""How often customers who come and go unannounced will buy: the BG/NBD model.

While a customer is active, purchases come at a constant rate; after each one the customer leaves for good with a
constant probability. Rates differ between customers (gamma, `r` and `alpha`), so do probabilities of leaving (beta,
`a` and `b`). One unit of time throughout, whichever the data have; `alpha` is in that unit.

Source: Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24(2); equation numbers
are theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from crm_analytics.planning.customers.buying.buying import Buying
from crm_analytics.planning.customers.buying.quadrature import FEWER, NEVER, beta_nodes
from crm_analytics.planning.customers.worth.histories import Block, Histories


@dataclass(frozen=True, kw_only=True, eq=False)
class BGNBD(Buying):
    """The customer base in four numbers: buying rates vary as gamma(`r`, `alpha`), leaving as beta(`a`, `b`)."""

    r: float
    alpha: float
    a: float
    b: float
    called: ClassVar[str] = "BG/NBD"
    at_once: ClassVar[int] = 0
    """Chances to leave that a customer has had before the first repeat purchase."""

    @classmethod
    def _start(cls, histories: Histories) -> np.ndarray:
        x, T = (np.average(v, weights=histories.n) for v in (histories.x, histories.T))
        return np.array([0.5, 0.5 * T / max(x, 0.05), 1.0, 2.0])

    @classmethod
    def _surface(cls, histories: Histories) -> _Likelihood:
        return _Likelihood(histories, cls.at_once)

    def p_alive(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """The chance that a customer still buys. Who had no chance to leave counts as active."""
        from scipy.special import expit

        x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, t_x, T)))
        chances = x + self.at_once
        gone = np.log(self.a) - np.log(self.b + np.maximum(chances, 1) - 1)
        gone = gone + (self.r + x) * np.log((self.alpha + T) / (self.alpha + t_x))
        return np.where(chances > 0, expit(-gone), 1.0)

    def expected_if_active(self, x: np.ndarray, T: np.ndarray, t: np.ndarray, leaving: float = 1.0) -> np.ndarray:
        """Purchases to expect in the next `t` of a customer who is active now; does not depend on `t_x`.

        The mean over what is known of the customer's probability p of leaving, beta(a, b + x), of the purchases to
        expect at p, (1 − (1 + p t/(alpha + T))^−(r + x)) / p. With the chance of being active it equals (10) and,
        unlike the hypergeometric function there, is also a number where customers hardly differ, or hardly any leaves.
        """

        def bought(p: np.ndarray, x: np.ndarray, passed: np.ndarray) -> np.ndarray:
            p = p * leaving
            return -np.expm1(-(self.r + x) * np.log1p(p * passed)) / p

        return self._over_leaving(bought, x, T, t)

    def buys_if_active(self, x: np.ndarray, T: np.ndarray, t: float) -> np.ndarray:
        """The chance that a customer who is active now buys in the next `t`: nobody leaves before buying."""
        x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T)))
        return -np.expm1(-(self.r + x) * np.log1p(t / (self.alpha + T)))

    def retained(self, x: np.ndarray, T: np.ndarray, t: float, leaving: float = 1.0) -> np.ndarray:
        """The chance that a customer who is active now has not left after the next `t`."""
        return self._over_leaving(
            lambda p, x, passed: np.exp(-(self.r + x) * np.log1p(p * leaving * passed)), x, T, t
        )

    def _over_leaving(self, of: Callable[..., np.ndarray], x: np.ndarray, T: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The mean of `of(p, x, t / (alpha + T))` over what is known of each customer's probability p of leaving."""
        x, T, t = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T, t)))
        passed, mean = t / (self.alpha + T), np.zeros(x.shape)
        done = np.zeros(x.shape, dtype=bool)
        for most, nodes in FEWER.items():
            rows = (passed <= most) & ~done
            done |= rows
            if not rows.any():
                continue
            distinct, which = np.unique(x[rows], return_inverse=True)
            places, weights = beta_nodes(self.a, self.b + distinct + self.at_once, nodes)
            for p, weight in zip(places.T, weights.T, strict=True):
                mean[rows] += weight[which] * of(p[which], x[rows], passed[rows])
        return mean

    def draw_if_active(self, x: np.ndarray, T: np.ndarray, t: float, *, random: np.random.Generator) -> np.ndarray:
        """One possible number of purchases in the next `t` of each of these customers, if active now.

        Given the history, the rate is gamma(r + x, alpha + T) and the probability of leaving beta(a, b + x).
        """
        rate = random.gamma(self.r + x, 1 / (self.alpha + T))
        leaving = np.maximum(random.beta(self.a, self.b + x + self.at_once), NEVER)
        return np.minimum(random.poisson(rate * t), random.geometric(leaving))


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The log-likelihood (6) of histories, with gradient and second derivatives, as a function of (r, alpha, a, b).

    It splits: one part needs only how many customers have which `x`, one only `x` and `T`; the chance that the customer
    has left needs the whole history, but only of those who came back.
    """

    histories: Histories
    at_once: int = 0

    @cached_property
    def _by_x(self) -> tuple[np.ndarray, np.ndarray]:
        n = np.bincount(self.histories.x.astype(int), weights=self.histories.n)
        return np.arange(len(n)), n

    @cached_property
    def _everybody(self) -> list[Block]:
        return list(self.histories.blocks(np.arange(len(self.histories.n))))

    @cached_property
    def _could_leave(self) -> list[Block]:
        return list(self.histories.blocks(np.flatnonzero(self.histories.x + self.at_once)))

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        parts = [self._counts(parameters)]
        parts += [_exposure(parameters, *block) for block in self._everybody]
        parts += [_departures(parameters, *block, self.at_once) for block in self._could_leave]
        return tuple(sum(part) for part in zip(*parts, strict=True))

    def _counts(self, parameters: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """ln of Γ(r+x)/Γ(r) · Γ(a+b)Γ(b+m)/(Γ(b)Γ(a+b+m)), by x, where m is the chances there were to leave."""
        from scipy.special import gammaln, polygamma, psi

        r, _, a, b = parameters
        x, n = self._by_x

        def rise(base: float, steps: np.ndarray) -> np.ndarray:
            """n-weighted sums of lnΓ(base+steps) − lnΓ(base) and its first two derivatives."""
            return np.array([n @ (f(base + steps) - f(base)) for f in (gammaln, psi, lambda v: polygamma(1, v))])

        chances = x + self.at_once
        in_r, in_b, in_ab = rise(r, x), rise(b, chances), rise(a + b, chances)
        slope = np.array([in_r[1], 0, -in_ab[1], in_b[1] - in_ab[1]])
        bend = np.zeros((4, 4))
        bend[0, 0], bend[3, 3] = in_r[2], in_b[2]
        bend[2:, 2:] -= in_ab[2]
        return float(in_r[0] + in_b[0] - in_ab[0]), slope, bend


def _exposure(
    parameters: np.ndarray, x: np.ndarray, _: np.ndarray, T: np.ndarray, n: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """ln of α^r (α+T)^−(r+x)."""
    r, alpha, _, _ = parameters
    per, customers, count = 1 / (alpha + T), n.sum(), n * (r + x)
    log_per = np.log(per)
    value = count @ log_per + r * customers * np.log(alpha)
    slope = np.array([n @ log_per + customers * np.log(alpha), r * customers / alpha - count @ per, 0, 0])
    bend = np.zeros((4, 4))
    bend[0, 1] = bend[1, 0] = customers / alpha - n @ per
    bend[1, 1] = count @ per**2 - r * customers / alpha**2
    return float(value), slope, bend


def _departures(
    parameters: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, n: np.ndarray, at_once: int
) -> tuple[float, np.ndarray, np.ndarray]:
    """ln of 1 + e^w, where w is the log odds that the customer left: ln a/(b+m−1) + (r+x) ln (α+T)/(α+t_x)."""
    r, alpha, a, b = parameters
    soon, late, left = 1 / (alpha + t_x), 1 / (alpha + T), 1 / (b + x + at_once - 1)
    log_ratio, gap = np.log(soon / late), late - soon
    w = np.log(a * left) + (r + x) * log_ratio
    small = np.exp(-np.abs(w))
    gone = np.where(w > 0, 1, small) / (1 + small)
    value = n @ (np.maximum(w, 0) + np.log1p(small))

    toward = np.stack([log_ratio, (r + x) * gap, np.full_like(x, 1 / a), -left])
    weight, doubt = n * gone, n * gone * (1 - gone)
    bend = (toward * doubt) @ toward.T
    bend[0, 1] += weight @ gap
    bend[1, 0] = bend[0, 1]
    bend[1, 1] -= weight @ (toward[1] * (soon + late))
    bend[2, 2] -= weight.sum() / a**2
    bend[3, 3] += weight @ left**2
    return float(value), toward @ weight, bend
