"""Sales day by day, with everything known that moves them: prices, competitors, market, holidays, empty shelves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.days import calendar, holidays, market, running, together
from crm_analytics.features.feature import feature
from crm_analytics.features.other_campaigns import Asked, asked, with_other_campaigns
from crm_analytics.features.places import known, placed, region_of, region_shares, serving
from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

ONLY = ("store", "product", "channel")
"""What sales may be narrowed to, beside a region and a category."""


@feature(needs=("orders", "order_lines"), grain="a day")
def daily_sales(
    wh: Warehouse,
    as_of: date | str | None = None,
    region: str | None = None,
    category: str | None = None,
    campaign: str | None = "last",
    trade: str = "ordinary",
    only: Mapping[str, str] | None = None,
) -> ir.Table:
    """Sales of every day from the first to the day before `as_of`, without gaps, and what else moved them.

    Returns are left out, wholesale and goods made to order set apart (`trade`); a region is the store's, else the
    customer's; `only` narrows further, as in `{"store": "S01", "channel": "web"}` (store, product, channel by their
    ids). `campaign` marks its days in the column `campaign` by its name, and brings its region unless one is given;
    several ids apart by commas are one campaign that was on several times; "last" is the newest campaign without a
    control group that has been over for two weeks, and None marks nothing. Columns: day, revenue, units, orders, and
    where the company has the tables: price_index and competitor_index (base 1 on the first day, each price against
    itself, weighted by what was sold in the last year, so that a change in what is bought does not move them),
    market_<indicator> as last published, holiday (its name or empty), stock_out (share of shelves whose last count
    found nothing), other_campaigns (names of those that ran besides, in this region or everywhere) and for each of
    them `touches: <name>` (how strongly it ran, see `other_campaigns`).
    """
    chosen = asked(wh, campaign, as_of) if campaign else None
    only = _narrowed(only)
    region = region or (chosen and chosen.region) or region_of(wh, only.get("store"))
    place = {"region": region, "store": only.get("store")}
    lines = sold_lines(wh, as_of, place=place, goods={"category": category, **only}, trade=trade)
    first = lines.day.min().to_pyarrow().as_py()
    if first is None:
        where = ", ".join(map(str, filter(None, (region, category, *only.values())))) or "any region, any category"
        raise WarehouseError(f"Nothing was sold before {as_of} in {where}; ask more widely.")
    days = calendar(first, as_of)
    sums = lines.group_by("day").agg(
        revenue=lines.amount.sum().cast("float64"),
        units=lines.quantity.sum().cast("float64"),
        orders=lines.order_id.nunique(),
    )
    moved = influences(wh, days, lines, as_of, place=place)
    table = together(days, [sums, *moved, campaigns_of(wh, days, chosen, as_of, region=region, trade=trade)])
    return table.mutate(
        revenue=table.revenue.fill_null(0.0), units=table.units.fill_null(0.0), orders=table.orders.fill_null(0)
    ).order_by("day")


def influences(
    wh: Warehouse, days: ir.Table, lines: ir.Table | None, as_of: date, *, place: dict
) -> Iterator[ir.Table]:
    """What moves sales, each as a table by day: prices weighted by what `lines` sold (None: no sales on record),
    market, holidays, empty shelves. `place` has the region and the store, None for all."""
    import ibis

    first = days.day.min().to_pyarrow().as_py()
    if lines is not None:
        lately = lines.filter(lines.day >= ibis.literal(as_of - timedelta(days=365), type="date"))
        weights = _shares(lately, "product_id")
        if wh.has("prices"):
            yield _index(days, _price_steps(wh, weights, first, as_of, place), "price_index")
        if wh.has("competitor_prices", "products"):
            steps = _competitor_steps(wh, _shares(lately, "category"), first, as_of)
            yield _index(days, steps, "competitor_index")
    if wh.has("market"):
        yield market(wh, days, as_of)
    if wh.company.country:
        yield holidays(days, wh.company.country, first, as_of)
    if lines is not None and wh.has("stock"):
        yield _stock_outs(wh, days, weights, first, as_of, place)


def campaigns_of(
    wh: Warehouse, days: ir.Table, chosen: Asked | None, as_of: date, *, region: str | None, trade: str
) -> ir.Table:
    """For each of these days, whether the campaign that is asked about was on, and what ran besides."""
    if chosen:
        days = days.mutate(campaign=chosen.runs(days.day).ifelse(chosen.name, ""))
    if wh.has("campaigns"):
        shares = region_shares(wh, as_of, trade) if region is None and wh.has("orders", "order_lines") else None
        days = with_other_campaigns(wh, days, as_of, but=chosen, region=region, shares=shares)
    return days


def _narrowed(only: Mapping[str, str] | None) -> dict[str, str]:
    unknown = sorted(set(only or {}) - set(ONLY))
    if unknown:
        raise ValueError(f"Sales cannot be narrowed by {', '.join(unknown)}; `only` knows {', '.join(ONLY)}.")
    return {word: value for word, value in (only or {}).items() if value}


def sold_lines(wh: Warehouse, as_of: date, *, place: dict, goods: dict, trade: str) -> ir.Table:
    """Lines of sales with their day and category, in this region or store, of this category, product or channel."""
    orders = orders_of(wh, trade)
    return _lines(wh, orders.filter(orders.kind != "return"), as_of, place=place, goods=goods, trade=trade)


def returned_lines(wh: Warehouse, as_of: date, *, place: dict, goods: dict, trade: str) -> ir.Table:
    """Lines of what was sent back, likewise; their amounts are negative."""
    orders = orders_of(wh, trade)
    return _lines(wh, orders.filter(orders.kind == "return"), as_of, place=place, goods=goods, trade=trade)


def _lines(wh: Warehouse, orders: ir.Table, as_of: date, *, place: dict, goods: dict, trade: str) -> ir.Table:
    import ibis

    orders = orders.filter(orders.ordered_at < ibis.literal(as_of, type="date"))
    if place["store"] is not None:
        known(wh, ("orders",), "store_id", place["store"])
        orders = orders.filter(orders.store_id == place["store"])
    elif place["region"] is not None:
        known(wh, ("stores", "customers"), "region", place["region"])
        orders = placed(wh, orders).filter(ibis._.place == place["region"])
    if goods.get("channel") is not None:
        known(wh, ("orders",), "channel", goods["channel"])
        orders = orders.filter(orders.channel == goods["channel"])
    orders = orders.select("order_id", day=orders.ordered_at.date())
    lines = lines_of(wh, trade).select("order_id", "product_id", "quantity", "amount")
    lines = lines.inner_join(orders, "order_id")
    if goods.get("product") is not None:
        known(wh, ("order_lines",), "product_id", goods["product"])
        lines = lines.filter(lines.product_id == goods["product"])
    if not wh.has("products"):
        return lines.mutate(category=ibis.literal("unknown"))
    lines = lines.left_join(wh.products.select("product_id", "category"), "product_id").drop("product_id_right")
    if goods.get("category") is None:
        return lines
    known(wh, ("products",), "category", goods["category"])
    return lines.filter(lines.category == goods["category"])


def _shares(lines: ir.Table, of: str) -> ir.Table:
    """What part of revenue each product or category makes: `of`, share."""
    sums = lines.group_by(of).agg(revenue=lines.amount.sum())
    return sums.select(of, share=sums.revenue.cast("float64") / sums.revenue.sum().cast("float64"))


def _index(days: ir.Table, steps: ir.Table, name: str) -> ir.Table:
    """An index that changes by the steps of its logarithm, from 1 on the first day: day, `name`."""
    table = running(days, steps, name)
    return table.mutate(**{name: table[name].exp()})


def _price_steps(wh: Warehouse, weights: ir.Table, first: date, as_of: date, place: dict) -> ir.Table:
    """Logarithms of each price change, weighted by the product's share and spread over the stores that price it."""
    import ibis

    prices = wh.prices.filter(wh.prices.day < ibis.literal(as_of, type="date"), wh.prices.price > 0)
    prices = serving(wh, prices, place)
    earlier = (
        prices.price.cast("float64")
        .lag()
        .over(ibis.window(group_by=[prices.product_id, prices.store_id], order_by=prices.day))
    )
    stores = prices.store_id.fill_null("").nunique().over(ibis.window(group_by=prices.product_id))
    moves = prices.select("product_id", "day", step=(prices.price.cast("float64") / earlier).ln() / stores)
    moves = moves.filter(moves.step.notnull(), moves.day > ibis.literal(first, type="date"))
    moves = moves.inner_join(weights, "product_id")
    return moves.select("day", step=moves.step * moves.share)


