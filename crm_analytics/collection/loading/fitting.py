"""Fitting: how the lines of a file become rows of a canonical table.

A *block* of the map says in one scan of the file what each of its lines would be as a row, and the first thing wrong
with it (`fault`). Where a table takes one row per distinct value (`rows:`), the row is the first line of that value
that can give one; those rows are laid out apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from crm_analytics.collection.loading import repeats
from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.kinds import Kind
from crm_analytics.collection.mapping.conversion import converted, faults, quoted
from crm_analytics.collection.mapping.maps import TAKEN, Block, ColumnSpec
from crm_analytics.collection.mapping.pseudonyms import FORGOTTEN
from crm_analytics.warehouse.privacy.subject import SOURCE_ID, customer_columns
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
        self.where = kind.take(f"coalesce({self._expression(block.where, 'where')}, false)") if block.where else ""
        self.group = self._group(block.rows) if block.rows else ""
        self.values: dict[str, str] = {}
        """The SQL of each column's value, of a line `l` that was scanned."""
        self.places: dict[str, str] = {}
        """For columns that number lines within a group: the group's name."""
        self.among: dict[str, str] = {}
        """For columns that take the earliest or the latest day of all lines of a value: how it is found."""
        checks: list[tuple[str, int]] = []
        needed: list[tuple[str, int]] = []
        for column in self.table.columns:
            if column.name in self.given:
                found = self._fit(column, self.given[column.name])
                checks += found
                needed += found if column.name in self.table.key else []
        self.member = " AND ".join(
            part for part in (self.where, self.group and f"{self.group} IS NOT NULL") if part
        )
        """Whether a line is of this table at all, as the scan can tell; empty when all are."""
        fault = bench.cases(checks)
        if kind.gone:  # whoever takes a row away need say no more than which one
            fault = f"CASE WHEN {kind.gone} THEN {bench.cases(needed)} ELSE {fault} END"
        self.fault = kind.keep(f"CASE WHEN {self.member} THEN {fault} END" if self.member else fault)
        self.grp = self.group and kind.keep(self.group)
        self.belongs = " AND ".join(
            part
            for part in (
                self.where and kind.keep(self.where),
                self.grp and f"{self.grp} IS NOT NULL",
                self.grp and kind.gone and f"NOT {kind.keep(kind.gone)}",
                "true",
            )
            if part
        )
        """The same of a line that was scanned."""

    def _expression(self, text: str, place: str) -> str:
        place = f"{self.block.place}.{place}"
        sql = self.bench.expression(self.kind, text, place)
        self.bench.check(sql, self.kind, place)
        return sql

    def _group(self, text: str) -> str:
        sql = self._expression(text, "rows")
        return sql if sql in self.kind.used.values() else self.kind.take(f"CAST({sql} AS VARCHAR)")

    def _taken(self, spec: ColumnSpec) -> str:
        place = f"columns.{spec.target}"
        if spec.constant is not None:
            return quoted(spec.constant) if spec.constant else "CAST(NULL AS VARCHAR)"
        if spec.column:
            return self.kind.column(spec.column, f"{self.block.place}.{place}")
        return self.kind.take(self._expression(spec.expression, place))

    def _fit(self, column: Column, spec: ColumnSpec) -> list[tuple[str, int]]:
        """Have the scan keep a column's value; what can be wrong with it, and the reasons."""
        named = spec.column or f"{self.block.table}.{spec.target}"
        if spec.number_within:
            group = self.kind.take(self._expression(spec.number_within, f"columns.{spec.target}"))
            self.places[column.name] = self.kind.keep(group)
            return [(f"{group} IS NULL", self.bench.reason("empty, and must not be", spec.number_within))]
        x = self._taken(spec)
        checks = []
        if spec.lookup:
            found = self.bench.looked_up(f"{self.kind.map.source}_{spec.lookup}", x)
            if spec.otherwise is not None:
                found = f"CASE WHEN {x} IS NOT NULL THEN coalesce({found}, {quoted(spec.otherwise)}) END"
            value = converted(column, ColumnSpec(target=spec.target, constant="looked up"), found, self.kind.dialect)
        else:
            value = converted(column, spec, x, self.kind.dialect)
        if spec.default is not None:
            default = f"TRY_CAST({quoted(spec.default)} AS {column.sql_type})"
            value = f"CASE WHEN {x} IS NULL THEN {default} ELSE {value} END"
        if column.name in customer_columns(self.table):
            value, checks = self._customer(column, value, named)
        if spec.constant is None:
            value = self.kind.value(value)
            self.values[column.name] = f"l.{self.kind.keep(value)}"
            if spec.take:
                self.among[column.name] = f"{TAKEN[spec.take]}({self.kind.keep(value)})"
        else:
            self.values[column.name] = value
        if spec.lookup:
            missing = f"a value that the lookup {spec.lookup} does not have"
            checks += [(f"{x} IS NOT NULL AND {value} IS NULL", self.bench.reason(missing, named))]
        return checks + [
            (condition, self.bench.reason(reason, named))
            for condition, reason in faults(column, value, f"{x} IS NOT NULL", self.now)
        ]

    def _customer(self, column: Column, value: str, named: str) -> tuple[str, list[tuple[str, int]]]:
        """What the customer is called here, and the check that it is nobody who asked to be forgotten.

        A row that can be without its customer stays, without.
        """
        customers, ids = self.bench.customers, self.kind.map.ids
        plain = self.kind.value(value)
        if self.table.name == "customer_contacts" and customers.pseudonyms:
            self.values.setdefault(SOURCE_ID, f"l.{self.kind.keep(plain)}")
        called, gone = customers.called(value, ids), customers.is_gone(value)
        if gone and column.required:
            self.kind.expected.add(FORGOTTEN)
            return called, [(gone, self.bench.reason(FORGOTTEN, named))]
        return (f"CASE WHEN {gone} THEN NULL ELSE {called} END" if gone else called), []

    @property
    def chosen(self) -> str:
        """Where a value gives one row: the rows that were chosen."""
        return f"chosen_{self.number}"

    @property
    def lines(self) -> str:
        """The lines of this block that stand, where every line gives a row: (rid, file, what is kept)."""
        return f"standing_{self.number}"

    @property
    def good(self) -> str:
        """The rows of this block that stand: (rid, file, the table's columns)."""
        return f"good_{self.number}"

    @property
    def keyed(self) -> str:
        """Of lines that stand, where files add to one another: (rid, file, the table's key, gone)."""
        return f"keyed_{self.number}"

    @property
    def superseded(self) -> str:
        """The lines (rid) that a newer line of the same load corrects or takes away."""
        return f"superseded_{self.number}"

    def prepare(self) -> None:
        """Lay the block's views on the bench. The files have been read."""
        run = self.bench.run
        for target, group in self.places.items():
            run(
                f"CREATE TABLE place_{self.number}_{target} AS SELECT min(rid) AS start, {group} AS grp"
                f"{self._by_file} FROM {self.kind.lines} WHERE {group} IS NOT NULL GROUP BY {group}{self._by_file}"
            )
        if self.among:
            found = ", ".join(f'{sql} AS "{name}"' for name, sql in self.among.items())
            run(
                f"CREATE VIEW among_{self.number} AS SELECT {self.grp} AS grp, {found} FROM {self.kind.lines} "
                f"ANTI JOIN refused USING (rid) WHERE {self.fault} IS NULL AND {self.belongs} GROUP BY {self.grp}"
            )
        if self.group:
            self._choose_only([])
            marked = self.bench.marked(self.chosen, self.kind)
            run(f"CREATE VIEW {self.chosen} AS {self._rows(f'(FROM {self.kind.lines} WHERE {marked})')}")
            run(f"CREATE TABLE yielded_{self.number} (rid BIGINT)")
            run(f"CREATE VIEW {self.good} AS FROM {self.chosen} ANTI JOIN yielded_{self.number} USING (rid)")
        else:
            run(
                f"CREATE VIEW {self.lines} AS FROM {self.kind.lines} ANTI JOIN refused USING (rid) "
                f"WHERE {self.fault} IS NULL AND {self.belongs}"
            )
            if self.kind.adds:
                self._prepare_adding()
            else:
                run(f"CREATE VIEW {self.good} AS {self._rows(self.lines)}")

    def _prepare_adding(self) -> None:
        key = ", ".join(f'"{name}"' for name in self.table.key)
        gone = self.kind.keep(self.kind.gone) if self.kind.gone else "false"
        self.bench.run(f"CREATE TABLE {self.superseded} (rid BIGINT)")
        every = self._rows(self.lines, also=f", {gone} AS gone")
        self.bench.run(f"CREATE VIEW {self.keyed} AS SELECT rid, file, {key}, gone FROM ({every})")
        newest = f"(FROM {self.lines} ANTI JOIN {self.superseded} USING (rid) WHERE NOT {gone})"
        self.bench.run(f"CREATE VIEW {self.good} AS {self._rows(newest)}")

    @property
    def _by_file(self) -> str:
        """Where files add to one another, a line's place is that in its own file."""
        return ", file" if self.kind.adds else ""

    def refuse(self) -> None:
        """Refuse the lines whose rows have a fault; for `rows:`, choose the first lines that have none."""
        if not self.group:
            self.bench.refuse(
                f"SELECT rid, {self.fault} AS reason FROM {self.kind.lines} WHERE {self.fault} IS NOT NULL"
            )
            return
        self._choose()
        self.settle()

    def settle(self) -> int:
        """Where a chosen line is refused, let the next line of its value that has no fault take its place."""
        if not self.group or self._settled_at == self.bench.refusals:
            return 0
        self._settled_at = self.bench.refusals
        lost = f"lost_{self.number}"
        self.bench.run(
            f"CREATE OR REPLACE TABLE {lost} AS SELECT rid, grp FROM {self.chosen} SEMI JOIN refused USING (rid)"
        )
        if not self.bench.one(f"SELECT count(*) FROM {lost}"):
            return 0
        self._choose_only(self._chosen_lines[~np.isin(self._chosen_lines, self._asked(f"SELECT rid FROM {lost}"))])
        return self._choose(f" SEMI JOIN {lost} ON {lost}.grp = l.{self.grp}")

    def _choose(self, among: str = "") -> int:
        """Choose for each value its first line without a fault, and refuse those with one before it. How many."""
        lines = f"{self.kind.lines} AS l ANTI JOIN refused USING (rid){self._not_spent}{among}"
        unsettled = f"{lines} WHERE {self.fault} IS NULL AND {self.belongs}"
        first, found = self._chosen_lines, None if among else self.runs(f"l.{self.grp}")
        if found:
            first = np.setdiff1d(*found[:2], assume_unique=True)
            self.bench.mark("again", self.kind, found[1])
            unsettled = f"{self.kind.lines} AS l WHERE {self.bench.marked('again', self.kind)}"
        if not found or len(found[1]):
            more = self._asked(f"SELECT min(rid) AS rid FROM {unsettled} GROUP BY {self.grp}")
            first = np.concatenate([first, more])
        self._choose_only(first)
        return self.bench.refuse(
            f"SELECT t.rid, t.reason FROM (SELECT l.rid, {self.fault} AS reason, {self.grp} AS grp FROM {lines} "
            f"WHERE {self.fault} IS NOT NULL) AS t LEFT JOIN {self.chosen} AS c USING (grp) "
            f"WHERE c.rid IS NULL OR t.rid < c.rid"
        )

    def _asked(self, query: str) -> np.ndarray:
        return self.bench.run(query).fetchnumpy()["rid"]

    def _choose_only(self, lines: Iterable[int]) -> None:
        """Have these lines, and no others, stand for their values."""
        self._chosen_lines = np.asarray(lines, dtype=np.int64)
        self.bench.mark(self.chosen, self.kind, self._chosen_lines)

    def runs(self, *own: str, then: str = "") -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """The runs of the lines without a fault, as they lie, by the hash of some values; see `repeats.runs`."""
        spent = f" UNION ALL FROM spent_{self.kind.number}" if self.group and self.kind.adds else ""
        out = self._asked(f"SELECT rid FROM refused{spent}")
        stands = f"coalesce({self.fault} IS NULL AND {self.belongs}, false)"
        return repeats.runs(self.bench, self.kind, own=", ".join(own) or "0", then=then, stands=stands, out=out)

    @property
    def _not_spent(self) -> str:
        return f" ANTI JOIN spent_{self.kind.number} USING (rid)" if self.kind.adds else ""

    def standing(self) -> int:
        """How many rows of this block stand."""
        if not self.group:
            return self.bench.one(f"SELECT count(*) FROM {self.good}")
        return len(self._chosen_lines) - self.bench.one(f"SELECT count(DISTINCT rid) FROM yielded_{self.number}")

    def candidates(self) -> str:
        """The lines that belong to this block and are not refused: (rid, grp)."""
        return (
            f"SELECT rid, {self.grp} AS grp FROM {self.kind.lines} ANTI JOIN refused USING (rid) WHERE {self.belongs}"
        )

    def _rows(self, lines: str, also: str = "") -> str:
        """rid, file, the table's columns (and the value of `rows:`) of these lines."""
        columns, joins = [], ""
        if self.among:
            joins = f" LEFT JOIN among_{self.number} AS a ON a.grp = l.{self.grp}"
        for column in self.table.columns:
            name = column.name
            if name in self.places:
                place = f"place_{self.number}_{name}"
                joins += f" LEFT JOIN {place} ON {place}.grp = l.{self.places[name]}"
                joins += f" AND {place}.file = l.file" if self.kind.adds else ""
                columns.append(f'CAST(CAST(l.rid - {place}.start + 1 AS BIGINT) AS {column.sql_type}) AS "{name}"')
            elif name in self.among:
                columns.append(f'a."{name}" AS "{name}"')
            elif name in self.values:
                columns.append(f'{self.values[name]} AS "{name}"')
            else:
                columns.append(f'CAST(NULL AS {column.sql_type}) AS "{name}"')
        grp = f", l.{self.grp} AS grp" if self.group else ""
        return f"SELECT l.rid, l.file, {', '.join(columns)}{grp}{also} FROM {lines} AS l{joins}"


def fitted(bench: Bench, kinds: list[Kind], now: str) -> Iterator[Fit]:
    """The blocks of all maps, bound to their files; those of files that brought nothing new are left out."""
    number = 0
    by_name = {(kind.map.source, kind.spec.name): kind for kind in kinds}
    for kind in kinds:
        if kind.spec.deleted:
            place = f"files.{kind.spec.name}.deleted"
            sql = bench.expression(kind, kind.spec.deleted, place)
            bench.check(f"CAST({sql} AS BOOLEAN)", kind, place)
            kind.gone = kind.take(f"coalesce(CAST({sql} AS BOOLEAN), false)")
    for one in dict.fromkeys(kind.map.source for kind in kinds):
        source_map = next(kind.map for kind in kinds if kind.map.source == one)
        for block in source_map.blocks:
            if (one, block.file) in by_name:
                yield Fit(bench, by_name[one, block.file], block, number=number, now=now)
                number += 1
