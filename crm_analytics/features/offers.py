"""Offers that were made, the customers as they were known when each was made, and whether they answered."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.profile import profile
from crm_analytics.features.snapshots import Snapshots

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

AT_MOST = 200_000
"""So many offers are looked at, at most."""


def offers_made(wh: Warehouse, as_of: date, horizon_days: int) -> ir.Table:
    """The first time a campaign addressed a customer, where its horizon is over: customer_id, campaign_id, snapshot
    (the day), offer_channel."""
    import ibis

    wh.require("campaigns")
    parts = []
    if wh.has("contacts"):
        out = wh.contacts
        out = out.filter(out.customer_id.notnull(), out.campaign_id.notnull(), out.kind.fill_null("out") == "out")
        parts.append(out.select("customer_id", "campaign_id", day=out["at"].date(), offer_channel=out.channel))
    if wh.has("arms"):
        treated = wh.arms.filter(wh.arms.arm == "treated")
        if parts:
            treated = treated.anti_join(parts[0], "campaign_id")
        starts = wh.campaigns.select("campaign_id", "starts", "channel")
        treated = treated.inner_join(starts, "campaign_id")
        parts.append(treated.select("customer_id", "campaign_id", day=treated.starts, offer_channel=treated.channel))
    if not parts:
        wh.require("contacts")
    made = ibis.union(*parts) if len(parts) > 1 else parts[0]
    first = made.group_by("customer_id", "campaign_id").agg(
        snapshot=made.day.min(), offer_channel=made.offer_channel.min()
    )
    first = first.mutate(customer_id=first.customer_id.cast("string"))
    over = ibis.literal(as_of, type="date") - ibis.interval(days=horizon_days)
    first = first.filter(first.snapshot.cast("timestamp") <= over)
    return first.order_by(first.customer_id.hash(), first.customer_id, first.campaign_id).limit(AT_MOST)


def usual_channel(made: ir.Table) -> str | None:
    """The channel by which most offers were made: by it the next one is taken to come."""
    named = made.filter(made.offer_channel.notnull())
    counted = named.group_by("offer_channel").agg(offers=named.count())
    first = counted.order_by(counted.offers.desc(), "offer_channel").limit(1).to_pyarrow().to_pylist()
    return first[0]["offer_channel"] if first else None


def offers_answered(wh: Warehouse, as_of: date, horizon_days: int, trade: str) -> ir.Table:
    """Each offer with the customer's profile of that day, and `target`: whether it was answered within the horizon.

    Beside the profile: `offer_channel` and `offer_month` (01 to 12).
    """
    wh.require("responses")
    made = offers_made(wh, as_of, horizon_days)
    snapshots = Snapshots(wh, made.select("customer_id", "snapshot").distinct(), as_of, traits_of_the_day=1)
    people = snapshots.back(profile(snapshots, as_of=as_of, trade=trade)).drop("weekend_share")
    rows = made.inner_join(people, ["customer_id", "snapshot"])
    answers = wh.responses
    answers = answers.select("campaign_id", customer_id=answers.customer_id.cast("string"), day=answers["at"].date())
    same = rows.inner_join(answers, ["campaign_id", "customer_id"])
    days = same.day.delta(same.snapshot, unit="day")
    answered = same.filter(days >= 0, days < horizon_days).select("campaign_id", "customer_id").distinct()
    answered = answered.mutate(answered=True)
    rows = rows.left_join(answered, ["campaign_id", "customer_id"])
    rows = rows.mutate(target=rows.answered.fill_null(False).cast("float64"))
    keep = [c for c in rows.columns if not c.endswith("_right") and c not in ("answered", "campaign_id")]
    return in_its_time(rows.select(*keep))


def in_its_time(rows: ir.Table) -> ir.Table:
    """With the month of the snapshot: a season moves everybody's answers."""
    return rows.mutate(offer_month=rows.snapshot.month().cast("string").lpad(2, "0"))
