"""Measures: what a load brought to a table, in a few numbers, so that the next load can be held against them.

Twice: over all that a load wrote, and over what is newer than anything before it. The first shows a history that was
damaged, the second a day that went wrong, whether files are cumulative or bring one day each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_analytics.collection.gate.expectations import MACRO, Expectation, moment_of
from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.crosscheck import files_of
from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.warehouse.delta import rows_in
from crm_analytics.warehouse.release import Release
from crm_analytics.warehouse.tables import TABLES, Table

ALL, NEW = "all", "new"
CATEGORIES = 50
"""A column with more different values than this has no mix to speak of."""
FEW_ROWS = 100_000
"""Up to so many rows, to count what is empty costs less than to ask the files."""
SAMPLED_ROWS = 2_000_000
"""From this many rows on, orders are matched with their lines by every sixteenth key."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number: of all rows (`all`) or the new ones; of one value of a column where it is about a mix."""

    table: str
    scope: str
    name: str
    number: float
    of: int
    """How many rows it was taken from."""
    value: str = ""


class Measuring:
    """Measures what a load wrote, one table of one source at a time."""

    def __init__(
        self, bench: Bench, release: Release, base: Release | None, *, now: datetime,
        with_rows_below: frozenset[tuple[str, str, str]] = frozenset(),
    ):
        self.bench, self.release, self.base, self.now = bench, release, base, now
        self.with_rows_below = with_rows_below
        bench.run(MACRO)

    def table(self, source: str, table: Table, expected: Iterable[Expectation]) -> tuple[list[Measure], datetime]:
        """What came of a table from a source, and up to when it reaches; nothing where nothing was written."""
        expected = list(expected)
        before = set(files_of(self.base, table.name).get(source, ()))
        written = [file for file in files_of(self.release, table.name).get(source, ()) if file not in before]
        if not written:
            return [], self.now
        rows = f"(SELECT *, DATE {quoted(self.now.date().isoformat())} AS today FROM {self.bench.facts(written)})"
        known = self._empty(written) if self.release.tables[table.name].rows > FEW_ROWS else {}
        asked = [one for one in expected if one.subject not in known]
        found, until = self._numbers(table, ALL, rows, asked, days=1)
        count = found[0].of
        found += [
            Measure(table=table.name, scope=ALL, name=one.subject, number=known[one.subject] / count, of=count)
            for one in expected
            if count and one.subject in known
        ]
        found += self._without(source, table, written, expected)
        if until:
            age = (self.now - until).total_seconds() / 86_400
            found.append(Measure(table=table.name, scope=ALL, name="newest", number=age, of=1))
        newer, since = self._newer(source, table, before)
        if newer:
            reaches = until or self._until(*self._parent(table))
            days = max((reaches.date() - since.date()).days, 1) if reaches else 1
            found += self._numbers(table, NEW, f"(FROM {rows} WHERE {newer})", expected, days=days)[0]
        return found, until or self.now

    def _empty(self, files: list[str]) -> dict[str, int]:
        """How often each column is empty, as the files themselves say; nothing has to be read for that."""
        paths = ", ".join(quoted(str(self.bench.readable / file)) for file in files)
        told = self.bench.run(
            "SELECT path_in_schema, CAST(sum(stats_null_count) AS BIGINT), count(*) = count(stats_null_count) "
            f"FROM parquet_metadata([{paths}]) GROUP BY path_in_schema"
        ).fetchall()
        return {f"empty {column}": empty for column, empty, whole in told if whole}

    def _until(self, table: Table, rows: str) -> datetime | None:
        return self.bench.one(f"SELECT {_newest(table)} FROM {rows}") if moment_of(table) else None

    def _parent(self, table: Table) -> tuple[Table, str]:
        """The table that dates this one's rows, and its rows now: an order line has no moment but its order's."""
        parent = TABLES[table.by_name[table.key[0]].refers.partition(".")[0]]
        return parent, self.bench.facts(f for files in files_of(self.release, parent.name).values() for f in files)

    def _newer(self, source: str, table: Table, before: set[str]) -> tuple[str, Any]:
        """The condition of rows newer than any before, and since when; empty where that cannot be said."""
        if not before:
            return "", None
        moment = moment_of(table)
        if moment:
            since = self._until(table, self.bench.facts(sorted(before)))
            return (f"\"{moment}\" > TIMESTAMP '{since}'", since) if since else ("", None)
        name, _, key = table.by_name[table.key[0]].refers.partition(".")
        if not name or table.key == (table.key[0],) or not moment_of(TABLES[name]):
            return "", None
        earlier = files_of(self.base, name).get(source, ())
        since = self._until(TABLES[name], self.bench.facts(earlier)) if earlier else None
        if not since:
            return "", None
        _, parents = self._parent(table)
        newer = f'SELECT "{key}" FROM {parents} WHERE "{moment_of(TABLES[name])}" > TIMESTAMP \'{since}\''
        return f'"{table.key[0]}" IN ({newer})', since

    def _numbers(
        self, table: Table, scope: str, rows: str, expected: list[Expectation], *, days: int
    ) -> tuple[list[Measure], datetime | None]:
        """All numbers of one scope, the mixes last, and up to when it reaches; rows and sums are those of one day."""
        asked: dict[str, str] = {}
        for one in expected:
            column = f'"{one.column}"'
            if one.measure == "sum":
                asked[one.subject] = f"CAST(sum({column}) AS DOUBLE) / {days}"
            elif one.measure == "typical":
                asked[one.subject] = f"exp(avg(ln(CASE WHEN {column} > 0 THEN CAST({column} AS DOUBLE) END)))"
            elif one.measure == "empty":
                asked[one.subject] = f"1 - count({column}) / count(*)"
            elif one.condition:
                asked[one.subject] = f"count(*) FILTER (NOT ({one.condition}))"
        numbers = "".join(f", {sql}" for sql in asked.values())
        until, count, *told = self.bench.run(f"SELECT {_newest(table)}, count(*){numbers} FROM {rows}").fetchone()
        found = [Measure(table=table.name, scope=scope, name="rows", number=count / days, of=count)]
        if count:
            found += [
                Measure(table=table.name, scope=scope, name=name, number=float(number), of=count)
                for name, number in zip(asked, told, strict=True)
                if number is not None
            ]
            found += self._mixes(table, scope, rows, [one for one in expected if one.measure == "mix"], count)
        return found, until

    def _mixes(
        self, table: Table, scope: str, rows: str, expected: list[Expectation], count: int
    ) -> Iterator[Measure]:
        if not expected:
            return
        each = " UNION ALL ".join(
            f'(SELECT {place} AS place, CAST("{one.column}" AS VARCHAR) AS value, count(*) AS many FROM {rows} '
            f'WHERE "{one.column}" IS NOT NULL GROUP BY 2 ORDER BY 2 LIMIT {CATEGORIES + 1})'
            for place, one in enumerate(expected)
        )
        told = self.bench.run(f"FROM ({each}) ORDER BY place, value").fetchall()
        for place, one in enumerate(expected):
            shares = [(value, many / count) for at, value, many in told if at == place]
            for value, share in shares if len(shares) <= CATEGORIES else ():
                yield Measure(
                    table=table.name, scope=scope, name=one.subject, number=share, of=count, value=value[:100]
                )

    def _without(self, source: str, table: Table, written: list[str], expected: list[Expectation]) -> Iterator[Measure]:
        for one in expected:
            if one.measure != "without":
                continue
            before = {file for files in files_of(self.base, one.column).values() for file in files}
            now = [file for files in files_of(self.release, one.column).values() for file in files]
            lines = [file for file in now if file not in before]
            if not lines:
                continue
            if (source, table.name, one.column) in self.with_rows_below and not files_of(self.base, table.name):
                count = sum(rows_in(self.bench.readable / file) for file in written)
                yield Measure(table=table.name, scope=ALL, name=one.subject, number=0.0, of=count)
                continue
            key, child = table.key[0], TABLES[one.column]
            refers = next(c.name for c in child.columns if c.refers == f"{table.name}.{key}")
            count = self.bench.one(f"SELECT count(*) FROM {self.bench.facts(written)}")
            some = "WHERE hash(k) % 16 = 0" if count > SAMPLED_ROWS else ""
            whole, lonely = self.bench.run(
                f'WITH o AS (FROM (SELECT "{key}" AS k FROM {self.bench.facts(written)}) {some}), '
                f'l AS (FROM (SELECT "{refers}" AS k FROM {self.bench.facts(lines)}) {some}) '
                "SELECT (SELECT count(*) FROM o), (SELECT count(*) FROM o ANTI JOIN l USING (k))"
            ).fetchone()
            if whole:
                yield Measure(table=table.name, scope=ALL, name=one.subject, number=lonely / whole, of=whole)


def _newest(table: Table) -> str:
    """The SQL of the newest moment in some rows of a table; NULL where it has none."""
    moment = moment_of(table)
    return f'CAST(max("{moment}") AS TIMESTAMP)' if moment else "CAST(NULL AS TIMESTAMP)"
