"""Cutting sales where they lie: lines go in, only the sums of the parts come out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from crm_analytics.planning.customers.cut.sales_measures import DISTINCT, summed
from crm_analytics.result.period import Period, month_number

if TYPE_CHECKING:
    import ibis.expr.types as ir

NAMED = (
    "region", "store", "store_format", "channel", "category", "brand", "product", "supplier",
    "customer_kind", "customer_region", "acquired_channel", "segment", "kind",
)  # fmt: skip
"""Dimensions that are columns of the lines."""
RECURRING = ("weekday", "hour", "day_part")
"""Dimensions of time that come again in every period."""
STEPS = ("year", "quarter", "month", "week", "day")
"""Dimensions of time in which a period goes forward: the first month of one meets the first month of the other."""
DIMENSIONS = (*STEPS, *RECURRING, *NAMED)

UNKNOWN = "unknown"
MONEY = ("revenue", "margin", "list_revenue", "units")
COLUMNS = ("order_id", "customer_id", "day", "hour", *NAMED, "is_return", *MONEY, "until")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_PARTS = ((5, "night"), (12, "morning"), (17, "afternoon"), (23, "evening"), (24, "night"))
"""The hour before which each part of the day ends."""
ORDER = {
    "weekday": {name: place for place, name in enumerate(WEEKDAYS)},
    "day_part": {name: place for place, name in enumerate(("morning", "afternoon", "evening", "night", UNKNOWN))},
}
"""In which order parts stand that are not sorted by their names."""
GRAIN = 10_000
"""Sums leave the engine in whole ten-thousandths: so the parts add up to the whole exactly."""
_BETWEEN = "\x1f"
"""Between the names of a part with several, where no name can hold it."""
MOST_WINDOWS = 120
"""Earlier periods that are looked at, at most."""


@dataclass(frozen=True)
class Lines:
    """Lines of sales somewhere in an engine, the first day they tell of and the day they end before."""

    rows: ir.Table
    first: date
    until: date
    source: Any = field(default=None, repr=False)
    """What the rows are a view of, held for as long as they are looked at."""

    @classmethod
    def of(cls, table: Any) -> Lines | None:
        """The lines of a table, Ibis or pandas; None where it holds none."""
        source = _unsorted(table) if hasattr(table, "to_pandas") else _in_engine(table)
        rows = _viewed(_typed(source))
        first, until = rows.aggregate(first=rows.day.min(), until=rows.until.max()).to_pandas().iloc[0]
        return None if pd.isna(first) else cls(rows, pd.Timestamp(first).date(), pd.Timestamp(until).date(), source)

    @property
    def begins(self) -> date:
        """The first day of the month in which records begin."""
        return self.first.replace(day=1)

    @property
    def last_whole_month(self) -> int:
        return month_number(self.until) - 1

    def only(self, pairs: tuple[tuple[str, str], ...]) -> Lines:
        """The lines of these parts: (dimension, value)."""
        rows = self.rows
        for dimension, value in pairs:
            rows = rows.filter(_value(rows, dimension) == value)
        return replace(self, rows=rows)

    def counting(self, kinds: tuple[str, ...], *, returns: bool) -> Lines:
        """The lines of these kinds of sale, with or without returns."""
        rows = self.rows.filter(self.rows.kind.isin(kinds))
        return replace(self, rows=rows if returns else rows.filter(~rows.is_return))

    def values(self, dimension: str) -> list[str]:
        """What there is of a dimension."""
        named = self.rows.select(value=_value(self.rows, dimension)).distinct().order_by("value")
        return named.to_pandas().value.tolist()

    def in_steps(self, by: tuple[str, ...], period: Period, sums: tuple[str, ...]) -> pd.DataFrame:
        """Sums of the parts within one period; a step of time is its place in the period, from 0."""
        rows = self.rows.filter(self.rows.day >= period.first, self.rows.day <= period.last)
        rows = rows.mutate(**{name: _step(rows.day, name, period) for name in by if name in STEPS})
        return _grouped(rows, by, sums)

    def in_windows(self, by: tuple[str, ...], *, unit: str, last: int, length: int, sums: tuple[str, ...]):
        """Sums of the parts in windows of `length` months or days: `back` 0 ends with `last`, 1 lies before it …"""
        rows = self.rows
        back = (last - _place(rows.day, unit)) // length
        rows = rows.mutate(back=back.cast("int64")).filter(_place(rows.day, unit) <= last, back < MOST_WINDOWS)
        return _grouped(rows, (*by, "back"), sums)

    def in_months(self, sums: tuple[str, ...]) -> pd.DataFrame:
        """Sums of each month by its number."""
        rows = self.rows.mutate(number=_place(self.rows.day, "month"))
        return _grouped(rows, ("number",), sums)

    def without(self, by: tuple[str, ...], parts: pd.DataFrame) -> Lines:
        """The lines of all parts but these."""
        import ibis

        values = [_value(self.rows, name).cast("string") for name in by]
        named = ibis.literal(_BETWEEN).join(values)
        keys = [_BETWEEN.join(map(str, row)) for row in parts[list(by)].itertuples(index=False)]
        return replace(self, rows=self.rows.filter(~named.isin(keys)))


def label(dimension: str, place: int, period: Period) -> str:
    """How a step of a period is written, as `Period.of` reads it."""
    first = period.first
    if dimension == "day":
        return (first + timedelta(days=place)).isoformat()
    if dimension == "week":
        begins = first + timedelta(days=7 * place)
        ends = begins + timedelta(days=6)
        return str(Period(begins, min(ends, period.last) if begins <= period.last else ends))
    if dimension == "month":
        return str(Period.of_months(month_number(first) + place, 1))
    if dimension == "quarter":
        number = month_number(first) // 3 + place
        return f"{number // 4}-Q{number % 4 + 1}"
    return str(first.year + place)


def part_of(dimension: str, place: int, period: Period) -> Period:
    """A step of a period as a period of its own, no longer than its whole."""
    step = Period.of(label(dimension, place, period))
    return Period(max(step.first, period.first), min(step.last, period.last))


def _grouped(rows: ir.Table, by: tuple[str, ...], sums: tuple[str, ...]) -> pd.DataFrame:
    """One row a part: its keys, and its sums in whole ten-thousandths; counts as they are."""
    rows = rows.mutate(**{name: _value(rows, name) for name in by if name in RECURRING})
    asked = {f"sum_{name}": summed(rows, name).cast("float64") for name in sums}
    table = (
        rows.group_by(list(by)).aggregate(**asked).order_by(list(by)) if by else rows.aggregate(**asked)
    ).to_pandas()
    for name in sums:
        scale = 1 if name in DISTINCT else GRAIN
        table[name] = (table.pop(f"sum_{name}").fillna(0) * scale).round().astype("int64")
    return table


def _value(rows: ir.Table, dimension: str) -> ir.Value:
    """A dimension of a line in words."""
    import ibis

    if dimension in NAMED:
        return rows[dimension]
    if dimension == "weekday":
        return ibis.array(list(WEEKDAYS))[rows.day.day_of_week.index().cast("int64")]
    if dimension == "hour":
        clock = rows.hour.cast("string").lpad(2, "0").concat(":00")
        return rows.hour.isnull().ifelse(UNKNOWN, clock)
    cases = [(rows.hour.isnull(), UNKNOWN), *((rows.hour < end, name) for end, name in DAY_PARTS)]
    return ibis.cases(*cases, else_=UNKNOWN)


def _place(day: ir.DateValue, unit: str) -> ir.IntegerValue:
    """The number of a day's month, or of the day itself."""
    if unit == "month":
        return day.year().cast("int64") * 12 + day.month().cast("int64") - 1
    return day.delta(date(1970, 1, 1), unit="day").cast("int64") + date(1970, 1, 1).toordinal()


