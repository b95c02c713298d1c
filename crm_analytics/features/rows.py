"""Rows of any canonical table with what they sold and when: so that a gap or a defect can be weighed in money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_analytics.warehouse.tables import DAY, MOMENT, TABLES, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

OWN_MONEY = {
    "order_lines": "amount",
    "deal_stages": "amount",
    "campaign_costs": "amount",
    "leads": "cost",
    "touchpoints": "value",
    "campaigns": "budget",
}
"""The tables whose rows carry money of their own, and in which column."""


def with_money(wh: Warehouse, name: str, some: ir.Table | None = None) -> ir.Table:
    """A table's rows (or `some` of them) with `money`: their own, else what the order lines that lead to them sold;
    null elsewhere."""
    rows, key = getattr(wh, name) if some is None else some, TABLES[name].key
    if name in OWN_MONEY:
        return rows.mutate(money=rows[OWN_MONEY[name]].cast("decimal(38, 4)"))
    if len(key) > 1 or not wh.has("orders", "order_lines"):
        return rows.mutate(money=nothing("decimal(38, 4)"))
    lines = wh.order_lines.select("order_id", "product_id", "amount")
    if key[0] in ("customer_id", "store_id"):
        orders = wh.orders.select("order_id", key[0])
        lines = lines.join(orders if some is None else orders.semi_join(some, key[0]), "order_id")
    if key[0] not in lines.columns:
        return rows.mutate(money=nothing("decimal(38, 4)"))
    if some is not None:  # a few rows at fault must not cost a pass over all lines
        lines = lines.semi_join(some, key[0])
    sold = lines.group_by(key[0]).agg(money=lines.amount.sum().cast("decimal(38, 4)"))
    return rows.left_join(sold, key[0]).drop(f"{key[0]}_right")


def with_day(wh: Warehouse, name: str, rows: ir.Table) -> ir.Table:
    """The rows with `day` and `month`: the table's own, or of what its key refers to; null where there is none."""
    own = day_of(TABLES[name])
    if own:
        return _with_month(rows.mutate(day=rows[own].cast("date")))
    first = TABLES[name].columns[0]
    parent, _, key = first.refers.partition(".")
    if parent and wh.has(parent) and day_of(TABLES[parent]):
        dates = getattr(wh, parent)
        dates = dates.select(key, day=dates[day_of(TABLES[parent])].cast("date"))
        return _with_month(rows.left_join(dates, rows[first.name] == dates[key], rname="{name}_of_parent"))
    return _with_month(rows.mutate(day=nothing("date")))


def day_of(table: Table) -> str | None:
    """The column that dates a row: what has happened, else the first day there is."""
    dates = [column for column in table.columns if column.kind in (DAY, MOMENT)]
    return next((c.name for c in dates if c.past), dates[0].name if dates else None)


def _with_month(rows: ir.Table) -> ir.Table:
    return rows.mutate(month=rows.day.truncate("M"))


def nothing(kind: str) -> ir.Value:
    """Nothing known, of a kind."""
    import ibis

    return ibis.null(kind)
