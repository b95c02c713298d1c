"""Web visits: the ways that ended in orders of the web shop, and those that did not.

An order that a campaign brought began with that campaign's advertisement, where it is one that can be clicked. All
other orders would have come anyway; their buyers still passed advertisements and closed through whatever was nearest.
So one source only assists (social media: never the last touch), one closes and causes nothing (the price portal), one
merely accompanies (the banner, which follows whoever is about to buy), and the last touch says nothing of the cause.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.effects import position
from crm_analytics.simulation.plan import CAMPAIGNS
from crm_analytics.simulation.sales import KINDS, WEB_CHANNEL, Sales

SOURCES = {
    "search": ("cpc", 0.24, 0.26, 0.16),
    "organic": ("organic", 0.30, 0.16, 0.34),
    "social": ("paid social", 0.22, 0.00, 0.08),
    "newsletter": ("email", 0.06, 0.06, 0.06),
    "price portal": ("referral", 0.06, 0.20, 0.08),
    "banner": ("display", 0.06, 0.02, 0.28),
    "direct": ("(none)", 0.06, 0.30, 0.00),
}
"""Where visits come from: medium, and its shares of idle visits, of the visits in which it is bought, and of those
that come before an order without being its cause."""

CLICKED = {"search": "search", "social": "social", "email": "newsletter"}
"""The source whose visits a campaign of that channel brings; of the other channels nothing is seen on the web."""

SEEN = 0.7
"""Share of customers whose browser allows to be recognised; the orders of the others have no way."""

ACCOMPANYING = 0.9
"""So many visits come before an order on average, beside the one that caused it."""

IDLE_VISITORS = 0.9
"""Visitors who buy nothing, for each customer."""


@dataclass(frozen=True)
class Visits:
    """Touches as columns, by visitor and moment; money in cents, −1 where nothing was bought.

    `campaign` is k where the order was brought by campaign k, else 0 (−1: no order). `cause` is the source of the
    visit that brought it, −1 where none did.
    """

    visitor: np.ndarray
    day: np.ndarray
    second: np.ndarray
    origin: np.ndarray
    converted: np.ndarray
    value_cents: np.ndarray
    campaign: np.ndarray
    cause: np.ndarray


def draw_visits(sales: Sales, people_count: int, *, seed: int) -> Visits:
    """The ways to the web orders of recognised customers, then visitors who leave without one."""
    rng = stream(seed, "visits")
    number = rng.permutation(people_count)
    recognised = rng.random(people_count) < SEEN
    web = (sales.channel == WEB_CHANNEL) & (sales.kind == KINDS.index("sale")) & (sales.customer >= 0)
    rows = np.flatnonzero(web & recognised[sales.customer.clip(min=0)])
    moment = sales.day[rows].astype(np.int64) * 86_400 + sales.second[rows]
    bought = np.bincount(sales.lines.order, sales.lines.amount, len(sales))[rows].astype(np.int64)
    visitor, campaign = number[sales.customer[rows]], sales.campaign[rows]
    names = list(SOURCES)
    cause = np.array([-1] + [names.index(CLICKED[c.channel]) if c.channel in CLICKED else -1 for c in CAMPAIGNS])
    cause = cause[campaign]
    begins = np.array([0] + [position(c.starts) for c in CAMPAIGNS])[campaign] * 86_400
    caused = np.flatnonzero(cause >= 0)
    clicked = moment[caused] - 3600 - rng.exponential(2.5 * 86_400, len(caused)).astype(np.int64)
    beside = rng.poisson(ACCOMPANYING, len(rows))
    of = np.repeat(np.arange(len(rows)), beside)
    passed = moment[of] - 600 - rng.exponential(3.0 * 86_400, len(of)).astype(np.int64)
    idle = rng.geometric(0.55, int(IDLE_VISITORS * people_count)).clip(max=8)
    who = np.repeat(np.arange(len(idle)), idle)
    start = rng.integers(0, (DAYS - 30) * 86_400, len(idle))
    strolled = start[who] + np.cumsum(rng.integers(1800, 4 * 86_400, len(who))) % (25 * 86_400)
    parts = (
        (visitor, moment, _drawn(rng, 2, len(rows)), bought, campaign, cause),
        (visitor[caused], np.maximum(clicked, begins[caused] + 60), cause[caused]),
        (visitor[of], passed, _drawn(rng, 3, len(of))),
        (people_count + who, strolled, _drawn(rng, 1, len(who))),
    )
    return _in_order(parts)


def _drawn(rng: np.random.Generator, column: int, count: int) -> np.ndarray:
    """So many sources, each with its share in that column of SOURCES."""
    return rng.choice(len(SOURCES), count, p=[source[column] for source in SOURCES.values()])


def _in_order(parts: tuple[tuple[np.ndarray, ...], ...]) -> Visits:
    """All touches by visitor and moment; of two in the same second the one that ended in an order is kept."""
    blank = (-1, -1, -1)
    whole = [
        np.concatenate([
            part[i] if i < len(part) else np.full(len(part[0]), blank[i - 3], dtype=np.int64) for part in parts
        ])
        for i in range(6)
    ]  # fmt: skip
    visitor, moment, origin, value, campaign, cause = whole
    sorting = np.lexsort((origin, -value, moment, visitor))
    same = np.zeros(len(sorting), bool)
    v, m = visitor[sorting], moment[sorting]
    same[1:] = (v[1:] == v[:-1]) & (m[1:] == m[:-1])
    kept = sorting[~same & (m >= 0)]
    value = value[kept]
    return Visits(
        visitor=visitor[kept].astype(np.int32),
        day=(moment[kept] // 86_400).astype(np.int32),
        second=(moment[kept] % 86_400).astype(np.int32),
        origin=origin[kept].astype(np.int16),
        converted=value >= 0,
        value_cents=value,
        campaign=campaign[kept],
        cause=cause[kept],
    )
