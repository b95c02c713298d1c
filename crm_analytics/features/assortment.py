"""What each product brought, period after period."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
_UNIT = {"month": "M", "quarter": "Q", "year": "Y"}


@feature(needs=("orders", "order_lines"), grain="a product × period in which it sold")
def product_periods(wh: Warehouse, as_of: date, period: str = "quarter", trade: str = "ordinary") -> ir.Table:
    """What each product brought in each whole month, quarter or year before `as_of`, returns taken off.

    Wholesale and products made to order are set apart (`trade`): a single deal would lift a product into another class.
    A period that began before the company's first month of sales is not whole and is left out too. `period` is its
    first day; `revenue` and `margin` are in the company's money, `margin` null where no unit cost is known.
    `revenue_squares` is the sum of the lines' squared amounts: how much the revenue would vary if the same demand
    came again (the variance of a compound Poisson sum). Raises ValueError for another period.
    """
    if period not in MONTHS_IN:
        raise ValueError(f"There is no period {period!r}; choose among {', '.join(MONTHS_IN)}.")
    end = ibis.date(_start_of(period, as_of).isoformat())
    first_month = wh.orders.ordered_at.min().truncate("M").as_scalar()
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.ordered_at < end)
    orders = orders.select("order_id", period=orders.ordered_at.truncate(_UNIT[period]))
    orders = orders.filter(orders.period >= first_month)
    lines = lines_of(wh, trade)
    lines = lines.filter(lines.product_id.notnull())
    lines = lines.inner_join(orders, "order_id")
    wide = lines.amount.cast("decimal(19, 4)")  # the square of 18 digits is given 18, and overflows from 100,000 on
    sold = lines.group_by("product_id", "period").aggregate(
        units=lines.quantity.sum().cast("float64"),
        revenue=lines.amount.sum().cast("float64"),
        margin=(lines.amount - lines.quantity * lines.unit_cost).sum().cast("float64"),
        revenue_squares=(wide * wide).sum().cast("float64"),
    )
    return (
        _named(wh, sold)
        .select("product_id", "product", "category", sold.period.cast("date").name("period"), "units", "revenue",
                "margin", "revenue_squares")
        .order_by("product_id", "period")
    )  # fmt: skip


def _named(wh: Warehouse, sold: ir.Table) -> ir.Table:
    """With the product's name and category."""
    if not wh.has("products"):
        return sold.mutate(product=sold.product_id, category=ibis.literal("unknown"))
    sold = sold.left_join(wh.products.select("product_id", "name", "category"), "product_id")
    return sold.mutate(product=ibis.coalesce(sold.name, sold.product_id), category=sold.category.fill_null("unknown"))


def _start_of(period: str, day: date) -> date:
    """The first day of the month, quarter or year the day lies in."""
    step = MONTHS_IN[period]
    return date(day.year, (day.month - 1) // step * step + 1, 1)
