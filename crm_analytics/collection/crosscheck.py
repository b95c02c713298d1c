"""Cross-checking: rows against rows. A key stands once, over all sources; what a row refers to is there.

A line whose key came before is refused. A row that refers to something absent is refused where it cannot be without
it; where it can, it is kept with the reference empty, and counted. Refusing lines can make others refer to nothing,
so this goes on until nothing more is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from crm_analytics.collection.bench import Bench
from crm_analytics.collection.conversion import quoted
from crm_analytics.collection.fitting import Fit
from crm_analytics.warehouse.release import Release
from crm_analytics.warehouse.tables import TABLES, Column

AGAIN = "the same line again"
CONTRADICTS = "its key came before, with other content"
ELSEWHERE = "its key has already come from another source"
ROUNDS = 20


def files_of(release: Release | None, table: str) -> dict[str, tuple[str, ...]]:
    """The files of a table in a release, by the source whose rows they hold."""
    state = release.tables.get(table) if release else None
    return state.by_source if state else {}


class Crosscheck:
    """The rows of this load, and of the sources that stay as they are, against one another."""

    def __init__(self, bench: Bench, fits: list[Fit], base: Release | None):
        self.bench, self.fits = bench, fits
        loading = {fit.source for fit in fits}
        self.by_table: dict[str, list[Fit]] = defaultdict(list)
        for fit in fits:
            self.by_table[fit.table.name].append(fit)
        self.staying = {
            table: [file for source, files in files_of(base, table).items() if source not in loading for file in files]
            for table in TABLES
        }
        self.emptied: dict[tuple[int, str], int] = {}
        """Optional references to nothing: (fit number, column) → how many rows."""

    def run(self) -> None:
        """Refuse what contradicts something else. Afterwards every row that stands has its key and its references."""
        order = list(self._parents_first())
        for table in order:
            self._keys(table)
        pending = set(order)
        for _ in range(ROUNDS):
            shrunk = self._settle()
            for table in order:
                if table in pending | shrunk:
                    shrunk |= self._references(table)
            pending = {table for table in order if shrunk & set(self._parents(table))}
            if not pending:
                return

    def _parents(self, table: str) -> Iterable[str]:
        return {column.refers.partition(".")[0] for column in TABLES[table].columns if column.refers}

    def _parents_first(self) -> Iterable[str]:
        done: dict[str, None] = {}

        def visit(table: str, above: tuple[str, ...]) -> None:
            for parent in sorted(self._parents(table) & set(self.by_table)):
                if parent not in (*above, table):
                    visit(parent, (*above, table))
            done.setdefault(table)

        for table in self.by_table:
            visit(table, ())
        return done

    def _settle(self) -> set[str]:
        """Replace first lines that were refused; the tables that may have lost rows by it."""
        changed: set[str] = set()
        while again := {fit.table.name for fit in self.fits if fit.settle()}:
            changed |= again
        return changed

    def _staying(self, table: str, columns: str) -> list[str]:
        files = self.staying[table]
        return [f"SELECT {columns} FROM {self.bench.facts(files)}"] if files else []

    def _keys(self, table: str) -> None:
        fits = self.by_table[table]
        key = ", ".join(f'"{name}"' for name in TABLES[table].key)
        content = ", ".join(f'"{column.name}"' for column in TABLES[table].columns)
        if not self._twice(fits, key, self._staying(table, f"hash({key}) AS h")):
            return
        rivals = " UNION ALL ".join(
            [
                f"SELECT rid, {fit.number} AS fit, {2 if fit.group else 1} AS rank, {quoted(fit.source)} AS origin, "
                f"hash({content}) AS content, {key} FROM {fit.good} WHERE hash({key}) IN (FROM twice)"
                for fit in fits
            ]
            + self._staying(table, f"NULL AS rid, -1 AS fit, 0 AS rank, '' AS origin, 0::UBIGINT AS content, {key}")
        )
        self.bench.run(
            f"CREATE OR REPLACE TABLE rivals AS SELECT *, first_value(content) OVER w AS first_content, "
            f"first_value(origin) OVER w AS first_origin, row_number() OVER w AS place FROM ({rivals}) "
            f"WINDOW w AS (PARTITION BY {key} ORDER BY rank, rid)"
        )
        named = self._named(fits[0], TABLES[table].key[0])
        again, contradicts, elsewhere = (self.bench.reason(why, named) for why in (AGAIN, CONTRADICTS, ELSEWHERE))
        self.bench.refuse(
            f"SELECT rid, CASE WHEN origin <> first_origin THEN {elsewhere} WHEN content = first_content THEN {again} "
            f"ELSE {contradicts} END AS reason FROM rivals WHERE place > 1 AND rank = 1"
        )
        for fit in fits:
            if fit.group:
                self.bench.run(
                    f"INSERT INTO yielded_{fit.number} SELECT rid FROM rivals WHERE place > 1 AND fit = {fit.number}"
                )

    def _twice(self, fits: list[Fit], key: str, staying: list[str]) -> int:
        """Find the hashes of keys that may stand more than once, as the table `twice`. How many they are.

        Sorting numbers is several times as fast as grouping them, and most loads have no key twice.
        """
        import numpy as np
        import pyarrow as pa

        hashes = np.concatenate(
            [self.bench.run(f"SELECT hash({key}) AS h FROM {fit.good}").fetchnumpy()["h"] for fit in fits]
        )
        hashes.sort()
        again = hashes[1:][hashes[1:] == hashes[:-1]]
        with self.bench.seen("new_hashes", pa.table({"h": hashes})), self.bench.seen("again", pa.table({"h": again})):
            met = "".join(f" UNION FROM ({rows}) SEMI JOIN new_hashes USING (h)" for rows in staying)
            self.bench.run(f"CREATE OR REPLACE TABLE twice AS SELECT DISTINCT h FROM (FROM again{met})")
        return self.bench.one("SELECT count(*) FROM twice")

    def _references(self, table: str) -> set[str]:
        """Check what a table's rows refer to. Every table that may have lost rows."""
        shrunk: set[str] = set()
        for fit in self.by_table[table]:
            for column in fit.table.columns:
                if column.refers and column.name in fit.given:
                    shrunk |= self._reference(fit, column)
        return shrunk

    def _reference(self, fit: Fit, column: Column) -> set[str]:
        parent, _, referred = column.refers.partition(".")
        there = " UNION ALL ".join(
            [f'SELECT "{referred}" AS v FROM {one.good}' for one in self.by_table.get(parent, ())]
            + self._staying(parent, f'"{referred}" AS v')
        )
        if not there:
            return set()
        if any(self._within(fit, column, one, referred) for one in self.by_table.get(parent, ())):
            return set()
        lonely = f'(SELECT rid, "{column.name}" AS v FROM {fit.good} WHERE v IS NOT NULL) ANTI JOIN ({there}) USING (v)'
        if not column.required:
            name = f"emptied_{fit.number}_{column.name}"
            self.bench.run(f"CREATE OR REPLACE TABLE {name} AS SELECT v, count(*) AS n FROM {lonely} GROUP BY v")
            self.emptied[fit.number, column.name] = self.bench.one(f"SELECT coalesce(sum(n), 0) FROM {name}")
            return set()
        reason = self.bench.reason(f"not among the {parent.replace('_', ' ')}", self._named(fit, column.name))
        if not self.bench.refuse(
            f"SELECT rid, {reason} AS reason FROM {self._lines(fit, f'(SELECT rid FROM {lonely})')}"
        ):
            return set()
        fed = {one.table.name for one in self.fits if one.kind is fit.kind}
        return fed | self._settle()

    def _within(self, fit: Fit, column: Column, parent: Fit, referred: str) -> bool:
        """Whether a row's own line stands behind a row of the parent with that value, so that it cannot be absent."""
        if fit.kind is not parent.kind or not parent.group or parent.where or fit.group:
            return False
        value = fit.values.get(column.name)
        if not value == parent.values.get(referred) == f"l.{parent.grp}":
            return False
        return not self.bench.one(f"SELECT count(*) FROM yielded_{parent.number}")

    def _lines(self, fit: Fit, rows: str) -> str:
        """The lines behind rows: in a table of one row per value, every line of that value."""
        if not fit.group:
            return rows
        groups = f"SELECT grp FROM {fit.chosen} SEMI JOIN {rows} USING (rid)"
        return f"(SELECT rid FROM ({fit.candidates()}) WHERE grp IN ({groups}))"

    @staticmethod
    def _named(fit: Fit, column: str) -> str:
        spec = fit.given.get(column)
        return (spec and (spec.column or spec.number_within)) or f"{fit.table.name}.{column}"

    def rows(self, fit: Fit) -> str:
        """The rows of a fit as they go into the warehouse: its table's columns, references to nothing emptied."""
        columns = []
        for column in fit.table.columns:
            name = f'"{column.name}"'
            if self.emptied.get((fit.number, column.name)):
                columns.append(
                    f"CASE WHEN {name} NOT IN (SELECT v FROM emptied_{fit.number}_{column.name}) "
                    f"THEN {name} END AS {name}"
                )
            else:
                columns.append(name)
        return f"SELECT {', '.join(columns)} FROM {fit.good}"

    def dangling(self) -> Iterable[tuple[str, str, int]]:
        """(table, referred table, rows) of sources that stay and now refer to what is no longer there."""
        for table, files in self.staying.items():
            for column in TABLES[table].columns if files else ():
                parent, _, referred = column.refers.partition(".")
                if parent in self.by_table:
                    there = " UNION ALL ".join(
                        [f'SELECT "{referred}" AS v FROM {one.good}' for one in self.by_table[parent]]
                        + self._staying(parent, f'"{referred}" AS v')
                    )
                    rows = self._staying(table, f'"{column.name}" AS v')[0]
                    lost = self.bench.one(f"SELECT count(v) FROM ({rows}) ANTI JOIN ({there}) USING (v)")
                    if lost:
                        yield table, parent, lost
