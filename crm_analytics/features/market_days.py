"""Sales day by day, of the whole company and of each region that had a campaign of its own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.daily import daily_sales
from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

MOST_REGIONS = 6
"""The regions whose campaigns are the newest; each is a series of its own, and costs as much as the whole company."""


@feature(needs=("campaigns", "orders", "order_lines"), grain="a region with campaigns of its own, or the company × day")
def market_days(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """Daily sales of the company (region is empty) and of each region in which campaigns ran, with what moved them.

    Columns: region, margin_share (of the company's revenue in the year before `as_of`; null where unit costs are
    lacking), and those of `daily_sales`, no campaign marked. Ordered by region and day.
    """
    import ibis
    import pandas as pd

    began = wh.campaigns.filter(wh.campaigns.starts < as_of, wh.campaigns.region.notnull())
    regions = began.group_by("region").agg(newest=began.starts.max()).order_by(ibis.desc("newest"), "region")
    names = regions.limit(MOST_REGIONS).region.to_pyarrow().to_pylist()
    # asked one by one: together they are more text than a database reads in the time that all their rows take
    days = [
        daily_sales(wh, as_of=as_of, region=name, campaign=None, trade=trade).to_pandas().assign(region=name or "")
        for name in [None, *names]
    ]
    together = pd.concat(days, ignore_index=True).assign(margin_share=_margin_share(wh, as_of, trade))
    return ibis.memtable(together).order_by("region", "day")


def _margin_share(wh: Warehouse, as_of: date, trade: str) -> float:
    """What part of a year's revenue is margin; not a number where a unit cost is lacking."""
    import ibis

    orders = orders_of(wh, trade)
    orders = orders.filter(
        orders.kind != "return", orders.ordered_at < ibis.literal(as_of, type="date"),
        orders.ordered_at >= ibis.literal(as_of - timedelta(days=365), type="date"),
    )  # fmt: skip
    lines = lines_of(wh, trade).semi_join(orders, "order_id")
    sums = lines.agg(
        revenue=lines.amount.sum(), cost=(lines.quantity * lines.unit_cost).sum(), known=lines.unit_cost.notnull().all()
    )
    ((revenue, cost, known),) = (tuple(row.values()) for row in sums.to_pyarrow().to_pylist())
    return 1 - float(cost) / float(revenue) if known and revenue else float("nan")
