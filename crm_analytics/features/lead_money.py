"""Enquiries in money: what those of each source cost, and what the deals they became left over."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.funnel_deals import LEAD_DAYS, each_deal, linked_to_leads, must_be_named, part_of, ripe_days
from crm_analytics.features.paths import campaign_names

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

PARTS = 40
"""The enquiries of a source are dealt into so many parts, to see how much their profit scatters."""


@feature(needs=("leads",), grain="a source of enquiries × part")
def lead_money(wh: Warehouse, as_of: date | str | None = None, by: str = "source", days: int = 365) -> ir.Table:
    """What the enquiries of each source cost, and what they left over, of the `days` that can be judged by `as_of`.

    Judged are enquiries old enough that nearly all of what becomes of them has become (60 days, and the time in which
    nine of ten deals end). Each is followed to the deals it began and those that were won; their margin is their amount
    at the rate of their product in the orders (at the rate of all orders where the product is not known). Where no
    deals are on record, it is the customer's first order within 60 days. `by`: source, medium or campaign; by campaign
    the whole cost of the campaign is added to that of its enquiries.

    Columns: part (the source), deal_out (one of 40 parts, 0 to 39), leads, priced (those whose cost is known), cost,
    deals, won, revenue, margin (null where no unit cost is known), days, until (the last day looked at), and
    campaign_cost (of the whole source, the same on each of its rows). Ordered by part and deal_out.
    """
    import ibis

    if by not in ("source", "medium", "campaign"):
        raise ValueError(f"by is {by!r}; ask by source, medium or campaign.")
    if days < 7:
        raise ValueError(f"days is {days}; look at a week at least.")
    must_be_named(wh, as_of)
    edge = ibis.literal(as_of, type="date")
    rows = wh.leads
    rows = rows.filter(rows.at < edge.cast("timestamp"))
    rows = rows.select("lead_id", "customer_id", "at", day=rows.at.date(), part=part_of(rows, by), cost=rows.cost)
    won, wait = _won(wh, as_of, rows)
    age = edge.delta(rows.day, unit="day")
    rows = rows.filter(age > wait, age <= wait + days)
    table = rows.left_join(won, "lead_id").drop("lead_id_right")
    table = table.mutate(part=table.part.strip().nullif("").fill_null("(unknown)"))
    if by == "campaign" and wh.has("campaigns"):
        names = list(campaign_names(wh).items())
        table = table.mutate(part=table.part.cases(*names, else_=table.part))
    place = ibis.row_number().over(ibis.window(group_by=table.part, order_by=table.lead_id))
    table = table.mutate(deal_out=place % PARTS)
    sums = table.group_by("part", "deal_out").agg(
        leads=table.count(),
        priced=table.cost.count(),
        cost=table.cost.sum().fill_null(0).cast("float64"),
        deals=table.deals.fill_null(0).sum(),
        won=table.won.fill_null(0).sum(),
        revenue=table.revenue.sum().fill_null(0).cast("float64"),
        margin=table.margin.cast("decimal(18, 4)").sum().cast("float64"),
    )
    sums = sums.mutate(
        days=ibis.literal(days, type="int64"),
        until=(edge.cast("timestamp") - ibis.interval(days=wait + 1)).cast("date"),
    )
    return _with_campaign_cost(wh, as_of, sums, by).order_by("part", "deal_out")


def _won(wh: Warehouse, as_of: date, rows: ir.Table) -> tuple[ir.Table, int]:
    """Of each enquiry: deals, those won, their revenue and margin; and after how many days it can be judged."""
    if not wh.has("deal_stages"):
        return _first_orders(wh, as_of, rows), LEAD_DAYS
    _, each = each_deal(wh, as_of)
    linked = linked_to_leads(each, rows)
    money = _with_margin(wh, as_of, linked.mutate(earned=linked.amount.cast("float64")))
    sums = money.group_by("lead_id").agg(
        deals=money.count(),
        won=money.won.cast("int64").sum(),
        revenue=money.earned.round(4).cast("decimal(18, 4)").sum(where=money.won),
        margin=money.margin.round(4).cast("decimal(18, 4)").sum(where=money.won),
    )
    return sums, LEAD_DAYS + ripe_days(each)


def _with_margin(wh: Warehouse, as_of: date, money: ir.Table) -> ir.Table:
    """What of the money earned with each product is left after its cost, at the rate of all orders before."""
    import ibis

    if not wh.has("orders", "order_lines"):
        return money.mutate(margin=ibis.null("float64"))
    orders = wh.orders.filter(wh.orders.ordered_at < ibis.literal(as_of, type="date").cast("timestamp"))
    lines = wh.order_lines.filter(wh.order_lines.unit_cost.notnull()).semi_join(orders, "order_id")
    lines = lines.select("product_id", "amount", left=lines.amount - lines.quantity * lines.unit_cost)

    def rate(table: ir.Table) -> ir.Value:
        return table.left.sum().cast("float64") / table.amount.sum().cast("float64").nullif(0)

    usual = lines.agg(usual=rate(lines))
    of_goods = lines.group_by(goods="product_id").agg(rate=rate(lines))
    money = money.left_join(of_goods, money.product_id == of_goods.goods).cross_join(usual)
    return money.mutate(margin=money.earned * money.rate.fill_null(money.usual))


def _first_orders(wh: Warehouse, as_of: date, rows: ir.Table) -> ir.Table:
    """Where no deals are on record: the first order of the same customer within the days of an enquiry."""
    import ibis

    if not wh.has("orders", "order_lines"):
        nothing = dict.fromkeys(("deals", "won"), ibis.null("int64"))
        nothing |= dict.fromkeys(("revenue", "margin"), ibis.null("decimal(38, 4)"))
        return rows.select("lead_id", **nothing)
    orders = wh.orders.filter(wh.orders.kind != "return", wh.orders.ordered_at < ibis.literal(as_of, type="date"))
    lines = wh.order_lines
    worth = lines.group_by("order_id").agg(
        earned=lines.amount.sum(),
        left=(lines.amount - lines.quantity * lines.unit_cost).sum(),
        known=lines.unit_cost.notnull().all(),
    )
    bought = orders.select("order_id", who="customer_id", bought="ordered_at").inner_join(worth, "order_id")
    asked = rows.select("lead_id", "customer_id", "at")
    after = asked.inner_join(bought, [asked.customer_id == bought.who, bought.bought >= asked.at])
    after = after.filter(after.bought <= after.at + ibis.interval(days=LEAD_DAYS))
    nth = ibis.row_number().over(ibis.window(group_by=after.lead_id, order_by=[after.bought, after.order_id]))
    after = after.mutate(nth=nth)
    after = after.filter(after.nth == 0)
    return after.select(
        "lead_id",
        deals=ibis.literal(1, type="int64"),
        won=ibis.literal(1, type="int64"),
        revenue=after.earned,
        margin=after.known.ifelse(after.left, ibis.null()),
    )


def _with_campaign_cost(wh: Warehouse, as_of: date, sums: ir.Table, by: str) -> ir.Table:
    import ibis

    if by != "campaign" or not wh.has("campaign_costs"):
        return sums.mutate(campaign_cost=ibis.literal(0.0))
    costs = wh.campaign_costs.filter(wh.campaign_costs.day < ibis.literal(as_of, type="date"))
    names = list(campaign_names(wh).items()) if wh.has("campaigns") else []
    called = costs.campaign_id.cases(*names, else_=costs.campaign_id) if names else costs.campaign_id
    costs = costs.mutate(called=called)
    total = costs.group_by("called").agg(campaign_cost=costs.amount.sum().cast("float64"))
    table = sums.left_join(total, sums.part == total.called).drop("called")
    return table.mutate(campaign_cost=table.campaign_cost.fill_null(0.0))
