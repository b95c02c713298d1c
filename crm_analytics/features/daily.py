"""Sales day by day, with everything known that moves them: prices, competitors, market, holidays, empty shelves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

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
    table = _calendar(first, as_of)
    sums = lines.group_by("day").agg(
        revenue=lines.amount.sum().cast("float64"),
        units=lines.quantity.sum().cast("float64"),
        orders=lines.order_id.nunique(),
    )
    table = table.left_join(sums, "day").drop("day_right")
    table = table.mutate(
        revenue=table.revenue.fill_null(0.0), units=table.units.fill_null(0.0), orders=table.orders.fill_null(0)
    )
    table = with_influences(wh, table, lines, as_of, place=place)
    return with_campaigns(wh, table, chosen, as_of, region=region, trade=trade).order_by("day")


def with_influences(wh: Warehouse, table: ir.Table, lines: ir.Table | None, as_of: date, *, place: dict) -> ir.Table:
    """Add what moves sales, by day: prices weighted by what `lines` sold (None: no sales on record), market, holidays,
    empty shelves. `place` has the region and the store, None for all."""
    import ibis

    first = table.day.min().to_pyarrow().as_py()
    if lines is not None:
        lately = lines.filter(lines.day >= ibis.literal(as_of - timedelta(days=365), type="date"))
        weights = _shares(lately, "product_id")
        if wh.has("prices"):
            table = _running(table, _price_steps(wh, weights, first, as_of, place), "price_index").mutate(
                price_index=ibis._.price_index.exp()
            )
        if wh.has("competitor_prices", "products"):
            steps = _competitor_steps(wh, _shares(lately, "category"), first, as_of)
            table = _running(table, steps, "competitor_index").mutate(competitor_index=ibis._.competitor_index.exp())
    if wh.has("market"):
        table = _with_market(wh, table, as_of)
    if wh.company.country:
        table = _with_holidays(table, wh.company.country, first, as_of)
    if lines is not None and wh.has("stock"):
        table = _with_stock_outs(wh, table, weights, first, as_of, place)
    return table


def with_campaigns(
    wh: Warehouse, table: ir.Table, chosen: Asked | None, as_of: date, *, region: str | None, trade: str
) -> ir.Table:
    """Mark the days of the campaign that is asked about, and add what ran besides."""
    if chosen:
        table = table.mutate(campaign=chosen.runs(table.day).ifelse(chosen.name, ""))
    if wh.has("campaigns"):
        shares = region_shares(wh, as_of, trade) if region is None and wh.has("orders", "order_lines") else None
        table = with_other_campaigns(wh, table, as_of, but=chosen, region=region, shares=shares)
    return table


def _narrowed(only: Mapping[str, str] | None) -> dict[str, str]:
    unknown = sorted(set(only or {}) - set(ONLY))
    if unknown:
        raise ValueError(f"Sales cannot be narrowed by {', '.join(unknown)}; `only` knows {', '.join(ONLY)}.")
    return {word: value for word, value in (only or {}).items() if value}


def sold_lines(wh: Warehouse, as_of: date, *, place: dict, goods: dict, trade: str) -> ir.Table:
    """Lines of sales with their day and category, in this region or store, of this category, product or channel."""
    import ibis

    orders = orders_of(wh, trade)
    orders = orders.filter(orders.kind != "return", orders.ordered_at < ibis.literal(as_of, type="date"))
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


def _calendar(first: date, as_of: date) -> ir.Table:
    import ibis

    days = [first + timedelta(days=i) for i in range((as_of - first).days)]
    return ibis.memtable({"day": days}, schema={"day": "date"})


def _shares(lines: ir.Table, of: str) -> ir.Table:
    """What part of revenue each product or category makes: `of`, share."""
    sums = lines.group_by(of).agg(revenue=lines.amount.sum())
    return sums.select(of, share=sums.revenue.cast("float64") / sums.revenue.sum().cast("float64"))


def _running(table: ir.Table, steps: ir.Table, name: str) -> ir.Table:
    """Add a column that changes by the steps (day, step) and otherwise stays, from 0 on the first day."""
    import ibis

    exact = steps.mutate(step=steps.step.cast("decimal(18, 12)"))  # sums of floats depend on their order
    exact = exact.group_by("day").agg(step=exact.step.sum())
    table = table.left_join(exact, "day").drop("day_right")
    running = table.step.fill_null(0).sum().over(ibis.cumulative_window(order_by=table.day))
    return table.mutate(**{name: running.cast("float64")}).drop("step")


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


def _with_market(wh: Warehouse, table: ir.Table, as_of: date) -> ir.Table:
    """Each indicator as last published on or before the day."""
    import ibis

    market = wh.market.filter(wh.market.day < ibis.literal(as_of, type="date"))
    for indicator in sorted(market.select("indicator").distinct().to_pyarrow()["indicator"].to_pylist()):
        name = "market_" + re.sub(r"\W+", "_", indicator.lower()).strip("_")
        values = market.filter(market.indicator == indicator).select(since="day", **{name: "value"})
        table = table.asof_join(values, on=table.day >= values.since).drop("since")
    return table


def _with_holidays(table: ir.Table, country: str, first: date, as_of: date) -> ir.Table:
    import holidays
    import ibis

    known = holidays.country_holidays(country, years=range(first.year, as_of.year + 1), language="en_US")
    rows = ibis.memtable(
        {"day": sorted(known), "holiday": [known[day] for day in sorted(known)]},
        schema={"day": "date", "holiday": "string"},
    )
    table = table.left_join(rows, "day").drop("day_right")
    return table.mutate(holiday=table.holiday.fill_null(""))


def _with_stock_outs(
    wh: Warehouse, table: ir.Table, weights: ir.Table, first: date, as_of: date, place: dict
) -> ir.Table:
    """The share of shelves (product × store) whose last count found nothing."""
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
    table = _running(table, moves.select("day", step="empty"), "empty_shelves")
    table = _running(table, moves.select("day", step="known"), "shelves")
    table = table.mutate(stock_out=(table.empty_shelves / table.shelves.nullif(0)).fill_null(0.0))
    return table.drop("empty_shelves", "shelves")
