"""How long after being addressed customers answer, and for how long they have been watched."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.answers import answers
from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

HORIZON_DAYS = 90


@feature(needs=("campaigns", "responses"), grain="a campaign × delay × days watched")
def response_delays(wh: Warehouse, as_of: date | str | None = None) -> ir.Table:
    """How many customers first answered a campaign so many days after it first touched them, before `as_of`.

    A customer is touched by the first contact out that names the campaign; where a campaign names nobody in contacts,
    by its first day, if it was to be addressed (arms). A response by which somebody leaves is no answer. Columns:
    campaign (its name), day (from the touch to the first answer, at most 90), watched (for how many days whoever was
    touched then had been watched by `as_of`, at most 90: answers that would take longer cannot have been seen),
    answered (how many), last_touch (the campaign's), until. Ordered by campaign, day and watched.
    """
    import ibis

    touched = _touched(wh, as_of)
    rows = answers(wh, as_of)
    answered = rows.select("campaign_id", "customer_id", day=rows["at"].date())
    both = touched.inner_join(answered, ["campaign_id", "customer_id"])
    both = both.filter(both.day >= both.touch)
    each = both.group_by("campaign_id", "customer_id", "touch").agg(day=both.day.min())
    today = ibis.literal(as_of, type="date")
    each = each.mutate(delay=each.day.delta(each.touch, unit="day"),
                       watched=ibis.least(today.delta(each.touch, unit="day") - 1, HORIZON_DAYS))  # fmt: skip
    each = each.filter(each.delay <= HORIZON_DAYS)
    counts = each.group_by("campaign_id", day=each.delay, watched=each.watched).agg(answered=each.count())
    last = touched.group_by("campaign_id").agg(last_touch=touched.touch.max())
    named = wh.campaigns.select("campaign_id", campaign=wh.campaigns.name.fill_null(wh.campaigns.campaign_id))
    table = counts.inner_join(named, "campaign_id").inner_join(last, "campaign_id")
    return table.select("campaign", "day", "watched", "answered", "last_touch", until=today).order_by(
        "campaign", "day", "watched", "last_touch"
    )


def _touched(wh: Warehouse, as_of: date) -> ir.Table:
    """Whom each campaign touched first on which day: campaign_id, customer_id, touch."""
    import ibis

    parts = []
    if wh.has("contacts"):
        out = wh.contacts
        out = out.filter(out.campaign_id.notnull(), out.customer_id.notnull(), out.kind.fill_null("out") == "out",
                         out["at"] < as_of)  # fmt: skip
        parts.append(out.group_by("campaign_id", "customer_id").agg(touch=out["at"].date().min()))
    if wh.has("arms"):
        arms = wh.arms.filter(wh.arms.arm == "treated").select("campaign_id", "customer_id")
        arms = arms.inner_join(wh.campaigns.select("campaign_id", touch="starts"), "campaign_id")
        arms = arms.anti_join(parts[0], "campaign_id") if parts else arms
        parts.append(arms.filter(arms.touch < as_of).select("campaign_id", "customer_id", "touch"))
    if not parts:
        wh.require("contacts")
    return ibis.union(*parts) if len(parts) > 1 else parts[0]
