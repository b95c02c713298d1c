"""Fitting: how the lines of a file become rows of a canonical table, as SQL that is run when it is asked.

A *block* of the map is a view: rid, file, the table's columns, and `fault`, the first thing wrong with the row. Where a
table takes one row per distinct value (`rows:`), the row is the first line of that value that can give one.
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_analytics.collection.bench import Bench, Kind
from crm_analytics.collection.conversion import converted, faults, quoted
from crm_analytics.collection.maps import Block, ColumnSpec
from crm_analytics.warehouse.tables import TABLES, Column


class Fit:
    """One block of a map on the bench."""

    def __init__(self, bench: Bench, kind: Kind, block: Block, *, number: int, now: str):
        self.bench, self.kind, self.block, self.now = bench, kind, block, now
        self.number = number
        self._settled_at = -1
        self.table = TABLES[block.table]
        self.source = kind.map.source
        self.given = {column.target: column for column in block.columns}
        self.where = self._expression(block.where, "where") if block.where else ""
        self.group = self._expression(block.rows, "rows") if block.rows else ""
        self.taken = {spec.target: self._taken(spec) for spec in block.columns}
        self.places = {
            spec.target: self._expression(spec.number_within, f"columns.{spec.target}")
            for spec in block.columns
            if spec.number_within
        }

    def _expression(self, text: str, place: str) -> str:
        place = f"{self.block.place}.{place}"
        sql = self.bench.expression(self.kind, text, place)
        self.bench.check(sql, self.kind.lines, self.kind, place)
        return sql

    def _taken(self, spec: ColumnSpec) -> str:
        place = f"columns.{spec.target}"
        if spec.constant is not None:
            return quoted(spec.constant) if spec.constant else "CAST(NULL AS VARCHAR)"
        if spec.column:
            return self.kind.column(spec.column, f"{self.block.place}.{place}")
        return self._expression(spec.expression, place) if spec.expression else "CAST(NULL AS VARCHAR)"

    @property
    def first(self) -> str:
        return f"first_{self.number}"

    @property
    def view(self) -> str:
        return f"fit_{self.number}"

    @property
    def good(self) -> str:
        """The rows of this block that stand: (rid, file, the table's columns)."""
        return f"good_{self.number}"

    @property
    def member(self) -> str:
        """Whether a line is of this table at all; empty when all are."""
        parts = [self.where and f"coalesce({self.where}, false)", self.group and f"{self.group} IS NOT NULL"]
        return " AND ".join(part for part in parts if part)

    def prepare(self) -> None:
        """Lay the block's views on the bench. The files have been read."""
        run = self.bench.run
        for target, group in self.places.items():
            run(
                f"CREATE TABLE place_{self.number}_{target} AS SELECT min(rid) AS start, {group} AS grp "
                f"FROM {self.kind.lines} WHERE grp IS NOT NULL GROUP BY grp"
            )
        if self.group:
            run(f"CREATE TABLE {self.first} (rid BIGINT, grp VARCHAR)")
            run(f"CREATE TABLE yielded_{self.number} (rid BIGINT)")
            chosen = f"(FROM {self.kind.lines} SEMI JOIN {self.first} USING (rid))"
            run(f"CREATE VIEW {self.view} AS {self._rows(chosen)}")
            run(f"CREATE VIEW {self.good} AS FROM {self.view} ANTI JOIN yielded_{self.number} USING (rid)")
        else:
            run(f"CREATE VIEW {self.view} AS {self._rows(self.kind.lines)}")
            run(f"CREATE VIEW {self.good} AS FROM {self.view} ANTI JOIN refused USING (rid)")

    def refuse(self) -> int:
        """Refuse the lines whose rows have a fault; for `rows:`, choose the first lines that have none."""
        if not self.group:
            return self.bench.refuse(f"SELECT rid, fault AS reason FROM {self.view} WHERE fault IS NOT NULL")
        self.bench.run(f"INSERT INTO {self.first} SELECT min(rid), grp FROM ({self.candidates()}) GROUP BY grp")
        return self.settle()

    def settle(self) -> int:
        """Where a first line is refused, let the next line of its value that has no fault take its place."""
        if not self.group or self._settled_at == self.bench.refusals:
            return 0
        self._settled_at = self.bench.refusals
        lost = f"lost_{self.number}"
        self.bench.run(
            f"CREATE OR REPLACE TABLE {lost} AS SELECT grp FROM {self.first} SEMI JOIN "
            f"(SELECT rid FROM refused UNION ALL SELECT rid FROM {self.view} WHERE fault IS NOT NULL) USING (rid)"
        )
        if not self.bench.one(f"SELECT count(*) FROM {lost}"):
            return 0
        self.bench.run(f"DELETE FROM {self.first} WHERE grp IN (FROM {lost})")
        lines = f"(SELECT * FROM ({self.candidates('*')}) WHERE grp IN (FROM {lost}))"
        self.bench.run(
            f"CREATE OR REPLACE TABLE tried_{self.number} AS SELECT rid, fault, grp FROM ({self._rows(lines)}) "
            f"JOIN (SELECT rid, grp FROM {lines}) USING (rid)"
        )
        self.bench.run(
            f"INSERT INTO {self.first} SELECT min(rid), grp FROM tried_{self.number} WHERE fault IS NULL GROUP BY grp"
        )
        return self.bench.refuse(
            f"SELECT t.rid, t.fault AS reason FROM tried_{self.number} t LEFT JOIN {self.first} f USING (grp) "
            "WHERE t.fault IS NOT NULL AND (f.rid IS NULL OR t.rid < f.rid)"
        )

    def candidates(self, columns: str = "rid") -> str:
        return (
            f"SELECT {columns}, CAST({self.group} AS VARCHAR) AS grp FROM {self.kind.lines} "
            f"ANTI JOIN refused USING (rid) WHERE {self.member}"
        )

    def _rows(self, relation: str) -> str:
        """rid, file, the table's columns, and the fault, of the lines of a relation that are of this table."""
        taken = ", ".join(f'{sql} AS "x_{target}"' for target, sql in self.taken.items())
        lines = f"SELECT *, {taken} FROM {relation}" + (f" WHERE {self.member}" if self.member else "")
        joins, values, checks = "", [], []
        for column in self.table.columns:
            spec = self.given.get(column.name)
            if spec is None:
                values.append(f'CAST(NULL AS {column.sql_type}) AS "{column.name}"')
                continue
            join, value, known = self._value(column, spec)
            joins += join
            values.append(f'{value} AS "{column.name}"')
            checks += known
        return (
            f"SELECT *, {self.bench.cases(checks)} AS fault FROM "
            f"(SELECT rid, file, {', '.join(values)}{self._lookups()} FROM ({lines}) AS l{joins})"
        )

    def _lookups(self) -> str:
        """What the checks of looked-up and converted columns need beside the values."""
        return "".join(f', "x_{target}"' for target in self.taken)

    def _value(self, column: Column, spec: ColumnSpec) -> tuple[str, str, list[tuple[str, int]]]:
        x, join, checks = f'"x_{spec.target}"', "", []
        named = spec.column or f"{self.block.table}.{spec.target}"
        if spec.number_within:
            place = f"place_{self.number}_{spec.target}"
            return (
                f" LEFT JOIN {place} ON {place}.grp = {self.places[spec.target]}",
                f"CAST(l.rid - {place}.start + 1 AS BIGINT)",
                [(f'"{column.name}" IS NULL', self.bench.reason("empty, and must not be", spec.number_within))],
            )
        if spec.lookup:
            looked, table = f"look_{spec.target}", f"lookup_{self.kind.map.source}_{spec.lookup}"
            join = f" LEFT JOIN {table} AS {looked} ON {looked}.key = CAST({x} AS VARCHAR)"
            x_value = f"{looked}.value"
            if spec.otherwise is not None:
                x_value = f"CASE WHEN {x} IS NOT NULL THEN coalesce({x_value}, {quoted(spec.otherwise)}) END"
            value = converted(column, ColumnSpec(target=spec.target, constant="looked up"), x_value, self.kind.dialect)
            missing = f"a value that the lookup {spec.lookup} does not have"
            unknown = [(f'{x} IS NOT NULL AND "{column.name}" IS NULL', self.bench.reason(missing, named))]
        else:
            value, unknown = converted(column, spec, x, self.kind.dialect), []
        if spec.default is not None:
            default = f"TRY_CAST({quoted(spec.default)} AS {column.sql_type})"
            value = f"CASE WHEN {x} IS NULL THEN {default} ELSE {value} END"
        checks = unknown + [
            (condition, self.bench.reason(reason, named))
            for condition, reason in faults(column, f'"{column.name}"', f"{x} IS NOT NULL", self.now)
        ]
        return join, value, checks


def fitted(bench: Bench, kinds: list[Kind], now: str) -> Iterator[Fit]:
    """The blocks of all maps, bound to their files."""
    number = 0
    by_name = {(kind.map.source, kind.spec.name): kind for kind in kinds}
    for one in dict.fromkeys(kind.map.source for kind in kinds):
        source_map = next(kind.map for kind in kinds if kind.map.source == one)
        for block in source_map.blocks:
            yield Fit(bench, by_name[one, block.file], block, number=number, now=now)
            number += 1
