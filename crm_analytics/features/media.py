"""Sales and what each advertising channel cost, week by week, with everything else known that moves sales."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.daily import daily_sales
from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

DAYS = {"week": 7, "day": 1}
MONTH_DAYS, LONGEST_DAYS = 28, 31
"""A month; a cost outside any campaign pays for so many days at most."""
REGULAR = 4
"""So many times a cost must have come at one step before a longer wait for the next one is a pause."""


@feature(needs=("orders", "order_lines", "campaign_costs"), grain="a week, or a day")
def media(wh: Warehouse, as_of: date | str | None = None, every: str = "week", trade: str = "ordinary") -> ir.Table:
    """Sales of every whole week (or `every="day"`) before `as_of`, what moved them, and the spend of each channel.

    Weeks are counted back from `as_of`, so that the last one is whole. A cost is spread over the days it pays for: from
    the day it fell due to the next cost of the same kind, or to the campaign's end, and no longer than their step where
    they come every so many days, so that nothing is spent in a pause; what was paid before the campaign or after it,
    over the whole of it. Its channel is its campaign's, else (no campaign, or one without channel) the
    kind of the cost. Columns: starts (first day), revenue, margin (null where a unit cost is lacking), units, orders,
    those of `daily_sales` as means of the period (price_index, competitor_index, market_…, stock_out), holidays (their
    names, joined by "; ") and spend_<channel> for each channel, in the company's money. Ordered by `starts`.
    Raises ValueError for another `every`, TableAbsent where nothing was spent before `as_of`.
    """

    if every not in DAYS:
        raise ValueError(f"every is one of {', '.join(DAYS)}, not {every!r}.")
    days = daily_sales(wh, as_of=as_of, campaign=None, trade=trade)
    calendar = _calendar(wh, as_of, DAYS[every], trade)
    days = calendar.inner_join(days, "day").left_join(_margins(wh, trade), "day").drop("day_right")
    days = days.mutate(margin=(days.revenue == 0).ifelse(0, days.margin))
    spent = _by_day(wh, calendar, as_of)
    channels = sorted(spent.select("channel").distinct().to_pyarrow()["channel"].to_pylist())
    if not channels:
        raise TableAbsent(f"{wh.company.name} spent nothing on advertising before {as_of}; ask about a later day.")
    wide = spent.group_by("starts").agg(
        **{f"spend_{name}": spent.amount.sum(where=spent.channel == name).cast("float64") for name in channels}
    )
    table = days.group_by("starts").agg(**_sums(days)).left_join(wide, "starts").drop("starts_right")
    return table.mutate(**{f"spend_{name}": table[f"spend_{name}"].fill_null(0.0) for name in channels}).order_by(
        "starts"
    )


def _calendar(wh: Warehouse, as_of: date, length: int, trade: str) -> ir.Table:
    """Every day of the whole periods before `as_of`, with the first day of its period."""
    import ibis

    sold = orders_of(wh, trade)
    sold = sold.filter(sold.kind != "return", sold.ordered_at < ibis.literal(as_of, type="date"))
    first = sold.ordered_at.min().to_pyarrow().as_py().date()
    first += timedelta(days=(as_of - first).days % length)
    days = [first + timedelta(days=i) for i in range((as_of - first).days)]
    starts = [first + timedelta(days=i - i % length) for i in range(len(days))]
    return ibis.memtable({"day": days, "starts": starts}, schema={"day": "date", "starts": "date"})


def _margins(wh: Warehouse, trade: str) -> ir.Table:
    """What sales of a day leave above what the goods cost; null where that is not known of every line."""
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.kind != "return").select("order_id", day=orders.ordered_at.date())
    lines = lines_of(wh, trade)
    lines = lines.select("order_id", margin=lines.amount - lines.quantity * lines.unit_cost)
    lines = lines.inner_join(orders, "order_id")
    sums = lines.group_by("day").agg(total=lines.margin.sum(), known=lines.margin.notnull().all())
    return sums.select("day", margin=sums.known.ifelse(sums.total, None).cast("float64"))


def _sums(days: ir.Table) -> dict[str, ir.Scalar]:
    """Exact sums and means, so that they do not depend on the order of the days."""

    def exact(name: str) -> ir.DecimalColumn:
        return days[name].cast("decimal(30, 9)")

    sums = {name: exact(name).sum().cast("float64") for name in ("revenue", "units", "orders")}
    sums["margin"] = days.margin.notnull().all().ifelse(exact("margin").sum().cast("float64"), None)
    levels = [n for n in days.columns if n in ("price_index", "competitor_index", "stock_out") or n[:7] == "market_"]
    means = {name: (exact(name).sum().cast("float64") / days[name].count().nullif(0)) for name in levels}
    if "holiday" not in days.columns:
        return sums | means
    named = days.holiday.nullif("").group_concat("; ", order_by=days.day).fill_null("")
    return sums | means | {"holidays": named}


def _by_day(wh: Warehouse, days: ir.Table, as_of: date) -> ir.Table:
    """Money by day and channel: starts, channel, amount."""
    paid = _paid(wh, as_of)
    found = days.inner_join(paid, [days.day >= paid.since, days.day <= paid.until])
    return found.select("starts", "channel", amount=(found.amount / found.lasts).cast("decimal(30, 9)"))


def _paid(wh: Warehouse, as_of: date) -> ir.Table:
    """Each cost with the days it pays for: channel, since, until, lasts (days), amount."""
    import ibis

    costs = wh.campaign_costs
    costs = costs.filter(costs.day < ibis.literal(as_of, type="date"))
    costs = costs.select("campaign_id", "day", "kind", amount=costs.amount.cast("float64"))
    unknown = {"channel": ibis.null("string"), "starts": ibis.null("date"), "ends": ibis.null("date")}
    if wh.has("campaigns"):
        run = wh.campaigns.select("campaign_id", "channel", "starts", "ends")
        costs = costs.left_join(run, "campaign_id").drop("campaign_id_right")
    else:
        costs = costs.mutate(**unknown)
    inside = (costs.day >= costs.starts) & (costs.day <= costs.ends)
    costs = costs.mutate(
        channel=ibis.coalesce(costs.channel.nullif(""), costs.kind, "unknown"),
        since=(costs.starts.isnull() | inside.fill_null(False)).ifelse(costs.day, costs.starts),
        whole=(~inside).fill_null(False),
    )
    costs = _waits(costs)
    alone = ibis.least(ibis.greatest(ibis.coalesce(costs.wait, costs.waited, 1), 1), LONGEST_DAYS)
    to_next = ibis.least(ibis.coalesce(_on(costs.day, costs.wait), costs.ends), costs.ends)
    to_next = ibis.least(to_next, ibis.coalesce(_on(costs.day, costs.step), to_next))
    until = costs.starts.isnull().ifelse(_on(costs.day, alone), costs.whole.ifelse(costs.ends, to_next))
    costs = costs.mutate(until=ibis.greatest(until, costs.since)).filter(costs.amount != 0)
    return costs.mutate(lasts=costs.until.delta(costs.since, unit="day") + 1)


def _waits(costs: ir.Table) -> ir.Table:
    """Beside each cost the days to the next of its kind (wait), since the one before (waited), and the step at which
    they come: so many days or a multiple, where a pause lies between; null where they come at no step."""
    import ibis

    series = ["campaign_id", "kind", "whole"]
    following = ibis.window(group_by=series, order_by="day")
    later, before = costs.day.lead().over(following), costs.day.lag().over(following)
    costs = costs.mutate(wait=later.delta(costs.day, unit="day"), waited=costs.day.delta(before, unit="day"))
    known = costs.filter(costs.wait.notnull())
    every = known.group_by(series).agg(least=known.wait.min(), usual=known.wait.median(), times=known.wait.count())
    known = known.inner_join(every, series)
    known = known.group_by([*series, "least", "usual", "times"]).agg(even=(known.wait % known.least == 0).all())
    monthly = known.least >= MONTH_DAYS
    stepped = (known.even | monthly) & (known.times >= REGULAR) & ((known.least > 1) | (known.usual == 1))
    step = monthly.ifelse(LONGEST_DAYS, known.least)
    steps = known.select(*series, step=stepped.ifelse(step, ibis.null("int64")))
    costs = costs.left_join(steps, series)
    return costs.drop(*(f"{name}_right" for name in series))


def _on(day: ir.DateColumn, days: ir.IntegerValue) -> ir.DateColumn:
    """The last of so many days that begin on a day."""
    return (day.cast("timestamp") + (days - 1).as_interval("D")).cast("date")
