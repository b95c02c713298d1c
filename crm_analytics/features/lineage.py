"""Which columns each question looks at, read off the features' own expressions: it is never typed, so never stale.

Every feature is built on a specimen company that has a little of everything. From the columns a feature answers with,
its expression is followed down to the canonical tables; what it passes on the way, it uses.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from crm_analytics.features.feature import Feature
from crm_analytics.result import Claim
from crm_analytics.warehouse.engine import TableAbsent, Warehouse
from crm_analytics.warehouse.kept import CLAIMS, claims_table
from crm_analytics.warehouse.release import ALL_TABLES, Company, Release, TableState
from crm_analytics.warehouse.tables import DAY, FLAG, FLOAT, INT, MOMENT, SYSTEM_TABLES, TEXT, Column, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

ROWS, DAYS = 4, 200
FIRST_DAY = date(2024, 1, 1)
MAILINGS = "mailings"
"""What those are called who come through the door to personal data."""


@cache
def uses() -> dict[str, frozenset[tuple[str, str]]]:
    """For every feature that looks at facts, the (table, column) pairs it uses; likewise for the door to addresses.

    A feature that needs no canonical table describes the data themselves and is no use of them.
    """
    specimen = Specimen()
    found = {name: _touched_by(one, specimen) for name, one in features_of_facts().items()}
    book = specimen.addresses(purpose=specimen.words["purpose"], channel=specimen.words["channel"])
    frame = book.of(["0"], on=specimen.today)
    return found | {MAILINGS: frozenset(("customer_contacts", name) for name in frame.columns)}


def needs() -> dict[str, tuple[str, ...]]:
    """The same features, and the tables without which each cannot be asked."""
    return {name: one.needs for name, one in features_of_facts().items()} | {
        MAILINGS: ("customer_contacts", "consents")
    }


def features_of_facts() -> dict[str, Feature]:
    """The features that need at least one canonical table."""
    from crm_analytics import features

    every = {name: getattr(features, name) for name in features.__all__}
    return {name: one for name, one in every.items() if set(one.needs) - set(SYSTEM_TABLES)}


class Specimen(Warehouse):
    """A company with a few rows of every canonical table, so that every feature finds what it asks for."""

    def __init__(self) -> None:
        self.words = _words_asked_for()
        self.release = Release(
            id=0,
            published_at="",
            company=Company(name="Specimen"),
            facts_until=(FIRST_DAY + timedelta(days=DAYS)).isoformat(),
            tables={name: TableState(version=0, rows=ROWS, files=()) for name in ALL_TABLES},
        )
        self._base = _listening()
        self._made: dict[str, ir.Table] = {}

    _golden = False

    @property
    def as_recorded(self) -> Specimen:
        """Nobody in it has been identified."""
        return self

    def kept(self, study: str) -> ir.Table:
        """One forecast of each plain measure was kept, and nothing else."""
        import ibis

        if study != CLAIMS:
            raise TableAbsent(f"Nothing has been kept of {study!r} in the specimen.")
        told = [
            Claim(subject="all", measure=measure, value=1.0, low=0.0, high=2.0, evidence="modelled", first=FIRST_DAY,
                  last=FIRST_DAY + timedelta(days=ROWS), expires=self.today, decision="Wait.")
            for measure in ("revenue", "orders", "margin")
        ]  # fmt: skip
        days = {name: datetime.combine(FIRST_DAY, datetime.min.time()) for name in ("told_on", "known_until")}
        return ibis.memtable(claims_table(tuple(told)).assign(study="outlook", release=0, **days))

    def _rows(self, name: str) -> ir.Table:
        if name not in self._made:
            self._made[name] = self._base.create_table(name, _specimen(ALL_TABLES[name], self.words))
        return self._made[name]


def _words_asked_for() -> dict[str, str]:
    """The texts that features look for unless they are told otherwise, by the column they look in."""
    asked = (p for one in features_of_facts().values() for p in inspect.signature(one.function).parameters.values())
    return {p.name: p.default for p in asked if isinstance(p.default, str)}


def _specimen(table: Table, words: dict[str, str]) -> pa.Table:
    import pyarrow as pa

    schema = table.arrow_schema()
    columns = {column.name: [_value(table, column, row, words) for row in range(ROWS)] for column in table.columns}
    columns["source"] = ["specimen"] * ROWS
    return pa.Table.from_pylist(
        [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)], schema=schema
    )


def _value(table: Table, column: Column, row: int, words: dict[str, str]) -> Any:
    if column.values:
        return column.values[row % len(column.values)]
    if column.kind == TEXT and (column.name == table.key[-1] or not column.name.endswith("_id")):
        return words.get(column.name) or (str(row) if column.name in table.key else "0")
    plain = {TEXT: "0", INT: row, FLOAT: 1.0, DAY: FIRST_DAY + timedelta(days=row), FLAG: bool(row % 2)}
    if column.kind == MOMENT:
        return datetime.combine(FIRST_DAY + timedelta(days=row), datetime.min.time())
    return plain.get(column.kind, row + 1)


def _listening() -> Any:
    """An engine that remembers what it was asked on the way, since some features look before they answer."""
    from ibis.backends.duckdb import Backend

    class Listening(Backend):
        heard: set[tuple[str, str]] = set()

        def to_pyarrow(self, expr: Any, /, **options: Any) -> Any:
            self.heard |= touched(expr)
            return super().to_pyarrow(expr, **options)

    engine = Listening()
    engine.do_connect()
    return engine


def _touched_by(feature: Feature, specimen: Specimen) -> frozenset[tuple[str, str]]:
    """What a feature uses; what it asked on the way where it will not speak of so small a company."""
    asked = list(inspect.signature(feature.function).parameters.values())[1:]
    given = {p.name: FIRST_DAY if "date" in str(p.annotation) else "0" for p in asked if p.default is p.empty}
    specimen._base.heard = set()
    try:
        table = feature(specimen, **given)
    except Exception:  # one feature that cannot be built here must not take the page from all others; a test names it
        return frozenset(specimen._base.heard)
    return touched(table) | specimen._base.heard


def touched(expression: ir.Expr) -> frozenset[tuple[str, str]]:
    """The (table, column) pairs at the bottom of an expression that its columns, filters, keys and orders rest on."""
    import ibis.expr.operations as ops

    walk, top = _Walk(), expression.op()
    if isinstance(top, ops.Relation):
        walk.relation(top, tuple(top.schema))
    else:
        walk.value(top)
    return frozenset(found for found in walk.found if found[0] in ALL_TABLES)


class _Walk:
    """From the columns that are wanted of a relation down to those of the tables beneath."""

    def __init__(self) -> None:
        self.found: set[tuple[str, str]] = set()
        self._seen: set[tuple[Any, str | None]] = set()

    def relation(self, rel: Any, names: tuple[str, ...]) -> None:
        import ibis.expr.operations as ops

        if isinstance(rel, ops.PhysicalTable):
            self.found |= {(rel.name, name) for name in names}
            return
        if isinstance(rel, ops.Set):
            for side in (rel.left, rel.right):
                self.relation(side, tuple(side.schema) if rel.distinct else names)
            return
        if isinstance(rel, ops.Distinct):
            names = tuple(rel.schema)
        if (rel, None) not in self._seen:  # what every row rests on: filters, keys, groups, orders
            self._seen.add((rel, None))
            for name, part in zip(rel.argnames, rel.args, strict=True):
                if name not in ("values", "metrics"):
                    self.value(part)
        for name in names:
            if (rel, name) not in self._seen and name in rel.values:
                self._seen.add((rel, name))
                self.value(rel.values[name])

    def value(self, part: Any) -> None:
        import ibis.expr.operations as ops

        if isinstance(part, ops.Field):
            self.relation(part.rel, (part.name,))
        elif isinstance(part, ops.Relation):
            self.relation(part, ())
        elif isinstance(part, ops.ScalarSubquery | ops.InSubquery):
            self.relation(part.rel, tuple(part.rel.schema))
            for one in part.args:
                self.value(one)
        else:
            for one in _parts(part):
                self.value(one)


def _parts(part: Any) -> Iterator[Any]:
    if isinstance(part, Mapping):
        yield from part.values()
    elif isinstance(part, tuple):
        yield from part
    elif hasattr(part, "argnames"):
        yield from part.args
