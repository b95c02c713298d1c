"""How each customer answers to price cuts, ours and the competitors', beside how everybody else does.

A customer's purchases of a category are held against those of all who bought it between the same two days: had they a
larger part of cut goods, or fell more of them in weeks in which competitors were cheap? Season, range and what all
customers do alike drop out, because the others lived through the same days. What is left is the customer's own answer
(more or less than the ordinary customer's), in sums from which an estimate and its error follow: of purchases at cuts
c, more than expected is U = Σ(c − E c), and V = Σ var c is what one unit more of response would add to it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

BLOCK_DAYS = 91
"""Every other quarter of a year is kept apart: what a customer does in the one half must show in the other."""

MEMORY_DAYS = 182
"""A competitor is cheap or dear against its own last so many days of sale."""

LEAST_SPREAD = 1e-9

EXACT = "decimal(38, 12)"
"""Sums of floats depend on their order; these do not."""


@feature(needs=("orders", "order_lines"), grain="a customer")
def price_response(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """What each customer's purchases after the first say of the own answer to price cuts and to competitors' prices.

    A cut is what the promotions say of the product and day; without promotions, what most lines of the product paid
    that day below the list price (so that a discount of one customer's own is no cut). A competitor's cut is how far
    its price lies below its mean of the days before. One row per customer who bought again: `customer_id`; `cut_u_0`,
    `cut_v_0`, `cut_u_1`, `cut_v_1`: U and V in every other quarter; `rival_u_0` … `rival_v_1` likewise for
    competitors' cuts, each without what went along with the other; U null where nothing of the kind is on record. In
    logarithms of prices. Ordered by customer.
    """
    import ibis

    lines = priced_lines(wh, as_of, trade)
    first = lines.filter(lines.customer_id.notnull()).group_by("customer_id").agg(
        first=lambda t: t.day.min(), last=lambda t: t.day.max()
    )  # fmt: skip
    running = _running(lines)
    after = lines.inner_join(first, "customer_id").filter(lambda t: t.day > t.first)
    mine = after.group_by("customer_id", "first", "last", "category", "half").agg(
        n=after.count(), cut=after.cut.sum(), rival=after.rival.sum()
    )
    begin = running.select("category", "half", first="day", **{f"{k}_a": k for k in _SUMS})
    end = running.select("category", "half", last="day", **{f"{k}_b": k for k in _SUMS})
    both = mine.inner_join(begin, ["category", "half", "first"]).inner_join(end, ["category", "half", "last"])
    lived = {k: (both[f"{k}_b"] - both[f"{k}_a"]).cast("float64") for k in _SUMS}
    bought, n = lived["n"].nullif(0), both.n.cast("float64")
    mean = {name: lived[name] / bought for name in ("cut", "rival")}
    more = {name: both[name].cast("float64") - n * mean[name] for name in mean}
    spread = {name: lived[f"{name}_2"] / bought - mean[name] ** 2 for name in mean}
    joint = (lived["joint"] / bought - mean["cut"] * mean["rival"]).fill_null(0.0)
    sums = {}
    for name, other in (("cut", "rival"), ("rival", "cut")):
        follows = ibis.ifelse(spread[other] > LEAST_SPREAD, joint / spread[other], 0.0).fill_null(0.0)
        sums[f"{name}_u"] = (more[name] - follows * more[other].fill_null(0.0)).cast(EXACT)
        alone = spread[name] - follows**2 * spread[other].fill_null(0.0)
        sums[f"{name}_v"] = ibis.ifelse(alone > 0, n * alone, 0.0).cast(EXACT)
    parts = both.select("customer_id", "half", **sums)
    people = parts.group_by("customer_id").agg(
        **{f"{name}_{half}": parts[name].sum(where=parts.half == half).cast("float64")
           for name in sums for half in (0, 1)}
    )  # fmt: skip
    return people.order_by("customer_id")


_SUMS = ("n", "cut", "cut_2", "rival", "rival_2", "joint")


def priced_lines(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    """Every line sold before `as_of`: customer_id, day, half, product_id, category, amount, the `cut` of its product
    and the `rival` cut of its category on that day (exact logarithms; null where not on record)."""
    import ibis

    orders = orders_of(wh, trade)
    orders = orders.filter(orders.ordered_at < ibis.literal(as_of, type="date"), orders.kind != "return")
    orders = orders.select("order_id", "customer_id", day=orders.ordered_at.date())
    lines = lines_of(wh, trade)
    lines = lines.filter(lines.amount > 0).select("order_id", "product_id", "amount", "price", "list_price")
    sold = lines.inner_join(orders, "order_id")
    if wh.has("products"):
        sold = sold.left_join(wh.products.select("product_id", "category"), "product_id").drop("product_id_right")
    else:
        sold = sold.mutate(category=ibis.null("string"))
    sold = sold.mutate(
        category=sold.category.fill_null("unknown"),
        half=(sold.day.delta(ibis.date("2000-01-01"), unit="day") // BLOCK_DAYS % 2).cast("int64"),
    )
    cuts = _promoted(wh, sold, as_of) if wh.has("promotions") else _below_list(sold)
    sold = sold.left_join(cuts, ["product_id", "day"]).drop("product_id_right", "day_right")
    sold = sold.mutate(cut=sold.cut.fill_null(0).cast(EXACT)) if wh.has("promotions") else sold
    if wh.has("competitor_prices"):
        rivals = _rivals(wh, sold, as_of)
        sold = sold.left_join(rivals, ["category", "day"]).drop("category_right", "day_right")
    else:
        sold = sold.mutate(rival=ibis.null(EXACT))
    return sold.select("customer_id", "day", "half", "product_id", "category", "amount", "cut", "rival")


def _promoted(wh: Warehouse, sold: ir.Table, as_of: date) -> ir.Table:
    """The deepest cut by promotion of each product and day on which it was sold."""
    import ibis

    offers = wh.promotions
    offers = offers.filter(offers.starts < ibis.literal(as_of, type="date"), offers.discount > 0)
    offers = offers.select(of="product_id", starts="starts", ends="ends", share=ibis.least(offers.discount, 0.95))
    days = sold.select("product_id", "day").distinct()
    held = days.inner_join(
        offers, [days.product_id == offers.of, days.day >= offers.starts, days.day <= offers.ends]
    )  # fmt: skip
    return held.group_by("product_id", "day").agg(cut=(-(1 - held.share.max()).ln()).cast(EXACT))


def _below_list(sold: ir.Table) -> ir.Table:
    """What most lines of a product paid below its list price on each day."""
    import ibis

    known = sold.filter(sold.list_price > 0, sold.price > 0)
    off = (known.list_price.cast("float64") / known.price.cast("float64")).ln()
    days = known.mutate(off=off).group_by("product_id", "day").agg(cut=lambda t: t.off.median())
    return days.mutate(cut=ibis.greatest(days.cut, 0.0).round(9).cast(EXACT))


def _rivals(wh: Warehouse, sold: ir.Table, as_of: date) -> ir.Table:
    """How far below their own late prices competitors were in each category on each day of sale, on average."""
    import ibis

    seen = wh.competitor_prices
    seen = seen.filter(seen.day < ibis.literal(as_of, type="date"), seen.price > 0)
    seen = seen.select("competitor", "category", "day", price=seen.price.cast("float64").ln().cast(EXACT))
    days = sold.select("day").distinct().cross_join(seen.select("competitor", "category").distinct())
    known = days.asof_join(seen, "day", ["competitor", "category"]).select("competitor", "category", "day", "price")
    late = ibis.window(group_by=["competitor", "category"], order_by="day", preceding=MEMORY_DAYS, following=0)
    moves = known.filter(known.price.notnull())
    moves = moves.mutate(rival=(moves.price.mean().over(late) - moves.price.cast("float64")).cast(EXACT))
    return moves.group_by("category", "day").agg(rival=moves.rival.mean().cast(EXACT))


def _running(lines: ir.Table) -> ir.Table:
    """What all bought of each category until the end of each day, in the one half and the other: sums from which the
    mean and the spread of cuts between any two days follow."""
    import ibis

    daily = lines.group_by("category", "half", "day").agg(
        n=lines.count().cast(EXACT),
        cut=lines.cut.sum(),
        cut_2=(lines.cut.cast("float64") ** 2).cast(EXACT).sum(),
        rival=lines.rival.sum(),
        rival_2=(lines.rival.cast("float64") ** 2).cast(EXACT).sum(),
        joint=(lines.cut.cast("float64") * lines.rival.cast("float64")).cast(EXACT).sum(),
    )
    days = lines.select("day").distinct()
    grid = days.cross_join(lines.select("category").distinct()).cross_join(lines.select("half").distinct())
    filled = grid.left_join(daily, ["category", "half", "day"]).select("category", "half", "day", *_SUMS)
    so_far = ibis.cumulative_window(group_by=["category", "half"], order_by="day")
    return filled.mutate(**{name: filled[name].sum().over(so_far).fill_null(0) for name in _SUMS})
