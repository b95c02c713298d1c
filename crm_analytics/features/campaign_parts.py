"""What a campaign's customers bought after it began, cut into days, or into categories, brands or channels."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from crm_analytics.features.bought import lines_bought, spent
from crm_analytics.features.campaigns import WEEKS, judged
from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

LONGEST_WEEKS = 12
"""What is brought forward is missing within a quarter; later, what a campaign moved is lost among everything else."""
PARTS = ("category", "brand", "channel")


@feature(needs=("campaigns", "arms", "orders", "order_lines"), grain="a customer in the arms × day on which it bought")
def campaign_days(
    wh: Warehouse,
    as_of: date | str | None = None,
    campaign: str | None = None,
    weeks: int | None = None,
    before_weeks: int = 12,
    trade: str = "ordinary",
) -> ir.Table:
    """When each customer in a campaign's arms bought: day by day from its start, for `weeks` (twelve, where not set),
    or as long as facts are known.

    Without `campaign` the last one with a control group that is eight weeks old. Columns: campaign_id, campaign,
    starts, days (how many are known), customer_id, arm, day (0 is the first day of the campaign; null in the one row
    of a customer who bought nothing), outcome_revenue, outcome_margin (null where a unit cost is lacking),
    outcome_orders, before_revenue, before_orders; money as float, returns taken off. Errors are those of
    `campaign_outcomes`. Ordered by customer and day.
    """
    import ibis

    _asked(weeks, before_weeks)
    chosen = judged(wh, as_of, campaign, weeks or (2 * WEEKS if campaign is None else WEEKS + 1))
    starts = chosen["starts"]
    known = min(7 * (weeks or LONGEST_WEEKS), (min(as_of, wh.today) - starts).days)
    lines = lines_bought(wh, trade)
    lines = lines.mutate(day=lines.day.delta(ibis.literal(starts, type="date"), unit="day").cast("int64"))
    lines = lines.filter(lines.day >= 0, lines.day < known)
    return _cut(wh, lines, "day", chosen | {"days": known}, before_weeks=before_weeks, trade=trade)


@feature(
    needs=("campaigns", "arms", "orders", "order_lines"), grain="a customer in the arms × part in which it bought"
)
def campaign_parts(
    wh: Warehouse,
    as_of: date | str | None = None,
    campaign: str | None = None,
    weeks: int = WEEKS,
    by: Literal["category", "brand", "channel"] = "category",
    trade: str = "ordinary",
) -> ir.Table:
    """In which category (or brand, or channel) each customer in a campaign's arms bought in the `weeks` from its start.

    Columns as in `campaign_days`, with `part` for the day (null in the one row of a customer who bought nothing;
    «unknown» where the goods have none). Raises ValueError for another cut, and what `campaign_outcomes` raises.
    Ordered by customer and part.
    """
    import ibis

    _asked(weeks, 12)
    if by not in PARTS:
        raise ValueError(f"There is no cut by {by!r}; choose among {', '.join(PARTS)}.")
    chosen = judged(wh, as_of, campaign, weeks)
    starts = chosen["starts"]
    lines = lines_bought(wh, trade)
    first, until = (ibis.literal(day, type="date") for day in (starts, starts + timedelta(weeks=weeks)))
    lines = lines.filter(lines.day >= first, lines.day < until)
    if by == "channel":
        lines = lines.mutate(part=lines.channel)
    elif wh.has("products"):
        goods = wh.products.select("product_id", part=wh.products[by])
        lines = lines.left_join(goods, "product_id").drop("product_id_right")
    else:
        lines = lines.mutate(part=ibis.null("string"))
    lines = lines.mutate(part=lines.part.fill_null("unknown"))
    return _cut(wh, lines, "part", chosen | {"days": 7 * weeks}, before_weeks=12, trade=trade)


def _asked(weeks: int | None, before_weeks: int) -> None:
    if (weeks is not None and weeks < 1) or before_weeks < 1:
        raise ValueError(f"weeks is {weeks} and before_weeks {before_weeks}; look at one week at least.")


def _cut(wh: Warehouse, lines: ir.Table, part: str, chosen: dict, *, before_weeks: int, trade: str) -> ir.Table:
    """A row for each customer and part with a purchase, one for each customer without, with what was before."""
    import ibis

    arms = wh.arms.filter(wh.arms.campaign_id == chosen["campaign_id"]).select("campaign_id", "customer_id", "arm")
    starts = chosen["starts"]
    since, until = ibis.literal(starts - timedelta(weeks=before_weeks)), ibis.literal(starts)
    people = spent(wh, arms.mutate(since=since, until=until), "before", trade)
    people = people.select("campaign_id", "customer_id", "arm", "before_revenue", "before_orders")
    sums = lines.group_by("customer_id", part).agg(
        revenue=lines.amount.sum(), margin=lines.margin.sum(), known=lines.margin.notnull().all(),
        orders=lines.order_id.nunique(where=lines.sold),
    )  # fmt: skip
    table = people.left_join(sums, "customer_id").drop("customer_id_right")
    margin = table.known.fill_null(True).ifelse(table.margin.fill_null(0), ibis.null())
    table = table.mutate(
        campaign=ibis.literal(chosen["name"]), starts=ibis.literal(starts), days=ibis.literal(chosen["days"]),
        outcome_revenue=table.revenue.fill_null(0).cast("float64"), outcome_margin=margin.cast("float64"),
        outcome_orders=table.orders.fill_null(0),
    ).drop("revenue", "margin", "known", "orders")  # fmt: skip
    return table.order_by("customer_id", part)