def _step(day: ir.DateValue, dimension: str, period: Period) -> ir.IntegerValue:
    days = _place(day, "day") - period.first.toordinal()
    if dimension == "day":
        return days
    if dimension == "week":
        return (days // 7).cast("int64")
    months = {"month": 1, "quarter": 3, "year": 12}[dimension]
    return (_place(day, "month") // months).cast("int64") - month_number(period.first) // months


def _unsorted(table: ir.Table) -> ir.Table:
    """Lines in an order are the same lines: to sort what will be summed costs more than to sum it."""
    whole = table.op()
    return whole.parent.to_expr() if type(whole).__name__ == "Sort" else table


def _viewed(rows: ir.Table) -> ir.Table:
    """The lines under a name: each question then translates a line of its own, not the whole way to the files."""
    import ibis

    return rows.get_backend().create_view(ibis.util.gen_name("sales"), rows)


def _in_engine(frame: pd.DataFrame) -> ir.Table:
    import ibis

    kinds = dict.fromkeys(COLUMNS, "string") | dict.fromkeys((*MONEY, "hour"), "float64") | {"is_return": "boolean"}
    days = {name: pd.to_datetime(frame[name]) for name in ("day", "until")}
    return ibis.memtable(frame[list(COLUMNS)].assign(**days), schema=kinds | dict.fromkeys(days, "timestamp"))


def _typed(rows: ir.Table) -> ir.Table:
    """The columns that are looked at: days as days, money exact."""
    exact = {name: rows[name].cast("decimal(18, 4)") for name in MONEY}
    days = {name: rows[name].cast("date") for name in ("day", "until")}
    words = {name: rows[name].fill_null(UNKNOWN) for name in NAMED}
    return rows.select("order_id", "customer_id", "hour", "is_return", **words, **days, **exact)
