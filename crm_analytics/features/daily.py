"""Sales day by day, with everything known that moves them: prices, competitors, market, holidays, empty shelves."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.warehouse.engine import TableAbsent
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@feature(needs=("orders", "order_lines"), grain="a day")
def daily_sales(
    wh: Warehouse,
    as_of: date | str | None = None,
    region: str | None = None,
    category: str | None = None,
    campaign: str | None = "last",
    trade: str = "ordinary",
) -> ir.Table:
    """Sales of every day from the first to the day before `as_of`, without gaps, and what else moved them.

    Returns are left out, wholesale and goods made to order set apart (`trade`); a region is the store's, else the
    customer's. `campaign` marks
    its days in the column `campaign` by its name, and brings its region unless one is given; "last" is the newest
    campaign without a control group that has been over for two weeks, and None marks nothing. Columns: day, revenue,
    units, orders, and where the company has the tables: price_index and competitor_index (base 1 on the first day,
    each price against itself, weighted by what was sold in the last year, so that a change in what is bought does not
    move them), market_<indicator> as last published, holiday (its name or empty), stock_out (share of shelves whose
    last count found nothing), other_campaigns (names of those that ran besides, in this region or everywhere).
    """
    import ibis

    chosen = _campaign(wh, campaign, as_of) if campaign else None
    region = region or (chosen and chosen["region"]) or None
    lines = _lines(wh, as_of, region=region, category=category, trade=trade)
    first = lines.day.min().to_pyarrow().as_py()
    if first is None:
        where = f"{region or 'any region'}, {category or 'any category'}"
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
    year_ago = ibis.literal(as_of - timedelta(days=365), type="date")
    weights = _shares(lines.filter(lines.day >= year_ago), "product_id")
    if wh.has("prices"):
        table = _running(table, _price_steps(wh, weights, first, as_of, region), "price_index").mutate(
            price_index=ibis._.price_index.exp()
        )
    if wh.has("competitor_prices", "products"):
        steps = _competitor_steps(wh, _shares(lines.filter(lines.day >= year_ago), "category"), first, as_of)
        table = _running(table, steps, "competitor_index").mutate(competitor_index=ibis._.competitor_index.exp())
    if wh.has("market"):
        table = _with_market(wh, table, as_of)
    if wh.company.country:
        table = _with_holidays(table, wh.company.country, first, as_of)
    if wh.has("stock"):
        table = _with_stock_outs(wh, table, weights, as_of, region)
    if chosen:
        inside = (table.day >= ibis.literal(chosen["starts"], type="date")) & (
            table.day <= ibis.literal(chosen["ends"], type="date")
        )
        table = table.mutate(campaign=inside.ifelse(chosen["name"], ""))
    if wh.has("campaigns"):
        table = _with_other_campaigns(wh, table, but=chosen, region=region)
    return table.order_by("day")


def _campaign(wh: Warehouse, campaign: str, as_of: date) -> dict:
    """Name, region, first and last day of the campaign. Raises WarehouseError when there is none such."""
    import ibis

    if not wh.has("campaigns"):
        raise TableAbsent(
            f"{wh.company.name} has no campaigns; with them you would see what campaigns changed "
            "(for days of your own choice leave campaign empty and give starts and ends)."
        )
    table = wh.campaigns.select("campaign_id", "name", "region", "starts", "ends")
    if campaign == "last":
        table = table.filter(table.ends + ibis.interval(days=14) < ibis.literal(as_of, type="date"))
        if wh.has("arms"):
            uncontrolled = table.anti_join(wh.arms.filter(wh.arms.arm == "control"), "campaign_id")
            table = uncontrolled if uncontrolled.count().to_pyarrow().as_py() else table
    else:
        table = table.filter(table.campaign_id == campaign)
    rows = table.order_by("starts", "campaign_id").to_pyarrow().to_pylist()
    if not rows:
        sought = f"without a control group, two weeks past on {as_of}," if campaign == "last" else f"{campaign!r}"
        raise WarehouseError(f"There is no campaign {sought} to ask about; name another, or give starts and ends.")
    return rows[-1] | {"name": rows[-1]["name"] or rows[-1]["campaign_id"]}


def _with_other_campaigns(wh: Warehouse, table: ir.Table, *, but: dict | None, region: str | None) -> ir.Table:
    """Which campaigns ran on a day beside the one that is asked about."""
    others = wh.campaigns.filter(wh.campaigns.campaign_id != but["campaign_id"]) if but else wh.campaigns
    if region is not None:
        others = others.filter(others.region.isnull() | (others.region == region))
    others = others.select("starts", "ends", name=others.name.fill_null(others.campaign_id))
    days = table.select("day")
    running = days.inner_join(others, [days.day >= others.starts, days.day <= others.ends])
    named = running.group_by("day").agg(other_campaigns=running.name.group_concat("; ", order_by=running.name))
    table = table.left_join(named, "day").drop("day_right")
    return table.mutate(other_campaigns=table.other_campaigns.fill_null(""))


def _lines(wh: Warehouse, as_of: date, *, region: str | None, category: str | None, trade: str) -> ir.Table:
    """Lines of sales with their day and category, in this region and category."""
    import ibis

    orders = orders_of(wh, trade)
    orders = orders.filter(orders.kind != "return", orders.ordered_at < ibis.literal(as_of, type="date"))
    if region is not None:
        orders = _in_region(wh, orders, region)
    orders = orders.select("order_id", day=orders.ordered_at.date())
    lines = lines_of(wh, trade).select("order_id", "product_id", "quantity", "amount")
    lines = lines.inner_join(orders, "order_id")
    if not wh.has("products"):
        return lines.mutate(category=ibis.literal("unknown"))
    lines = lines.left_join(wh.products.select("product_id", "category"), "product_id").drop("product_id_right")
    if category is None:
        return lines
    _known(wh, ("products",), "category", category)
    return lines.filter(lines.category == category)


def _known(wh: Warehouse, tables: tuple[str, ...], word: str, value: str) -> None:
    """Raise WarehouseError, with the values there are, unless one of the tables knows this one."""
    known = {
        name
        for table in tables
        if wh.has(table)
        for name in getattr(wh, table).select(word).distinct().to_pyarrow()[word].to_pylist()
        if name
    }
    if value not in known:
        raise WarehouseError(f"There is no {word} {value!r}; there are {', '.join(sorted(known)) or 'none on record'}.")


def _in_region(wh: Warehouse, orders: ir.Table, region: str) -> ir.Table:
    import ibis

    _known(wh, ("stores", "customers"), "region", region)
    place = ibis.null("string")
    if wh.has("stores"):
        stores = wh.stores.select(at="store_id", store_region="region")
        orders = orders.left_join(stores, orders.store_id == stores["at"])
        place = orders.store_region
    orders = orders.mutate(place=place)
    if wh.has("customers"):
        homes = wh.customers.select(home_of="customer_id", home="region")
        orders = orders.left_join(homes, orders.customer_id == homes.home_of)
        orders = orders.mutate(place=ibis.coalesce(orders.place, orders.home))
    return orders.filter(orders.place == region)


def _serving(wh: Warehouse, rows: ir.Table, region: str | None) -> ir.Table:
    """Rows of the region's stores, and of those that belong to no region and so serve every one."""
    if region is None or not wh.has("stores"):
        return rows
    elsewhere = wh.stores.filter(wh.stores.region != region).select("store_id")
    return rows.anti_join(elsewhere, "store_id")


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


