"""Who has which goods, since when, and for how much of late: what "has one thing, lacks the other" is made of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

MOST = 30
"""So many groups of goods, those with the most buyers, are looked at; pairs of rarer ones are never many customers."""

TELLING = 0.9
"""A category with so large a share of the lines tells nothing apart."""


@feature(needs=("orders", "order_lines"), grain="a customer × group of goods")
def holdings(
    wh: Warehouse, as_of: date | str | None = None, window_days: int = 365, trade: str = "ordinary"
) -> ir.Table:
    """What every known customer has ever bought before `as_of`, by group of goods.

    A group is a category, where categories tell goods apart (none holds nine tenths of the lines); else a product.
    Only the 30 groups with the most buyers are in it. Columns: customer_id, goods, of (category or product), first_day
    (of the first purchase of it), revenue_window (what was paid for it in the `window_days` before `as_of`, net of
    returns), since (where that window begins) and until (`as_of`), the same on every row. Returns alone make nobody an
    owner. Ordered by goods and customer.
    """
    import ibis

    orders = orders_of(wh, trade)
    orders = orders.filter(orders.customer_id.notnull(), orders.ordered_at < _day(as_of)).select(
        "order_id", "customer_id", day=orders.ordered_at.date(), kept=orders.kind != "return"
    )
    lines = lines_of(wh, trade).select("order_id", "product_id", "amount")
    sold, of = _grouped(wh, lines)
    sold = sold.inner_join(orders, "order_id")
    since = _day(as_of - timedelta(days=window_days))
    bought = sold.kept & (sold.amount > 0)
    held = sold.group_by("customer_id", "goods").agg(
        first_day=sold.day.min(where=bought),
        revenue_window=sold.amount.sum(where=sold.day >= since).cast("float64").fill_null(0.0),
    )
    held = held.filter(held.first_day.notnull())
    buyers = held.group_by("goods").agg(buyers=held.count())
    common = buyers.order_by(buyers.buyers.desc(), "goods").limit(MOST).select("goods")
    told = {"of": ibis.literal(of), "since": since, "until": _day(as_of)}
    return held.semi_join(common, "goods").mutate(**told).order_by("goods", "customer_id")


def _grouped(wh: Warehouse, lines: ir.Table) -> tuple[ir.Table, str]:
    """The lines with their group of goods, and what such a group is."""
    if not wh.has("products"):
        return lines.filter(lines.product_id.notnull()).mutate(goods=lines.product_id), "product"
    products = wh.products.select("product_id", "category", "name")
    named = lines.inner_join(products, "product_id")
    in_each = named.group_by("category").agg(lines=named.count())
    counts = {row["category"]: row["lines"] for row in in_each.to_pyarrow().to_pylist()}
    known = [number for category, number in counts.items() if category is not None]
    if known and max(known) < TELLING * sum(counts.values()):
        return named.filter(named.category.notnull()).mutate(goods=named.category), "category"
    return named.mutate(goods=named.name.fill_null(named.product_id)), "product"


def _day(day: date) -> ir.DateScalar:
    import ibis

    return ibis.literal(day, type="date")
