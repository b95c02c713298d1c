"""Comparing two releases: which rows came, went or changed, how much money that is, and what else is different."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_analytics.collection.history import MONEY
from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.say import say
from crm_analytics.warehouse.engine import home_folder
from crm_analytics.warehouse.release import Release, Shelf, WarehouseError
from crm_analytics.warehouse.tables import TABLES

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Two releases side by side."""

    before: int
    after: int
    table: pd.DataFrame
    """One row a table × source: rows_before, rows_after, added, removed, changed (keys), money_before, money_after."""
    other: tuple[str, ...]
    """What else is different, a sentence each: columns of tables, how far the facts reach, the company's settings."""

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain values, ready for JSON."""
        rows = json.loads(self.table.to_json(orient="records", double_precision=15))
        return {"before": self.before, "after": self.after, "tables": rows, "other": list(self.other)}

    @property
    def text(self) -> str:
        """What is different, as it is printed."""
        differs = self.table[(self.table[["added", "removed", "changed"]] > 0).any(axis=1)]
        head = say(
            "From release {before} to {after}, {added:count} rows came, {removed:count} went, {changed:count} changed."
            if len(differs)
            else "Releases {before} and {after} have the same rows.",
            before=self.before,
            after=self.after,
            **{word: int(self.table[word].sum()) for word in ("added", "removed", "changed")},
        )
        shown = differs.astype(object).where(differs.notna(), "")
        return "\n".join([head, *self.other, *([shown.to_string(index=False)] if len(differs) else [])])

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        import html

        told = "".join(f"<p>{html.escape(line)}</p>" for line in self.text.splitlines()[: 1 + len(self.other)])
        return told + self.table.to_html(index=False, border=0, classes="crm-table", na_rep="")


def compare(home: str | Path | None = None, *, before: int | None = None, after: int | None = None) -> Comparison:
    """Two releases of the company in `home`, row by row: without numbers, the newest against the one before it.

    A row is the same when all its columns are; it changed when its key is in both, and another column differs. Files
    that both releases share are not read for that. Raises WarehouseError when there are no two releases.
    """
    import duckdb
    import pandas as pd

    shelf = Shelf(home_folder(home))
    after = shelf.release(after).id
    earlier = [number for number in shelf.ids() if number < after]
    if before is None and not earlier:
        raise WarehouseError(f"Release {after} is the oldest one there is; name two releases to compare.")
    with (
        shelf.held(earlier[-1] if before is None else before) as one,
        shelf.held(after) as two,
        duckdb.connect(config={"memory_limit": "2GB", "threads": 2}) as connection,
    ):
        reader = _Reader(connection, shelf.folder)
        pairs = [(table, source) for table in TABLES for source in sorted({*_files(one, table), *_files(two, table)})]
        rows = [reader.row(table, source, one, two) for table, source in pairs]
        schema = [sentence for table in TABLES for sentence in reader.schema(table, one, two)]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return Comparison(before=one.id, after=two.id, table=table, other=(*schema, *_settings(one, two)))


_COLUMNS = [
    "table",
    "source",
    "rows_before",
    "rows_after",
    "added",
    "removed",
    "changed",
    "money_before",
    "money_after",
]


class _Reader:
    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path):
        self.connection, self.folder = connection, folder

    def row(self, table: str, source: str, one: Release, two: Release) -> tuple[Any, ...]:
        old, new = set(_files(one, table).get(source, ())), set(_files(two, table).get(source, ()))
        sums = [self._sums(table, files) for files in (old, new)]
        fates = self._fates(table, old - new, new - old)
        (rows_before, money_before), (rows_after, money_after) = sums
        return table, source, rows_before, rows_after, *fates, money_before, money_after

    def _sums(self, table: str, files: set[str]) -> tuple[int, float | None]:
        money = f'CAST(sum("{MONEY[table]}") AS DOUBLE)' if table in MONEY else "NULL"
        return self.connection.execute(f"SELECT count(*), {money} FROM {self._of(table, files)}").fetchone()

    def _fates(self, table: str, gone: set[str], come: set[str]) -> tuple[int, int, int]:
        """How many keys came, went, and changed: of the rows of files that only one of the two releases has."""
        if not gone and not come:
            return 0, 0, 0
        key = ", ".join(f'"{name}"' for name in TABLES[table].key)
        content = ", ".join(f'"{column.name}"' for column in TABLES[table].columns)
        sides = " UNION ALL ".join(
            f"SELECT hash({key}) AS k, hash({content}) AS c, {side} AS side FROM {self._of(table, files)}"
            for side, files in ((0, gone), (1, come))
        )
        return self.connection.execute(
            "SELECT count(*) FILTER (sides = 2), count(*) FILTER (sides = 1), "
            "count(*) FILTER (sides = 3 AND first <> last) FROM "
            "(SELECT bit_or(1 << side) AS sides, min(c) AS first, max(c) AS last "
            f"FROM ({sides}) GROUP BY k)"
        ).fetchone()

    def _of(self, table: str, files: set[str]) -> str:
        """The rows of these files with today's columns; one that a file does not have yet is empty."""
        typed = ", ".join(f'CAST(NULL AS {column.sql_type}) AS "{column.name}"' for column in TABLES[table].columns)
        shape = f"SELECT {typed} WHERE false"
        if not files:
            return f"({shape})"
        return f"({shape} UNION ALL BY NAME SELECT * FROM {self._read(files)})"

    def _read(self, files: set[str]) -> str:
        paths = ", ".join(quoted(str(self.folder / file)) for file in sorted(files))
        return f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"

    def schema(self, table: str, one: Release, two: Release) -> list[str]:
        if table not in one.tables and table not in two.tables:
            return []
        if table not in one.tables or table not in two.tables:
            sentence = "There are no {table} any more." if table in one.tables else "There are {table} now."
            return [say(sentence, table=table.replace("_", " "))]
        old, new = (self._columns(release, table) for release in (one, two))
        told = [(column, old.get(column), new.get(column)) for column in {**old, **new}]
        return [
            say(
                "{table} has a column {column} of {new} now."
                if before is None
                else "{table} has no column {column} any more."
                if after is None
                else "{table}: {column} is {new} now; it was {old}.",
                table=table.replace("_", " ").capitalize(),
                column=column,
                old=before,
                new=after,
            )
            for column, before, after in told
            if before != after and old and new
        ]

    def _columns(self, release: Release, table: str) -> dict[str, str]:
        files = set(release.tables[table].files)
        if not files:
            return {}
        told = self.connection.execute(f"DESCRIBE SELECT * FROM {self._read(files)}").fetchall()
        return {name: kind for name, kind, *_ in told}


def _files(release: Release, table: str) -> dict[str, tuple[str, ...]]:
    state = release.tables.get(table)
    return state.by_source if state else {}


def _settings(one: Release, two: Release) -> list[str]:
    told = []
    if one.facts_until != two.facts_until:
        sentence = "The newest order was of {old}, and is of {new}."
        told.append(say(sentence, old=one.facts_until or "–", new=two.facts_until or "–"))
    old, new = asdict(one.company), asdict(two.company)
    for name in new:
        if old[name] != new[name]:
            sentence = "The company's {name} is {new} now; it was {old}."
            told.append(say(sentence, name=name, old=old[name] or "–", new=new[name] or "–"))
    return told
