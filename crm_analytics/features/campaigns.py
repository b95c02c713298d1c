"""Which campaign is judged, and what the customers in its arms did before and after."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.bought import spent
from crm_analytics.features.campaign_money import with_cost
from crm_analytics.features.feature import feature
from crm_analytics.features.recorded import activity
from crm_analytics.warehouse.engine import TableAbsent
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

WEEKS = 4
"""How long after its start a campaign's outcome is read, unless asked otherwise."""


@feature(needs=("campaigns", "arms", "orders", "order_lines"), grain="a customer in the arms of a campaign")
def campaign_outcomes(
    wh: Warehouse,
    as_of: date | str | None = None,
    campaign: str | None = None,
    weeks: int = WEEKS,
    before_weeks: int = 12,
    trade: str = "ordinary",
) -> ir.Table:
    """What each customer in a campaign's arms bought in the `weeks` from its start, and in the `before_weeks` before.

    Without `campaign` it is the last one with a control group whose weeks are over before `as_of`. Raises
    WarehouseError when there is no such campaign or its weeks are not over: then it is too early to judge; ValueError
    for less than a week.
    Wholesale and goods made to order are set apart (`trade`); returns are taken off. Columns: campaign_id, campaign
    (its name), starts, cost (of the whole campaign, null when not recorded), customer_id, arm, contacted (by this
    campaign; null where its contacts are not recorded), days (of the outcome), region, kind, outcome_revenue,
    outcome_margin (null where a unit cost is lacking), outcome_orders, before_revenue, before_orders; and for every
    measure of `activity` (visits, points …) its sum, as outcome_… and before_…; money as float. Ordered by customer.
    """
    import ibis

    if weeks < 1 or before_weeks < 1:
        raise ValueError(f"weeks is {weeks} and before_weeks {before_weeks}; look at one week at least.")
    chosen = judged(wh, as_of, campaign, weeks)
    arms = wh.arms.filter(wh.arms.campaign_id == chosen["campaign_id"]).select("campaign_id", "customer_id", "arm")
    starts, until = chosen["starts"], chosen["starts"] + timedelta(weeks=weeks)
    after = spent(wh, arms.mutate(since=ibis.literal(starts), until=ibis.literal(until)), "outcome", trade)
    since = starts - timedelta(weeks=before_weeks)
    before = spent(wh, arms.mutate(since=ibis.literal(since), until=ibis.literal(starts)), "before", trade)
    table = after.drop("since", "until").inner_join(
        before.select("customer_id", "before_revenue", "before_orders"), "customer_id"
    )
    table = _with_activity(wh, table, starts, weeks=weeks, before_weeks=before_weeks)
    table = table.mutate(
        campaign=ibis.literal(chosen["name"]), starts=ibis.literal(starts), days=ibis.literal(7 * weeks)
    )
    table = _with_contacts(wh, with_cost(wh, table, as_of), until)
    return _with_traits(wh, table).order_by("customer_id")


def judged(wh: Warehouse, as_of: date, campaign: str | None, weeks: int) -> dict:
    """The campaign that is asked about: the one named, else the last that can be judged."""
    tested = wh.campaigns.semi_join(wh.arms.filter(wh.arms.arm == "control"), "campaign_id")
    tested = tested.order_by("starts", "campaign_id").select("campaign_id", "name", "starts").to_pyarrow().to_pylist()
    over = {one["campaign_id"]: one["starts"] + timedelta(weeks=weeks) for one in tested}
    if campaign is None:
        tested = [one for one in tested if over[one["campaign_id"]] <= as_of]
        if not tested:
            raise TableAbsent(f"No campaign with a control group is {weeks} weeks old on {as_of}: none can be judged.")
    elif campaign not in over:
        known = ", ".join(over) or "none"
        raise WarehouseError(f"There is no campaign {campaign!r} with a control group; there are {known}.")
    elif over[campaign] > as_of:
        raise WarehouseError(
            f"It is too early to judge campaign {campaign!r}: its {weeks} weeks are over on {over[campaign]}. "
            "Ask again then, or give fewer weeks."
        )
    chosen = next(one for one in reversed(tested) if campaign in (None, one["campaign_id"]))
    return chosen | {"name": chosen["name"] or chosen["campaign_id"]}


def _with_traits(wh: Warehouse, table: ir.Table) -> ir.Table:
    import ibis

    if not wh.has("customers"):
        return table.mutate(region=ibis.literal("unknown"), kind=ibis.literal("unknown"))
    traits = wh.customers.select("customer_id", "region", "kind")
    table = table.left_join(traits, "customer_id").drop("customer_id_right")
    return table.mutate(region=table.region.fill_null("unknown"), kind=table.kind.fill_null("unknown"))


def _with_activity(wh: Warehouse, table: ir.Table, starts: date, *, weeks: int, before_weeks: int) -> ir.Table:
    """What customers did beside buying, after the start and before it."""
    parts = (("outcome", starts + timedelta(weeks=weeks), weeks), ("before", starts, before_weeks))
    for name, until, length in parts:
        done = activity(wh, until, 7 * length, taken=("customer_id", "revenue", "margin", "orders"))
        if done is None:
            continue
        names = [column for column in done.columns if column != "customer_id"]
        done = done.select("customer_id", **{f"{name}_{column}": done[column] for column in names})
        table = table.left_join(done, "customer_id").drop("customer_id_right")
        table = table.mutate(**{f"{name}_{column}": table[f"{name}_{column}"].fill_null(0.0) for column in names})
    return table


def _with_contacts(wh: Warehouse, table: ir.Table, until: date) -> ir.Table:
    """Whether the campaign touched each of them by then."""
    import ibis

    unknown = table.mutate(contacted=ibis.null("boolean"))
    if not wh.has("contacts"):
        return unknown
    touched = wh.contacts.filter(
        wh.contacts.kind == "out", wh.contacts.customer_id.notnull(), wh.contacts.at < ibis.literal(until, type="date")
    ).select("campaign_id", "customer_id").distinct()  # fmt: skip
    touched = touched.semi_join(table, "campaign_id").select("customer_id", touched=ibis.literal(True))
    table = table.left_join(touched, "customer_id").drop("customer_id_right")
    known = table.touched.notnull().any().over(ibis.window())
    return table.mutate(contacted=known.ifelse(table.touched.fill_null(False), ibis.null())).drop("touched")
