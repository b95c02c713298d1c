"""What is known of each dealer: how much it buys and at which discount, how it pays, what it sends back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import checked, trade_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@feature(needs=("customers", "orders", "order_lines"), grain="a dealer")
def dealers(
    wh: Warehouse,
    as_of: date | str | None = None,
    window_days: int = 365,
    kinds: str = "dealer",
    trade: str = "all",
    lost_after_days: int = 90,
) -> ir.Table:
    """The dealers that bought before `as_of`, in the window before it and in the one before that (`…_before`).

    `kinds` names the kinds of customers that count as dealers, such as «dealer, company»; `all` takes everybody.
    `turnover` is net of what was `returned`; `sold` is not. `squares` is the sum of the squared amounts of orders:
    how much turnover would vary had the same demand come again. `discount` is the discount of the middle line against
    its list price, so that a promotion does not count as a dealer's own; `list_value` what the sales would have cost at
    list prices. `margin` (null where a unit cost is lacking), `serving` (costs of its orders, returns among them).
    Of payments that fell due within both windows: `due` (how many, without the lost), `days_late` (their mean; negative
    is early; of what is still open, so far) and `late_squares` (sum of their squares), `old` and `lost` (how many were
    due more than `lost_after_days` ago, and how many of those are still open), `overdue` (money open past its day),
    `overdue_days` (of the oldest), `owed` (all open money). What the company does not record is null. Money as float.
    Ordered by customer_id.
    """
    import ibis

    if window_days < 1:
        raise ValueError(f"window_days is {window_days}; give a day at least.")
    who = _who(wh, kinds)
    starts = as_of - timedelta(days=window_days)
    first = starts - timedelta(days=window_days)
    orders = _orders(wh, who, as_of, checked(trade))
    known = orders.group_by("customer_id").agg(first_day=orders.day.min(), last_day=orders.day.max())
    table = who.inner_join(known, "customer_id")
    for suffix, since, until in (("", starts, as_of), ("_before", first, starts)):
        since, until = ibis.literal(since, type="date"), ibis.literal(until, type="date")
        sums = _bought(orders.filter(orders.day >= since, orders.day < until), suffix)
        table = table.left_join(sums, "customer_id").drop("customer_id_right")
    table = table.mutate(
        window_days=ibis.literal(window_days, type="int64"),
        known_days=ibis.literal(as_of, type="date").delta(table.first_day, unit="day"),
        **{
            f"{name}{suffix}": table[f"{name}{suffix}"].fill_null(0)
            for suffix in ("", "_before")
            for name in ("orders", "turnover", "sold", "returned", "squares")
        },
    )
    table = _joined(table, _discounts(wh, orders, starts, trade), {"discount": "float64"})
    table = _joined(table, _serving(wh, orders, starts), {"serving": "float64"})
    owing = dict.fromkeys(("due", "old", "lost", "overdue_days"), "int64")
    owing |= dict.fromkeys(("days_late", "late_squares", "overdue", "owed"), "float64")
    return _joined(table, _payments(wh, as_of, first, lost_after_days), owing).order_by("customer_id")


def _who(wh: Warehouse, kinds: str) -> ir.Table:
    wanted = [kind.strip() for kind in kinds.split(",") if kind.strip()]
    if not wanted:
        raise ValueError("kinds is empty; say which customers are dealers, such as «dealer, company», or «all».")
    customers = wh.customers
    if wanted != ["all"]:
        customers = customers.filter(customers.kind.isin(wanted))
    return customers.select("customer_id", kind=customers.kind.fill_null("unknown"), region="region")


def _orders(wh: Warehouse, who: ir.Table, as_of: date, trade: str) -> ir.Table:
    """What was bought and returned in each order: exact money, by order."""
    import ibis

    orders = wh.orders.filter(wh.orders.ordered_at < ibis.literal(as_of, type="date"))
    orders = orders.semi_join(who, "customer_id")
    orders = orders.select("order_id", "customer_id", "kind", day=orders.ordered_at.date())
    lines = _lines(wh, orders, trade)
    back = lines.kind == "return"
    return lines.group_by("order_id", "customer_id", "day").agg(
        sold=lines.amount.sum(where=~back).fill_null(0),
        returned=(-lines.amount).sum(where=back).fill_null(0),
        list_value=(lines.quantity * lines.list_price).sum(where=~back),
        listed=lines.list_price.notnull().all(where=~back),
        cost=(lines.quantity * lines.unit_cost).sum(),
        costed=lines.unit_cost.notnull().all(),
    )


def _lines(wh: Warehouse, orders: ir.Table, trade: str) -> ir.Table:
    import ibis

    lines = wh.order_lines.select("order_id", "product_id", "quantity", "price", "amount", "list_price", "unit_cost")
    lines = orders.inner_join(lines, "order_id")
    if trade == "all":
        return lines
    if wh.has("products"):
        made = wh.products.select("product_id", "made_to_order")
        lines = lines.left_join(made, "product_id").drop("product_id_right")
    else:
        lines = lines.mutate(made_to_order=ibis.null("boolean"))
    return lines.filter(trade_of(lines.kind, lines.made_to_order) == trade)


def _bought(orders: ir.Table, suffix: str) -> ir.Table:
    """Sums of a window by customer."""
    import ibis

    net = (orders.sold - orders.returned).cast("decimal(18, 2)")
    sums = orders.group_by("customer_id").agg(
        orders=(orders.sold > 0).sum(),
        turnover=net.sum().cast("float64"),
        sold=orders.sold.sum().cast("float64"),
        returned=orders.returned.sum().cast("float64"),
        squares=(net * net).sum().cast("float64"),
        list_value=ibis.ifelse(orders.listed.all(), orders.list_value.sum(), ibis.null()).cast("float64"),
        margin=ibis.ifelse(orders.costed.all(), net.sum() - orders.cost.sum(), ibis.null()).cast("float64"),
    )
    return sums.rename({f"{name}{suffix}": name for name in sums.columns if name != "customer_id"})


def _discounts(wh: Warehouse, orders: ir.Table, since: date, trade: str) -> ir.Table:
    """The discount of the middle line of the window, of lines that have a list price."""
    import ibis

    recent = orders.filter(orders.day >= ibis.literal(since, type="date")).select("order_id", "customer_id")
    kinds = wh.orders.select("order_id", "kind")
    recent = recent.inner_join(kinds, "order_id")
    lines = _lines(wh, recent, trade)
    lines = lines.filter(lines.kind != "return", lines.list_price > 0, lines.quantity > 0)
    off = 1 - lines.amount.cast("float64") / (lines.quantity * lines.list_price).cast("float64")
    return lines.group_by("customer_id").agg(discount=off.round(4).median())


def _serving(wh: Warehouse, orders: ir.Table, since: date) -> ir.Table | None:
    import ibis

    if not wh.has("order_costs"):
        return None
    recent = orders.filter(orders.day >= ibis.literal(since, type="date")).select("order_id", "customer_id")
    costs = wh.order_costs.select("order_id", "amount").inner_join(recent, "order_id")
    return costs.group_by("customer_id").agg(serving=costs.amount.sum().cast("float64"))


def _payments(wh: Warehouse, as_of: date, since: date, lost_after_days: int) -> ir.Table | None:
    import ibis

    if not wh.has("payments"):
        return None
    today = ibis.literal(as_of, type="date")
    rows = wh.payments.filter(wh.payments.due_at.notnull())
    rows = rows.filter(rows.invoiced_at.isnull() | (rows.invoiced_at < today))
    owners = wh.orders.select("order_id", "ordered_at", owner="customer_id")
    rows = rows.left_join(owners, "order_id").drop("order_id_right")
    rows = rows.filter(rows.ordered_at.isnull() | (rows.ordered_at < today))
    is_open = rows.paid_at.isnull() | (rows.paid_at >= today)
    late = is_open.ifelse(today, rows.paid_at).delta(rows.due_at, unit="day")
    past = (rows.due_at < today) & (rows.due_at >= ibis.literal(since, type="date"))
    told = past | (~is_open & (rows.due_at >= ibis.literal(since, type="date")))
    old = past & (today.delta(rows.due_at, unit="day") > lost_after_days)
    rows = rows.mutate(
        customer_id=rows.customer_id.fill_null(rows.owner),
        late=late,
        told=told & ~(old & is_open),
        old=old,
        lost=old & is_open,
        open=is_open.ifelse(rows.amount, 0),
        overdue=(is_open & (rows.due_at < today)).ifelse(rows.amount, 0),
    )
    return rows.filter(rows.customer_id.notnull()).group_by("customer_id").agg(
        due=rows.told.sum(),
        days_late=(rows.late.sum(where=rows.told).cast("float64") / rows.told.sum().nullif(0)),
        late_squares=(rows.late * rows.late).sum(where=rows.told).cast("float64"),
        old=rows.old.sum(),
        lost=rows.lost.sum(),
        overdue=rows.overdue.sum().cast("float64"),
        overdue_days=rows.late.max(where=rows.overdue > 0).fill_null(0),
        owed=rows.open.sum().cast("float64"),
    )


def _joined(table: ir.Table, more: ir.Table | None, kinds: dict[str, str]) -> ir.Table:
    """With more columns, or with empty ones where the company has nothing of the kind."""
    import ibis

    if more is None:
        return table.mutate(**{name: ibis.null(kind) for name, kind in kinds.items()})
    table = table.left_join(more, "customer_id").drop("customer_id_right")
    return table.mutate(**{name: table[name].cast(kind) for name, kind in kinds.items()})
