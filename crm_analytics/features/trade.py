"""Trade: which part of what was sold a question is about. What is no ordinary demand is set apart, never lost.

A deal with a wholesaler and a product made for one customer follow no habit of the many; left among the rest they
lift products into other classes and customers above their worth. Every feature of sales therefore asks of which trade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

TRADES = ("ordinary", "wholesale", "made_to_order", "all")
"""Every line is of exactly one of the first three: made_to_order where its product is, else wholesale where its order
is, else ordinary. Returns do not say which order they send back, so they are ordinary unless made to order."""


def checked(trade: str) -> str:
    """The trade, if there is such a one. Raises ValueError otherwise."""
    if trade not in TRADES:
        raise ValueError(f"There is no trade {trade!r}; choose among {', '.join(TRADES)}.")
    return trade


def trade_of(kind: ir.Value, made_to_order: ir.Value) -> ir.Value:
    """Which trade a line is of, by the kind of its order and whether its product is made to order."""
    ordinary = (kind == "wholesale").ifelse("wholesale", "ordinary")
    return made_to_order.fill_null(False).ifelse("made_to_order", ordinary)


def orders_of(wh: Warehouse, trade: str) -> ir.Table:
    """The orders that may hold lines of this trade. Raises ValueError for a trade there is not."""
    checked(trade)
    orders = wh.orders
    if trade in ("all", "made_to_order"):
        return orders
    return orders.filter(orders.kind == "wholesale" if trade == "wholesale" else orders.kind != "wholesale")


def lines_of(wh: Warehouse, trade: str) -> ir.Table:
    """The lines that are of this trade as far as their product says; together with `orders_of` exactly its lines."""
    lines = wh.order_lines
    if trade == "all" or not wh.has("products"):
        return lines.filter(trade != "made_to_order")
    products = wh.products
    to_order = products.filter(products.made_to_order)
    if trade == "made_to_order":
        return lines.semi_join(to_order, "product_id")
    return lines.anti_join(to_order, "product_id")
