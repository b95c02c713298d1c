"""What every model of buying can be asked: fitted the one way, it foretells purchases and says who is still there.

A model gives only its equations: the likelihood of histories with its slopes, the chance that a customer still buys,
and what a customer who does will buy and be, further on. Time is in one unit throughout, whichever the histories
have: days for purchases at any time, occasions where there is at most one purchase at each.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar, Self

import numpy as np

from crm_analytics.planning.customers.buying.likelihood import Peak, Surface, climb, scattered
from crm_analytics.planning.customers.worth.histories import Histories

SCOUTS = 20_000
"""Above this many distinct histories a subset of this size first finds where the peak is."""

REDRAWN = 4_000
"""Of more distinct histories than this a part is redrawn to see how the parameters scatter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Buying(ABC):
    """A model of how often customers buy and when they silently leave, its parameters in the order of its fields."""

    called: ClassVar[str]
    peak: Peak | None = None

    @classmethod
    def fit(cls, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> Self:
        """The most likely base behind these histories: repeat purchases, time of the last one, time observed."""
        return cls.of(Histories.of(x, t_x, T))

    @classmethod
    def of(cls, histories: Histories) -> Self:
        """The same from histories that were counted already."""
        start = cls._start(histories)
        if len(histories.n) > 2 * SCOUTS:
            start = climb(cls._surface(histories.every(len(histories.n) // SCOUTS)), start).parameters
        peak = climb(cls._surface(histories), start)
        return cls.at(peak.parameters, peak)

    @classmethod
    def at(cls, parameters: np.ndarray, peak: Peak | None = None) -> Self:
        return cls(**dict(zip(cls.names(), map(float, parameters), strict=True)), peak=peak)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls) if field.name != "peak")

    @property
    def parameters(self) -> np.ndarray:
        return np.array([getattr(self, name) for name in self.names()])

    def resampled(self, histories: Histories, *, seed: int) -> list[Self]:
        """The same model in bases drawn anew from this one: what another turn of chance would have made of it.

        The Bayesian bootstrap (Rubin 1981) on counted histories. A large base is drawn from a part of it, and the
        scatter narrowed by the square root of the share.
        """
        part = histories.every(max(1, len(histories.n) // REDRAWN))
        random, centre = np.random.default_rng(seed), climb(self._surface(part), self.parameters)
        drawn = scattered(centre, lambda: self._surface(part.resampled(random)))
        narrowed = (drawn - np.log(centre.parameters)) * np.sqrt(part.customers / histories.customers)
        return [self.at(self.parameters * np.exp(aside)) for aside in narrowed]

    def log_likelihood(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> float:
        """How likely these histories are, as a logarithm, summed over customers."""
        return self._surface(Histories.of(x, t_x, T))(self.parameters)[0]

    def expected_new(self, t: np.ndarray) -> np.ndarray:
        """Repeat purchases to expect of a new customer in the first `t`."""
        nothing = np.zeros_like(np.asarray(t, dtype=float))
        return self.expected(nothing, nothing, nothing, t)

    def expected(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Purchases to expect in the next `t` of customers with these histories."""
        return self.p_alive(x, t_x, T) * self.expected_if_active(x, T, t)

    @classmethod
    @abstractmethod
    def _start(cls, histories: Histories) -> np.ndarray:
        """Parameters from which the climb begins."""

    @staticmethod
    @abstractmethod
    def _surface(histories: Histories) -> Surface:
        """The log-likelihood of histories with its slopes and curvature, as a function of the parameters."""

    @abstractmethod
    def p_alive(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """The chance that a customer with this history still buys."""

    @abstractmethod
    def expected_if_active(self, x: np.ndarray, T: np.ndarray, t: np.ndarray, leaving: float = 1.0) -> np.ndarray:
        """Purchases to expect in the next `t` of a customer who is active now; does not depend on `t_x`.

        `leaving` makes leaving so many times as likely as it is: what would be if customers were better kept.
        """

    @abstractmethod
    def buys_if_active(self, x: np.ndarray, T: np.ndarray, t: float) -> np.ndarray:
        """The chance that a customer who is active now buys in the next `t`."""

    @abstractmethod
    def retained(self, x: np.ndarray, T: np.ndarray, t: float, leaving: float = 1.0) -> np.ndarray:
        """The chance that a customer who is active now still is after the next `t`."""

    @abstractmethod
    def draw_if_active(self, x: np.ndarray, T: np.ndarray, t: float, *, random: np.random.Generator) -> np.ndarray:
        """One possible number of purchases in the next `t` of each of these customers, if active now."""
