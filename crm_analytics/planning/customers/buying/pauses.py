"""How long a customer may be silent before the silence says something: pauses, own pace, and those who leave.

Each customer buys at a pace of his own, more or less regularly, and may leave after any purchase. Pauses are gamma with
one shape (1 is chance, more is regular), paces gamma over the customers; some leave after the first purchase, some
after later ones. Of Platzer and Reutterer (2016), with the integral over paces in closed form: a pause over itself
plus what is known of the pace is beta distributed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_FITTED = 4_000
"""Customers the base's rhythm is fitted on; more would not move it."""


@dataclass(frozen=True, kw_only=True)
class Pauses:
    """The rhythm of a base, frozen: `shape` of pauses, paces ~ gamma(`r`, `alpha_days`), the chance to leave after the
    first purchase and after a later one, and `reach_days`, the longest pause that could have been seen."""

    shape: float
    r: float
    alpha_days: float
    leave_first: float
    leave_later: float
    reach_days: float

    @classmethod
    def fit(cls, x: np.ndarray, t: np.ndarray, logs: np.ndarray, silence: np.ndarray, *, reach_days: float) -> Pauses:
        """The likeliest base behind these histories: `x` pauses that ended, their sum `t` and the sum of their logs
        `logs`, and the `silence` that goes on, in days."""
        from scipy.optimize import minimize
        from scipy.special import expit

        stride = max(1, -(-len(x) // MOST_FITTED))
        told = tuple(np.asarray(values, float)[::stride] for values in (x, t, logs, silence))
        usual = max(float(t.sum() / max(x.sum(), 1)), 1.0)

        def base(knobs: np.ndarray) -> Pauses:
            shape, r, alpha = np.exp(knobs[:3])
            first, later = expit(knobs[3:])
            return cls(shape=shape, r=r, alpha_days=alpha, leave_first=first, leave_later=later, reach_days=reach_days)

        def cost(knobs: np.ndarray) -> float:
            held_back = (knobs[0] ** 2 + knobs[1] ** 2) / 8 + ((knobs[3:] + 1.5) ** 2).sum() / 8
            return held_back - float(base(knobs)._log_likelihood(*told).sum())

        start = np.array([0.0, 0.0, np.log(usual), -1.5, -1.5])
        limits = [(-1.6, 3.0), (-3.0, 4.0), (-2.0, 14.0), (-8.0, 4.0), (-8.0, 4.0)]
        return base(minimize(cost, start, method="L-BFGS-B", bounds=limits, options={"ftol": 1e-7}).x)

    def _log_likelihood(self, x: np.ndarray, t: np.ndarray, logs: np.ndarray, silence: np.ndarray) -> np.ndarray:
        from scipy.special import gammaln

        k, r, alpha = self.shape, self.r, self.alpha_days
        pauses = (k - 1) * logs - x * gammaln(k) + gammaln(r + k * x) - gammaln(r)
        pauses += r * np.log(alpha) - (r + k * x) * np.log(alpha + t)
        stayed = np.where(x > 0, np.log1p(-self.leave_first) + (x - 1) * np.log1p(-self.leave_later), 0.0)
        leaves = self._leaves(x)
        silent = leaves + (1 - leaves) * (1 - self._ended(x, t, silence))
        return pauses + stayed + np.log(np.maximum(silent, 1e-300))

    def _leaves(self, x: np.ndarray) -> np.ndarray:
        return np.where(x == 0, self.leave_first, self.leave_later)

    def _ended(self, x: np.ndarray, t: np.ndarray, days: np.ndarray | float) -> np.ndarray:
        """The chance that a pause of somebody who stays has ended within so many days."""
        from scipy.special import betainc

        return betainc(self.shape, self.r + self.shape * x, days / (days + self.alpha_days + t))

    def as_long(self, x: np.ndarray, t: np.ndarray, silence: np.ndarray) -> np.ndarray:
        """The share of this customer's pauses that last as long as the silence, of those that end within the reach."""
        seen = self._ended(x, t, self.reach_days)
        return np.clip(1 - self._ended(x, t, np.minimum(silence, self.reach_days)) / np.maximum(seen, 1e-12), 0, 1)

    def here(self, x: np.ndarray, t: np.ndarray, silence: np.ndarray) -> np.ndarray:
        """The chance that a customer with this history has not left."""
        leaves = self._leaves(x)
        stays = (1 - leaves) * (1 - self._ended(x, t, silence))
        return stays / np.maximum(leaves + stays, 1e-300)

    def usual_days(self, x: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The pause to expect of each customer, own pace and base together."""
        return self.shape * (self.alpha_days + t) / (self.r + self.shape * x)

    def at_most(self, bought: np.ndarray, *, x: np.ndarray, t: np.ndarray, days: np.ndarray) -> np.ndarray:
        """The chance that a customer of this pace buys at most so often in so many days, begun at any moment: the pause
        that is going on and `bought` whole ones last longer (a renewal process in equilibrium)."""
        from scipy.special import betainc

        pauses = self.shape * np.maximum(bought, 0) + (self.shape + 1) / 2
        longer = 1 - betainc(pauses, self.r + self.shape * x, days / (days + self.alpha_days + t))
        return np.where(bought < 0, 0.0, longer)
