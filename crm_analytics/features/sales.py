"""Sales by month and every dimension a company cuts them by."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

UNKNOWN = "unknown"
CELL = ("month", "region", "store", "channel", "category", "kind")


@feature(needs=("orders", "order_lines"), grain="a month × region × store × channel × category × kind")
def sales(
    wh: Warehouse, as_of: date | str | None = None, since: date | str | None = None, trade: str = "all"
) -> ir.Table:
    """What was sold, in the finest cut: every coarser one is a sum of these rows.

    Only whole months: the last one ends before `as_of`, the first begins on or after `since`. The region is the
    store's, else the customer's. `kind` is sale, return, wholesale, or made_to_order where the product is (whatever
    its order was); `trade` keeps one of them only. What a company does not record is 'unknown'. `revenue` and
    `margin` are in the company's money, returns negative; `margin` is null where no unit cost is known, and
    `cost_known_revenue` says how much revenue it covers. An order counts once, in the category and kind of its
    first line, so `orders` may be summed over any rows; `customers`, those of these orders, may not, since one
    customer buys in many of them.
    """
    placed = _placed(wh, orders_of(wh, trade), as_of=as_of, since=None if since is None else wh.day(since))
    lines = _in_categories(wh, lines_of(wh, trade))
    sold = _kinds(lines.inner_join(placed, "order_id"))
    sums = sold.group_by(CELL).aggregate(
        units=sold.quantity.sum().cast("float64"),
        revenue=sold.amount.sum().cast("float64"),
        margin=(sold.amount - sold.quantity * sold.unit_cost).sum().cast("float64"),
        cost_known_revenue=sold.unit_cost.notnull().ifelse(sold.amount, 0).sum().cast("float64"),
    )
    heads = lines.group_by("order_id").aggregate(
        category=lines.category.argmin(lines.line_no), made_to_order=lines.made_to_order.argmin(lines.line_no)
    )
    led = _kinds(heads.inner_join(placed, "order_id"))
    counts = led.group_by(CELL).aggregate(orders=led.count(), customers=led.customer_id.nunique())
    cells = sums.left_join(counts, CELL)
    counted = {name: cells[name].fill_null(0) for name in ("orders", "customers")}
    return cells.mutate(**counted).select(*CELL, *counted, *sums.columns[len(CELL) :]).order_by(CELL)


def _kinds(sold: ir.Table) -> ir.Table:
    """What is made to order is a kind of its own, whatever its order was."""
    return sold.mutate(kind=sold.made_to_order.ifelse("made_to_order", sold.order_kind))


def _in_categories(wh: Warehouse, lines: ir.Table) -> ir.Table:
    """The lines with their product's category."""
    if not wh.has("products"):
        return lines.mutate(category=ibis.literal(UNKNOWN), made_to_order=ibis.literal(False))
    products = wh.products.select("product_id", "category", "made_to_order")
    lines = lines.left_join(products, "product_id")
    return lines.mutate(category=lines.category.fill_null(UNKNOWN), made_to_order=lines.made_to_order.fill_null(False))


def _placed(wh: Warehouse, orders: ir.Table, *, as_of: date, since: date | None) -> ir.Table:
    """The orders of whole months, with their month and place."""
    orders = orders.filter(orders.ordered_at < ibis.date(as_of.replace(day=1).isoformat()))
    if since is not None:
        orders = orders.filter(orders.ordered_at >= ibis.date(_month_from(since).isoformat()))
    region, store = ibis.null("string"), orders.store_id
    if wh.has("stores"):
        stores = wh.stores.select("store_id", store_name="name", store_region="region")
        orders = orders.left_join(stores, "store_id").drop("store_id_right")
        region, store = orders.store_region, ibis.coalesce(orders.store_name, orders.store_id)
    orders = orders.mutate(store=store, region=region)
    if wh.has("customers"):
        homes = wh.customers.select(home_of="customer_id", home="region")
        orders = orders.left_join(homes, orders.customer_id == homes.home_of)
        orders = orders.mutate(region=ibis.coalesce(orders.region, orders.home))
    return orders.select(
        "order_id",
        "customer_id",
        month=orders.ordered_at.truncate("M").cast("date"),
        region=orders.region.fill_null(UNKNOWN),
        store=orders.store.fill_null(UNKNOWN),
        channel=orders.channel.fill_null(UNKNOWN),
        order_kind=orders.kind,
    )


def _month_from(day: date) -> date:
    """The first month that begins on or after the day."""
    if day.day == 1:
        return day
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
