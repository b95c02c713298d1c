"""Who the customers are, when each joined, how often each would buy and when each leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.assortment import REGION_SHARES, REGIONS
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import shares, stream
from crm_analytics.simulation.segments import KNOWN, SEGMENTS

ACQUIRED = {"store": 0.55, "web": 0.25, "recommendation": 0.12, "advertising": 0.08}
REASONS = {"moved house": 0.2, "saw an advertisement": 0.15, "recommended": 0.2, "price": 0.25, "near my home": 0.2}
GENDERS = {"f": 0.56, "m": 0.44}
ATTITUDES = {"indifferent": 0.35, "glad": 0.50, "put off": 0.15}
"""How a customer takes being addressed by a campaign."""

CARD_WAVE = 0.45
WAVE_DAYS = 75
"""A share of customers took the loyalty card in its first months; all others joined evenly over the history."""


@dataclass(frozen=True)
class People:
    """The customers with a card as columns, in the order of their numbers. Days count from the first day of history."""

    segment: np.ndarray
    region: np.ndarray
    joined: np.ndarray
    rate: np.ndarray
    """Purchases a day in demand time, while the customer stays."""
    leave: np.ndarray
    """Chance of leaving after each repeat purchase."""
    lines: np.ndarray
    """The customer's own mean of lines in an order."""
    attitude: np.ndarray
    acquired: np.ndarray
    reason: np.ndarray
    birth_year: np.ndarray
    gender: np.ndarray
    web: np.ndarray
    """Chance that an order comes through the web shop."""

    def __len__(self) -> int:
        return len(self.segment)


def people(seed: int, count: int, *, clock: np.ndarray) -> People:
    """Draw so many customers. They join when demand is high, so that first orders follow it like all others."""
    rng = stream(seed, "customers")
    known = SEGMENTS[:KNOWN]
    segment = rng.choice(KNOWN, count, p=[s.share for s in known]).astype(np.int8)

    def of(knob: str) -> np.ndarray:
        return np.array([getattr(s, knob) for s in known])[segment]

    joined = np.empty(count, np.int32)
    early, share, wave = rng.random(count) < CARD_WAVE, rng.random(count), rng.exponential(WAVE_DAYS, count)
    for s in range(KNOWN):
        of_s = segment == s
        whole = clock[s, DAYS - 1]
        moment = np.where(early[of_s], wave[of_s] % whole, share[of_s] * whole)
        joined[of_s] = np.searchsorted(clock[s, :DAYS], moment)
    return People(
        segment=segment,
        region=rng.choice(len(REGIONS), count, p=REGION_SHARES).astype(np.int8),
        joined=joined,
        rate=rng.gamma(of("r")) / of("alpha_days"),
        leave=rng.beta(of("a"), of("b")),
        lines=1 + (of("lines") - 1) * rng.gamma(4.0, 0.25, count),
        attitude=shares(rng, ATTITUDES, count),
        acquired=shares(rng, ACQUIRED, count),
        reason=shares(rng, REASONS, count),
        birth_year=rng.integers(1945, 2004, count),
        gender=shares(rng, GENDERS, count),
        web=of("web") * rng.uniform(0.3, 1.7, count),
    )
