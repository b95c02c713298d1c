"""What advertising cost, by campaign or by the source of its visits, and what part of revenue is left to pay it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.incremental import sources_of
from crm_analytics.features.paths import campaign_names
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

COLUMNS = {"channel": "string", "cost": "float64", "margin_share": "float64"}


@feature(needs=("campaigns",), grain="a campaign or source that cost something")
def advertising_costs(
    wh: Warehouse, as_of: date | str | None = None, by: str = "campaign", trade: str = "ordinary"
) -> ir.Table:
    """What was spent on each campaign before `as_of`, or, with `by` source, on all campaigns of each source (the one
    most of their visits came from; their channel where nothing is seen of them on the web).

    Columns: channel (as in `features.incremental`), cost (the company's money) and margin_share, the same on every row:
    what is left of revenue after the goods, in all orders of this trade whose unit costs are known (null where none
    are). Ordered by channel; empty where no cost is recorded.
    """
    import ibis

    if by not in ("campaign", "source"):
        raise ValueError(f"by is {by!r}; ask by campaign or by source.")
    spent: dict[str, float] = {}
    if wh.has("campaign_costs"):
        costs = wh.campaign_costs.filter(wh.campaign_costs.day < ibis.literal(as_of, type="date"))
        sums = costs.group_by("campaign_id").agg(cost=costs.amount.sum().cast("float64"))
        named = _named(wh, as_of, by)
        for one in sums.order_by("campaign_id").to_pyarrow().to_pylist():
            if one["campaign_id"] in named:
                name = named[one["campaign_id"]]
                spent[name] = spent.get(name, 0.0) + one["cost"]
    left = _margin_share(wh, as_of, trade)
    rows = [dict(zip(COLUMNS, (name, cost, left), strict=True)) for name, cost in sorted(spent.items())]
    return ibis.memtable(rows, schema=COLUMNS)


def _named(wh: Warehouse, as_of: date, by: str) -> dict[str, str]:
    """What each campaign is called."""
    names = campaign_names(wh)
    if by == "campaign":
        return names
    rows = wh.campaigns.select("campaign_id", "channel").to_pyarrow().to_pylist()
    return {one["campaign_id"]: one["channel"] or names[one["campaign_id"]] for one in rows} | sources_of(wh, as_of)


def _margin_share(wh: Warehouse, as_of: date, trade: str) -> float | None:
    import ibis

    if not wh.has("orders", "order_lines"):
        return None
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.ordered_at < ibis.literal(as_of, type="date").cast("timestamp"))
    lines = lines_of(wh, trade)
    lines = lines.filter(lines.unit_cost.notnull()).semi_join(orders, "order_id")
    sums = lines.agg(amount=lines.amount.sum(), cost=(lines.quantity * lines.unit_cost).sum())
    told = sums.to_pyarrow().to_pylist()[0]
    return None if not told["amount"] else 1 - float(told["cost"]) / float(told["amount"])
