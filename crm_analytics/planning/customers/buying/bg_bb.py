"""How often customers will take an occasion to buy or give, where occasions come at fixed times: the BG/BB model.

At each occasion (a yearly donation, a monthly renewal that is optional) an active customer buys with a chance of the
customer's own, or leaves for good beforehand with another. The chances of buying differ between customers (beta,
`alpha` and `beta`), so do those of leaving (beta, `gamma` and `delta`). Time is counted in occasions.

Source: Fader, Hardie & Shang (2010), "Customer-Base Analysis in a Discrete-Time Noncontractual Setting", Marketing
Science 29(6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crm_analytics.planning.customers.buying.buying import Buying
from crm_analytics.planning.customers.buying.likelihood import Told, mixture
from crm_analytics.planning.customers.buying.quadrature import NEVER, beta_nodes
from crm_analytics.planning.customers.worth.histories import Histories


@dataclass(frozen=True, kw_only=True, eq=False)
class BGBB(Buying):
    """Chances of buying vary as beta(`alpha`, `beta`), of leaving before an occasion as beta(`gamma`, `delta`)."""

    alpha: float
    beta: float
    gamma: float
    delta: float
    called: ClassVar[str] = "BG/BB"

    @classmethod
    def _start(cls, histories: Histories) -> np.ndarray:
        return np.array([1.0, 1.0, 0.5, 2.0])

    @staticmethod
    def _surface(histories: Histories) -> _Likelihood:
        return _Likelihood(histories)

    def p_alive(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """The chance that a customer with this history has not left."""
        x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, t_x, T)))
        histories, which = np.unique(np.stack([x.ravel(), t_x.ravel(), T.ravel()]), axis=1, return_inverse=True)
        terms, *_ = _stories(self.parameters, *histories)
        stories = np.exp(terms - terms.max(axis=0))
        return (stories[0] / stories.sum(axis=0))[which.ravel()].reshape(x.shape)

    def expected_if_active(self, x: np.ndarray, T: np.ndarray, t: np.ndarray, leaving: float = 1.0) -> np.ndarray:
        """Occasions that will be taken among the next `t`, of a customer who is active now."""
        x, T, t = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T, t)))
        stays = over_leaving(occasions_stayed, (self.gamma, self.delta), T, t, leaving)
        return (self.alpha + x) / (self.alpha + self.beta + T) * stays

    def buys_if_active(self, x: np.ndarray, T: np.ndarray, t: float) -> np.ndarray:
        """The chance that a customer who is active now takes one of the next `t` occasions."""
        x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T)))
        active, *_ = _stories(self.parameters, x.ravel(), T.ravel(), T.ravel())
        whole = np.floor(t)
        none = [np.exp(_stories(self.parameters, x.ravel(), T.ravel(), T.ravel() + n)[0] - active[0]).sum(axis=0)
                for n in (whole, whole + 1)]  # fmt: skip
        return (1 - none[0] + (t - whole) * (none[0] - none[1])).reshape(x.shape)

    def retained(self, x: np.ndarray, T: np.ndarray, t: float, leaving: float = 1.0) -> np.ndarray:
        """The chance that a customer who is active now has not left after the next `t` occasions."""
        x, T, t = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T, t)))
        return over_leaving(still_there, (self.gamma, self.delta), T, t, leaving)

    def draw_if_active(self, x: np.ndarray, T: np.ndarray, t: float, *, random: np.random.Generator) -> np.ndarray:
        """One possible number of occasions taken among the next `t` by each of these customers, if active now."""
        stays = draw_stays((self.gamma, self.delta), T, t, random=random)
        return random.binomial(stays, random.beta(self.alpha + x, self.beta + T - x))


def occasions_stayed(leave: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Of the next `t` occasions, how many a customer stays for; part of an occasion counts as part of one."""
    whole, stay = np.floor(t), 1 - leave
    return stay * -np.expm1(whole * np.log1p(-leave)) / leave + (t - whole) * stay ** (whole + 1)


