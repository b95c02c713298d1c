"""What each customer bought on which day: the material of the question what, when and how much comes next."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

MOST_PRODUCTS = 40
"""So many of the most bought products are told apart; the others are «other»."""


@feature(needs=("orders", "order_lines"), grain="a customer × purchase day × kind of goods")
def goods_bought(
    wh: Warehouse, as_of: date | str | None = None, goods: str = "category", trade: str = "ordinary"
) -> ir.Table:
    """What each known customer bought on each day before `as_of`, by kind of goods.

    `goods` says what a kind is: `category`, or `product` (the forty that most customers bought; the rest is «other»).
    Returns are left out: they say nothing of what somebody will want. Columns: `customer_id`, `day`, `goods` («other»
    where none is recorded), `revenue` (paid for it that day, the company's money), `until` (`as_of`, the same on every
    row). Ordered by customer, day and goods. Raises ValueError for other goods.
    """
    import ibis

    if goods not in ("category", "product"):
        raise ValueError(f"goods is {goods!r}; choose category or product.")
    orders = orders_of(wh, trade)
    orders = orders.filter(
        orders.ordered_at < ibis.literal(as_of, type="date"), orders.customer_id.notnull(), orders.kind != "return"
    ).select("order_id", "customer_id", day=orders.ordered_at.date())
    lines = lines_of(wh, trade)
    lines = lines.filter(lines.amount > 0).select("order_id", "product_id", "amount")
    bought = lines.inner_join(orders, "order_id")
    named = _categories(wh, bought) if goods == "category" else _products(wh, bought)
    rows = named.group_by("customer_id", "day", "goods").agg(revenue=named.amount.sum().cast("float64"))
    return rows.mutate(until=ibis.literal(as_of, type="date")).order_by("customer_id", "day", "goods")


def _categories(wh: Warehouse, bought: ir.Table) -> ir.Table:
    import ibis

    if not wh.has("products"):
        return bought.mutate(goods=ibis.literal("other"))
    named = bought.left_join(wh.products.select("product_id", "category"), "product_id")
    return named.mutate(goods=named.category.fill_null("other"))


def _products(wh: Warehouse, bought: ir.Table) -> ir.Table:
    buyers = bought.filter(bought.product_id.notnull()).group_by("product_id").agg(buyers=bought.customer_id.nunique())
    most = buyers.order_by(buyers.buyers.desc(), "product_id").limit(MOST_PRODUCTS).select("product_id")
    most = most.mutate(called=most.product_id)
    if wh.has("products"):
        most = most.left_join(wh.products.select("product_id", "name"), "product_id")
        most = most.select("product_id", called=most.name.fill_null(most.product_id))
    named = bought.left_join(most, "product_id")
    return named.mutate(goods=named.called.fill_null("other"))
