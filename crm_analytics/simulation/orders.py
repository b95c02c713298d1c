"""Who bought when: each customer's orders as a thinned clock, and what happens to them under the campaigns."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from crm_analytics.simulation.customers import People
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.market import Market
from crm_analytics.simulation.segments import KNOWN, WALK_INS

WALK_IN_SHARE = 0.22
"""Share of orders without a card once most regulars have one; before, it is larger, so that the sum follows demand."""


@dataclass(frozen=True)
class Orders:
    """Orders as columns. `customer` is −1 for walk-ins. `campaign` is 0 for an order that would have come anyway,
    k for one that campaign k brought, −k for one that campaign k put off (which then never happens)."""

    customer: np.ndarray
    day: np.ndarray
    segment: np.ndarray
    campaign: np.ndarray

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, rows: np.ndarray) -> Orders:
        return Orders(*(getattr(self, f.name)[rows] for f in fields(self)))

    def with_campaign(self, campaign: np.ndarray) -> Orders:
        return Orders(self.customer, self.day, self.segment, campaign)


def joined(*parts: Orders) -> Orders:
    """All these orders in the order of their days."""
    columns = (np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Orders))
    whole = Orders(*columns)
    return whole.take(np.lexsort((whole.customer, whole.day)))


@dataclass(frozen=True)
class Lives:
    """What the clock left behind: whether a customer is still one on the last day, and the clock's speed ahead."""

    alive: np.ndarray
    last_day: np.ndarray
    """The day of leaving; −1 while the customer stays."""
    ahead: np.ndarray
    """Demand time in the year after the history, by segment: about 365 ordinary days."""


def clocks(market: Market) -> np.ndarray:
    """Demand time since the first day, segment × day: how many ordinary days have gone by the end of each day."""
    return np.stack([np.cumsum(market.demand(s).sum(axis=0)) for s in range(KNOWN + 1)])


def of_customers(people: People, *, clock: np.ndarray, seed: int) -> tuple[Orders, Lives]:
    """The orders of customers with a card, had there been no campaign.

    In demand time purchases are a Poisson process that ends with the purchase after which the customer leaves, so the
    number of repeat purchases is min(Poisson, Geometric) and their moments are uniform: no loop over purchases.
    """
    rng = stream(seed, "orders")
    count, segment = len(people), people.segment.astype(int)
    now = clock[segment, people.joined]
    span = clock[segment, DAYS - 1] - now
    offered = rng.poisson(people.rate * span)
    until = np.minimum(rng.geometric(np.maximum(people.leave, 1e-9)), 2**31 - 1)
    owner = np.repeat(np.arange(count, dtype=np.int64), offered)
    place = np.sort(owner + rng.random(len(owner)))
    place -= owner
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(offered) - offered, offered) + 1
    kept = nth <= until[owner]
    owner, place, nth = owner[kept], place[kept], nth[kept]
    moment = now[owner] + place * span[owner]
    day = np.empty(len(owner), np.int32)
    for s in range(KNOWN):
        of = segment[owner] == s
        day[of] = np.searchsorted(clock[s, :DAYS], moment[of]).clip(max=DAYS - 1)
    gone = until <= offered
    last_day = np.full(count, -1, np.int32)
    last = nth == until[owner]
    last_day[owner[last]] = day[last]
    customer = np.concatenate([np.arange(count), owner]).astype(np.int32)
    days = np.concatenate([people.joined, day]).astype(np.int32)
    orders = joined(Orders(customer, days, people.segment[customer], np.zeros(len(customer), np.int16)))
    return orders, Lives(~gone, last_day, clock[:KNOWN, -1] - clock[:KNOWN, DAYS - 1])


def of_walk_ins(known: Orders, *, market: Market, seed: int) -> Orders:
    """Orders without a card. They fill up what regulars bought before they had one, so the total follows demand."""
    rng = stream(seed, "walk-ins")
    pace = market.demand(WALK_INS).sum(axis=0)[:DAYS]
    block = np.arange(DAYS) // 61
    by_card = np.bincount(block, np.bincount(known.day, minlength=DAYS)) / np.bincount(block, pace)
    middles = (np.arange(len(by_card)) + 0.5) * 61
    level = np.interp(np.arange(DAYS), middles, by_card)
    total = level[DAYS // 6 :].max() / (1 - WALK_IN_SHARE)
    each = rng.poisson(pace * np.maximum(total - level, 0.1 * total))
    day = np.repeat(np.arange(DAYS, dtype=np.int32), each)
    unknown = np.full(len(day), -1, np.int32)
    return Orders(unknown, day, np.full(len(day), WALK_INS, np.int8), np.zeros(len(day), np.int16))
