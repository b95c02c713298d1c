"""Web visits and the advertisements before them: each touch adds its own chance that the visitor buys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import stream

SOURCES = {
    "search": ("cpc", 0.30, 0.10),
    "organic": ("organic", 0.25, 0.05),
    "social": ("paid social", 0.20, 0.02),
    "newsletter": ("email", 0.10, 0.12),
    "price portal": ("referral", 0.10, 0.08),
    "banner": ("display", 0.05, 0.01),
}
"""Where visits come from: medium, share of touches, and the chance that this one touch leads to an order."""


@dataclass(frozen=True)
class Visits:
    """Touches as columns, by visitor and moment; money in cents, −1 where nothing was bought."""

    visitor: np.ndarray
    day: np.ndarray
    second: np.ndarray
    origin: np.ndarray
    converted: np.ndarray
    value_cents: np.ndarray


def draw_visits(people_count: int, *, seed: int) -> Visits:
    """One and a half visitors a customer; a visitor's way ends with the order, or after a few touches without one."""
    rng = stream(seed, "visits")
    visitors = int(1.5 * people_count)
    length = np.minimum(rng.geometric(0.45, visitors), 8)
    visitor = np.repeat(np.arange(visitors, dtype=np.int32), length)
    nth = np.arange(len(visitor)) - np.repeat(np.cumsum(length) - length, length)
    origin = rng.choice(len(SOURCES), len(visitor), p=[share for _, share, _ in SOURCES.values()])
    converted = rng.random(len(visitor)) < np.array([chance for *_, chance in SOURCES.values()])[origin]
    first = np.full(visitors, 99)
    np.minimum.at(first, visitor[converted], nth[converted])
    kept = nth <= first[visitor]
    start = rng.integers(0, DAYS - 30, visitors)
    day = start[visitor] + nth * rng.integers(1, 4, visitors)[visitor]
    value = np.rint(rng.gamma(2.0, 3100.0, len(visitor))).astype(np.int64) + 500
    second = rng.integers(6 * 3600, 24 * 3600, len(visitor))
    return Visits(
        visitor[kept],
        day[kept],
        second[kept],
        origin[kept],
        converted[kept],
        np.where(converted, value, -1)[kept],
    )
