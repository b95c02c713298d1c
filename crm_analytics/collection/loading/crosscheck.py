"""Cross-checking: rows against rows. A key stands once, over all sources; what a row refers to is there.

A line whose key came before is refused. A row that refers to something absent is refused where it cannot be without
it; where it can, it is kept with the reference empty, and counted. Refusing lines can make others refer to nothing,
so this goes on until nothing more is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.fitting import Fit
from crm_analytics.collection.loading.increments import Stock, files_of
from crm_analytics.collection.loading.repeats import twice
from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.warehouse.release import Release
from crm_analytics.warehouse.tables import TABLES, Column

AGAIN = "the same line again"
CONTRADICTS = "its key came before, with other content"
ELSEWHERE = "its key has already come from another source"
ROUNDS = 20


class Crosscheck:
    """The rows of this load, and those that stay as they are, against one another."""

    def __init__(self, bench: Bench, fits: list[Fit], base: Release | None, *, stock: Stock):
        self.bench, self.fits = bench, fits
        self.by_table: dict[str, list[Fit]] = defaultdict(list)
        for fit in fits:
            self.by_table[fit.table.name].append(fit)
        self.others = {
            table: [file for source, files in files_of(base, table).items() if source not in stock.loading
                    for file in files]
            for table in TABLES
        }
        self.stock = stock
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

    def _others(self, table: str, columns: str) -> list[str]:
        files = self.others[table]
        return [f"SELECT {columns} FROM {self.bench.facts(files)}"] if files else []

    def _staying(self, table: str, columns: str) -> list[str]:
        """Rows of other sources, and of this load's sources where their files add to what came before."""
        return self._others(table, columns) + [f"SELECT {columns} FROM {rows}" for rows in self.stock.staying(table)]

    def _keys(self, table: str) -> None:
        fits = self.by_table[table]
        key = ", ".join(f'"{name}"' for name in TABLES[table].key)
        content = ", ".join(f'"{column.name}"' for column in TABLES[table].columns)
        hashed = f"hash({key}) AS h"
        new, old = [f"SELECT {hashed} FROM {fit.good}" for fit in fits], self._others(table, hashed)
        if self._surely_once(table, fits) or not twice(self.bench, new, old):
            return
        rivals = " UNION ALL ".join(
            [
                f"SELECT rid, {fit.number} AS fit, {2 if fit.group else 1} AS rank, {quoted(fit.source)} AS origin, "
                f"hash({content}) AS content, {key} FROM {fit.good} WHERE hash({key}) IN (FROM twice)"
                for fit in fits
            ]
            + self._others(table, f"NULL AS rid, -1 AS fit, 0 AS rank, '' AS origin, 0::UBIGINT AS content, {key}")
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

    def _surely_once(self, table: str, fits: list[Fit]) -> bool:
        """Whether no key can stand twice: of one block, a row for a value, or the newest row of a key."""
        key, fit = TABLES[table].key, fits[0]
        if len(fits) > 1 or self.others[table]:
            return False
        return len(key) == 1 and fit.values.get(key[0]) == f"l.{fit.grp}" if fit.group else fit.kind.adds

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

    def with_rows_below(self) -> frozenset[tuple[str, str, str]]:
        """(source, table, table below): every row of the first was taken from a line that gives the second one, too."""
        found = set()
        for child in self.fits:
            for column in child.table.columns if not (child.group or child.where or child.kind.gone) else ():
                parent, _, referred = column.refers.partition(".")
                mine = [one for one in self.by_table.get(parent, ()) if one.source == child.source]
                if len(mine) == 1 and mine[0].group and mine[0].kind is child.kind:
                    value = child.values.get(column.name)
                    if value == mine[0].values.get(referred) == f"l.{mine[0].grp}":
                        found.add((child.source, parent, child.table.name))
        return frozenset(found)

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
        if fit.kind.adds:
            names = ", ".join(quoted(arrival.name) for arrival in fit.kind.arrivals)
            starts = ", ".join(str(arrival.offset) for arrival in fit.kind.arrivals)
            columns += [f"[{names}][file + 1] AS _file", f"rid - [{starts}][file + 1] AS _line"]
        return f"SELECT {', '.join(columns)} FROM {fit.good}"

    def unknown(self, source: str) -> Iterator[dict[str, list]]:
        """What the rows of a source name and is not there, by file and column, with how many rows and what money.

        A line that feeds several blocks of a table stands behind several rows, and its money counts once.
        """
        naming: dict[tuple[int, str, str], list[Fit]] = defaultdict(list)
        for (number, column), rows in self.emptied.items():
            fit = self.fits[number]
            if rows and fit.source == source:
                naming[fit.kind.number, fit.table.name, column].append(fit)
        for (_, table, column), fits in naming.items():
            kind = fits[0].kind
            behind = " UNION ALL ".join(self._behind(fit, column) for fit in fits)
            found = self.bench.run(
                f"SELECT file, v, CAST(sum(n) AS BIGINT), CAST(sum({kind.money or 'NULL'}) AS DECIMAL(18,4)) FROM "
                f"(SELECT v, rid, sum(n) AS n FROM ({behind}) GROUP BY v, rid) JOIN {kind.lines} USING (rid) "
                "GROUP BY ALL ORDER BY ALL"
            ).fetchall()
            yield {
                "file": [kind.arrivals[file].name for file, *_ in found],
                "table": [table] * len(found),
                "column": [column] * len(found),
                "value": [value for _, value, *_ in found],
                "rows": [rows for _, _, rows, _ in found],
                "money": [amount for *_, amount in found],
            }

    def _behind(self, fit: Fit, column: str) -> str:
        """(v, rid, n): the lines behind the rows that name v in vain, and how many rows begin on each."""
        lost = f'SELECT rid, "{column}" AS v FROM {fit.good} WHERE v IN (SELECT v FROM emptied_{fit.number}_{column})'
        if not fit.group:
            return f"SELECT v, rid, 1 AS n FROM ({lost})"
        lines = f"SELECT rid, {fit.grp} AS grp FROM {fit.kind.lines} ANTI JOIN refused USING (rid) WHERE {fit.belongs}"
        rows = f"SELECT rid AS first, grp, v FROM ({lost}) JOIN ({lines}) USING (rid)"
        return f"SELECT v, rid, CAST(rid = first AS INTEGER) AS n FROM ({lines}) JOIN ({rows}) USING (grp)"

    def _all_there_still(self, table: str, column: str, there: str) -> bool:
        """Whether nothing that the table held is missing now, so that nothing that stays can miss it."""
        files = [file for source in self.stock.loading for file in files_of(self.stock.base, table).get(source, ())]
        held = f'SELECT "{column}" AS v FROM {self.bench.facts(files)}'
        return bool(files) and not self.bench.one(f"SELECT count(*) FROM ({held}) ANTI JOIN ({there}) USING (v)")

    def dangling(self) -> Iterable[tuple[str, str, int]]:
        """(table, referred table, rows) of sources that stay and now refer to what is no longer there."""
        for table in TABLES:
            for column in TABLES[table].columns if self._staying(table, "1") else ():
                parent, _, referred = column.refers.partition(".")
                if any(not one.kind.adds for one in self.by_table.get(parent, ())):
                    there = " UNION ALL ".join(
                        [f'SELECT "{referred}" AS v FROM {one.good}' for one in self.by_table[parent]]
                        + self._staying(parent, f'"{referred}" AS v')
                    )
                    if self._all_there_still(parent, referred, there):
                        continue
                    rows = " UNION ALL ".join(self._staying(table, f'"{column.name}" AS v'))
                    lost = self.bench.one(f"SELECT count(v) FROM ({rows}) ANTI JOIN ({there}) USING (v)")
                    if lost:
                        yield table, parent, lost
