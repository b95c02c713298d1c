"""Sales day by day, with what moves them beside campaigns: price, competitors, market, holidays, empty shelves."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

TAIL_DAYS = 14
"""A campaign is looked at by default only when its end is that long ago."""


@feature(needs=("orders", "order_lines"), grain="a day")
def daily_sales(
    wh: Warehouse,
    as_of: date | str | None = None,
    campaign: str | None = None,
    region: str | None = None,
    category: str | None = None,
) -> ir.Table:
    """One row for every day from the first order to the day before `as_of`, days without a sale included.

    `campaign` (without one: the last campaign that had no control group and has been over for two weeks) is marked on
    its days; a campaign of one region is looked at in that region unless `region` says otherwise. Wholesale and goods
    made to order are left out, returns are taken off. Columns: day, revenue, units, orders; `price_index` (what was
    paid against each product's usual price, 1: as usual; products weigh by their sales over the whole time, so that
    another mix does not move it), `competitor_index` (likewise, by category), `market_<indicator>`, `stock_out` (share
    of products on no shelf), `holiday` (its name or empty), `campaign` (its name or empty). Indicators hold until the
    next is known. Columns for which the company has no table are absent. Raises WarehouseError for an unknown campaign,
    region or category.
    """
    import ibis

    marked = _campaign(wh, as_of, campaign)
    region = region or (marked or {}).get("region")
    lines = _lines(wh, as_of, region, category)
    sums = lines.group_by("day").agg(
        revenue=lines.amount.sum().cast("float64"),
        units=lines.quantity.sum().cast("float64"),
        orders=lines.order_id.nunique(where=lines.sold),
    )
    first = lines.day.min().to_pyarrow().as_py()
    if first is None:
        raise WarehouseError(
            f"Nothing was sold before {as_of} in {region or 'any region'}, {category or 'any category'}."
        )
    days = [first + timedelta(days=n) for n in range((as_of - first).days)]
    table = ibis.memtable({"day": days}, schema={"day": "date"}).left_join(sums, "day").drop("day_right")
    table = table.mutate(
        revenue=table.revenue.fill_null(0.0), units=table.units.fill_null(0.0), orders=table.orders.fill_null(0)
    )
    influences = {"price_index": _own_prices(lines)}
    if wh.has("competitor_prices"):
        influences["competitor_index"] = _competitor_prices(wh, as_of, category)
    if wh.has("market"):
        influences |= _market(wh, as_of)
    if wh.has("stock"):
        influences["stock_out"] = _stock_out(wh, as_of, region)
    for name, values in influences.items():
        table = _held(table, values, name)
    if wh.company.country:
        table = table.mutate(holiday=_named(table.day, _holidays(wh.company.country, days)))
    if marked:
        during = table.day.between(marked["starts"], marked["ends"])
        table = table.mutate(campaign=during.ifelse(marked["name"] or marked["campaign_id"], ""))
    return table.order_by("day")


def _campaign(wh: Warehouse, as_of: date, campaign: str | None) -> dict | None:
    """The campaign that is asked about, if the company records any."""
    if not wh.has("campaigns"):
        if campaign is not None:
            wh.require("campaigns")
        return None
    campaigns = wh.campaigns.filter(wh.campaigns.starts < as_of).order_by("starts", "campaign_id")
    known = campaigns.select("campaign_id", "name", "region", "starts", "ends").to_pyarrow().to_pylist()
    if campaign is not None:
        found = [one for one in known if one["campaign_id"] == campaign]
        if not found:
            names = ", ".join(one["campaign_id"] for one in known) or "none"
            raise WarehouseError(f"No campaign {campaign!r} began before {as_of}; there are {names}.")
        return found[0]
    tested = set(wh.arms.campaign_id.to_pyarrow().to_pylist()) if wh.has("arms") else set()
    over = [one for one in known if one["ends"] + timedelta(days=TAIL_DAYS) < as_of]
    return next((one for one in reversed(over) if one["campaign_id"] not in tested), over[-1] if over else None)


def _lines(wh: Warehouse, as_of: date, region: str | None, category: str | None) -> ir.Table:
    orders = wh.orders.filter(wh.orders.ordered_at < as_of, wh.orders.kind != "wholesale")
    if region is not None:
        orders = _of_region(wh, orders, region)
    orders = orders.select("order_id", day=orders.ordered_at.date(), sold=orders.kind == "sale")
    lines = wh.order_lines.select("order_id", "product_id", "quantity", "price", "amount")
    if wh.has("products"):
        products = wh.products
        lines = lines.anti_join(products.filter(products.made_to_order), "product_id")
        if category is not None:
            _known(products.category, category, "category")
            lines = lines.semi_join(products.filter(products.category == category), "product_id")
    elif category is not None:
        wh.require("products")
    return lines.inner_join(orders, "order_id")


def _of_region(wh: Warehouse, orders: ir.Table, region: str) -> ir.Table:
    """Orders of the stores in a region; of its customers where the company has no stores."""
    places, key = (wh.stores, "store_id") if wh.has("stores") else (wh.customers, "customer_id")
    _known(places.region, region, "region")
    return orders.semi_join(places.filter(places.region == region), key)


def _known(column: ir.Column, value: str, word: str) -> None:
    import ibis

    names = column.as_table().distinct().order_by(ibis._[0]).to_pyarrow()[0].to_pylist()
    if value not in names:
        raise WarehouseError(f"There is no {word} {value!r}; there are {', '.join(n for n in names if n)}.")


def _own_prices(lines: ir.Table) -> ir.Table:
    """day, value: what was paid against the usual price of each product; products weigh by their sales in all."""
    sold = lines.filter(lines.sold, lines.price > 0)
    sold = sold.mutate(price=sold.price.cast("float64"))
    daily = sold.group_by("product_id", "day").agg(price=sold.price.median())
    usual = sold.group_by("product_id").agg(usual=sold.price.median(), weight=sold.amount.sum().cast("float64"))
    priced = daily.inner_join(usual, "product_id")
    log = (priced.price / priced.usual).ln() * priced.weight
    return priced.group_by("day").agg(value=(log.sum() / priced.weight.sum()).exp())


def _competitor_prices(wh: Warehouse, as_of: date, category: str | None) -> ir.Table:
    """day, value: competitors' prices against their own average, each competitor and category alike."""
    import ibis

    prices = wh.competitor_prices.filter(wh.competitor_prices.day < as_of, wh.competitor_prices.price > 0)
    if category is not None and prices.filter(prices.category == category).count().to_pyarrow().as_py():
        prices = prices.filter(prices.category == category)
    log = prices.price.cast("float64").ln()
    prices = prices.mutate(value=log - log.mean().over(ibis.window(group_by=["competitor", "category"])))
    return prices.group_by("day").agg(value=prices.value.mean().exp())


