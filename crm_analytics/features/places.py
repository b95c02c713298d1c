"""Places: in which region a sale belongs, and which shelves serve it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


def placed(wh: Warehouse, rows: ir.Table) -> ir.Table:
    """Each row's region in `place`: its store's where it has one, else its customer's."""
    import ibis

    place = ibis.null("string")
    if wh.has("stores") and "store_id" in rows.columns:
        stores = wh.stores.select(at="store_id", store_region="region")
        rows = rows.left_join(stores, rows.store_id == stores["at"])
        place = rows.store_region
    rows = rows.mutate(place=place)
    if wh.has("customers"):
        homes = wh.customers.select(home_of="customer_id", home="region")
        rows = rows.left_join(homes, rows.customer_id == homes.home_of)
        rows = rows.mutate(place=ibis.coalesce(rows.place, rows.home))
    return rows


def serving(wh: Warehouse, rows: ir.Table, place: dict) -> ir.Table:
    """Rows of the store, or of the region's stores, and of those that belong to no region and so serve every one."""
    if place["store"] is not None:
        return rows.filter(rows.store_id.isnull() | (rows.store_id == place["store"]))
    if place["region"] is None or not wh.has("stores"):
        return rows
    elsewhere = wh.stores.filter(wh.stores.region != place["region"]).select("store_id")
    return rows.anti_join(elsewhere, "store_id")


def region_of(wh: Warehouse, store: str | None) -> str | None:
    """The region a store lies in: only campaigns there, or everywhere, can have reached it."""
    if store is None or not wh.has("stores"):
        return None
    found = wh.stores.filter(wh.stores.store_id == store).region.to_pyarrow().to_pylist()
    return found[0] if found else None


def region_shares(wh: Warehouse, as_of: date, trade: str) -> ir.Table | None:
    """What part of sales each region makes: region, share. None where no sale belongs to one."""
    import ibis

    if not wh.has("stores") and not wh.has("customers"):
        return None
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.kind != "return", orders.ordered_at < ibis.literal(as_of, type="date"))
    regions = placed(wh, orders).select("order_id", "place")
    lines = lines_of(wh, trade).select("order_id", "amount").inner_join(regions, "order_id")
    sums = lines.group_by(region=lines.place).agg(revenue=lines.amount.sum())
    return sums.select("region", share=sums.revenue.cast("float64") / sums.revenue.sum().cast("float64"))


def known(wh: Warehouse, tables: tuple[str, ...], word: str, value: str) -> None:
    """Raise WarehouseError, with the values there are, unless one of the tables knows this one."""
    there = {
        name
        for table in tables
        if wh.has(table)
        for name in getattr(wh, table).select(word).distinct().to_pyarrow()[word].to_pylist()
        if name
    }
    if value not in there:
        some = ", ".join(sorted(there)[:20]) + (" …" if len(there) > 20 else "")
        raise WarehouseError(f"There is no {word} {value!r}; there are {some or 'none on record'}.")
