"""Expectations: what must hold of the rows of a canonical table before anybody may see them, one line each.

An expectation is a sentence: a measure and its bound (`rows as usual`, `empty region at most 0.3`, `newest within 3
days`), or a condition that every row fulfils (`price >= 0`). «As usual» is judged against what the same source brought
before. Keys and references need no line here: a row that breaks them never gets this far.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from crm_analytics.collection.mapping.section import Section, closest
from crm_analytics.warehouse.tables import DAY, FLOAT, INT, MOMENT, MONEY, QUANTITY, TABLES, Table

WARN, STOP, PASS = "warn", "stop", "pass"

EXPECTED: dict[str, tuple[str, ...]] = {
    "customers": (
        "birth_year BETWEEN 1900 AND year(today)",
        *(f"mix {column} as usual" for column in ("kind", "region", "gender", "acquired_channel")),
    ),
    "consents": ("withdrawn_at >= granted_at", "mix purpose as usual", "mix channel as usual"),
    "products": ("mix category as usual",),
    "stores": ("mix region as usual",),
    "orders": (
        "without order_lines as usual",
        *(f"mix {column} as usual" for column in ("channel", "kind", "store_id")),
    ),
    "order_lines": ("price >= 0", "quantity <> 0", "unit_cost >= 0", "sum amount as usual", "typical price as usual"),
    "payments": ("due_at >= invoiced_at", "sum amount as usual", "typical amount as usual"),
    "order_costs": ("amount >= 0", "sum amount as usual", "mix kind as usual"),
    "prices": ("price > 0", "typical price as usual"),
    "promotions": ("discount BETWEEN 0 AND 1", "ends >= starts"),
    "competitor_prices": ("price > 0", "typical price as usual", "mix competitor as usual"),
    "stock": ("quantity >= 0", "mix store_id as usual"),
    "purchases": ("quantity > 0", "received_at >= ordered_at", "typical unit_cost as usual"),
    "campaigns": ("ends >= starts", "budget >= 0"),
    "campaign_costs": ("sum amount as usual",),
    "arms": ("mix arm as usual",),
    "contacts": (
        "duration_s >= 0",
        "cost >= 0",
        *(f"mix {column} as usual" for column in ("channel", "kind", "outcome")),
    ),
    "leads": ("cost >= 0", "mix source_name as usual"),
    "deal_stages": ("amount >= 0", "typical amount as usual", "mix stage as usual", "mix outcome as usual"),
    "touchpoints": ("value >= 0", "mix medium as usual"),
    "survey_answers": ("weight >= 0", "mix question as usual"),
}
"""What is expected of a table beside its rows, its newest moment, and how much of each column is empty."""

TOLERATED = 0.001
"""So many rows may break a condition that no map has said; a map's own conditions hold for every row."""

AS_IT_IS = "_as_it_is"
MACRO = f"CREATE OR REPLACE MACRO num{AS_IT_IS}(x) AS x"
"""The columns of canonical tables are numbers already; nothing is to be read into them."""

_NUMBER = r"-?\d+(?:\.\d+)?"
_SAID = re.compile(
    r"(?P<measure>rows|newest|empty|sum|typical|mix|unknown|without)(?: (?P<column>\w+))? "
    rf"(?:as usual|within (?P<days>{_NUMBER}) days?|at least (?P<least>{_NUMBER})|at most (?P<most>{_NUMBER})"
    rf"|between (?P<low>{_NUMBER}) and (?P<high>{_NUMBER}))"
)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """One line: a measure with its bound, or a condition on every row, and what becomes of the load if it fails."""

    table: str
    that: str
    measure: str = ""
    """What is measured; empty where `that` is a condition."""
    column: str = ""
    low: float | None = None
    high: float | None = None
    tolerate: float = 0.0
    """The share of rows that may break a condition."""
    otherwise: str = WARN
    sql: str = ""
    """A map's condition, bound to the columns of the table; our own are SQL as they stand."""

    @property
    def condition(self) -> str:
        return "" if self.measure else self.sql or self.that

    @property
    def subject(self) -> str:
        """What it is about: a later expectation about the same replaces an earlier one."""
        return f"{self.measure} {self.column}".strip() if self.measure else " ".join(self.that.split()).casefold()

    @property
    def usual(self) -> bool:
        """Whether it is judged against what came before."""
        return bool(self.measure) and self.low is None and self.high is None