def _market(wh: Warehouse, as_of: date) -> dict[str, ir.Table]:
    market = wh.market.filter(wh.market.day < as_of)
    names = market.indicator.as_table().distinct().order_by("indicator").to_pyarrow()["indicator"].to_pylist()
    return {
        "market_" + re.sub(r"\W+", "_", name.lower()): market.filter(market.indicator == name).select("day", "value")
        for name in names
    }


def _stock_out(wh: Warehouse, as_of: date, region: str | None) -> ir.Table:
    """day, value: the share of products with nothing on the shelf, over all counts of the day."""
    stock = wh.stock.filter(wh.stock.day < as_of)
    if region is not None and wh.has("stores"):
        stock = stock.semi_join(wh.stores.filter(wh.stores.region == region), "store_id")
    return stock.group_by("day").agg(value=(stock.quantity <= 0).cast("float64").mean())


def _held(table: ir.Table, values: ir.Table, name: str) -> ir.Table:
    """The value of each day: the last that is known, or the first one before anything is."""
    import ibis

    first = values.value.argmin(values.day).as_scalar()
    table = table.asof_join(values, "day").drop("day_right")
    return table.mutate(**{name: ibis.coalesce(table["value"], first)}).drop("value")


def _holidays(country: str, days: list[date]) -> dict[date, str]:
    import holidays

    return dict(holidays.country_holidays(country, years=range(days[0].year, days[-1].year + 1)))


def _named(day: ir.DateColumn, names: dict[date, str]) -> ir.StringColumn:
    import ibis

    return ibis.cases(*((day == when, name) for when, name in sorted(names.items())), else_="")
