"""What known customers bought, line by line and within windows of days of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


def lines_bought(wh: Warehouse, trade: str) -> ir.Table:
    """Lines of known customers' orders: customer_id, order_id, product_id, channel, day, sold, amount, margin."""
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.customer_id.notnull())
    orders = orders.select(
        "order_id", "customer_id", "channel", day=orders.ordered_at.date(), sold=orders.kind != "return"
    )
    lines = lines_of(wh, trade)
    lines = lines.select("order_id", "product_id", "amount", margin=lines.amount - lines.quantity * lines.unit_cost)
    return lines.inner_join(orders, "order_id")


def spent(wh: Warehouse, windows: ir.Table, name: str, trade: str) -> ir.Table:
    """What each customer of `windows` bought from `since` to the day before `until`; nothing is zero."""
    import ibis

    lines = lines_bought(wh, trade)
    found = windows.select("campaign_id", "customer_id", "since", "until").inner_join(
        lines, [windows.customer_id == lines.customer_id, lines.day >= windows.since, lines.day < windows.until]
    )
    sums = found.group_by("campaign_id", "customer_id").agg(
        revenue=found.amount.sum(),
        margin=found.margin.sum(),
        known=found.margin.notnull().all(),
        orders=found.order_id.nunique(where=found.sold),
    )
    table = windows.left_join(sums, ["campaign_id", "customer_id"])
    table = table.drop("campaign_id_right", "customer_id_right")
    margin = table.known.fill_null(True).ifelse(table.margin.fill_null(0), ibis.null())
    found_in = {
        f"{name}_revenue": table.revenue.fill_null(0).cast("float64"),
        f"{name}_margin": margin.cast("float64"),
        f"{name}_orders": table.orders.fill_null(0),
    }
    return table.mutate(**found_in).drop("revenue", "margin", "known", "orders")
