"""Whom a campaign addressed or left alone: what was known of each the day before it began, and what each did after."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.campaigns import WEEKS, campaign_outcomes, judged
from crm_analytics.features.feature import feature
from crm_analytics.features.profile import profile

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@feature(
    needs=("campaigns", "arms", "orders", "order_lines", "customers"), grain="a customer in the arms of a campaign"
)
def campaign_people(
    wh: Warehouse,
    as_of: date | str | None = None,
    campaign: str | None = None,
    weeks: int = WEEKS,
    trade: str = "ordinary",
) -> ir.Table:
    """Each customer in a campaign's arms as it stood on the day before the campaign, and what it did in the `weeks`.

    The columns of `profile` as of the campaign's first day, traits and activity included, then those of
    `campaign_outcomes` (arm, contacted, cost, days, outcome_…) but for what it says of before. A trait that is called
    like one of these has «(trait)» behind its name. Errors are those of `campaign_outcomes`. Ordered by customer.
    """
    starts = judged(wh, as_of, campaign, weeks)["starts"]
    outcomes = campaign_outcomes.function(wh, as_of, campaign, weeks, trade=trade)
    outcomes = outcomes.drop("region", "kind", *(c for c in outcomes.columns if c.startswith("before_")))
    known = profile.function(wh, starts, trade=trade)
    taken = {name.casefold() for name in outcomes.columns} - {"customer_id"}
    known = known.rename({f"{name} (trait)": name for name in known.columns if name.casefold() in taken})
    outcomes = outcomes.mutate(customer_id=outcomes.customer_id.cast("string"))
    return outcomes.left_join(known, "customer_id").drop("customer_id_right").order_by("customer_id")
