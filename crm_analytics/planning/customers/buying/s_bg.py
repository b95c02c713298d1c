"""How long customers under contract stay, where every period is renewed or the contract ends: the
shifted-beta-geometric.

At each renewal a customer leaves with a chance of the customer's own; the chances differ between customers (beta,
`alpha` and `beta`), so the retention rate of a cohort rises with its age although nobody becomes more faithful. Time
is counted in renewals; a history of `x` renewals of `T` possible ones has ended for good where `x` is below `T`.

Source: Fader & Hardie (2007), "How to Project Customer Retention", Journal of Interactive Marketing 21(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crm_analytics.planning.customers.buying.bg_bb import (
    draw_stays,
    log_beta,
    occasions_stayed,
    over_leaving,
    still_there,
)
from crm_analytics.planning.customers.buying.buying import Buying
from crm_analytics.planning.customers.buying.likelihood import Told, mixture
from crm_analytics.planning.customers.worth.histories import Histories


@dataclass(frozen=True, kw_only=True, eq=False)
class SBG(Buying):
    """Chances of leaving at a renewal vary as beta(`alpha`, `beta`)."""

    alpha: float
    beta: float
    called: ClassVar[str] = "sBG"

    @classmethod
    def _start(cls, histories: Histories) -> np.ndarray:
        return np.array([1.0, 3.0])

    @staticmethod
    def _surface(histories: Histories) -> _Likelihood:
        return _Likelihood(histories)

    def survival(self, t: np.ndarray) -> np.ndarray:
        """The share of new customers who are still there after `t` renewals."""
        t = np.asarray(t, dtype=float)
        return over_leaving(still_there, (self.alpha, self.beta), np.zeros_like(t), t)

    def p_alive(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """1 for a contract that runs, 0 for one that has ended: nothing is left to guess."""
        t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (t_x, T)))
        return (t_x >= T).astype(float)

    def expected_if_active(self, x: np.ndarray, T: np.ndarray, t: np.ndarray, leaving: float = 1.0) -> np.ndarray:
        """Renewals to expect among the next `t` of a contract that runs: the discounted sum is what it is worth."""
        x, T, t = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T, t)))
        return over_leaving(occasions_stayed, (self.alpha, self.beta), T, t, leaving)

    def buys_if_active(self, x: np.ndarray, T: np.ndarray, t: float) -> np.ndarray:
        """The chance that a contract that runs now is renewed in the next `t` renewals."""
        x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T)))
        return (self.beta + T) / (self.alpha + self.beta + T) * min(t, 1.0)

    def retained(self, x: np.ndarray, T: np.ndarray, t: float, leaving: float = 1.0) -> np.ndarray:
        """The chance that a contract that runs now still runs after the next `t` renewals."""
        x, T, t = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T, t)))
        return over_leaving(still_there, (self.alpha, self.beta), T, t, leaving)

    def draw_if_active(self, x: np.ndarray, T: np.ndarray, t: float, *, random: np.random.Generator) -> np.ndarray:
        """One possible number of renewals among the next `t` of each of these contracts, if it runs now."""
        return draw_stays((self.alpha, self.beta), T, t, random=random)


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The log-likelihood of contracts, with gradient and second derivatives, as a function of (alpha, beta)."""

    histories: Histories

    def __call__(self, parameters: np.ndarray) -> Told:
        h = self.histories
        ended = h.t_x < h.T
        value, by_a, by_b, *bends = log_beta(*parameters, ended[None], np.where(ended, h.t_x, h.T)[None])
        return mixture(value, np.stack([by_a, by_b]), dict(zip(((0, 0), (0, 1), (1, 1)), bends, strict=True)), h.n)
