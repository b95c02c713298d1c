"""Deals that were lost, with the reason somebody wrote down, and what competitors' prices were in the same month."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

UNKNOWN = "not said"


@feature(needs=("deal_stages",), grain="a month × reason")
def loss_reasons(wh: Warehouse, as_of: date | str | None = None) -> ir.Table:
    """Why deals were lost, in the words of who sells: deals that ended before `as_of`, by the month they ended in.

    Columns: month (its first day), outcome (won or lost), reason (of lost ones; `not said` where nothing is written),
    deals, amount (the company's money), `competitor_price` (the mean price seen with competitors in that month over
    their mean of all months; null where unknown), until. Ordered by month, outcome and reason.
    """
    until = ibis.literal(as_of, type="date")
    rows = wh.deal_stages.filter(wh.deal_stages.outcome.isin(["won", "lost"]), wh.deal_stages.entered_at < until)
    deals = rows.group_by("deal_id").agg(
        day=rows.entered_at.max(), outcome=rows.outcome.max(), reason=rows.reason.max(), amount=rows.amount.max()
    )
    lost = deals.outcome == "lost"
    deals = deals.mutate(
        month=deals.day.truncate("M").cast("date"), reason=lost.ifelse(deals.reason.fill_null(UNKNOWN), "")
    )
    table = deals.group_by("month", "outcome", "reason").agg(
        deals=deals.count(), amount=deals.amount.sum().fill_null(0).cast("float64")
    )
    if wh.has("competitor_prices"):
        seen = wh.competitor_prices.filter(wh.competitor_prices.day < until)
        usual = seen.group_by("competitor", "category").agg(usual=seen.price.mean())
        seen = seen.inner_join(usual, ["competitor", "category"])
        level = (seen.price.cast("float64") / seen.usual.cast("float64")).round(6).cast("decimal(18, 6)")
        seen = seen.mutate(level=level, month=seen.day.truncate("M").cast("date"))
        months = seen.group_by("month").agg(competitor_price=seen.level.sum().cast("float64") / seen.count())
        table = table.left_join(months, "month").drop("month_right")
    else:
        table = table.mutate(competitor_price=ibis.null("float64"))
    return table.mutate(until=until).order_by("month", "outcome", "reason")
