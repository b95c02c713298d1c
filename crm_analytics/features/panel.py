"""Regions, stores or products side by side, day by day: who was reached by a campaign and who was left alone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.days import calendar, holidays, market, together
from crm_analytics.features.feature import feature
from crm_analytics.features.other_campaigns import others_of
from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.warehouse.engine import TableAbsent
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

UNITS = ("region", "customer_region", "store", "category", "product", "channel", "kind", "acquired_channel")
"""What may stand side by side: places, goods, ways to buy, and groups of customers."""
PLACES = ("region", "store")
TRAITS = ("customer_region", "kind", "acquired_channel")
"""What is known of the customer, not of the sale."""
OVER_DAYS = 14
"""A campaign is the last one to be asked about once it has been over for so long."""


@feature(needs=("orders", "order_lines"), grain="a unit × day")
def panel(
    wh: Warehouse,
    as_of: date | str | None = None,
    unit: str = "region",
    campaign: str | None = "last",
    trade: str = "ordinary",
) -> ir.Table:
    """Sales and enquiries of every unit on every day before `as_of`, without gaps, with a campaign's units marked.

    `unit` is one of `UNITS`: a region is the store's, else the customer's (customer_region: the customer's alone); what
    belongs to none is left out, and so are returns; other trade is set apart (`trade`). `campaign` is an id; campaigns
    of the same name are one campaign that was on several times or in several places; "last" is the newest that ran in
    some region only and has been over for two weeks, else the newest; None marks nothing. Columns: unit, unit_of (which
    of `UNITS`), day, revenue, margin (null where a unit cost is lacking), orders, units; of regions and groups of
    customers contacts (inbound) and leads, where recorded; campaign (its name on its days in the units that it reached,
    else empty), reached (treated, left alone, or mixed: a unit that serves those who were reached and others, such as a
    web shop), cost (of the campaign, on the first of its days in a treated unit); and what moves sales:
    price_index and competitor_index (base 1, weighted by what the unit sold), market_<indicator>, holiday,
    other_campaigns (their names, in this unit). Ordered by unit and day.
    Raises ValueError for an unknown unit, WarehouseError for an unknown campaign, TableAbsent where none is
    recorded, or nothing that was sold belongs to any unit.
    """
    import ibis

    if unit not in UNITS:
        raise ValueError(f"There is no unit {unit!r}; choose among {', '.join(UNITS)}.")
    _require_unit(wh, unit)
    marked = _marked(wh, campaign, as_of) if campaign else []
    lines = _lines(wh, as_of, unit=unit, trade=trade)
    first = lines.day.min().to_pyarrow().as_py()
    if first is None:
        raise TableAbsent(f"Nothing was sold before {as_of} that belongs to a {unit}; ask with another unit.")
    units = lines.select("unit").distinct()
    days = calendar(first, as_of)
    known = [market(wh, days, as_of)] if wh.has("market") else []
    known += [holidays(days, wh.company.country, first, as_of)] if wh.company.country else []
    table = units.mutate(unit_of=ibis.literal(unit)).cross_join(together(days, known))
    sums = lines.group_by("unit", "day").agg(
        revenue=lines.amount.sum().cast("float64"),
        margin=lines.cost_known.all().ifelse(lines.margin.sum(), ibis.null()).cast("float64"),
        orders=lines.order_id.nunique().cast("float64"),
        units=lines.quantity.sum().cast("float64"),
    )
    table = _beside(table, sums).mutate(
        margin=ibis._.revenue.isnull().ifelse(0.0, ibis._.margin),
        revenue=ibis._.revenue.fill_null(0.0),
        orders=ibis._.orders.fill_null(0.0),
        units=ibis._.units.fill_null(0.0),
    )
    for name, found in _enquiries(wh, unit, as_of).items():
        table = _beside(table, found).mutate(**{name: ibis._[name].fill_null(0.0)})
    table = _with_prices(wh, table, lines, as_of, unit=unit)
    if wh.has("campaigns"):
        table = _with_campaigns(wh, table, unit=unit, marked=marked)
    return table.order_by("unit", "day")


def _require_unit(wh: Warehouse, unit: str) -> None:
    if unit in ("category", "product"):
        wh.require("products")
    elif unit == "store":
        wh.require("stores")
    elif unit in TRAITS:
        wh.require("customers")
    elif unit == "region" and not (wh.has("stores") or wh.has("customers")):
        raise TableAbsent(f"{wh.company.name} has neither stores nor customers, so no sale belongs to a region.")


def _marked(wh: Warehouse, campaign: str, as_of: date) -> list[dict]:
    """The campaign's rows: one for each time and place it was on."""
    import ibis

    if not wh.has("campaigns"):
        raise TableAbsent(
            f"{wh.company.name} has no campaigns, so nobody knows which units one reached and which it left alone; for "
            "units and days of your own choice leave campaign empty and give treated, starts and ends."
        )
    table = wh.campaigns.select("campaign_id", "name", "region", "starts", "ends")
    rows = table.order_by("starts", "campaign_id").to_pyarrow().to_pylist()
    if campaign == "last":
        over = wh.campaigns.filter(wh.campaigns.ends + ibis.interval(days=OVER_DAYS) < ibis.literal(as_of, type="date"))
        over = set(over.campaign_id.to_pyarrow().to_pylist())
        known = [row for row in rows if row["campaign_id"] in over]
        chosen = ([row for row in known if row["region"]] or known)[-1:]
    else:
        chosen = [row for row in rows if row["campaign_id"] == campaign]
    if not chosen:
        sought = f"that is two weeks past on {as_of}" if campaign == "last" else f"{campaign!r}"
        told = f"There is no campaign {sought} to ask about; {others_of(wh)}; or give starts and ends."
        raise TableAbsent(told) if campaign == "last" else WarehouseError(told)
    name = chosen[0]["name"] or chosen[0]["campaign_id"]
    return [row | {"name": name} for row in rows if row is chosen[0] or row["name"] == name]


def _lines(wh: Warehouse, as_of: date, *, unit: str, trade: str) -> ir.Table:
    """Lines of sales with their unit and day."""
    import ibis

    orders = orders_of(wh, trade)
    orders = orders.filter(orders.kind != "return", orders.ordered_at < ibis.literal(as_of, type="date"))
    orders = orders.mutate(day=orders.ordered_at.date(), unit=_unit_of_orders(orders, unit))
    if unit == "region":
        orders = _with_region(wh, orders)
    elif unit in TRAITS:
        orders = _with_trait(wh, orders, unit)
    orders = orders.select("order_id", "day", "unit")
    lines = lines_of(wh, trade)
    lines = lines.select(
        "order_id",
        "product_id",
        "quantity",
        "amount",
        margin=lines.amount - lines.quantity * lines.unit_cost,
        cost_known=lines.unit_cost.notnull(),
    )
    lines = lines.inner_join(orders, "order_id")
    if wh.has("products"):
        lines = lines.left_join(wh.products.select("product_id", "category"), "product_id").drop("product_id_right")
    else:
        lines = lines.mutate(category=ibis.null("string"))
    if unit in ("category", "product"):
        lines = lines.mutate(unit=lines.category if unit == "category" else lines.product_id)
    return lines.filter(lines.unit.notnull())


def _unit_of_orders(orders: ir.Table, unit: str) -> ir.Value:
    import ibis

    return {"store": orders.store_id, "channel": orders.channel}.get(unit, ibis.null("string"))


def _with_region(wh: Warehouse, rows: ir.Table) -> ir.Table:
    """Each row's region in `unit`: the store's where it has one, else the customer's."""
    import ibis

    if wh.has("stores") and "store_id" in rows.columns:
        rows = rows.left_join(wh.stores.select(at="store_id", place="region"), [("store_id", "at")])
        rows = rows.mutate(unit=rows.place).drop("at", "place")
    if wh.has("customers") and "customer_id" in rows.columns:
        rows = rows.left_join(wh.customers.select(who="customer_id", home="region"), [("customer_id", "who")])
        rows = rows.mutate(unit=ibis.coalesce(rows.unit, rows.home)).drop("who", "home")
    return rows


def _with_trait(wh: Warehouse, rows: ir.Table, trait: str) -> ir.Table:
    column = wh.customers.region if trait == "customer_region" else wh.customers[trait]
    traits = wh.customers.select(who="customer_id", trait=column)
    rows = rows.left_join(traits, [("customer_id", "who")])
    return rows.mutate(unit=rows.trait).drop("who", "trait")


def _enquiries(wh: Warehouse, unit: str, as_of: date) -> dict[str, ir.Table]:
    """How many asked, by unit and day, where it is recorded of whom or by which way."""
    import ibis

    found = {}
    for name in ("contacts", "leads"):
        if not wh.has(name) or unit in ("store", "category", "product") or (unit == "channel" and name == "leads"):
            continue
        if unit != "channel" and not wh.has("customers"):
            continue
        rows = getattr(wh, name)
        rows = rows.filter(rows["at"] < ibis.literal(as_of, type="date"))
        if name == "contacts":
            rows = rows.filter(rows.kind == "in")
        unit_now = rows.channel if unit == "channel" else ibis.null("string")
        rows = rows.select("customer_id", day=rows["at"].date(), unit=unit_now)
        if unit == "region":
            rows = _with_region(wh, rows)
        elif unit != "channel":
            rows = _with_trait(wh, rows, unit)
        rows = rows.filter(rows.unit.notnull())
        found[name] = rows.group_by("unit", "day").agg(**{name: rows.count().cast("float64")})
    return found


def _beside(table: ir.Table, found: ir.Table) -> ir.Table:
    """The table with the columns of another of the same grain; null where that has no row."""
    return table.left_join(found, ["unit", "day"]).drop("unit_right", "day_right")


def _with_prices(wh: Warehouse, table: ir.Table, lines: ir.Table, as_of: date, *, unit: str) -> ir.Table:
    """Own and competitors' price level in each unit: each price against itself, weighted by what the unit sold."""
    import ibis

    if wh.has("prices"):
        prices = wh.prices.filter(wh.prices.day < ibis.literal(as_of, type="date"), wh.prices.price > 0)
        if unit in PLACES and wh.has("stores"):
            place = wh.stores.region if unit == "region" else wh.stores.store_id
            places = wh.stores.select(at="store_id", where=place)
            prices = prices.left_join(places, [("store_id", "at")])
        else:
            prices = prices.mutate(where=ibis.null("string"))
        moves = _moves(prices, of="product_id", by="store_id")
        table = _running(table, _weighted(moves, _shares(lines, "product_id"), "product_id"), "price_index")
    if wh.has("competitor_prices", "products"):
        seen = wh.competitor_prices
        seen = seen.filter(seen.day < ibis.literal(as_of, type="date"), seen.price > 0)
        moves = _moves(seen.mutate(where=ibis.null("string")), of="category", by="competitor")
        table = _running(table, _weighted(moves, _shares(lines, "category"), "category"), "competitor_index")
    return table


def _moves(prices: ir.Table, *, of: str, by: str) -> ir.Table:
    """Logarithms of each change of a price, spread over the stores or competitors that have one in the same place."""
    import ibis

    earlier = prices.price.cast("float64").lag().over(ibis.window(group_by=[prices[of], prices[by]], order_by="day"))
    lists = prices[by].fill_null("").nunique().over(ibis.window(group_by=[prices[of], prices["where"]]))
    moves = prices.select(of, "day", "where", step=(prices.price.cast("float64") / earlier).ln() / lists)
    return moves.filter(moves.step.notnull())


def _shares(lines: ir.Table, of: str) -> ir.Table:
    """What part of a unit's revenue each product or category makes."""
    import ibis

    sums = lines.filter(lines[of].notnull()).group_by("unit", of).agg(revenue=lines.amount.sum().cast("float64"))
    whole = sums.revenue.sum().over(ibis.window(group_by=sums.unit, order_by=of, preceding=None, following=None))
    return sums.select("unit", of, share=sums.revenue / whole.nullif(0))


def _weighted(moves: ir.Table, shares: ir.Table, of: str) -> ir.Table:
    """Steps of each unit's price level: of what is priced for all, and of what is priced in this unit."""
    steps = shares.inner_join(moves, of)
    steps = steps.filter(steps["where"].isnull() | (steps["where"] == steps.unit))
    exact = (steps.step * steps.share).round(12).cast("decimal(18, 12)")  # sums of floats depend on their order
    return steps.group_by("unit", "day").agg(step=exact.sum())


def _running(table: ir.Table, steps: ir.Table, name: str) -> ir.Table:
    """Add an index that changes by the steps (of its logarithm) and otherwise stays, from 1 on the first day."""
    import ibis

    table = _beside(table, steps)
    so_far = ibis.cumulative_window(group_by=table.unit, order_by=table.day)
    return table.mutate(**{name: table.step.fill_null(0).sum().over(so_far).cast("float64").exp()}).drop("step")


def _with_campaigns(wh: Warehouse, table: ir.Table, *, unit: str, marked: list[dict]) -> ir.Table:
    """Mark the campaign's days and units and its cost, and name what else ran."""
    import ibis

    table = _with_place(wh, table, unit)
    campaign, regions = ibis.literal(""), {row["region"] for row in marked}
    for row in marked:
        here = ibis.literal(True) if row["region"] is None else (table.place == row["region"]).fill_null(False)
        inside = here & table.day.between(row["starts"], row["ends"])
        campaign = inside.ifelse(row["name"], campaign)
    everywhere = None in regions
    if not marked:
        reached = ibis.null("string")
    elif everywhere:
        reached = ibis.literal("treated")
    else:
        there = table.place.isin(sorted(regions)).ifelse("treated", "left alone")
        reached = table.place.isnull().ifelse("mixed", there)
    table = table.mutate(campaign=campaign, reached=reached)
    table = _with_cost(wh, table, marked)
    others = wh.campaigns.filter(wh.campaigns.campaign_id.notin([row["campaign_id"] for row in marked] or [""]))
    others = others.select("starts", "ends", "region", name=others.name.fill_null(others.campaign_id))
    cells = table.select("unit", "day", "place")
    cells = cells.inner_join(others, [cells.day >= others.starts, cells.day <= others.ends])
    cells = cells.filter(cells.region.isnull() | cells.place.isnull() | (cells.region == cells.place))
    named = cells.group_by("unit", "day").agg(other_campaigns=cells.name.group_concat("; ", order_by=cells.name))
    return _beside(table, named).mutate(other_campaigns=ibis._.other_campaigns.fill_null("")).drop("place")


def _with_place(wh: Warehouse, table: ir.Table, unit: str) -> ir.Table:
    """The region each unit lies in; null where it lies in none or in several."""
    import ibis

    if unit in ("region", "customer_region"):
        return table.mutate(place=table.unit)
    if unit == "store":
        places = wh.stores.select(at="store_id", place="region")
        return table.left_join(places, [("unit", "at")]).drop("at")
    return table.mutate(place=ibis.null("string"))


def _with_cost(wh: Warehouse, table: ir.Table, marked: list[dict]) -> ir.Table:
    """The campaign's cost before the day that is asked about, shared among treated units, on the campaign's first day
    there; null where no cost of it is recorded."""
    import ibis

    ids = [row["campaign_id"] for row in marked]
    if not ids or not wh.has("campaign_costs"):
        return table.mutate(cost=ibis.null("float64"))
    costs = wh.campaign_costs.filter(wh.campaign_costs.campaign_id.isin(ids))
    total = costs.amount.sum().to_pyarrow().as_py()
    if total is None:
        return table.mutate(cost=ibis.null("float64"))
    on = table.filter(table.campaign != "")
    firsts = on.group_by("unit").agg(first=on.day.min())
    firsts = firsts.mutate(share=float(total) / firsts.unit.count().over(ibis.window()))
    table = table.left_join(firsts, "unit").drop("unit_right")
    cost = (table.day == table["first"]).ifelse(table.share, 0.0).fill_null(0.0)
    return table.mutate(cost=cost).drop("first", "share")
