"""Days: a calendar without gaps, and what is known of each day beside what was sold on it.

Whatever is known of a day is a small table of its own (day, and what it says). They meet once, in `together`; a chain
of joins, each on top of all before it, would be hundreds of kilobytes of SQL for a database to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


def calendar(first: date, as_of: date) -> ir.Table:
    """Every day from the first to the one before `as_of`."""
    import ibis

    days = [first + timedelta(days=i) for i in range((as_of - first).days)]
    return ibis.memtable({"day": days}, schema={"day": "date"})


def together(days: ir.Table, parts: Iterable[ir.Table]) -> ir.Table:
    """The days with what each part says of them; null where it has no row."""
    columns, table = list(days.columns), days
    for number, part in enumerate(parts):
        columns += [name for name in part.columns if name != "day"]
        table = table.left_join(part, "day", rname=f"{{name}}_{number}")
    return table.select(*columns)


def running(days: ir.Table, steps: ir.Table, name: str) -> ir.Table:
    """What changes by the steps (day, step) and otherwise stays, from 0 on the first day: day, `name`."""
    import ibis

    exact = steps.mutate(step=steps.step.cast("decimal(18, 12)"))  # sums of floats depend on their order
    table = together(days.select("day"), [exact.group_by("day").agg(step=exact.step.sum())])
    so_far = table.step.fill_null(0).sum().over(ibis.cumulative_window(order_by=table.day))
    return table.select("day", **{name: so_far.cast("float64")})


def market(wh: Warehouse, days: ir.Table, as_of: date) -> ir.Table:
    """Each indicator of the market as last published on or before the day: day, market_<indicator>."""
    import ibis

    published = wh.market.filter(wh.market.day < ibis.literal(as_of, type="date"))
    found = []
    for indicator in sorted(published.select("indicator").distinct().to_pyarrow()["indicator"].to_pylist()):
        name = "market_" + re.sub(r"\W+", "_", indicator.lower()).strip("_")
        values = published.filter(published.indicator == indicator).select(since="day", **{name: "value"})
        found.append(days.asof_join(values, on=days.day >= values.since).select("day", name))
    return together(days, found)


def holidays(days: ir.Table, country: str, first: date, as_of: date) -> ir.Table:
    """The public holiday of each day by its name, or an empty text: day, holiday."""
    import holidays as known_holidays
    import ibis

    known = known_holidays.country_holidays(country, years=range(first.year, as_of.year + 1), language="en_US")
    rows = ibis.memtable(
        {"day": sorted(known), "holiday": [known[day] for day in sorted(known)]},
        schema={"day": "date", "holiday": "string"},
    )
    table = together(days, [rows])
    return table.mutate(holiday=table.holiday.fill_null(""))
