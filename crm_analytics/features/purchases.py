"""When customers bought and for how much: what customer value is made of, and what it is held against afterwards."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@feature(needs=("orders", "order_lines"), grain="a customer")
def purchases(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """What each known customer did before `as_of`, in the few numbers customer value needs.

    A purchase is a day on which the customer bought for more than nothing: two receipts of one day are one purchase.
    Wholesale and goods made to order are set apart (`trade`): they do not come from the habits a forecast rests on.
    A return is no purchase: it is taken off the customer's latest purchase before it, so what was sent back counts
    neither in `revenue` nor in the mean value. (A return of something bought before the records begin is left out.)

    One row per customer: `customer_id`, `first_day`, `last_day`, `orders` (purchases), `x` (those after the first),
    `t_x` (days from the first to the last), `T` (days from the first to `as_of`, at least 1), `revenue`, `margin`
    (null when a line of the customer lacks its unit cost), and for purchases after the first
    `mean_repeat_revenue` and `mean_repeat_margin` (null when there are none). Ordered by customer.
    """
    import ibis

    made = _purchases_made(wh, as_of, trade)
    again = made.number > 1
    customers = made.group_by("customer_id").agg(
        first_day=made.day.min(),
        last_day=made.day.max(),
        orders=made.count(),
        revenue=made.revenue.sum().cast("float64"),
        margin=_if_all_known(made.margin.sum(), made.cost_known.all()),
        mean_repeat_revenue=made.revenue.sum(where=again).cast("float64"),
        mean_repeat_margin=_if_all_known(made.margin.sum(where=again), made.cost_known.all(where=again)),
    )
    x = customers.orders - 1
    return customers.select(
        "customer_id",
        "first_day",
        "last_day",
        "orders",
        x=x,
        t_x=customers.last_day.delta(customers.first_day, unit="day"),
        T=ibis.literal(as_of, type="date").delta(customers.first_day, unit="day"),
        revenue=customers.revenue,
        margin=customers.margin,
        mean_repeat_revenue=customers.mean_repeat_revenue / x.nullif(0),
        mean_repeat_margin=customers.mean_repeat_margin / x.nullif(0),
    ).order_by("customer_id")


@feature(needs=("orders", "order_lines"), grain="a customer")
def habits(
    wh: Warehouse, as_of: date | str | None = None, hidden_days: int | None = None, trade: str = "ordinary"
) -> ir.Table:
    """What each known customer did before `as_of`, and what was known of it `hidden_days` earlier: so that a model of
    habits can be tried on days that were hidden from it before it is believed.

    The columns of `purchases`, then `hidden_days` (the same on every row; where none are given a year, or half of a
    shorter history) and, null for customers who came later, `x_before` and `t_x_before`: the purchases after the first
    by then, and days from the first to the last of them. At the end
    stands how the worth of a purchase drifts: `age_days` (how long ago the purchases after the first were made, on
    average; null when there are none) and, the same on every row, `drift_yearly` with its standard error `drift_error`:
    by which share one and the same customer spends more at a time with every year (null where nobody bought twice).
    Ordered by customer. Raises ValueError for no hidden day.
    """
    import ibis

    if hidden_days is not None and hidden_days < 1:
        raise ValueError(f"hidden_days is {hidden_days}; hide one day at least.")
    known = purchases.function(wh, as_of, trade)
    made = _purchases_made(wh, as_of, trade)
    ages, drift = _ages(made, as_of), _drift(made, as_of)
    made = made.select("customer_id", "day")
    if hidden_days is None:
        history = ibis.literal(as_of, type="date").delta(made.day.min(), unit="day")
        hidden = made.agg(hidden_days=ibis.greatest(ibis.least(365, history // 2), 1).cast("int64"))
    else:
        hidden = made.agg(hidden_days=made.count().cast("int64") * 0 + hidden_days)
    made = made.cross_join(hidden)
    earlier = made.filter(ibis.literal(as_of, type="date").delta(made.day, unit="day") > made.hidden_days)
    earlier = earlier.group_by("customer_id").agg(
        x_before=earlier.count() - 1, t_x_before=earlier.day.max().delta(earlier.day.min(), unit="day")
    )
    table = known.left_join(earlier, "customer_id").drop("customer_id_right").cross_join(hidden)
    table = table.relocate("hidden_days", before="x_before")
    table = table.left_join(ages, "customer_id").drop("customer_id_right").cross_join(drift)
    return table.order_by("customer_id")


@feature(needs=("orders", "order_lines"), grain="a customer")
def spend(wh: Warehouse, since: date | str, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """What each known customer brought from `since` until the day before `as_of`: what a forecast is held against.

    Counted as in `purchases`: `orders` are days with a purchase, wholesale and goods made to order are set apart.
    `revenue` and `margin` are net of what was returned in the same days, so they can be negative. One row per
    customer who bought or returned: `customer_id`, `orders`, `revenue`, `margin` (null where a unit cost is lacking),
    `days` (the length of the window, the same on every row). Ordered by customer.
    """
    import ibis

    since = wh.day(since)
    days = customer_days(wh, as_of, trade)
    days = days.filter(days.day >= ibis.literal(since, type="date"))
    customers = days.group_by("customer_id").agg(
        orders=days.bought.sum(),
        revenue=days.revenue.sum().cast("float64"),
        margin=_if_all_known(days.margin.sum(), days.cost_known.all()),
    )
    return customers.mutate(days=ibis.literal((as_of - since).days, type="int64")).order_by("customer_id")


@feature(needs=("orders", "order_lines"), grain="a customer × purchase day")
def purchase_days(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """The days on which each known customer bought before `as_of`, and for how much: behaviour as it went on.

    Purchases are those of `purchases`, each net of what was returned before the next. Columns: `customer_id`, `day`,
    `revenue` (the company's money), `until` (`as_of`, the same on every row). Ordered by customer and day.
    """
    import ibis

    made = _purchases_made(wh, as_of, trade)
    return made.select(
        "customer_id", "day", revenue=made.revenue.cast("float64"), until=ibis.literal(as_of, type="date")
    ).order_by("customer_id", "day")


def customer_days(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    """What each known customer bought and returned on each day before `as_of`, in exact money."""
    import ibis

    orders, lines = orders_of(wh, trade), lines_of(wh, trade)
    orders = orders.filter(orders.ordered_at < ibis.literal(as_of, type="date"), orders.customer_id.notnull()).select(
        "order_id", "customer_id", "kind", day=orders.ordered_at.date()
    )
    lines = lines.select(
        "order_id",
        "product_id",
        "amount",
        margin=lines.amount - lines.quantity * lines.unit_cost,
        cost_known=lines.unit_cost.notnull(),
    )
    bought = orders.inner_join(lines, "order_id")
    sold = bought.amount.sum(where=bought.kind != "return")
    return bought.group_by("customer_id", "day").agg(
        bought=(sold > 0).fill_null(False).cast("int64"),
        revenue=bought.amount.sum(),
        margin=bought.margin.sum(),
        cost_known=bought.cost_known.all(),
    )


def _purchases_made(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    """Each purchase with its number in the customer's life, net of what was returned before the next one."""
    import ibis

    days = customer_days(wh, as_of, trade)
    so_far = ibis.cumulative_window(group_by=days.customer_id, order_by=days.day)
    days = days.mutate(number=days.bought.sum().over(so_far))
    days = days.filter(days.number > 0)
    return days.group_by("customer_id", "number").agg(
        day=days.day.min(), revenue=days.revenue.sum(), margin=days.margin.sum(), cost_known=days.cost_known.all()
    )


def _ages(made: ir.Table, as_of: date) -> ir.Table:
    """How long ago each customer's purchases after the first were made, on average."""
    import ibis

    again = made.filter(made.number > 1)
    age = ibis.literal(as_of, type="date").delta(again.day, unit="day")
    return again.group_by("customer_id").agg(age_days=age.sum() / again.count())


def _drift(made: ir.Table, as_of: date) -> ir.Table:
    """By which share customers spend more at a time with every year: a line through the logarithms of each customer's
    own purchases, one slope for all, so that new customers do not pass for a rise. Sums are of exact decimals."""
    import ibis

    bought = made.filter(made.revenue > 0)
    bought = bought.mutate(
        t=-ibis.literal(as_of, type="date").delta(bought.day, unit="day"),
        y=bought.revenue.cast("float64").ln().round(6).cast("decimal(18, 6)"),
    )
    sums = bought.group_by("customer_id").agg(
        n=bought.count(),
        t=bought.t.sum(),
        y=bought.y.sum(),
        ty=(bought.t * bought.y).sum(),
        tt=(bought.t * bought.t).sum(),
        yy=(bought.y * bought.y).sum(),
    )
    sums = sums.filter(sums.n > 1)
    n, t, y, ty, tt, yy = (sums[name].cast("float64") for name in ("n", "t", "y", "ty", "tt", "yy"))

    def within(product: ir.Value, one: ir.Value, other: ir.Value) -> ir.Value:
        return (product - one * other / n).round(4).cast("decimal(38, 4)").sum().cast("float64")

    both = sums.agg(ty=within(ty, t, y), tt=within(tt, t, t), yy=within(yy, y, y), free=(sums.n - 1).sum() - 1)
    slope = both.ty / both.tt.nullif(0)
    noise = ibis.greatest(both.yy - slope * both.ty, 0) / both.free.nullif(0)
    return both.select(drift_yearly=365 * slope, drift_error=365 * (noise / both.tt.nullif(0)).sqrt())


def _if_all_known(total: ir.Value, known: ir.BooleanValue) -> ir.Value:
    """Money whose parts are all known, as a float; null otherwise: half a margin would pass for a whole one."""
    import ibis

    return ibis.ifelse(known, total, ibis.null()).cast("float64")
