"""The till and the web shop: goods, stores, prices, sales and stock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crm_analytics.simulation.assortment import (
    CATEGORIES,
    CHANNELS,
    GOODS,
    MADE_TO_ORDER,
    ORDINARY,
    STORE_IDS,
    STORES,
    WAREHOUSE,
)
from crm_analytics.simulation.columns import (
    PRODUCT_IDS,
    customer_ids,
    days,
    ids,
    moments,
    money,
    quantity,
    table,
    words,
)
from crm_analytics.simulation.sales import KINDS

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

SOURCE = "shop"


def tables(company: Simulation) -> dict[str, pa.Table]:
    """What this system knows, as canonical tables."""
    return {
        "products": products(),
        "stores": stores(),
        "orders": orders(company),
        "order_lines": order_lines(company),
        "prices": prices(company),
        "promotions": promotions(company),
        "stock": stock(company),
    }


def products() -> pa.Table:
    names = [*CATEGORIES, MADE_TO_ORDER]
    return table(
        "products",
        SOURCE,
        {
            "product_id": PRODUCT_IDS,
            "name": GOODS.name,
            "category": [names[c] for c in GOODS.category],
            "brand": GOODS.brand,
            "made_to_order": np.arange(len(GOODS)) >= ORDINARY,
        },
    )


def stores() -> pa.Table:
    columns = dict(zip(("store_id", "name", "region", "format"), zip(*STORES, strict=True), strict=True))
    return table("stores", SOURCE, columns)


def orders(company: Simulation) -> pa.Table:
    sales = company.sales
    return table(
        "orders",
        SOURCE,
        {
            "order_id": ids("A", np.arange(len(sales)), digits=8),
            "ordered_at": moments(sales.day, sales.second),
            "customer_id": customer_ids(sales.customer),
            "store_id": words(STORE_IDS, sales.store),
            "channel": words(CHANNELS, sales.channel),
            "kind": words(KINDS, sales.kind),
        },
    )


def line_numbers(order: np.ndarray) -> np.ndarray:
    """1, 2, … within each order; lines of an order stand together."""
    starts = np.flatnonzero(np.diff(order, prepend=-1))
    return np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order))) + 1


def order_lines(company: Simulation) -> pa.Table:
    lines = company.sales.lines
    return table(
        "order_lines",
        SOURCE,
        {
            "order_id": ids("A", lines.order, digits=8),
            "line_no": line_numbers(lines.order),
            "product_id": words(PRODUCT_IDS, lines.product),
            "quantity": quantity(lines.quantity),
            "price": money(lines.price),
            "amount": money(lines.amount),
            "list_price": money(lines.list_price),
            "unit_cost": money(lines.unit_cost),
        },
    )


def prices(company: Simulation) -> pa.Table:
    shelf = company.market.shelf_cents[:ORDINARY]
    changed = np.diff(shelf, axis=1, prepend=0) != 0
    product, day = np.nonzero(changed)
    return table(
        "prices",
        SOURCE,
        {
            "product_id": words(PRODUCT_IDS, product),
            "day": days(day),
            "price": money(shelf[product, day]),
        },
    )


def promotions(company: Simulation) -> pa.Table:
    rows = [
        (name, PRODUCT_IDS[product], first, first + length - 1, depth)
        for name, category, first, length, depth in company.market.promotions
        for product in range(ORDINARY)
        if category is None or GOODS.category[product] == category
    ]
    name, product, first, last, depth = zip(*rows, strict=True)
    return table(
        "promotions",
        SOURCE,
        {
            "promotion_id": name,
            "product_id": product,
            "starts": days(np.array(first)),
            "ends": days(np.array(last)),
            "discount": depth,
        },
    )


def stock(company: Simulation) -> pa.Table:
    """Daily counts in the central warehouse: filled up every four weeks, nothing while a product is sold out."""
    out = company.market.out_of_stock[:ORDINARY]
    product, day = (grid.ravel() for grid in np.indices(out.shape))
    left = 200 - 6 * ((day + 5 * product) % 28)
    return table(
        "stock",
        SOURCE,
        {
            "product_id": words(PRODUCT_IDS, product),
            "store_id": words(STORE_IDS, np.full(len(day), WAREHOUSE)),
            "day": days(day),
            "quantity": quantity(np.where(out.ravel(), 0, left)),
        },
    )
