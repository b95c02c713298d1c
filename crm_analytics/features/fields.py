"""What is filled, since when, by whom, and who uses it: every field of every table, counted once through."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features import lineage
from crm_analytics.features.feature import feature
from crm_analytics.features.rows import day_of, nothing, with_day, with_money
from crm_analytics.warehouse.tables import DAY, MOMENT, TABLES, TEXT, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

SAYS_NOTHING = (
    "unknown",
    "n/a",
    "na",
    "none",
    "null",
    "nan",
    "-",
    "--",
    "?",
    ".",
    "0",
    "tbd",
    "xxx",
    "not specified",
    "not stated",
    "неизвестно",
    "не указано",
    "не указан",
    "не указана",
    "нет",
    "нет данных",
    "н/д",
)
DEFAULT_DAYS = ("1900-01-01", "1970-01-01", "1899-12-30", "2000-01-01", "9999-12-31")
"""What systems put where nobody typed anything."""

CHANNELS_OF = {
    "email": ("email", "e-mail"),
    "phone": ("phone", "call", "sms", "messenger"),
    "address": ("mail", "post"),
}
"""By which channels a personal field is used; a name is used by all."""

COUNTED = ("rows", "filled", "blank", "based", "money", "money_empty")


@feature(needs=(), grain="a table × column × source × month")
def fields(wh: Warehouse, retention_days: int = 1095) -> ir.Table:
    """Every canonical field: how often it is filled, of which months and sources, for what money, and who uses it.

    One row per field, source and month (of the table's own dates, else of the table its key refers to; null where
    neither has any); a field of a table that the company lacks has one row with `rows` 0. `filled` counts values,
    `blank` those among them that say nothing («n/a», 1900-01-01), `based` those that may be held: all that are not
    personal, and personal ones of customers who agreed to be addressed that way or bought within `retention_days`.
    `money` is what the rows sold, `money_empty` what those sold where the field is empty (in the company's money;
    null where rows sell nothing). `first`, `newest` and `days` are the first and last day and the days with rows,
    `newest_filled` the last with the field filled; `lowest` and `highest` are digests of the smallest and largest
    value (null for keys and personal fields); `lost` counts the references of this field and source that led nowhere,
    `refused` and `came` the lines of the source. The rest is said of the field itself: `place`, `kind`, `personal`,
    `required`, `key`, `about`, `opens`, `dates_facts` (whether the table's dates are of what has happened), and the
    features that look at the field (`used_by`) or cannot do without its table (`needed_by`).
    """
    import ibis

    there = [table for table in TABLES.values() if wh.has(table.name)]
    parts = [_personal(wh, retention_days) if table.personal else _counted(wh, table) for table in there]
    told = _told()
    cells = ibis.union(*parts) if parts else _counted_nothing()
    cells = told.left_join(cells, ["table", "column"]).drop("table_right", "column_right")
    cells = cells.mutate(**{name: cells[name].fill_null(0) for name in ("rows", "filled", "blank", "based")})
    return _with_sources(wh, cells).order_by("place", "source", "month")


def _told() -> ir.Table:
    """What the schema and the features say of each field."""
    import ibis

    uses, needs = lineage.uses(), lineage.needs()
    rows = [
        {
            "table": table.name,
            "column": column.name,
            "place": place * 100 + number,
            "kind": column.kind,
            "personal": column.personal,
            "required": column.required,
            "key": column.name in table.key or bool(column.refers),
            "dates_facts": any(c.name == day_of(table) and c.past for c in table.columns),
            "about": column.about,
            "opens": table.opens,
            "used_by": " ".join(sorted(name for name, used in uses.items() if (table.name, column.name) in used)),
            "needed_by": " ".join(sorted(name for name, needed in needs.items() if table.name in needed)),
        }
        for place, table in enumerate(TABLES.values())
        for number, column in enumerate(table.columns)
    ]
    return ibis.memtable(rows)


def _counted(wh: Warehouse, table: Table) -> ir.Table:
    """A table's fields in one pass: grouped by source and month, then turned so that each field is a row."""
    rows = with_day(wh, table.name, with_money(wh, table.name))
    counts = {}
    for column in table.columns:
        value, empty = rows[column.name], rows[column.name].isnull()
        counts |= {f"filled_{column.name}": value.count(), f"money_{column.name}": rows.money.sum(where=empty)}
        idle = _says_nothing(value, column.kind) if not column.refers and column.name not in table.key else None
        counts[f"blank_{column.name}"] = nothing("int64") if idle is None else idle.sum()
        plain = idle is not None and column.kind != MOMENT
        counts[f"lowest_{column.name}"] = _digest(value.min()) if plain else nothing("string")
        counts[f"highest_{column.name}"] = _digest(value.max()) if plain else nothing("string")
        counts[f"last_{column.name}"] = rows.day.max(where=~empty)
    months = rows.group_by("source", "month").agg(
        rows=rows.count(),
        money=rows.money.sum(),
        first=rows.day.min(),
        newest=rows.day.max(),
        days=rows.day.nunique(),
        **counts,
    )
    return _turned(months, table)


def _turned(months: ir.Table, table: Table) -> ir.Table:
    import ibis

    cells = ibis.array(
        [
            ibis.struct(
                {
                    "column": ibis.literal(column.name),
                    "filled": months[f"filled_{column.name}"].cast("int64"),
                    "blank": months[f"blank_{column.name}"].cast("int64"),
                    "money_empty": months[f"money_{column.name}"].cast("float64"),
                    "lowest": months[f"lowest_{column.name}"],
                    "highest": months[f"highest_{column.name}"],
                    "newest_filled": months[f"last_{column.name}"],
                }
            )
            for column in table.columns
        ]
    )
    long = months.select(
        "source", "month", "first", "newest", "days", "rows", money=months.money.cast("float64"), cell=cells.unnest()
    )
    cell = {
        name: long.cell[name]
        for name in ("column", "filled", "blank", "money_empty", "lowest", "highest", "newest_filled")
    }
    long = long.mutate(**cell).drop("cell")
    return _in_order(long.mutate(table=ibis.literal(table.name), based=long.filled))


def _personal(wh: Warehouse, retention_days: int) -> ir.Table:
    """Personal fields, of which only marks are to be had: whether they are filled, and whether they may be."""
    import ibis

    name = "customer_contacts"
    people = with_day(wh, name, with_money(wh, name))
    whole = people.group_by("source", "month").agg(
        rows=people.count(),
        money=people.money.sum().cast("float64"),
        first=people.day.min(),
        newest=people.day.max(),
        days=people.day.nunique(),
    )
    marks = wh.marks().select("customer_id", "field", "made_up").join(people, "customer_id")
    marks = marks.mutate(based=_may_be_held(wh, marks, retention_days))
    known = marks.group_by("source", "month", "field").agg(
        filled=marks.count(),
        blank=marks.made_up.sum(),
        based=marks.based.sum(),
        money_there=marks.money.sum().cast("float64"),
        newest_filled=marks.day.max(),
    )
    fields = ibis.memtable([{"field": column.name} for column in TABLES[name].columns])
    cells = whole.cross_join(fields)
    is_id = cells.field == "customer_id"
    match = [cells.field == known.field, cells.source == known.source, cells.month.identical_to(known.month)]
    cells = cells.left_join(known, match, rname="{name}_known")
    filled = is_id.ifelse(cells.rows, cells.filled.fill_null(0))
    money_empty = is_id.ifelse(0.0, cells.money - cells.money_there.fill_null(0.0))
    return _in_order(
        cells.select(
            "source",
            "month",
            "first",
            "newest",
            "days",
            "rows",
            "money",
            filled=filled,
            table=ibis.literal(name),
            column=cells.field,
            blank=cells.blank.fill_null(0),
            money_empty=money_empty,
            based=is_id.ifelse(cells.rows, cells.based.fill_null(0)),
            lowest=nothing("string"),
            highest=nothing("string"),
            newest_filled=is_id.ifelse(cells.newest, cells.newest_filled),
        )
    )


def _may_be_held(wh: Warehouse, marks: ir.Table, retention_days: int) -> ir.BooleanValue:
    """Whether the customer agreed to be addressed by what the field is for, or bought lately."""
    import ibis

    based = ibis.literal(False)
    if wh.has("consents"):
        agreed = wh.consents.filter(wh.consents.granted_at.notnull(), wh.consents.withdrawn_at.isnull())
        by_name = marks.customer_id.isin(agreed.customer_id) & marks.field.isin(["full_name", "tax_number"])
        by_channel = [
            (marks.field == field)
            & marks.customer_id.isin(agreed.filter(agreed.channel.lower().isin(channels)).customer_id)
            for field, channels in CHANNELS_OF.items()
        ]
        based = by_name | by_channel[0] | by_channel[1] | by_channel[2]
    if wh.has("orders"):
        since = date.fromisoformat(wh.release.facts_until) - timedelta(days=retention_days)
        based = based | marks.customer_id.isin(wh.orders.filter(wh.orders.ordered_at >= since).customer_id)
    return based


def _says_nothing(value: ir.Column, kind: str) -> ir.BooleanColumn | None:
    if kind == TEXT:
        return value.strip().lower().isin(SAYS_NOTHING)
    if kind in (DAY, MOMENT):
        return value.cast("date").isin([date.fromisoformat(day) for day in DEFAULT_DAYS])
    return value.isnull() & value.notnull()


def _digest(value: ir.Value) -> ir.StringValue:
    """Enough to see whether two values are one, and not what they are: a free text may hold anything."""
    return value.cast("string").hexdigest("md5")


def _with_sources(wh: Warehouse, cells: ir.Table) -> ir.Table:
    """The cells with what became of their source's lines, and the references of theirs that led nowhere."""
    if wh.has("loads"):
        files = wh.loads.group_by("source").agg(
            came=wh.loads.lines_read.sum(), refused=wh.loads.lines_quarantined.sum()
        )
        cells = cells.left_join(files, "source").drop("source_right")
    else:
        cells = cells.mutate(came=nothing("int64"), refused=nothing("int64"))
    if not _knows_lost(wh):
        return cells.mutate(lost=nothing("int64"))
    lost = wh.unknown_references
    lost = lost.group_by("source", "table", "column").agg(lost=lost.rows.sum())
    return cells.left_join(lost, ["source", "table", "column"]).drop("source_right", "table_right", "column_right")


def _knows_lost(wh: Warehouse) -> bool:
    return wh.has("unknown_references")


def _in_order(cells: ir.Table) -> ir.Table:
    return cells.select(
        "table",
        "column",
        "source",
        "month",
        "first",
        "newest",
        "newest_filled",
        "days",
        "rows",
        "filled",
        "blank",
        "based",
        "money",
        "money_empty",
        "lowest",
        "highest",
    )


def _counted_nothing() -> ir.Table:
    import ibis

    kinds = dict.fromkeys(("table", "column", "source", "lowest", "highest"), "string")
    kinds |= dict.fromkeys(("month", "first", "newest", "newest_filled"), "date")
    kinds |= dict.fromkeys(("days", "rows", "filled", "blank", "based"), "int64")
    return _in_order(ibis.memtable([], schema=kinds | dict.fromkeys(("money", "money_empty"), "float64")))
