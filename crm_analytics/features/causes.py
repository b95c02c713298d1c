"""Sales and contacts day by day, with everything on record that may have moved them, campaigns by name."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.daily import daily_sales, returned_lines, sold_lines
from crm_analytics.features.days import calendar, running, together
from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

REGULAR_WEEKS = 8
"""A product sold in fewer different weeks comes and goes by chance: it is in no assortment."""
QUIET_DAYS = 60
"""A product unsold for longer, and for longer than it ever was before, has gone."""


@feature(needs=("orders", "order_lines"), grain="a day")
def daily_causes(
    wh: Warehouse,
    as_of: date | str | None = None,
    region: str | None = None,
    category: str | None = None,
    trade: str = "ordinary",
) -> ir.Table:
    """Sales of every day up to the day before `as_of`, without gaps, and whatever may have moved them.

    The columns of `daily_sales` with no campaign marked, all of them being among those that ran, and
    `assortment_index`: what the goods on offer sell on a day on which each sells as usual, base 1 on the first day, so
    that it moves only when regular goods come or go. Without a table of prices, `price_paid_index` follows the lines'
    own: the weekly median of each product, chained, weighted by what was sold (a bargain for those who buy much is in
    it). `largest_order` is the money of the day's largest order, `returned` that of what was sent back on the day.
    """
    sales = daily_sales(wh, as_of=as_of, region=region, category=category, campaign=None, trade=trade)
    part = {"place": {"region": region, "store": None}, "goods": {"category": category}, "trade": trade}
    lines = sold_lines(wh, as_of, **part)
    first = lines.day.min().to_pyarrow().as_py()
    lines = lines.filter(lines.quantity > 0, lines.amount > 0)
    days = calendar(first, as_of)
    back = returned_lines(wh, as_of, **part)
    found = [_largest_order(days, lines), _returned(days, back), _assortment(days, lines, first, as_of)]
    if "price_index" not in sales.columns:
        found.append(_prices_paid(days, lines))
    return together(sales, [part for part in found if part is not None]).order_by("day")


def _largest_order(days: ir.Table, lines: ir.Table) -> ir.Table:
    """Day, largest_order."""
    orders = lines.group_by("day", "order_id").agg(amount=lines.amount.sum())
    largest = orders.group_by("day").agg(largest_order=orders.amount.max().cast("float64"))
    table = together(days, [largest])
    return table.mutate(largest_order=table.largest_order.fill_null(0.0))


def _returned(days: ir.Table, lines: ir.Table) -> ir.Table:
    """Day, returned."""
    back = lines.group_by("day").agg(returned=(-lines.amount.sum()).cast("float64"))
    table = together(days, [back])
    return table.mutate(returned=table.returned.fill_null(0.0))


def _assortment(days: ir.Table, lines: ir.Table, first: date, as_of: date) -> ir.Table | None:
    """What is on offer: each regular product from its first to its last day, at what it sells on such a day.

    Day, assortment_index; None where nothing was on offer on the first day.
    """
    import ibis

    sold = lines.group_by("product_id").agg(
        came=lines.day.min(),
        last=lines.day.max(),
        revenue=lines.amount.sum(),
        weeks=lines.day.truncate("week").nunique(),
    )
    sold = sold.filter(sold.weeks >= REGULAR_WEEKS)
    lasted = sold["last"].delta(sold.came, unit="day") + 1
    quiet = ibis.literal(as_of, type="date").delta(sold["last"], unit="day")
    gone = quiet > ibis.greatest(QUIET_DAYS, 4 * lasted / sold.weeks)
    sold = sold.mutate(gone=gone, worth=(sold.revenue.cast("float64") / lasted).cast("decimal(38, 9)"))
    early = sold.came.delta(ibis.literal(first, type="date"), unit="day") < QUIET_DAYS  # on offer from the beginning
    starts = sold.select(day=early.ifelse(ibis.literal(first, type="date"), sold.came), step=sold.worth)
    left = sold.filter(sold.gone)
    ends = left.select(day=(left["last"].cast("timestamp") + ibis.interval(days=1)).cast("date"), step=-left.worth)
    steps = starts.union(ends)
    base = running(calendar(first, first + timedelta(days=1)), steps, "offered").offered.to_pyarrow()[0].as_py()
    if not base or base <= 0:
        return None
    table = running(days, steps, "offered")
    return table.select("day", assortment_index=ibis.greatest(table.offered / base, 0.01))


def _prices_paid(days: ir.Table, lines: ir.Table) -> ir.Table:
    """What the lines themselves say of prices: each product's weekly median against that of its week before.

    Day, price_paid_index.
    """
    import ibis

    price = lines.amount.cast("float64") / lines.quantity.cast("float64")
    weekly = lines.mutate(price=price, week=lines.day.truncate("week")).group_by("product_id", "week")
    weekly = weekly.agg(price=ibis._.price.median(), revenue=ibis._.amount.sum().cast("float64"))
    over = ibis.window(group_by=weekly.product_id, order_by=weekly.week)
    weekly = weekly.mutate(
        earlier=weekly.price.lag().over(over),
        week_before=weekly.week.lag().over(over),
        weight=(weekly.revenue + weekly.revenue.lag().over(over)) / 2,
    )
    known = weekly.filter(weekly.earlier > 0, weekly.week.delta(weekly.week_before, unit="day") <= 28)
    known = known.mutate(
        moved=(known.weight * (known.price / known.earlier).ln()).cast("decimal(38, 9)"),
        weight=known.weight.cast("decimal(38, 9)"),
    )
    steps = known.group_by("week").agg(moved=known.moved.sum(), weight=known.weight.sum())
    steps = steps.filter(steps.weight > 0)
    steps = steps.select(day=steps.week, step=steps.moved.cast("float64") / steps.weight.cast("float64"))
    table = running(days, steps, "price_paid_index")
    return table.mutate(price_paid_index=table.price_paid_index.exp())