def still_there(leave: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The chance of staying through the next `t` occasions."""
    whole, stay = np.floor(t), 1 - leave
    return stay**whole * (1 - (t - whole) * leave)


def over_leaving(
    of: object, prior: tuple[float, float], T: np.ndarray, t: np.ndarray, leaving: float = 1.0
) -> np.ndarray:
    """The mean of `of(chance of leaving, t)` over what is known of that chance of a customer who stayed for `T`."""
    distinct, which = np.unique(T, return_inverse=True)
    nodes, weights = beta_nodes(prior[0], prior[1] + distinct)
    which, mean = which.reshape(T.shape), np.zeros(T.shape)
    for leave, weight in zip(np.clip(nodes.T * leaving, NEVER, 1 - NEVER), weights.T, strict=True):
        mean += weight[which] * of(leave[which], t)
    return mean


def draw_stays(prior: tuple[float, float], T: np.ndarray, t: float, *, random: np.random.Generator) -> np.ndarray:
    """For how many of the next `t` occasions each of these customers stays; part of an occasion by chance."""
    leave = np.maximum(random.beta(prior[0], prior[1] + T), NEVER)
    ahead = np.floor(t) + (random.random(np.shape(T)) < t - np.floor(t))
    return np.minimum(random.geometric(leave) - 1, ahead.astype(np.int64))


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The log-likelihood of histories in occasions, with gradient and second derivatives."""

    histories: Histories

    def __call__(self, parameters: np.ndarray) -> Told:
        parts = []
        for x, t_x, T, n in self.histories.blocks(np.arange(len(self.histories.n)), size=1024):
            terms, buying, leaving = _stories(parameters, x, t_x, T)
            slopes = np.stack([*buying[1:3], *leaving[1:3]])
            bends = {(i + 2 * k, j + 2 * k): part[3 + i + j] for k, part in enumerate((buying, leaving))
                     for i, j in ((0, 0), (0, 1), (1, 1))}  # fmt: skip
            parts.append(mixture(terms, slopes, bends, n))
        return tuple(sum(part) for part in zip(*parts, strict=True))


def _stories(parameters: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> tuple[np.ndarray, tuple, tuple]:
    """Everything that may have happened after the last purchase, stories × customers: still there at T (the first
    row), or gone before one of the occasions since. With it `log_beta` of buying and of leaving, which add up to
    it."""
    alpha, beta, gamma, delta = parameters
    since = np.arange(int((T - t_x).max(initial=0)))[:, None]
    stayed = np.concatenate([T[None], np.minimum(t_x + since, T)])
    left = np.ones_like(stayed)
    left[0] = 0
    buying = log_beta(alpha, beta, np.broadcast_to(x, stayed.shape), stayed - x)
    leaving = log_beta(gamma, delta, left, stayed)
    terms = buying[0] + leaving[0]
    terms[1:][since >= T - t_x] = -np.inf
    return terms, buying, leaving


def log_beta(a: float, b: float, i: np.ndarray, k: np.ndarray) -> tuple[np.ndarray, ...]:
    """ln B(a+i, b+k)/B(a, b) for whole i and k, and its derivatives: by a, b, and aa, ab, bb."""
    from scipy.special import gammaln, polygamma, psi

    i, k = i.astype(int), k.astype(int)

    def rise(of: object, base: float, steps: np.ndarray) -> np.ndarray:
        return (of(base + np.arange(steps.max(initial=0) + 1)) - of(base))[steps]

    in_a, in_b, in_both = (
        [rise(of, base, steps) for of in (gammaln, psi, lambda v: polygamma(1, v))]
        for base, steps in ((a, i), (b, k), (a + b, i + k))
    )
    value, by_a, by_b = in_a[0] + in_b[0] - in_both[0], in_a[1] - in_both[1], in_b[1] - in_both[1]
    return value, by_a, by_b, in_a[2] - in_both[2], -in_both[2], in_b[2] - in_both[2]
