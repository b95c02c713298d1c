"""Sales as the till and the web shop book them: store, channel, time of day, returns and goods to order."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from crm_analytics.simulation.assortment import (
    CHANNELS,
    DEALER_DESK,
    REGION_SHARES,
    REGIONS,
    STORES_OF_REGION,
    WEB,
)
from crm_analytics.simulation.baskets import Lines
from crm_analytics.simulation.customers import People
from crm_analytics.simulation.deals import Deals
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.market import Market
from crm_analytics.simulation.orders import Orders
from crm_analytics.simulation.segments import DEALERS

KINDS = ("sale", "return", "wholesale")
STORE_CHANNEL, WEB_CHANNEL, PHONE, DEALER = range(len(CHANNELS))
RETURN_SHARE = 0.04
OPEN, CLOSED = 9 * 3600, 21 * 3600


@dataclass(frozen=True)
class Sales:
    """Every order that happened, with its lines. Orders are numbered by their place here; money is in cents.

    `campaign` is k for an order that campaign k brought, else 0.
    """

    customer: np.ndarray
    day: np.ndarray
    second: np.ndarray
    store: np.ndarray
    channel: np.ndarray
    kind: np.ndarray
    campaign: np.ndarray
    lines: Lines

    def __len__(self) -> int:
        return len(self.customer)


def _places(orders: Orders, people: People, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Store and channel of each order: customers shop in their own region or on the web; walk-ins in any store."""
    known = orders.customer >= 0
    owner = orders.customer.clip(min=0)
    anywhere = rng.choice(len(REGIONS), len(orders), p=REGION_SHARES)
    stated = np.where(orders.customer < -1, -2 - orders.customer, anywhere)
    region = np.where(known, people.region[owner], stated)
    most = max(map(len, STORES_OF_REGION))
    table = np.array([(stores * most)[:most] for stores in STORES_OF_REGION])
    store = table[region, rng.integers(0, most, len(orders))]
    chance = rng.random(len(orders))
    web = known & (chance < people.web[owner])
    phone = known & ~web & (chance > 0.97)
    dealer = orders.segment == DEALERS
    channel = np.select([dealer, web, phone], [DEALER, WEB_CHANNEL, PHONE], STORE_CHANNEL).astype(np.int8)
    return np.select([dealer, web | phone], [DEALER_DESK, WEB], store).astype(np.int8), channel


def book(orders: Orders, lines: Lines, people: People, *, deals: Deals, market: Market, seed: int) -> Sales:
    """Book what happened (orders that a campaign put off are left out), with returns and goods made to order."""
    rng = stream(seed, "sales")
    happened = orders.campaign >= 0
    number = np.cumsum(happened) - 1
    kept = lines.take(happened[lines.order])
    kept = Lines(number[kept.order].astype(np.int32), *(getattr(kept, f.name) for f in fields(Lines)[1:]))
    orders = orders.take(happened)
    store, channel = _places(orders, people, rng)
    second = np.where(
        channel == WEB_CHANNEL, rng.integers(6 * 3600, 24 * 3600, len(orders)), rng.integers(OPEN, CLOSED, len(orders))
    )
    kind = np.where(orders.segment == DEALERS, 2, 0).astype(np.int8)
    sales = Sales(np.maximum(orders.customer, -1), orders.day, second, store, channel, kind, orders.campaign, kept)
    return _by_time(_and(_and(sales, _made_to_order(deals, market, rng)), _returns(sales, rng)))


def _returns(sales: Sales, rng: np.random.Generator) -> Sales:
    """A line of some ordinary sales comes back within three weeks; what a campaign brought stays sold."""
    back = np.flatnonzero((rng.random(len(sales)) < RETURN_SHARE) & (sales.kind == 0) & (sales.campaign == 0))
    day = sales.day[back] + rng.integers(2, 21, len(back))
    back, day = back[day < DAYS], day[day < DAYS]
    first_line = np.searchsorted(sales.lines.order, back)
    lines = sales.lines.take(first_line)
    lines = Lines(
        np.arange(len(back), dtype=np.int32),
        lines.product,
        -np.ones(len(back), np.int32),
        lines.price,
        lines.list_price,
        lines.unit_cost,
    )
    second = rng.integers(OPEN, CLOSED, len(back))
    return Sales(
        sales.customer[back],
        day.astype(np.int32),
        second,
        sales.store[back],
        sales.channel[back],
        np.ones(len(back), np.int8),
        np.zeros(len(back), np.int16),
        lines,
    )


def _made_to_order(deals: Deals, market: Market, rng: np.random.Generator) -> Sales:
    """Deals that were won become orders of goods made to measure."""
    won = np.flatnonzero(deals.won & (deals.closed_day < DAYS))
    product, day = deals.product[won], deals.closed_day[won]
    count = len(won)
    lines = Lines(
        np.arange(count, dtype=np.int32),
        product.astype(np.int16),
        np.ones(count, np.int32),
        deals.amount_cents[won].astype(np.int32),
        deals.amount_cents[won].astype(np.int32),
        market.cost_cents[product, day],
    )
    return Sales(
        deals.customer[won],
        day.astype(np.int32),
        rng.integers(OPEN, CLOSED, count),
        np.full(count, WEB, np.int8),
        np.full(count, PHONE, np.int8),
        np.zeros(count, np.int8),
        np.zeros(count, np.int16),
        lines,
    )


def _and(first: Sales, second: Sales) -> Sales:
    moved = Lines(
        (second.lines.order + len(first)).astype(np.int32),
        *(getattr(second.lines, f.name) for f in fields(Lines)[1:]),
    )
    lines = Lines(*(np.concatenate([getattr(first.lines, f.name), getattr(moved, f.name)]) for f in fields(Lines)))
    heads = [f.name for f in fields(Sales) if f.name != "lines"]
    return Sales(*(np.concatenate([getattr(first, name), getattr(second, name)]) for name in heads), lines)


def _by_time(sales: Sales) -> Sales:
    """The same sales, numbered in the order in which they were booked."""
    sorting = np.lexsort((sales.second, sales.day))
    place = np.empty(len(sales), np.int32)
    place[sorting] = np.arange(len(sales), dtype=np.int32)
    order = place[sales.lines.order]
    lines = sales.lines.take(np.argsort(order, kind="stable"))
    lines = Lines(np.sort(order), *(getattr(lines, f.name) for f in fields(Lines)[1:]))
    return Sales(*(getattr(sales, f.name)[sorting] for f in fields(Sales) if f.name != "lines"), lines)
