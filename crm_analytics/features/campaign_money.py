"""Plan and fact of campaigns: what they were to cost and bring, what they cost, what is commonly credited to them."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from crm_analytics.features.answers import answers
from crm_analytics.features.bought import spent
from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

LINKED_DAYS = 14
"""How long after a campaign's end the sales of those who responded are still put down to it in plan and fact."""


@feature(needs=("campaigns",), grain="a campaign")
def campaign_money(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """Plan and fact of every campaign that began before `as_of`, as they are usually put together.

    `linked_revenue` and `linked_margin` are all that responders bought from the campaign's start to two weeks after its
    end: what is commonly claimed, not what the campaign changed. Columns: campaign_id, name, channel, region, starts,
    ends, budget, promised, cost, treated (customers addressed), responders, linked_revenue, linked_margin, days_left
    (days until purchases no longer count). What the company does not record is null. Ordered by start.
    """
    import ibis

    campaigns = wh.campaigns.filter(wh.campaigns.starts < as_of)
    table = campaigns.select(
        "campaign_id",
        "name",
        "channel",
        "region",
        "starts",
        "ends",
        budget=campaigns.budget.cast("float64"),
        promised=campaigns.promised.cast("float64"),
        days_left=ibis.greatest(
            campaigns.ends.delta(ibis.literal(as_of, type="date"), unit="day") + LINKED_DAYS + 1, 0
        ),
    )
    parts = {
        "cost": ("float64", _costs),
        "treated": ("float64", _treated),
        "responders": ("float64", _responders),
        "linked_revenue": ("float64", partial(_linked, trade=trade)),
        "linked_margin": ("float64", None),
    }
    for name, (kind, part) in parts.items():
        found = part(wh, as_of) if part else None
        if found is not None:
            table = table.left_join(found, "campaign_id").drop("campaign_id_right")
        elif name not in table.columns:
            table = table.mutate(**{name: ibis.null(kind)})
    return table.order_by("starts", "campaign_id")


def with_cost(wh: Warehouse, table: ir.Table, as_of: date) -> ir.Table:
    """A table of campaigns with what each cost before `as_of`; null where that is not recorded."""
    import ibis

    costs = _costs(wh, as_of)
    if costs is None:
        return table.mutate(cost=ibis.null("float64"))
    return table.left_join(costs, "campaign_id").drop("campaign_id_right")


def _costs(wh: Warehouse, as_of: date) -> ir.Table | None:
    if not wh.has("campaign_costs"):
        return None
    costs = wh.campaign_costs.filter(wh.campaign_costs.day < as_of)
    return costs.group_by("campaign_id").agg(cost=costs.amount.sum().cast("float64"))


def _treated(wh: Warehouse, as_of: date) -> ir.Table | None:
    if not wh.has("arms"):
        return None
    return wh.arms.group_by("campaign_id").agg(treated=(wh.arms.arm == "treated").sum().cast("float64"))


def _responders(wh: Warehouse, as_of: date) -> ir.Table | None:
    if not wh.has("responses"):
        return None
    responses = answers(wh, as_of)
    return responses.group_by("campaign_id").agg(responders=responses.customer_id.nunique().cast("float64"))


def _linked(wh: Warehouse, as_of: date, *, trade: str) -> ir.Table | None:
    """What those who responded bought while the campaign ran and two weeks after."""
    import ibis

    if not wh.has("responses", "orders", "order_lines"):
        return None
    responded = answers(wh, as_of).select("campaign_id", "customer_id").distinct()
    campaigns = wh.campaigns
    ends = (campaigns.ends.cast("timestamp") + ibis.interval(days=LINKED_DAYS + 1)).cast("date")
    until = ibis.least(ends, ibis.literal(as_of, type="date"))
    windows = responded.inner_join(campaigns.select("campaign_id", since=campaigns.starts, until=until), "campaign_id")
    bought = spent(wh, windows, "linked", trade)
    bought = bought.mutate(  # sums of decimals do not depend on their order
        linked_revenue=bought.linked_revenue.cast("decimal(18, 4)"),
        linked_margin=bought.linked_margin.cast("decimal(18, 4)"),
    )
    return bought.group_by("campaign_id").agg(
        linked_revenue=bought.linked_revenue.sum().cast("float64"),
        linked_margin=bought.linked_margin.notnull()
        .all()
        .ifelse(bought.linked_margin.sum(), ibis.null())
        .cast("float64"),
    )
