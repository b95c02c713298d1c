"""What else is on record of a customer, beside what every company's tables hold: traits and measures as columns."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


def traits(wh: Warehouse, as_of: date) -> ir.Table | None:
    """Every trait a column of its own name; a number where every value is one."""
    import ibis

    if not wh.has("traits"):
        return None
    rows = wh.traits
    rows = rows.filter(
        rows.value.notnull(), rows.known_at.isnull() | (rows.known_at < ibis.literal(as_of, type="date"))
    )
    number = rows.value.try_cast("float64")
    kinds = rows.group_by("trait").agg(numeric=number.notnull().all()).order_by("trait").to_pyarrow().to_pylist()
    if not kinds:
        return None
    columns = {}
    for one in kinds:
        mine = rows.trait == one["trait"]
        columns[one["trait"]] = (number if one["numeric"] else rows.value).max(where=mine)
    return rows.group_by("customer_id").agg(**columns)


def activity(wh: Warehouse, as_of: date, window_days: int) -> ir.Table | None:
    """Every measure a column of its own name: its sum over the window."""
    import ibis

    if not wh.has("activity"):
        return None
    rows = wh.activity
    since = ibis.literal(as_of - timedelta(days=window_days), type="date")
    rows = rows.filter(rows.customer_id.notnull(), rows.day >= since, rows.day < ibis.literal(as_of, type="date"))
    names = rows.select("measure").distinct().order_by("measure").to_pyarrow()["measure"].to_pylist()
    if not names:
        return None
    value = rows.value.cast("decimal(38, 6)")  # so that the sum does not depend on the order of the rows
    sums = {name: value.sum(where=rows.measure == name).fill_null(0).cast("float64") for name in names}
    return rows.group_by("customer_id").agg(**sums)
