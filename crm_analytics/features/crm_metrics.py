"""What a CRM is bought for, month by month: who comes again, what enquiries and deals become, what they cost and how
long they take."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.crm_times import DEAL_DAYS, times_of
from crm_analytics.features.feature import feature
from crm_analytics.features.purchases import customer_days

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

LATELY_DAYS = 90
"""Of customers who bought in so many days before a month, who came again in it."""


@feature(needs=("orders", "order_lines"), grain="a metric × month")
def crm_metrics(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """How many did it of how many, in every whole month before `as_of`, for what the company keeps on record.

    `came again` (customers who had bought in the 90 days before the month, and of them those who bought in it),
    `enquiries that became deals` (within 60 days, of enquiries so old), `deals won` (of those closed in the month),
    `days to close` (days from the first stage of deals closed in the month) and `cost of contacts` (money, of orders).
    Time, by the month in which a case began, all cases of it watched equally long: `days to first answer` (from a lead
    to the first word to its customer, at most 14) and `hours to answer` (from a customer's contact to the next word to
    them, at most 72), mailings of campaigns being no answer; `days to first stage` (of leads that became deals within
    60), `days in a stage` (at most 60, the mix of stages held still), `days to win` (of deals won within 90).
    Columns: metric, month (its first day), done, out_of, worth (the margin, else revenue, of an order that comes again;
    the amount of a deal; null where one more has no price), ahead_days (how long cases are watched), until (`as_of`).
    The first three months of the records, whose past is unknown, are left out. Ordered by metric and month.
    """
    import ibis

    end = as_of.replace(day=1)
    days = customer_days(wh, as_of, trade)
    bought = days.filter(days.bought > 0)
    months = bought.select(month=bought.day.truncate("M").cast("date")).distinct()
    parts = [_came_again(bought, months)]
    if wh.has("deal_stages"):
        parts += _deals(wh)
        if wh.has("leads"):
            parts.append(_enquiries(wh, as_of))
    if wh.has("contacts"):
        costs = wh.contacts.filter(wh.contacts.cost.notnull())
        costs = costs.group_by(month=costs["at"].truncate("M").cast("date")).agg(done=costs.cost.sum().cast("float64"))
        orders = bought.group_by(month=bought.day.truncate("M").cast("date")).agg(out_of=bought.bought.sum())
        both = orders.inner_join(costs, "month")
        parts.append(_rows(both, "cost of contacts"))
    parts += [_rows(table, metric, ahead_days=days) for metric, (table, days) in times_of(wh, as_of).items()]
    table = ibis.union(*parts) if len(parts) > 1 else parts[0]
    begins = months.agg(first=months.month.min()).first.as_scalar()
    since = (begins.cast("timestamp") + ibis.interval(months=3)).cast("date")
    table = table.filter(table.month < ibis.literal(end, type="date"), table.month >= since, table.out_of > 0)
    return table.mutate(until=ibis.literal(as_of, type="date")).order_by("metric", "month")


def _rows(table: ir.Table, metric: str, worth: ir.Value | None = None, *, ahead_days: int = 0) -> ir.Table:
    import ibis

    return table.select(
        metric=ibis.literal(metric), month=table.month, done=table.done.cast("float64"),
        out_of=table.out_of.cast("float64"),
        worth=(ibis.null("float64") if worth is None else worth).cast("float64"),
        ahead_days=ibis.literal(ahead_days, type="int64"),
    )  # fmt: skip


def _came_again(bought: ir.Table, months: ir.Table) -> ir.Table:
    import ibis

    near = months.inner_join(bought, [
        bought.day >= (months.month.cast("timestamp") - ibis.interval(days=LATELY_DAYS)).cast("date"),
        bought.day < (months.month.cast("timestamp") + ibis.interval(months=1)).cast("date"),
    ])  # fmt: skip
    people = near.group_by("month", "customer_id").agg(
        before=(near.day < near.month).any(), within=(near.day >= near.month).any()
    )
    people = people.filter(people.before)
    counts = people.group_by("month").agg(done=people.within.sum(), out_of=people.count())
    known = bought.cost_known.all()
    each = bought.agg(each=known.ifelse(bought.margin.sum(), bought.revenue.sum()) / bought.bought.sum())
    counts = counts.cross_join(each)
    return _rows(counts, "came again", counts.each)


def _deals(wh: Warehouse) -> list[ir.Table]:
    rows = wh.deal_stages.filter(wh.deal_stages.entered_at.notnull())
    deals = rows.group_by("deal_id").agg(
        first=rows.entered_at.min(), closed=rows.entered_at.max(where=rows.outcome.isin(["won", "lost"])),
        won=(rows.outcome == "won").any(), amount=rows.amount.max(),
    )  # fmt: skip
    deals = deals.filter(deals.closed.notnull())
    took = deals.closed.delta(deals["first"], unit="day")
    deals = deals.mutate(month=deals.closed.truncate("M").cast("date"), took=took)
    won = deals.group_by("month").agg(done=deals.won.sum(), out_of=deals.count())
    each = deals.filter(deals.won).agg(each=deals.filter(deals.won).amount.mean())
    won = won.cross_join(each)
    took = deals.group_by("month").agg(done=deals.took.sum(), out_of=deals.count())
    return [_rows(won, "deals won", won.each), _rows(took, "days to close")]


def _enquiries(wh: Warehouse, as_of: date) -> ir.Table:
    import ibis

    old = (ibis.literal(as_of, type="date").cast("timestamp") - ibis.interval(days=DEAL_DAYS)).cast("date")
    leads = wh.leads.select("lead_id", "customer_id", day=wh.leads["at"].date())
    leads = leads.filter(leads.day.truncate("M").cast("date") + ibis.interval(months=1) <= old)
    stages = wh.deal_stages.filter(wh.deal_stages.entered_at.notnull())
    deals = stages.group_by("deal_id", who=stages.customer_id).agg(first=stages.entered_at.min())
    became = leads.semi_join(deals, [
        leads.customer_id == deals.who, deals["first"] >= leads.day,
        deals["first"] <= (leads.day.cast("timestamp") + ibis.interval(days=DEAL_DAYS)).cast("date"),
    ])  # fmt: skip
    leads = leads.mutate(month=leads.day.truncate("M").cast("date"))
    counts = leads.group_by("month").agg(out_of=leads.count())
    done = became.mutate(month=became.day.truncate("M").cast("date"))
    both = counts.left_join(done.group_by("month").agg(done=done.count()), "month")
    return _rows(both.mutate(done=both.done.fill_null(0)), "enquiries that became deals", ahead_days=DEAL_DAYS)
