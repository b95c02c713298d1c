"""Days cut by everything a company knows of its sales and of what comes in: a cube of bounded size."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.contact_words import COMPLAINT, says
from crm_analytics.features.feature import feature
from crm_analytics.features.sales import UNKNOWN, sales

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

OTHERS = "others"
HISTORY_DAYS = 400
MOST_ROWS = 400_000
"""Where days and cuts make more rows, fewer values of each dimension are told apart."""
OF_SALES = ("region", "store", "channel", "customer_kind", "category", "product")


@feature(needs=("orders", "order_lines"), grain="a day × cut")
def daily_cuts(
    wh: Warehouse,
    as_of: date | str | None = None,
    until: date | str | None = None,
    region: str | None = None,
    trade: str = "ordinary",
    values: int = 20,
) -> ir.Table:
    """Sales of each day by region, store, channel, kind of customer, category and product; returns are left out.

    From 400 days before `until` (the last day of interest; not given: the newest) to 400 days after it or `as_of`. Of
    each dimension the `values` largest are told apart and the rest is 'others'; a dimension with only one value is left
    out. `orders` are shared out over their lines, so that every cut of them sums. Columns: day, the dimensions,
    revenue, units, orders. Ordered by day and dimensions. Raises ValueError for fewer than two values.
    """
    since, last = _reach(wh, as_of, until)
    lines = sales(wh, as_of=last, since=since, trade=trade)
    lines = lines.filter(~lines.is_return)
    if region is not None:
        lines = lines.filter(lines.region == region)
    import ibis

    each = (1 / lines.count().over(ibis.window(group_by=lines.order_id))).cast("decimal(18, 9)")
    rows = lines.select(
        "day", *OF_SALES, revenue=lines.revenue.cast("decimal(18, 4)"), units=lines.units.cast("decimal(18, 4)"),
        orders=each,
    )  # fmt: skip
    return _cut(rows, OF_SALES, ("revenue", "units", "orders"), values=values)


@feature(needs=("contacts",), grain="a day × cut")
def daily_enquiry_cuts(
    wh: Warehouse, as_of: date | str | None = None, until: date | str | None = None, values: int = 20
) -> ir.Table:
    """Incoming contacts of each day by channel, reason, outcome, agent and, where customers are known, region and kind.

    The days, `values` and 'others' as in `daily_cuts`. Columns: day, the dimensions, contacts, complaints. Ordered
    by day and dimensions. Raises ValueError for fewer than two values.
    """
    import ibis

    since, last = _reach(wh, as_of, until)
    rows = wh.contacts
    day = rows["at"].date()
    rows = rows.filter(
        rows.kind == "in", day >= ibis.literal(since, type="date"), day < ibis.literal(last, type="date")
    )
    dimensions = ["channel", "reason", "outcome", "agent"]
    if wh.has("customers"):
        homes = wh.customers.select("customer_id", "region", customer_kind="kind")
        rows = rows.left_join(homes, "customer_id").drop("customer_id_right")
        dimensions += ["region", "customer_kind"]
    complaint = says(rows, COMPLAINT)
    rows = rows.select(
        **{name: rows[name].fill_null(UNKNOWN) for name in dimensions}, day=rows["at"].date(),
        contacts=ibis.literal(1), complaints=complaint.cast("int64"),
    )  # fmt: skip
    return _cut(rows, tuple(dimensions), ("contacts", "complaints"), values=values)


def _reach(wh: Warehouse, as_of: date, until: date | str | None) -> tuple[date, date]:
    """The first day that is read and the day after the last one."""
    middle = as_of - timedelta(days=1) if until is None else wh.day(until)
    return middle - timedelta(days=HISTORY_DAYS), min(as_of, middle + timedelta(days=HISTORY_DAYS))


def _cut(rows: ir.Table, dimensions: tuple[str, ...], measures: tuple[str, ...], *, values: int) -> ir.Table:
    """Sums by day and dimensions, fewer and fewer values told apart until the cube is small enough."""
    if values < 2:
        raise ValueError(f"At least two values of a dimension are told apart, not {values!r}.")
    counted = (
        rows.agg(rows=rows.count(), **{name: rows[name].nunique() for name in dimensions}).to_pyarrow().to_pylist()
    )
    many = counted[0].pop("rows") > MOST_ROWS
    dimensions = tuple(name for name in dimensions if counted[0][name] > 1)
    while True:
        table = _summed(rows, dimensions, measures, values=values)
        if not many or values == 2 or table.count().to_pyarrow().as_py() <= MOST_ROWS:
            return table
        values = max(values // 2, 2)


def _summed(rows: ir.Table, dimensions: tuple[str, ...], measures: tuple[str, ...], *, values: int) -> ir.Table:
    import ibis

    sizes = {name: rows[measures[0]].sum().over(ibis.window(group_by=rows[name])) for name in dimensions}
    rows = rows.mutate(**{f"size of {name}": size for name, size in sizes.items()})
    place = {
        name: ibis.dense_rank().over(ibis.window(order_by=[ibis.desc(rows[f"size of {name}"]), rows[name]]))
        for name in dimensions
    }
    rows = rows.mutate(**{name: (place[name] < values).ifelse(rows[name], OTHERS) for name in dimensions})
    summed = rows.group_by("day", *dimensions).agg(**{name: rows[name].sum().cast("float64") for name in measures})
    return summed.order_by("day", *dimensions)
