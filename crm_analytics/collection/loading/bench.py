"""The bench: a DuckDB that sees its own working folder, the warehouse and what came, and on it the lines of the files.

Every line has a number of its own in the load (`rid`), and one fate: it is loaded, or it stands in `refused` with the
first reason that was found against it. A file is scanned once: whatever is to be known of a line alone (its values as
the canonical columns hold them, what is wrong with it, its money) is calculated in that scan and kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from crm_analytics.collection.loading.kinds import Arrival, Kind
from crm_analytics.collection.mapping import conversion
from crm_analytics.collection.mapping.expressions import ExpressionError, bind
from crm_analytics.collection.mapping.pseudonyms import Customers
from crm_analytics.collection.mapping.section import MapError
from crm_analytics.collection.sources.source import Progress, SourceError
from crm_analytics.warehouse.release import WarehouseError

MEMORY = "4GB"
THREADS = 2
FILE_ROW_GROUPS = 8
"""Of some 120,000 rows each: what a correction touches is one file, so it is not to be a very large one."""
DICTIONARY = 12_000
"""A column with more different values in a row group is not worth a dictionary, and to find that out sooner saves a
sixth of the writing."""


class Bench:
    """The connection and its folder. Use as a context manager; the folder is gone afterwards."""

    def __init__(
        self, folder: Path, *, readable: Path, came: Iterable[Path] = (), customers: Customers = Customers(),
        threads: int = THREADS,
    ):
        self.customers = customers
        self.came = tuple(came)
        self.threads = threads
        self.folder = folder
        self.readable = readable
        self.reasons: list[tuple[str, str]] = []
        self.lookups: dict[str, bool] = {}

    def __enter__(self) -> Bench:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.refusals = 0
        self._step = 0
        return self

    @cached_property
    def connection(self) -> Any:
        """Opened when it is first asked for: a file without a header never gets so far."""
        import duckdb

        connection = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "threads": self.threads,
                "temp_directory": str(self.folder / "spill"),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        allowed = ", ".join(conversion.quoted(f"{path}/") for path in (self.folder, self.readable))
        came = ", ".join(conversion.quoted(str(path)) for path in self.came)
        connection.execute(
            f"SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET allowed_directories = [{allowed}]; "
            f"SET allowed_paths = [{came}]; "
            "SET enable_external_access = false; SET lock_configuration = true"
        )
        self.customers.ready(connection)
        connection.execute("CREATE TABLE refused (rid BIGINT, reason INTEGER, step INTEGER)")
        return connection

    def __exit__(self, *_: object) -> None:
        if "connection" in self.__dict__:
            self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, sql: str) -> Any:
        """Run SQL that this room wrote. What a map's expression makes go wrong is a sentence, not a traceback."""
        import duckdb

        try:
            return self.connection.execute(sql)
        except duckdb.OutOfMemoryException:
            raise WarehouseError(
                f"The load needs more than {MEMORY} of memory at once; an expression of the map may be making very "
                "long texts."
            ) from None
        except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException) as error:
            raise MapError(
                f"An expression of the map cannot be carried out: {str(error).splitlines()[0][:300]}"
            ) from None

    def one(self, sql: str) -> Any:
        return self.run(sql).fetchone()[0]

    def open(self, kind: Kind) -> None:
        """Read the headers of a kind of file, so that expressions can be bound to its columns."""
        source = kind.arrivals[0].source
        kind.header = source.header
        self.run(";".join(conversion.macros(kind.spec, kind.dialect, dated=source.dated)))

    def expression(self, kind: Kind, text: str, place: str) -> str:
        """The SQL of an expression over a kind's columns; a text that is the name of a column is that column."""
        if text in kind.header:
            return kind.column(text, place)
        try:
            sql = bind(self.connection, text, column=lambda name: kind.column(name, place), dialect=kind.dialect)
        except ExpressionError as error:
            raise kind.map.error(place, f"{text!r} is not an expression a map may hold: {error}.") from None
        return f"TRY({sql})"

    def check(self, expression: str, kind: Kind, place: str) -> None:
        """Make sure that DuckDB accepts a bound expression before any file is read."""
        import duckdb

        columns = ", ".join(f"NULL::VARCHAR AS {s}" for s in kind.used.values()) or "1"
        try:
            self.connection.execute(f"SELECT {expression} FROM (SELECT {columns}) LIMIT 0")
        except duckdb.Error as error:
            raise kind.map.error(place, f"this cannot be carried out: {str(error).splitlines()[0][:200]}") from None

    def learn(self, lookup: str, pairs: list[tuple[str, str]]) -> None:
        """Have a lookup at hand, so that a scan can ask it without a join, which might mix up the order of lines."""
        if pairs:
            keys, values = (", ".join(map(conversion.quoted, words)) for words in zip(*pairs, strict=True))
            self.connection.execute(f'SET VARIABLE "values_{lookup}" = [{values}]')
            self.connection.execute(f'CREATE TYPE "keys_{lookup}" AS ENUM ({keys})')
        self.lookups[lookup] = bool(pairs)

    def looked_up(self, lookup: str, x: str) -> str:
        """The SQL of what a lookup has for a value; NULL where it has nothing."""
        if not self.lookups[lookup]:
            return "CAST(NULL AS VARCHAR)"
        place = f'CAST(enum_code(TRY_CAST(CAST({x} AS VARCHAR) AS "keys_{lookup}")) AS BIGINT)'
        return f"getvariable('values_{lookup}')[{place} + 1]"

    def read(self, kind: Kind, offset: int, progress: Progress) -> int:
        """Read the files of a kind and lay out their lines, numbered from `offset`. The next free number."""
        kind.start = offset
        for number, arrival in enumerate(kind.arrivals):
            progress(f"reading {arrival.name}")
            workshop = self.folder / f"source_{kind.number}_{number}"
            workshop.mkdir()
            arrival.proof = arrival.source.read(workshop, progress)
            into = f"INSERT INTO laid_{kind.number}" if number else f"CREATE TABLE laid_{kind.number} AS"
            if self._lay(kind, arrival, number, into) != arrival.proof.records:
                self._lay_again(kind, arrival, number, progress)
            arrival.source.done()
            arrival.offset = offset
            offset += arrival.proof.records
        # DuckDB keeps the order of what is inserted, so that a row's place in the table is its number
        self.run(f"CREATE VIEW {kind.lines} AS SELECT {kind.start} + rowid AS rid, * FROM laid_{kind.number}")
        return offset

    def _lay(self, kind: Kind, arrival: Arrival, number: int, into: str) -> int:
        """Lay out the lines of one file; how many there are."""
        taken, values, kept = (
            ", ".join(["*", *(f"{sql} AS {name}" for sql, name in step.items())]) for step in kind.steps
        )
        return self.one(
            f"{into} SELECT {kept.replace('*', f'CAST({number} AS INTEGER) AS file', 1)} FROM (SELECT {values} FROM "
            f"(SELECT {taken} FROM (SELECT {self._texts(kind, arrival)} FROM {arrival.source.relation()})))"
        )

    def _lay_again(self, kind: Kind, arrival: Arrival, number: int, progress: Progress) -> None:
        """Lay out a file that DuckDB finds otherwise than it was proofread, read in its other way if it has one."""
        table, proof = f"laid_{kind.number}", arrival.proof
        arrival.proof = proof.again(progress) if proof.again else None
        self.run(f"CREATE OR REPLACE TABLE {table} AS FROM {table} WHERE file < {number}")
        if not arrival.proof or self._lay(kind, arrival, number, f"INSERT INTO {table}") != arrival.proof.records:
            raise SourceError(
                f"{arrival.name}: {proof.records} records were proofread, and DuckDB finds others. "
                "See delimiter and quote in the map."
            )

    def _texts(self, kind: Kind, arrival: Arrival) -> str:
        """The columns in use, as trimmed texts, NULL where they are empty."""
        header, taken = arrival.proof.header, []
        for name, s in kind.used.items():
            if header.count(name) != 1:
                several = name in header or f"{name} (1)" in header
                raise SourceError(
                    f"{arrival.name} has {'more than one' if several else 'no'} column {name!r}, which "
                    f"{kind.map.name} uses and {kind.arrivals[0].name} has. Give it a path of its own in the map."
                )
            text = f"c{header.index(name)}"
            if arrival.proof.padded:
                text = f"nullif(trim({text}), '')"
            for word in kind.spec.empty:
                text = f"nullif({text}, {conversion.quoted(word)})"
            taken.append(f"{text} AS {s}")
        return ", ".join(taken) or "1 AS nothing"

    def mark(self, name: str, kind: Kind, lines: Any) -> None:
        """Have a variable hold which lines (rid) of a kind are meant, a bit each: they stay in the processor's own
        memory, where a join with as many lines would not."""
        import numpy as np

        bits = np.zeros(sum(arrival.proof.records for arrival in kind.arrivals) or 1, dtype=bool)
        bits[lines - kind.start] = True
        self.connection.execute(f"SET VARIABLE {name} = CAST(unhex('{np.packbits(bits).tobytes().hex()}') AS BIT)")

    @staticmethod
    def marked(name: str, kind: Kind) -> str:
        """The condition of being one of the lines that a variable holds."""
        return f"get_bit(getvariable('{name}'), CAST(rid - {kind.start} AS INTEGER)) = 1"

    def facts(self, files: Iterable[str]) -> str:
        """These files of the warehouse, named as in a release, as something to select from."""
        paths = ", ".join(conversion.quoted(str(self.readable / file)) for file in files)
        return f"read_parquet([{paths}], hive_partitioning = false)"

    def write(self, rows: str, folder: Path) -> dict[Path, int]:
        """Write what a query gives into new files in a folder of the warehouse; the files, and their rows."""
        made = self.run(
            f"COPY ({rows}) TO {conversion.quoted(str(folder))} "
            f"(FORMAT parquet, ROW_GROUPS_PER_FILE {FILE_ROW_GROUPS}, DICTIONARY_SIZE_LIMIT {DICTIONARY}, "
            "FILENAME_PATTERN 'part-{uuid}', OVERWRITE_OR_IGNORE, RETURN_STATS)"
        ).fetchall()
        for path in (Path(name) for name, count, *_ in made if not count):
            path.unlink()
        return {Path(name): count for name, count, *_ in made if count}

    def reason(self, reason: str, column: str = "") -> int:
        """The number under which a reason stands in `refused`."""
        if (reason, column) not in self.reasons:
            self.reasons.append((reason, column))
        return self.reasons.index((reason, column))

    def refuse(self, query: str) -> int:
        """Refuse the lines (rid, reason) that a query finds. How many there were."""
        self._step += 1
        found = self.one(f"INSERT INTO refused SELECT rid, reason, {self._step} FROM ({query})")
        self.refusals += found
        return found

    def cases(self, conditions: Iterable[tuple[str, int]]) -> str:
        """The first condition that is true, as its reason; NULL when none is."""
        branches = " ".join(f"WHEN {condition} THEN {reason}" for condition, reason in conditions)
        return f"CAST(CASE {branches} END AS USMALLINT)" if branches else "CAST(NULL AS USMALLINT)"
