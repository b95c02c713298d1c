"""What else is on record of a customer, beside what every company's tables hold: traits and measures as columns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


def traits(wh: Warehouse, as_of: date, *, taken: Iterable[str]) -> ir.Table | None:
    """Every trait a column of its own name, but for those `taken`; a number where every value is one."""
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
    columns, names = {}, free_names([one["trait"] for one in kinds], "trait", taken)
    for one in kinds:
        mine = rows.trait == one["trait"]
        columns[names[one["trait"]]] = (number if one["numeric"] else rows.value).max(where=mine)
    return rows.group_by("customer_id").agg(**columns)


def activity(wh: Warehouse, as_of: date, window_days: int, *, taken: Iterable[str]) -> ir.Table | None:
    """Every measure a column of its own name, but for those `taken`: its sum over the window."""
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
    free = free_names(names, "activity", taken)
    sums = {free[name]: value.sum(where=rows.measure == name).fill_null(0).cast("float64") for name in names}
    return rows.group_by("customer_id").agg(**sums)


def free_names(names: Iterable[str], kind: str, taken: Iterable[str]) -> dict[str, str]:
    """A column's name for each: its own, or with its kind beside it where another has it; capitals tell none apart."""
    given, used = {}, {name.casefold() for name in taken}
    for name in names:
        free, again = name, 1
        while free.casefold() in used:
            free = f"{name.casefold()} ({kind})" if again == 1 else f"{name} ({kind} {again})"
            again += 1
        used.add(free.casefold())
        given[name] = free
    return given
