"""Merging: new rows among those that are there, where files add to what came before.

A key that is not there is inserted; one that is there with other content is corrected; one that a line deletes goes. A
row that stands for a value (`rows:`) stays as it is, until the line it was taken from is corrected or deleted; it goes
with the last row that refers to it. Only files in which a row changes or goes are written anew; the others stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.crosscheck import Crosscheck
from crm_analytics.collection.loading.fitting import Fit
from crm_analytics.collection.loading.increments import Stock, files_of
from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.collection.sources.source import Progress
from crm_analytics.warehouse.release import Draft
from crm_analytics.warehouse.tables import TABLES, Table

SMALL_ROWS = 120_000
SMALL_FILES = 12
"""So many files with so few rows are made into one, when the table is written anyway."""


class Merge:
    """The new rows of one source among its old ones, table by table."""

    def __init__(self, bench: Bench, crosscheck: Crosscheck, stock: Stock, draft: Draft, *, source: str):
        self.bench, self.crosscheck, self.stock, self.draft, self.source = bench, crosscheck, stock, draft, source
        self.corrected: Counter[str] = Counter()
        self.deleted: Counter[str] = Counter()
        self.rows: dict[str, int] = {}
        """By table, how many rows it must hold afterwards."""
        bench.run(f"CREATE TABLE IF NOT EXISTS {self._origins} (_file VARCHAR, _line BIGINT)")

    @property
    def _origins(self) -> str:
        """The origins of rows that go, of all tables that were merged."""
        return f"origins_{self.source}"

    def run(self, fits: list[Fit], progress: Progress) -> None:
        """Merge every table that these blocks feed; those that stand for a value after those they are taken from."""
        by_table = {table: [fit for fit in fits if fit.table.name == table] for table in TABLES}
        self.by_table = {table: feeding for table, feeding in by_table.items() if feeding}
        for table in sorted(self.by_table, key=self._depth):
            progress(f"writing {table.replace('_', ' ')}")
            self._merge(TABLES[table], self.by_table[table])

    def _depth(self, table: str) -> int:
        """How many tables stand below: rows for a value depend on what refers to them."""
        below = [child for child, _ in self._children(table)]
        return 1 + max(map(self._depth, below), default=-1)

    def _children(self, table: str) -> Iterable[tuple[str, str]]:
        """(table, column) by which rows, out of the very lines that give this table its rows, refer to them."""
        for parent in self.by_table[table]:
            for child in (fit for fits in self.by_table.values() for fit in fits if fit.kind is parent.kind):
                for column in child.table.columns if parent.group and child.table is not parent.table else ():
                    name, _, referred = column.refers.partition(".")
                    value = child.values.get(column.name)
                    if name == table and value and value == parent.values.get(referred) == f"l.{parent.grp}":
                        yield child.table.name, column.name

    def _merge(self, table: Table, fits: list[Fit]) -> None:
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        new = " UNION ALL ".join(
            f"SELECT {columns}, _file, _line, {1 if fit.group else 0} AS _derived FROM ({self.crosscheck.rows(fit)})"
            for fit in fits
        )
        base = files_of(self.draft.base, table.name).get(self.source, ())
        old = self.stock.files(self.source, table.name)
        if not old:
            parts = self._write(f"SELECT {columns}, _file, _line FROM ({new})", table)
            self.draft.adopt(table.name, source=self.source, parts=parts)
            self.rows[table.name] = sum(fit.standing() for fit in fits)
            return
        self.bench.run(f"CREATE TABLE {self._new(table)} AS FROM ({new})")
        self._meet(table, fits)
        self._leave(table, fits)
        touched = self._touched(table, old)
        staying = [file for file in old if file not in touched]
        kept = (
            f"SELECT {columns}, _file, _line FROM {self._all(touched)} "
            f"ANTI JOIN {self._left(table)} USING (filename, file_row_number) UNION ALL "
            if touched else ""
        )
        parts = self._write(
            f"{kept}SELECT {columns}, _file, _line FROM {self._new(table)} WHERE rowid NOT IN "
            f"(SELECT place FROM {self._met(table)} m WHERE place IS NOT NULL AND NOT goes)",
            table,
        )
        before = self.bench.one(f"SELECT count(*) FROM {self._all(old)}")
        left = self.bench.one(f"SELECT count(*) FROM {self._left(table)}")
        came = self.bench.one(f"SELECT count(*) FROM {self._new(table)}")
        known = self.bench.one(f"SELECT count(*) FROM {self._met(table)} WHERE place IS NOT NULL AND NOT goes")
        self.rows[table.name] = before - left + came - known
        if parts or set(staying) != set(base):
            self.draft.adopt(table.name, source=self.source, parts=parts, staying=staying)

    def _new(self, table: Table) -> str:
        return f"new_{self.source}_{table.name}"

    def _met(self, table: Table) -> str:
        return f"met_{self.source}_{table.name}"

    def _left(self, table: Table) -> str:
        return f"left_{self.source}_{table.name}"

    def _all(self, files: Iterable[str]) -> str:
        paths = ", ".join(quoted(str(self.bench.readable / file)) for file in files)
        return f"read_parquet([{paths}], hive_partitioning = false, filename = true, file_row_number = true)"

    def _write(self, rows: str, table: Table) -> dict[Path, int]:
        return self.bench.write(rows, self.draft.folder(table.name, source=self.source))

    def _meet(self, table: Table, fits: list[Fit]) -> None:
        """Find the old rows whose keys the new ones have: where they lie, and the new row's place, if there is one."""
        key = ", ".join(f'"{name}"' for name in table.key)
        alike = " AND ".join(
            f'o."{name}" {"=" if table.by_name[name].required else "IS NOT DISTINCT FROM"} k."{name}"'
            for name in table.key
        )
        gone = [
            f"SELECT NULL::BIGINT AS place, {key}, {self._file_of(fit)} AS said_by FROM {fit.keyed} "
            f"ANTI JOIN {fit.superseded} USING (rid) WHERE gone"
            for fit in fits if fit.kind.gone and not fit.group
        ]
        keys = " UNION ALL ".join([f"SELECT rowid AS place, {key}, _file AS said_by FROM {self._new(table)}", *gone])
        self.bench.run(
            f"CREATE TABLE {self._met(table)} AS SELECT o.filename, o.file_row_number, o._file, o._line, k.place, "
            f"k.said_by, k.place IS NULL AS goes FROM {self.stock.rows(self.source, table.name)} o "
            f"JOIN ({keys}) k ON {alike}"
        )

    def _file_of(self, fit: Fit) -> str:
        return f"[{', '.join(quoted(arrival.name) for arrival in fit.kind.arrivals)}][file + 1]"

    def _leave(self, table: Table, fits: list[Fit]) -> None:
        """Decide which old rows go: deleted, corrected, of a file that was read again, or referred to by none."""
        met, left = self._met(table), self._left(table)
        found = self.bench.run(f"SELECT DISTINCT filename FROM {met} WHERE place IS NOT NULL").fetchall()
        if found:
            paths = ", ".join(quoted(name) for (name,) in found)
            other = " OR ".join(f'o."{column.name}" IS DISTINCT FROM n."{column.name}"' for column in table.columns)
            self.bench.run(
                f"UPDATE {met} SET goes = true FROM (SELECT m.place FROM {met} m JOIN "
                f"read_parquet([{paths}], hive_partitioning = false, filename = true, file_row_number = true) o "
                f"USING (filename, file_row_number) JOIN {self._new(table)} n ON n.rowid = m.place "
                f"WHERE ({other}) AND (n._derived = 0 OR EXISTS (FROM {self._origins} g "
                f"WHERE g._file = o._file AND g._line = o._line))) AS c WHERE {met}.place = c.place"
            )
        self.bench.run(f"CREATE TABLE {left} AS SELECT filename, file_row_number, _file, _line FROM {met} WHERE goes")
        leaving = self.stock.plan.leaving.get(self.source)
        if leaving:
            again = ", ".join(map(quoted, sorted(leaving)))
            self.bench.run(
                f"INSERT INTO {left} SELECT filename, file_row_number, _file, _line "
                f"FROM {self._all(self.stock.files(self.source, table.name))} WHERE _file IN ({again})"
            )
        self._unsupported(table)
        self.bench.run(f"INSERT INTO {self._origins} SELECT _file, _line FROM {left}")
        count = f"SELECT said_by, count(*) FROM {met} WHERE goes AND place IS {{}} NULL GROUP BY said_by"
        self.corrected.update(dict(self.bench.run(count.format("NOT")).fetchall()))
        self.deleted.update(dict(self.bench.run(count.format("")).fetchall()))

    def _unsupported(self, table: Table) -> None:
        """Rows for a value go with the last row that referred to them."""
        children = sorted(set(self._children(table.name)))
        key = table.key[0]
        was, still = [], []
        for child, column in children:
            one = TABLES[child]
            if self.stock.files(self.source, child):
                rows = f"(FROM {self._all(self.stock.files(self.source, child))} {{}} JOIN {self._left(one)} " \
                       "USING (filename, file_row_number))"
                was.append(f'SELECT "{column}" AS v FROM {rows.format("SEMI")}')
                still.append(f'SELECT "{column}" AS v FROM {rows.format("ANTI")}')
                still.append(f'SELECT "{column}" AS v FROM {self._new(one)}')
        if not was:
            return
        lost = f"lost_{self.source}_{table.name}"
        self.bench.run(
            f"CREATE TABLE {lost} AS SELECT DISTINCT v FROM ({' UNION ALL '.join(was)}) WHERE v IS NOT NULL "
            f'AND v NOT IN (SELECT "{key}" FROM {self._new(table)})'
        )
        if self.bench.one(f"SELECT count(*) FROM {lost}"):
            self.bench.run(f"DELETE FROM {lost} WHERE v IN ({' UNION ALL '.join(still)})")
            self.bench.run(
                f"INSERT INTO {self._left(table)} SELECT filename, file_row_number, _file, _line "
                f'FROM {self.stock.rows(self.source, table.name)} WHERE "{key}" IN (FROM {lost}) '
                f"AND (filename, file_row_number) NOT IN (SELECT (filename, file_row_number) FROM {self._left(table)})"
            )

    def _touched(self, table: Table, old: tuple[str, ...]) -> list[str]:
        """The files to be written anew: those that lose rows, and small ones when there are many."""
        names = {name for (name,) in self.bench.run(f"SELECT DISTINCT filename FROM {self._left(table)}").fetchall()}
        paths = {str(self.bench.readable / file): file for file in old}
        counted = self.bench.run(
            f"SELECT file_name, num_rows FROM parquet_file_metadata([{', '.join(map(quoted, paths))}])"
        ).fetchall()
        small = {name for name, rows in counted if rows < SMALL_ROWS}
        return [paths[name] for name in paths if name in names or (name in small and len(small) > SMALL_FILES)]