def _price_steps(wh: Warehouse, weights: ir.Table, first: date, as_of: date, region: str | None) -> ir.Table:
    """Logarithms of each price change, weighted by the product's share and spread over the stores that price it."""
    import ibis

    prices = wh.prices.filter(wh.prices.day < ibis.literal(as_of, type="date"), wh.prices.price > 0)
    prices = _serving(wh, prices, region)
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


def _with_stock_outs(wh: Warehouse, table: ir.Table, weights: ir.Table, as_of: date, region: str | None) -> ir.Table:
    """The share of shelves (product × store) whose last count found nothing."""
    import ibis

    counts = wh.stock.filter(wh.stock.day < ibis.literal(as_of, type="date")).semi_join(weights, "product_id")
    counts = _serving(wh, counts, region)
    counts = counts.mutate(empty=(counts.quantity <= 0).cast("float64"))
    before = counts.empty.lag().over(ibis.window(group_by=[counts.product_id, counts.store_id], order_by=counts.day))
    first = table.day.min().to_pyarrow().as_py()
    moves = counts.select(
        day=ibis.greatest(counts.day, ibis.literal(first, type="date")),
        empty=counts.empty - before.fill_null(0.0),
        known=before.isnull().cast("float64"),
    )
    table = _running(table, moves.select("day", step="empty"), "empty_shelves")
    table = _running(table, moves.select("day", step="known"), "shelves")
    table = table.mutate(stock_out=(table.empty_shelves / table.shelves.nullif(0)).fill_null(0.0))
    return table.drop("empty_shelves", "shelves")
