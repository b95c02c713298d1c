"""Sales by month and every dimension a company cuts them by."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

UNKNOWN = "unknown"
CELL = ("month", "region", "store", "channel", "category", "kind")


@feature(needs=("orders", "order_lines"), grain="a month × region × store × channel × category × kind")
def sales(wh: Warehouse, as_of: date, since: date | None = None) -> ir.Table:
    """What was sold, in the finest cut: every coarser one is a sum of these rows.

    Only whole months: the last one ends before `as_of`, the first begins on or after `since`. The region is the
    store's, else the customer's. `kind` is sale, return, wholesale, or made_to_order where the product is (whatever
    its order was). What a company does not record is 'unknown'. `revenue` and `margin` are in the company's money,
    returns negative; `margin` is null where no unit cost is known, and `cost_known_revenue` says how much revenue
    it covers. An order counts once, in the category and kind of its first line, so `orders` may be summed over
    any rows; `customers` may not, since one customer buys in many of them.
    """
    last_month = ibis.date(as_of.replace(day=1).isoformat())
    orders = wh.orders.filter(wh.orders.ordered_at < last_month)
    if since is not None:
        orders = orders.filter(orders.ordered_at >= ibis.date(_month_from(since).isoformat()))
    lines = _per_order_and_category(wh)
    sold = lines.inner_join(_placed(wh, orders), "order_id")
    sold = sold.mutate(kind=sold.made_to_order.ifelse("made_to_order", sold.order_kind))
    cells = sold.group_by(CELL).aggregate(
        orders=sold.leads.sum(),
        customers=sold.customer_id.nunique(),
        units=sold.units.sum().cast("float64"),
        revenue=sold.revenue.sum().cast("float64"),
        margin=sold.margin.sum().cast("float64"),
        cost_known_revenue=sold.cost_known_revenue.sum().cast("float64"),
    )
    return cells.order_by(CELL)


def _per_order_and_category(wh: Warehouse) -> ir.Table:
    """One row per order × category × made to order or not: few enough to be joined to their orders."""
    lines = wh.order_lines
    if wh.has("products"):
        products = wh.products.select("product_id", "category", "made_to_order")
        lines = lines.left_join(products, "product_id").drop("product_id_right")
        lines = lines.mutate(
            category=lines.category.fill_null(UNKNOWN), made_to_order=lines.made_to_order.fill_null(False)
        )
    else:
        lines = lines.mutate(category=ibis.literal(UNKNOWN), made_to_order=ibis.literal(False))
    margin = lines.amount - lines.quantity * lines.unit_cost
    groups = lines.group_by("order_id", "category", "made_to_order").aggregate(
        first_line=lines.line_no.min(),
        units=lines.quantity.sum(),
        revenue=lines.amount.sum(),
        margin=margin.sum(),
        cost_known_revenue=lines.unit_cost.notnull().ifelse(lines.amount, 0).sum(),
    )
    heads = lines.group_by("order_id").aggregate(first_line=lines.line_no.min())
    groups = groups.left_join(heads, "order_id", rname="{name}_of_order")
    return groups.mutate(leads=(groups.first_line == groups.first_line_of_order).cast("int64")).drop(
        "first_line", "first_line_of_order", "order_id_of_order"
    )


def _placed(wh: Warehouse, orders: ir.Table) -> ir.Table:
    """Orders with their month and place."""
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
