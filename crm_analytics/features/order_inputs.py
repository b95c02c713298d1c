"""What orders look like, week by week: what every model of customers learns from, as counts in steps."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

STEPS_TO_DOUBLE = 4
"""A number's steps: so many until it has doubled, so that they fit money of every currency."""
NUMBERS = ("amount", "goods", "discount", "days since the last order")
WORDS = ("channel", "region", "weekday", "part of the day", "known before", "category")


@feature(needs=("orders", "order_lines"), grain="an input × week × step")
def order_inputs(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """How many orders of each week had each value of what models look at.

    Weeks are of seven days and end the day before `as_of`; a first one that is not whole is left out. Inputs: `amount`
    (of an order), `goods` (its lines), `discount` (share off the list price), `days since the last order` of its
    customer, and in words `channel`, `region` (the customer's), `weekday`, `part of the day`, whether the customer was
    `known before`, `category` (of each line). Returns are left out. `step` is the word, or of a number the place on a
    scale that doubles every four (0 at 1 and below; of a discount: in twentieths). Columns: input, kind (number or
    word), week (its first day), step, orders, until (`as_of`). Ordered by input, week and step.
    """
    import ibis

    orders = orders_of(wh, trade)
    orders = orders.filter(orders.kind != "return", orders.ordered_at < ibis.literal(as_of, type="date"))
    lines = lines_of(wh, trade)
    if wh.has("products"):
        lines = lines.left_join(wh.products.select("product_id", "category"), "product_id").drop("product_id_right")
    else:
        lines = lines.mutate(category=ibis.null("string"))
    lines = lines.inner_join(orders.select("order_id"), "order_id")
    baskets = lines.group_by("order_id").agg(
        amount=lines.amount.sum().cast("float64"), goods=lines.count().cast("float64"),
        listed=(lines.list_price * lines.quantity).sum().cast("float64"),
    )  # fmt: skip
    orders = orders.inner_join(baskets, "order_id")
    orders = _with_region(wh, orders.mutate(day=orders.ordered_at.date(), hour=orders.ordered_at.hour()))
    before = ibis.window(group_by=orders.customer_id, order_by=[orders.ordered_at, orders.order_id])
    known = orders.customer_id.notnull()
    gap = known.ifelse(orders.day.delta(orders.day.lag().over(before), unit="day"), None)
    orders = orders.mutate(gap=gap.cast("float64"), known=known)
    back = (ibis.literal(as_of, type="date").delta(orders.day, unit="day") - 1) // 7
    orders = orders.mutate(back=back)
    hour = orders.hour
    part = ibis.cases((hour < 6, "night"), (hour < 12, "morning"), (hour < 18, "afternoon"), else_="evening")
    discount = (1 - orders.amount / orders.listed.nullif(0)).clip(0, 1)
    told = {
        "amount": _scale(orders.amount), "goods": _scale(orders.goods),
        "discount": (discount * 20).floor().cast("int64").cast("string"),
        "days since the last order": _scale(orders.gap),
        "channel": orders.channel, "region": orders.region, "weekday": orders.day.day_of_week.index().cast("string"),
        "part of the day": part,
        "known before": orders.known.ifelse(orders.gap.isnull().ifelse("new", "known"), "nobody known"),
    }  # fmt: skip
    kinds = {name: "number" if name in NUMBERS else "word" for name in told}
    parts = [_counted(orders.mutate(step=step), name, kinds[name]) for name, step in told.items()]
    goods = lines.inner_join(orders.select("order_id", "back"), "order_id")
    parts.append(_counted(goods.mutate(step=goods.category), "category", "word"))
    table = ibis.union(*parts)
    table = table.filter(table.back < table.back.max().over(ibis.window()))
    first = ibis.literal(as_of - timedelta(days=7), type="date")
    week = (first - (table.back * 7).cast("int32").as_interval("D")).cast("date")
    table = table.mutate(week=week, until=ibis.literal(as_of, type="date"))
    return table.select("input", "kind", "week", "step", "orders", "until").order_by("input", "week", "step")


def _with_region(wh: Warehouse, orders: ir.Table) -> ir.Table:
    import ibis

    if not wh.has("customers"):
        return orders.mutate(region=ibis.null("string"))
    homes = wh.customers.select("customer_id", "region")
    return orders.left_join(homes, "customer_id").drop("customer_id_right")


def _scale(number: ir.Value) -> ir.Value:
    import ibis

    place = (number.clip(lower=1).ln() * (STEPS_TO_DOUBLE / 0.6931471805599453)).round().cast("int64")
    return number.isnull().ifelse(ibis.null("string"), place.cast("string"))


def _counted(orders: ir.Table, name: str, kind: str) -> ir.Table:
    import ibis

    told = orders.filter(orders.step.notnull(), orders.back >= 0)
    counts = told.group_by("back", "step").agg(orders=told.count())
    return counts.mutate(input=ibis.literal(name), kind=ibis.literal(kind), step=counts.step.cast("string"))
