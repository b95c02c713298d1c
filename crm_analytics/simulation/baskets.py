"""What is in an order: products that go together, products that follow one another, quantities and prices."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from crm_analytics.simulation.assortment import AFTERWARDS, CATEGORIES, GOODS, PER_CATEGORY, TOGETHER
from crm_analytics.simulation.customers import People
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import spins, stream, wheel
from crm_analytics.simulation.market import Market
from crm_analytics.simulation.orders import Orders
from crm_analytics.simulation.segments import SEGMENTS

SEQUENCE_WIDTH_DAYS = 12
"""How far from its usual day a following purchase still happens (standard deviation of the bell)."""

LOOK_AHEAD = 12
"""So many orders after the first product may hold the second."""


@dataclass(frozen=True)
class Lines:
    """Order lines as columns, sorted by order; money in cents."""

    order: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    price: np.ndarray
    list_price: np.ndarray
    unit_cost: np.ndarray

    def __len__(self) -> int:
        return len(self.order)

    @property
    def amount(self) -> np.ndarray:
        return self.price.astype(np.int64) * self.quantity

    def take(self, rows: np.ndarray) -> Lines:
        return Lines(*(getattr(self, f.name)[rows] for f in fields(self)))


def fill(orders: Orders, people: People, *, market: Market, seed: int) -> Lines:
    """Put goods into every order."""
    rng = stream(seed, "baskets")
    walk_in_lines = SEGMENTS[-1].lines
    mean = np.where(orders.customer >= 0, people.lines[orders.customer.clip(min=0)], walk_in_lines)
    count = 1 + rng.poisson(mean - 1)
    order = np.repeat(np.arange(len(orders), dtype=np.int32), count)
    product = _products(orders, order, market=market, rng=rng)
    more_of = [_together(order, product, orders, market=market, rng=rng)]
    more_of += [_afterwards(order, product, orders, market=market, rng=rng)]
    order = np.concatenate([order, *(more[0] for more in more_of)])
    product = np.concatenate([product, *(more[1] for more in more_of)])
    sorting = np.argsort(order, kind="stable")
    return _priced(orders, order[sorting], product[sorting], market=market, rng=rng)


def _products(orders: Orders, order: np.ndarray, *, market: Market, rng: np.random.Generator) -> np.ndarray:
    """A category by the segment's demand that day, then a product of it by its popularity that is not sold out."""
    slots = 1024
    by_category = np.stack([wheel(market.demand(s)[:, :DAYS].T, slots) for s in range(len(SEGMENTS))]).astype(np.int8)
    day, segment = orders.day[order], orders.segment[order]
    category = by_category[segment, day, spins(rng, len(order), slots)]
    quarters = market.popularity.shape[1]
    weights = market.popularity.reshape(len(CATEGORIES), PER_CATEGORY, quarters).transpose(0, 2, 1)
    by_product = wheel(weights.reshape(-1, PER_CATEGORY), slots).reshape(len(CATEGORIES), quarters, slots)
    quarter = (day // 91).astype(np.int8)
    product = category * PER_CATEGORY + by_product[category, quarter, spins(rng, len(order), slots)]
    product = product.astype(np.int16)
    missing = np.flatnonzero(market.out_of_stock[product, day])
    while len(missing):
        again = by_product[category[missing], quarter[missing], spins(rng, len(missing), slots)]
        product[missing] = category[missing].astype(np.int16) * PER_CATEGORY + again
        missing = missing[market.out_of_stock[product[missing], day[missing]]]
    return product


def _together(
    order: np.ndarray, product: np.ndarray, orders: Orders, *, market: Market, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    found_orders, found_products = [], []
    for first, second, chance in TOGETHER:
        holding = np.unique(order[product == GOODS.number(first)])
        also = GOODS.number(second)
        holding = holding[(rng.random(len(holding)) < chance) & ~market.out_of_stock[also, orders.day[holding]]]
        found_orders.append(holding)
        found_products.append(np.full(len(holding), also, np.int16))
    return np.concatenate(found_orders), np.concatenate(found_products)


def _afterwards(
    order: np.ndarray, product: np.ndarray, orders: Orders, *, market: Market, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """An order whose distance from an earlier one with the first product is right gets the second product too."""
    by_customer = np.lexsort((orders.day, orders.customer))
    owner, day = orders.customer[by_customer], orders.day[by_customer]
    place = np.empty(len(orders), np.int64)
    place[by_customer] = np.arange(len(orders))
    found_orders, found_products = [], []
    for first, second, after_days, chance in AFTERWARDS:
        start = place[np.unique(order[product == GOODS.number(first)])]
        start = start[(owner[start] >= 0)]
        also = GOODS.number(second)
        for ahead in range(1, LOOK_AHEAD + 1):
            then = start + ahead
            start, then = start[then < len(owner)], then[then < len(owner)]
            same = owner[then] == owner[start]
            start, then = start[same], then[same]
            gap = (day[then] - day[start]).astype(float)
            likely = chance * np.exp(-0.5 * ((gap - after_days) / SEQUENCE_WIDTH_DAYS) ** 2)
            bought = (rng.random(len(then)) < likely) & ~market.out_of_stock[also, day[then]]
            found_orders.append(by_customer[then[bought]].astype(np.int32))
            found_products.append(np.full(int(bought.sum()), also, np.int16))
            start = start[~bought]
    return np.concatenate(found_orders), np.concatenate(found_products)


def _priced(
    orders: Orders, order: np.ndarray, product: np.ndarray, *, market: Market, rng: np.random.Generator
) -> Lines:
    day, segment = orders.day[order], orders.segment[order]
    units = np.array([s.units for s in SEGMENTS])[segment]
    discount = np.array([s.discount for s in SEGMENTS])[segment]
    expensive = GOODS.list_cents[product] > 4500
    quantity = 1 + rng.poisson((units - 1) * np.where(expensive, 0.3, 1.0))
    price = np.rint(market.shelf_cents[product, day] * (1 - discount))
    return Lines(
        order.astype(np.int32),
        product.astype(np.int16),
        quantity.astype(np.int32),
        price.astype(np.int32),
        market.list_cents[product, day],
        market.cost_cents[product, day],
    )
