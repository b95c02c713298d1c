"""What was known of each buyer on a day, and what the buyer did next: what is worth knowing must foretell it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.profile import profile
from crm_analytics.features.purchases import spend
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@feature(needs=("customers", "orders", "order_lines"), grain="a customer × day on which it was known")
def profile_outcomes(
    wh: Warehouse,
    as_of: date | str | None = None,
    horizon_days: int = 120,
    periods: int = 2,
    trade: str = "ordinary",
) -> ir.Table:
    """Every buyer's profile as it was `horizon_days` before `as_of`, and the purchases of the days since; and the same
    once more for each earlier period, so that what is seen in one can be tried on another.

    The columns of `profile` for customers who had bought by then, `first_product` (what led their first purchase, by
    its name where it has one), `known_by` (that day; nothing later is in the
    profile), `days` (the horizon), `outcome_orders`, `outcome_revenue` (net of returns), `outcome_margin` (null where
    a unit cost is lacking) of the days from `known_by`. Ordered by customer and day. Raises
    ValueError for a horizon or a number of periods below one.
    """
    if horizon_days < 1 or periods < 1:
        raise ValueError(f"horizon_days is {horizon_days} and periods {periods}; both are one at least.")
    days = [as_of - timedelta(days=horizon_days * back) for back in range(1, periods + 1)]
    whole, *earlier = (_known_by(wh, day, horizon_days, trade) for day in days)
    for part in earlier:
        whole = whole.union(_alike(part, whole))
    return whole.order_by("customer_id", "known_by")


def _known_by(wh: Warehouse, day: date, horizon_days: int, trade: str) -> ir.Table:
    import ibis

    known = profile.function(wh, day, trade=trade)
    after = spend.function(wh, day, day + timedelta(days=horizon_days), trade)
    known = known.filter(known.orders > 0)
    after = after.select("customer_id", outcome_orders="orders", outcome_revenue="revenue", outcome_margin="margin")
    both = known.left_join(after, "customer_id").drop("customer_id_right")
    both = both.left_join(_first_product(wh, day, trade), "customer_id").drop("customer_id_right")
    bought = both.outcome_orders.notnull()
    return both.mutate(
        known_by=ibis.literal(day, type="date"),
        days=ibis.literal(horizon_days, type="int64"),
        outcome_orders=both.outcome_orders.fill_null(0).cast("int64"),
        outcome_revenue=both.outcome_revenue.fill_null(0.0),
        outcome_margin=ibis.ifelse(bought, both.outcome_margin, 0.0),
    )


def _first_product(wh: Warehouse, day: date, trade: str) -> ir.Table:
    """The product that most was paid for on the day of the first purchase; of equal ones the first by name."""
    import ibis

    orders = orders_of(wh, trade)
    orders = orders.filter(
        orders.customer_id.notnull(), orders.kind != "return", orders.ordered_at < ibis.literal(day, type="date")
    ).select("order_id", "customer_id", day=orders.ordered_at.date())
    lines = lines_of(wh, trade)
    sold = lines.filter(lines.amount > 0).select("order_id", "product_id", "amount").inner_join(orders, "order_id")
    sold = sold.mutate(first=sold.day.min().over(ibis.window(group_by="customer_id")))
    sums = sold.filter(sold.day == sold["first"], sold.product_id.notnull())
    sums = sums.group_by("customer_id", "product_id").agg(amount=sums.amount.sum())
    if wh.has("products"):
        names = wh.products.select("product_id", "name")
        sums = sums.left_join(names, "product_id").drop("product_id_right")
        sums = sums.mutate(product_id=ibis.coalesce(sums.name, sums.product_id))
    ranked = ibis.window(group_by="customer_id", order_by=[sums.amount.desc(), sums.product_id.asc()])
    sums = sums.mutate(place=ibis.row_number().over(ranked))
    return sums.filter(sums.place == 0).select("customer_id", first_product="product_id")


def _alike(part: ir.Table, model: ir.Table) -> ir.Table:
    """The same columns of the same kinds: a trait that was unknown then is null."""
    import ibis

    return part.select(
        **{
            name: part[name].try_cast(model[name].type()) if name in part.columns else ibis.null(model[name].type())
            for name in model.columns
        }
    )
