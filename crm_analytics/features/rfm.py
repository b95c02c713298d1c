"""How recently, how often and for how much each customer bought: one pass over the lines, in any window."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@feature(needs=("orders", "order_lines"), grain="a customer")
def rfm(
    wh: Warehouse, as_of: date | str | None = None, window_days: int | None = None, trade: str = "ordinary"
) -> ir.Table:
    """When each known customer last bought before `as_of`, and how often and for how much within the window.

    The window is the `window_days` before `as_of`; without one, all that is on record. Customers who bought before the
    window and not in it are there with 0 `orders`, so that nobody is lost between two dates. A purchase is a day on
    which the customer bought for more than nothing; `revenue` is net of all that came back in the window.

    One row per customer who ever bought: `customer_id`, `orders`, `revenue`, `t_x` (days from the first purchase to
    the last), `T` (days from the first to `as_of`), `window_days` (the same on every row; null: all). By customer.
    """
    import ibis

    end = ibis.literal(as_of, type="date")
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.ordered_at < end, orders.customer_id.notnull())
    orders = orders.select("order_id", "customer_id", day=orders.ordered_at.date(), sale=orders.kind != "return")
    bought = lines_of(wh, trade).select("order_id", "amount").inner_join(orders, "order_id")
    days = bought.group_by("customer_id", "day").agg(
        revenue=bought.amount.sum(), sold=bought.amount.sum(where=bought.sale)
    )
    days = days.mutate(buys=(days.sold > 0).fill_null(False))
    inside = True if window_days is None else days.day >= ibis.literal(as_of - timedelta(days=window_days), type="date")
    people = days.group_by("customer_id").agg(
        first=days.day.min(where=days.buys),
        last=days.day.max(where=days.buys),
        orders=(days.buys & inside).sum(),
        revenue=(days.revenue.sum() if inside is True else days.revenue.sum(where=inside)).cast("float64"),
    )
    people = people.filter(people.first.notnull())
    return people.select(
        "customer_id",
        "orders",
        revenue=people.revenue.fill_null(0.0),
        t_x=people.last.delta(people.first, unit="day"),
        T=end.delta(people.first, unit="day"),
        window_days=ibis.literal(window_days, type="int64"),
    ).order_by("customer_id")
