"""All tests against control at once: each customer once for each campaign in whose arms it was."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.bought import spent
from crm_analytics.features.campaigns import WEEKS
from crm_analytics.features.feature import feature
from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@feature(needs=("campaigns", "arms", "orders", "order_lines"), grain="a customer × campaign in whose arms it was")
def campaign_tests(
    wh: Warehouse,
    as_of: date | str | None = None,
    weeks: int = WEEKS,
    before_weeks: int = 12,
    trade: str = "ordinary",
) -> ir.Table:
    """What each customer bought in the `weeks` from the start of every campaign in whose arms it was, and before.

    Only campaigns with a control group whose weeks are over before `as_of`. Columns: campaign_id, campaign (its name),
    starts, days, customer_id, arm, outcome_revenue, outcome_margin (null where a unit cost is lacking), outcome_orders,
    before_revenue, before_orders (of the `before_weeks` before that campaign); money as float, returns taken off.
    Raises ValueError for less than a week, TableAbsent where no campaign can be judged. Ordered by start, campaign,
    customer.
    """
    import ibis

    if weeks < 1 or before_weeks < 1:
        raise ValueError(f"weeks is {weeks} and before_weeks {before_weeks}; look at one week at least.")
    tested = wh.campaigns.semi_join(wh.arms.filter(wh.arms.arm == "control"), "campaign_id")
    tested = tested.filter((tested.starts.cast("timestamp") + ibis.interval(weeks=weeks)) <= ibis.literal(as_of))
    if not tested.count().to_pyarrow().as_py():
        raise TableAbsent(f"No campaign with a control group is {weeks} weeks old on {as_of}: none can be judged.")
    named = tested.select("campaign_id", "starts", campaign=ibis.coalesce(tested.name, tested.campaign_id))
    arms = wh.arms.inner_join(named, "campaign_id").select("campaign_id", "campaign", "starts", "customer_id", "arm")
    starts = arms.starts.cast("timestamp")
    until = (starts + ibis.interval(weeks=weeks)).cast("date")
    since = (starts - ibis.interval(weeks=before_weeks)).cast("date")
    after = spent(wh, arms.mutate(since=arms.starts, until=until), "outcome", trade).drop("since", "until")
    before = spent(wh, arms.mutate(since=since, until=arms.starts), "before", trade)
    before = before.select("campaign_id", "customer_id", "before_revenue", "before_orders")
    table = after.inner_join(before, ["campaign_id", "customer_id"])
    return table.mutate(days=ibis.literal(7 * weeks)).order_by("starts", "campaign_id", "customer_id")