def expectation(table: str, that: str, *, tolerate: float = 0.0, otherwise: str = WARN) -> Expectation:
    """Read one sentence. Raises ValueError, saying what would be one, when it measures what is not there."""
    said = _SAID.fullmatch(" ".join(that.split()))
    if not said:
        return Expectation(table=table, that=that, tolerate=tolerate, otherwise=otherwise)
    measure, column, canonical = said["measure"], said["column"] or "", TABLES[table]
    known = _columns(canonical, measure)
    if column not in known:
        raise ValueError(
            f"{measure} stands alone: «{measure} as usual»."
            if known == ("",)
            else f"{table} has no {column!r} of which there could be said {measure!r}.{closest(column, known)}"
        )
    if (said["days"] is not None) != (measure == "newest" and not that.endswith("as usual")) or (
        measure == "mix" and not that.endswith("as usual")
    ):
        raise ValueError("say «newest within 3 days», «newest as usual», «mix channel as usual», «rows at least 100».")
    low, high = said["least"] or said["low"], said["most"] or said["high"] or said["days"]
    return Expectation(
        table=table,
        that=that,
        measure=measure,
        column=column,
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        otherwise=otherwise,
    )


def _columns(table: Table, measure: str) -> tuple[str, ...]:
    """What may follow a measure: columns, or tables that refer to this one; an empty text where it stands alone."""
    if measure in ("rows", "newest"):
        return ("",)
    if measure == "without":
        key = f"{table.name}.{table.key[0]}"
        return tuple(other.name for other in TABLES.values() if any(column.refers == key for column in other.columns))
    numbers = (INT, FLOAT, MONEY, QUANTITY)
    return tuple(
        column.name
        for column in table.columns
        if not column.personal
        and (measure not in ("sum", "typical") or column.kind in numbers)
        and (measure != "unknown" or column.refers)
    )


def expectations(table: str, given: Iterable[Expectation] = ()) -> tuple[Expectation, ...]:
    """All that is expected of a table: the lines above, what its columns say, and over them what a map says."""
    every = {one.subject: one for one in [*_declared(TABLES[table]), *given]}
    return tuple(one for one in every.values() if one.otherwise != PASS)


def _declared(table: Table) -> Iterator[Expectation]:
    yield expectation(table.name, "rows as usual")
    if moment_of(table):
        yield expectation(table.name, "newest as usual")
    for column in table.columns:
        if not column.required and not column.personal:
            yield expectation(table.name, f"empty {column.name} as usual")
            if column.refers:
                yield expectation(table.name, f"unknown {column.name} as usual")
    for that in EXPECTED.get(table.name, ()):
        yield expectation(table.name, that, tolerate=TOLERATED)


def moment_of(table: Table) -> str:
    """The column that says when what a row tells has happened; empty where there is none."""
    moments = [column for column in table.columns if column.past and column.kind in (DAY, MOMENT)]
    return min(moments, key=lambda column: not column.required).name if moments else ""


def read_expectations(section: Section, table: str) -> tuple[Expectation, ...]:
    """What a map says under `expect:` of one table. Raises MapError."""
    return tuple(_said(one, table) for one in section.sections(table))


def _said(section: Section, table: str) -> Expectation:
    that, otherwise = section.text("that"), section.text("else", default=WARN)
    tolerate = section.text("tolerate", default="0")
    section.done()
    if otherwise not in (WARN, STOP, PASS):
        raise section.error("else", f"{otherwise!r} should be warn, stop or pass.")
    if not re.fullmatch(r"0(\.\d+)?|1(\.0+)?", tolerate):
        raise section.error("tolerate", f"{tolerate!r} should be a share between 0 and 1, like 0.01.")
    try:
        said = expectation(table, that, tolerate=float(tolerate), otherwise=otherwise)
        return said if said.measure else replace(said, sql=_bound(table, that))
    except ValueError as error:
        raise section.error("that", str(error)) from None


def _bound(table: str, that: str) -> str:
    """A condition over the columns of a canonical table, and `today`, as SQL. Raises ValueError."""
    import duckdb

    from crm_analytics.collection.mapping.expressions import bind

    known = {column.name: column.sql_type for column in TABLES[table].columns if not column.personal}
    known["today"] = "DATE"

    def column(name: str) -> str:
        if name not in known:
            raise ValueError(f"{table} has no column {name!r}.{closest(name, known)}")
        return name

    with duckdb.connect() as connection:
        sql = bind(connection, that, column=column, dialect=AS_IT_IS)
        typed = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in known.items())
        try:
            connection.execute(MACRO)
            [[_, kind, *_]] = connection.execute(f"SELECT {sql} FROM (SELECT {typed})").description
        except duckdb.Error as error:
            raise ValueError(f"{that!r} cannot be carried out: {str(error).splitlines()[0][:200]}") from None
    if str(kind) != "BOOLEAN":
        raise ValueError(f"{that!r} is no condition; one is true or not of every row, like price >= 0.")
    return sql
