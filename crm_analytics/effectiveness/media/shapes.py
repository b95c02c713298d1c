"""How a channel's spend may turn into sales: it is carried over to later periods, and further money works less.

Carry-over (adstock) spreads what is spent in a period over the next ones with weights that sum to one: w(l) ∝ αˡ, or
with a later peak w(l) ∝ α^((l−θ)²). What has been carried to a period then works by one of three curves: logarithmic
ln(1 + s/b), which the budget uses; logistic tanh(s/b); S-shaped s²/(s² + b²). Jin, Wang, Sun, Chan & Koehler, Bayesian
methods for media mix modeling with carryover and shape effects (2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

FORMS = ("log", "logistic", "s-shaped")
_BELIEF = {"log": 0.4, "logistic": 0.4, "s-shaped": 0.2}
BENDS = np.geomspace(0.1, 10, 11)
"""b as a multiple of the usual spend of an active period: at .1 it is long saturated, at 10 nearly straight."""
BEND_BELIEF = np.exp(-0.5 * np.log(BENDS) ** 2) / np.exp(-0.5 * np.log(BENDS) ** 2).sum()
"""Before any data: b is near the usual spend, within a factor of 2.7 either way, as the budget's curves have it too."""
CARRIED = np.arange(0, 0.95, 0.1)
"""Candidates of α, the share that is carried from a week to the next."""
PEAKS = tuple((weeks, alpha) for weeks in (1, 2, 3) for alpha in (0.3, 0.6, 0.8))
"""Candidates of a later peak: θ in weeks, and α."""
LATER = 0.2
"""Before any data, how likely it is that a channel works best some weeks after the money was spent."""
REACH_WEEKS = 26


@dataclass(frozen=True, kw_only=True, eq=False)
class Shapes:
    """Every way in which one channel may work, a candidate each: candidates × periods of what is `felt` in a period.

    `felt` is 1 in an active period on average, so that its coefficient is what such a period brings. `carried` and
    `form`, `bend` say which carry-over and which curve a candidate has; `belief` its weight before any data.
    """

    spend: np.ndarray
    usual: float
    days: int
    """Length of a period."""

    @cached_property
    def weights(self) -> np.ndarray:
        """The carry-overs: how much of a period's spend is felt in it and in each later one."""
        periods = min(len(self.spend), max(2, REACH_WEEKS * 7 // self.days))
        lag = np.arange(periods) * self.days / 7
        rows = [np.power(alpha, lag) if alpha else (lag == 0).astype(float) for alpha in CARRIED]
        rows += [np.power(alpha, (lag - peak) ** 2) for peak, alpha in PEAKS]
        weights = np.array(rows)
        return weights / weights.sum(axis=1, keepdims=True)

    @cached_property
    def stocks(self) -> np.ndarray:
        """The spend as it is carried over, in usual spends: carry-overs × periods."""
        n = len(self.spend)
        return np.array([np.convolve(self.spend, w)[:n] for w in self.weights]) / self.usual

    @cached_property
    def kinds(self) -> np.ndarray:
        """Carry-over, form and bend of every candidate, as positions: candidates × 3."""
        grid = np.indices((len(self.weights), len(FORMS), len(BENDS)))
        return grid.reshape(3, -1).T

    @cached_property
    def scale(self) -> np.ndarray:
        """What the curve of a candidate says of an active period on average; `felt` is divided by it."""
        active = self.spend > 0
        return np.maximum(self._raw[:, active].mean(axis=1), 1e-9)

    @cached_property
    def _raw(self) -> np.ndarray:
        carried, forms = self.stocks[:, None, None, :], self.kinds
        curves = np.stack([curve(form, carried[:, 0] / BENDS[None, :, None]) for form in FORMS], axis=1)
        return curves.reshape(len(forms), -1)

    @cached_property
    def felt(self) -> np.ndarray:
        return self._raw / self.scale[:, None]

    @cached_property
    def belief(self) -> np.ndarray:
        """The logarithm of each candidate's weight before any data."""
        plain = np.full(len(CARRIED), (1 - LATER) / len(CARRIED))
        carry = np.r_[plain, np.full(len(PEAKS), LATER / len(PEAKS))]
        forms = np.array([_BELIEF[form] for form in FORMS])
        return np.log((carry[:, None, None] * forms[:, None] * BEND_BELIEF).ravel())

    def scaled(self, chosen: np.ndarray, times: float, periods: slice) -> np.ndarray:
        """What is felt in these periods by the chosen candidates if all spend were so many times as large."""
        carry, form, bend = self.kinds[chosen].T
        stock = times * self.stocks[carry][:, periods] / BENDS[bend][:, None]
        values = np.empty_like(stock)
        for i, name in enumerate(FORMS):
            values[form == i] = curve(name, stock[form == i])
        return values / self.scale[chosen][:, None]

    def steepness(self, chosen: np.ndarray, periods: slice) -> np.ndarray:
        """What a candidate's period would feel more if all spend were larger by a hundredth, times a hundred."""
        carry, form, bend = self.kinds[chosen].T
        stock = self.stocks[carry][:, periods] / BENDS[bend][:, None]
        values = np.empty_like(stock)
        for i, name in enumerate(FORMS):
            values[form == i] = stock[form == i] * slope(name, stock[form == i])
        return values / self.scale[chosen][:, None]

    def carried_over(self, chosen: np.ndarray) -> np.ndarray:
        """The share of what a period's spend does that comes later than in its own week, for each candidate."""
        lag = np.arange(self.weights.shape[1]) * self.days
        return self.weights[:, lag >= 7].sum(axis=1)[self.kinds[chosen, 0]]


def curve(form: str, x: np.ndarray) -> np.ndarray:
    """A form of saturation at x = s/b."""
    if form == "log":
        return np.log1p(x)
    return np.tanh(x) if form == "logistic" else x**2 / (1 + x**2)


def slope(form: str, x: np.ndarray) -> np.ndarray:
    """Its derivative."""
    if form == "log":
        return 1 / (1 + x)
    return 1 - np.tanh(x) ** 2 if form == "logistic" else 2 * x / (1 + x**2) ** 2
