"""What binds each customer: the habit, how widely they buy, at which prices, where else they could, whom they tell."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.price_response import EXACT, price_response, priced_lines
from crm_analytics.features.purchases import _purchases_made
from crm_analytics.features.word_of_mouth import by_recommendation

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

RECOMMENDING = r"(?i)recommend|refer|порекоменд|рекоменд|посовет"

CUT = 0.01
"""A price so much (in logarithms) below the list is a cut."""


@feature(needs=("orders", "order_lines"), grain="a customer")
def loyalty(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """The evidence of loyalty of every customer who bought before `as_of`, null where the company has no such records.

    One row per customer: `customer_id`, `orders` (purchases, as in `purchases`), `x`, `t_x`, `T` (as there),
    `log_gaps` (sum of the logarithms of the days between purchases), `revenue`; `bought` (categories on days), `pairs`
    of them and `same_pairs` of one category (null where goods have no categories); `list_share` (of the money, at no
    cut), `captive_share` (of what was bought, in categories without a competitor's price); the sums of
    `price_response`; `kind`, `acquired_channel`, `recommended` (came by recommendation), `recommends` (the last answer
    to whether they would recommend, 0–10). Ordered by customer.
    """
    table = _habit(wh, as_of, trade)
    lines = priced_lines(wh, as_of, trade)
    lines = lines.filter(lines.customer_id.notnull())
    parts = [_width(lines), _list_share(lines), price_response(wh, as_of=as_of, trade=trade), _alternatives(wh, lines)]
    for part in (*parts, _known(wh), _recommending(wh, as_of)):
        table = table.left_join(part, "customer_id").drop("customer_id_right")
    return table.order_by("customer_id")


def _habit(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    import ibis

    made = _purchases_made(wh, as_of, trade)
    before = made.day.lag().over(ibis.window(group_by="customer_id", order_by="day"))
    made = made.mutate(log_gap=made.day.delta(before, unit="day").cast("float64").ln().cast(EXACT))
    people = made.group_by("customer_id").agg(
        orders=made.count(),
        first=made.day.min(),
        last=made.day.max(),
        log_gaps=made.log_gap.sum().cast("float64"),
        revenue=made.revenue.sum().cast("float64"),
    )
    return people.select(
        "customer_id", "orders", "revenue", x=people.orders - 1, t_x=people["last"].delta(people["first"], unit="day"),
        T=ibis.literal(as_of, type="date").delta(people["first"], unit="day"), log_gaps=people.log_gaps.fill_null(0.0),
    )  # fmt: skip


def _width(lines: ir.Table) -> ir.Table:
    """How often two things a customer bought are of one category; a category counts once a day."""
    import ibis

    often = lines.select("customer_id", "category", "day").distinct().group_by("customer_id", "category").agg(
        often=lambda t: t.count()
    )  # fmt: skip
    several = lines.category.nunique() > 1
    many = often.join(lines.agg(several=several), [])
    people = many.group_by("customer_id").agg(
        bought=many.often.sum(),
        same=(many.often * (many.often - 1)).sum(),
        several=many.several.any(),
    )
    known = people.several
    return people.select(
        "customer_id", "bought",
        pairs=ibis.ifelse(known, people.bought * (people.bought - 1), ibis.null()).cast("float64"),
        same_pairs=ibis.ifelse(known, people.same, ibis.null()).cast("float64"),
    )  # fmt: skip


def _list_share(lines: ir.Table) -> ir.Table:
    people = lines.group_by("customer_id").agg(
        full=lines.amount.sum(where=lines.cut < CUT).fill_null(0).cast("float64"),
        known=lines.amount.sum(where=lines.cut.notnull()).cast("float64"),
    )
    return people.select("customer_id", list_share=people.full / people.known.nullif(0))


def _alternatives(wh: Warehouse, lines: ir.Table) -> ir.Table:
    """How much of what a customer bought no competitor is known to sell."""
    import ibis

    if not wh.has("competitor_prices"):
        return lines.select("customer_id", captive_share=ibis.null("float64")).distinct()
    offered = wh.competitor_prices.select("category").distinct().mutate(offered=ibis.literal(1))
    rows = lines.left_join(offered, "category")
    return rows.group_by("customer_id").agg(captive_share=rows.offered.isnull().cast("float64").mean())


def _known(wh: Warehouse) -> ir.Table:
    import ibis

    if not wh.has("customers"):
        nobody = wh.orders.filter(ibis.literal(False)).select("customer_id")
        return nobody.mutate(kind=ibis.null("string"), acquired_channel=ibis.null("string"),
                             recommended=ibis.null("boolean"))  # fmt: skip
    who = wh.customers
    return who.select(
        "customer_id", "kind", "acquired_channel", recommended=by_recommendation(who.acquired_channel)
    )


def _recommending(wh: Warehouse, as_of: date) -> ir.Table:
    import ibis

    if not wh.has("survey_answers"):
        nobody = wh.orders.filter(ibis.literal(False)).select("customer_id")
        return nobody.mutate(recommends=ibis.null("float64"))
    said = wh.survey_answers
    said = said.filter(
        said.answered_at < ibis.literal(as_of, type="date"), said.customer_id.notnull(), said.position.notnull(),
        said.lowest == 0, said.highest == 10, said.question.re_search(RECOMMENDING),
    )  # fmt: skip
    newest = said.answered_at == said.answered_at.max().over(ibis.window(group_by=said.customer_id))
    return said.mutate(newest=newest).filter(lambda t: t.newest).group_by("customer_id").agg(
        recommends=lambda t: t.position.min()
    )  # fmt: skip
