"""Sales line by line, with everything a company cuts them by: each cut is summed from these lines, where they lie."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import ibis

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

UNKNOWN = "unknown"
PLACE, GOODS = ("region", "store", "store_format", "channel"), ("category", "brand", "product", "supplier")
BUYER = ("customer_kind", "customer_region", "acquired_channel", "segment")


@feature(needs=("orders", "order_lines"), grain="a line of an order")
def sales(
    wh: Warehouse,
    as_of: date | str | None = None,
    since: date | str | None = None,
    trade: str = "all",
    segments: str | None = None,
) -> ir.Table:
    """What was sold before `as_of`, line by line, with the place, the goods and the buyer it can be cut by.

    Meant to be cut in the engine, by the Study `Sales`, not fetched. The region is the store's, else the customer's.
    `kind` is sale, return, wholesale, or made_to_order where the product is (whatever its order was); `trade` keeps
    one of them only. What a company does not record is 'unknown'. `segments` says to whom each customer belongs: a
    table of `customer_id` and `segment`, or the name of a Study whose Result was kept (`"rfm"`; another column than
    `segment` after a point: `"clusters.cluster"`), as it was last kept on or before `as_of`.

    Columns: order_id, line_no, customer_id, `day`, `hour` (null at midnight sharp, which is how systems write a time
    they do not know), the dimensions, `kind`, `is_return`, `units`, and in the company's money `revenue` (returns
    negative), `margin` (null where no unit cost is known) and `list_revenue` (at list prices; null where unknown);
    `until` is `as_of` on every row. Ordered by order and line.
    """
    placed = _placed(wh, orders_of(wh, trade), as_of=as_of, since=None if since is None else wh.day(since))
    sold = _of_goods(wh, lines_of(wh, trade)).inner_join(
        _of_buyers(wh, placed, _members(wh, segments, as_of)), "order_id"
    )
    region = ibis.coalesce(sold.store_region, sold.customer_region)
    named = {name: sold[name] for name in (*PLACE[1:], *GOODS, *BUYER)} | {"region": region}
    lines = sold.select(
        "order_id",
        "line_no",
        "customer_id",
        day=sold.ordered_at.date(),
        hour=_hour(sold.ordered_at),
        **{name: named[name].fill_null(UNKNOWN) for name in (*PLACE, *GOODS, *BUYER)},
        kind=sold.made_to_order.ifelse("made_to_order", sold.order_kind),
        is_return=sold.order_kind == "return",
        units=sold.quantity.cast("float64"),
        revenue=sold.amount.cast("float64"),
        margin=_money(sold.amount - sold.quantity * sold.unit_cost),
        list_revenue=_money(sold.quantity * sold.list_price),
        until=ibis.literal(as_of, type="date"),
    )
    return lines.order_by("order_id", "line_no")


def _money(value: ir.DecimalValue) -> ir.FloatingValue:
    """To the ten-thousandth on each line, so that every cut of the lines sums to the same whole."""
    return value.cast("decimal(18, 4)").cast("float64")


def _hour(moment: ir.TimestampValue) -> ir.IntegerValue:
    known = (moment.hour() > 0) | (moment.minute() > 0) | (moment.second() > 0)
    return known.ifelse(moment.hour(), ibis.null("int32"))


def _placed(wh: Warehouse, orders: ir.Table, *, as_of: date, since: date | None) -> ir.Table:
    """The orders of these days, with their store."""
    orders = orders.filter(orders.ordered_at < ibis.date(as_of.isoformat()))
    if since is not None:
        orders = orders.filter(orders.ordered_at >= ibis.date(since.isoformat()))
    orders = orders.select("order_id", "ordered_at", "customer_id", "store_id", "channel", order_kind=orders.kind)
    if not wh.has("stores"):
        nothing = ibis.null("string")
        return orders.mutate(store=orders.store_id, store_region=nothing, store_format=nothing)
    stores = wh.stores.select("store_id", store_name="name", store_region="region", store_format="format")
    orders = orders.left_join(stores, "store_id").drop("store_id_right")
    return orders.mutate(store=ibis.coalesce(orders.store_name, orders.store_id))


def _of_goods(wh: Warehouse, lines: ir.Table) -> ir.Table:
    """The lines with what their product is."""
    lines = lines.select("order_id", "line_no", "product_id", "quantity", "amount", "unit_cost", "list_price")
    if not wh.has("products"):
        nothing = {name: ibis.null("string") for name in ("category", "brand", "supplier")}
        return lines.mutate(product=lines.product_id, made_to_order=ibis.literal(False), **nothing)
    products = wh.products.select("product_id", "name", "category", "brand", "made_to_order", supplier="supplier_id")
    lines = lines.left_join(products, "product_id")
    return lines.mutate(
        product=ibis.coalesce(lines.name, lines.product_id), made_to_order=lines.made_to_order.fill_null(False)
    )


def _of_buyers(wh: Warehouse, orders: ir.Table, members: ir.Table | None) -> ir.Table:
    """The orders with who bought."""
    absent = {name: ibis.null("string") for name in BUYER}
    if wh.has("customers"):
        buyers = wh.customers.select("customer_id", "acquired_channel", customer_kind="kind", customer_region="region")
        orders = orders.left_join(buyers, "customer_id").drop("customer_id_right")
    if members is not None:
        orders = orders.left_join(members, "customer_id").drop("customer_id_right")
    return orders.mutate(**{name: value for name, value in absent.items() if name not in orders.columns})


def _members(wh: Warehouse, segments: Any, as_of: date) -> ir.Table | None:
    """Each customer's segment, once."""
    if segments is None:
        return None
    column = "segment"
    if isinstance(segments, str):
        study, _, named = segments.partition(".")
        column, members = named or column, wh.kept(study)
        if "as_of" in members.columns:
            members = members.filter(members.as_of <= as_of.isoformat())
            members = members.filter(members.as_of == members.as_of.max().as_scalar())
    else:
        members = segments if hasattr(segments, "to_pandas") else ibis.memtable(segments)
    if not {"customer_id", column} <= set(members.columns):
        raise ValueError(
            f"Segments are a table of customer_id and {column}; this one has {', '.join(members.columns)}."
        )
    return members.group_by("customer_id").agg(segment=members[column].cast("string").min())