def _competitor_steps(wh: Warehouse, weights: ir.Table, first: date, as_of: date) -> ir.Table:
    import ibis

    seen = wh.competitor_prices
    seen = seen.filter(seen.day < ibis.literal(as_of, type="date"), seen.price > 0)
    earlier = (
        seen.price.cast("float64").lag().over(ibis.window(group_by=[seen.competitor, seen.category], order_by=seen.day))
    )
    rivals = seen.competitor.nunique().over(ibis.window(group_by=seen.category))
    moves = seen.select("category", "day", step=(seen.price.cast("float64") / earlier).ln() / rivals)
    moves = moves.filter(moves.step.notnull(), moves.day > ibis.literal(first, type="date"))
    moves = moves.inner_join(weights, "category")
    return moves.select("day", step=moves.step * moves.share)


def _stock_outs(
    wh: Warehouse, days: ir.Table, weights: ir.Table, first: date, as_of: date, place: dict
) -> ir.Table:
    """The share of shelves (product × store) whose last count found nothing: day, stock_out."""
    import ibis

    counts = wh.stock.filter(wh.stock.day < ibis.literal(as_of, type="date")).semi_join(weights, "product_id")
    counts = serving(wh, counts, place)
    counts = counts.mutate(empty=(counts.quantity <= 0).cast("float64"))
    before = counts.empty.lag().over(ibis.window(group_by=[counts.product_id, counts.store_id], order_by=counts.day))
    moves = counts.select(
        day=ibis.greatest(counts.day, ibis.literal(first, type="date")),
        empty=counts.empty - before.fill_null(0.0),
        known=before.isnull().cast("float64"),
    )
    empty = running(days, moves.select("day", step="empty"), "empty_shelves")
    table = together(empty, [running(days, moves.select("day", step="known"), "shelves")])
    return table.select("day", stock_out=(table.empty_shelves / table.shelves.nullif(0)).fill_null(0.0))
