"""The bench: a DuckDB that sees its own working folder, the warehouse and what came, and on it the lines of the files.

Every line has a number of its own in the load (`rid`), and one fate: it is loaded, or it stands in `refused` with the
first reason that was found against it. A file is scanned once: whatever is to be known of a line alone (its values as
the canonical columns hold them, what is wrong with it, its money) is calculated in that scan and kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from crm_analytics.collection.mapping import conversion
from crm_analytics.collection.mapping.expressions import ExpressionError, bind
from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.mapping.maps import SourceMap
from crm_analytics.collection.mapping.pseudonyms import Customers
from crm_analytics.collection.mapping.section import MapError, closest
from crm_analytics.collection.sources.source import Progress, Proof, Source, SourceError
from crm_analytics.warehouse.release import WarehouseError

MEMORY = "4GB"
THREADS = 2
FEW, MANY = 1_000, 1_000_000
GLANCE = 1_000_000
"""Lines that are looked at together; more would not be held in the processor's own memory."""
FILE_ROW_GROUPS = 8
"""Of some 120,000 rows each: what a correction touches is one file, so it is not to be a very large one."""
DICTIONARY = 12_000
"""A column with more different values in a row group is not worth a dictionary, and to find that out sooner saves a
sixth of the writing."""


@dataclass(kw_only=True)
class Arrival:
    """One source that came: which of a map's files it belongs to, and what reading it found."""

    of: Kind
    source: Source
    offset: int = 0
    place: int = 0
    """Its place among the files that add to one another, from 1."""
    corrected: int = 0
    deleted: int = 0
    """How many earlier rows it corrected and deleted when it was read before."""
    proof: Proof | None = None

    @property
    def name(self) -> str:
        return self.source.name


@dataclass(kw_only=True)
class Kind:
    """All files of one kind (`files: lines:` of a map), and which of their columns the map uses."""

    number: int
    map: SourceMap
    spec: FileSpec
    arrivals: list[Arrival] = field(default_factory=list)
    missing: SourceError | None = None
    """Why there are none."""
    header: tuple[str, ...] = ()
    used: dict[str, str] = field(default_factory=dict)
    steps: tuple[dict[str, str], dict[str, str], dict[str, str]] = field(default_factory=lambda: ({}, {}, {}))
    """What the scan calculates, as SQL → name: from columns, from what the step before has, and what is kept."""
    start: int = 0
    gone: str = ""
    """Whether a line says that its row is no more, as the scan can tell, where the map says how to know it."""
    watermark: str = ""
    """By what the lines of a database are known to be newer."""
    money: str = ""
    """The money on a line, where the map names it."""
    rule: str = ""
    """The reason for which the map's own rules, or the lack of a table, refuse a line."""
    expected: set[str] = field(default_factory=set)
    """The reasons for which the map itself refuses lines."""

    @property
    def adds(self) -> bool:
        """Whether its files add to what came before; else they are all there is."""
        return self.spec.load == "add"

    @property
    def dialect(self) -> str:
        return f"_{self.number}"

    @property
    def lines(self) -> str:
        """The view of its lines: rid, file (its place among the arrivals), and what is kept of them."""
        return f"lines_{self.number}"

    def take(self, sql: str) -> str:
        """Have the scan calculate something from the columns (s0, s1 …). Its name."""
        return sql if sql in self.used.values() else self.steps[0].setdefault(sql, f"x{len(self.steps[0])}")

    def value(self, sql: str) -> str:
        """Have the scan calculate something from the columns and what was taken. Its name."""
        known = {*self.used.values(), *self.steps[0].values()}
        return sql if sql in known else self.steps[1].setdefault(sql, f"v{len(self.steps[1])}")

    def keep(self, sql: str) -> str:
        """Have the scan keep something, calculated from all of that. The name of its column."""
        return self.steps[2].setdefault(sql, f"k{len(self.steps[2])}")

    def column(self, name: str, place: str) -> str:
        """The SQL of a source column. Raises MapError when the file has no such column, or two."""
        if name not in self.used:
            self.used[self._spelled(name, place)] = f"s{len(self.used)}"
        return self.used[name] if name in self.used else self.used[self._spelled(name, place)]

    def _spelled(self, name: str, place: str) -> str:
        alike = [h for h in self.header if h == name] or [h for h in self.header if h.casefold() == name.casefold()]
        if not alike and f"{name} (1)" in self.header:
            raise self.map.error(
                place,
                f"{self.arrivals[0].name} has more than one column {name!r}; say which: {name} (1), {name} (2) …",
            )
        if not alike:
            raise self.map.error(
                place,
                f"{self.arrivals[0].name} has no column {name!r}.{closest(name, [h for h in self.header if h])}",
            )
        if len(alike) > 1:
            raise self.map.error(
                place,
                f"{self.arrivals[0].name} has the column {name!r} {len(alike)} times; rename one in the source.",
            )
        return alike[0]


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

    def runs(self, kind: Kind, own: str, then: str, stands: str, out: Any) -> tuple[Any, Any, Any] | None:
        """The first line (rid) of every run of lines, those of them whose value comes again, and these values' hashes.

        The lines are those that stand and are not `out` (rids), as they lie: a run is of one hash (`own`), and ends
        where `then` does not ascend. Exports mostly keep together what belongs together, so that a glance at the
        neighbour answers what grouping or sorting all lines would answer at several times the price. None where too
        much comes again.
        """
        import numpy as np

        first, values = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
        former: tuple = ()
        for place in range(kind.start, kind.start + sum(one.proof.records for one in kind.arrivals), GLANCE):
            found = self.run(
                f"SELECT hash({own}) AS own, {then or 'NULL'} AS next, {stands} AS stands FROM {kind.lines} AS l "
                f"WHERE rid >= {place} AND rid < {place + GLANCE}"
            ).fetchnumpy()
            stand = found["stands"]
            stand[out[(out >= place) & (out < place + len(stand))] - place] = False
            hashes, order = found["own"][stand], np.ma.getdata(found["next"])[stand]
            begins = np.ones(len(hashes), dtype=bool)
            begins[1:] = hashes[1:] != hashes[:-1]
            if then:
                begins[1:] |= order[1:] <= order[:-1]
            if former and len(hashes):
                begins[0] = hashes[0] != former[0] or bool(then and order[0] <= former[1])
            first.append(np.flatnonzero(stand)[begins] + place)
            values.append(hashes[begins])
            former = (hashes[-1], order[-1]) if len(hashes) else former
        first, values = np.concatenate(first), np.concatenate(values)
        again = self._repeated(values.copy())
        if len(again) > FEW:
            return None
        return first, first[np.isin(values, again)] if len(again) else first[:0], np.unique(again)

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

    def twice(self, new: list[str], old: list[str] | None = None) -> int:
        """Find the hashes (`h`) that stand more than once in queries, as the table `twice`. How many they are.

        Sorting numbers is several times as fast as grouping them, and in most loads no key stands twice. What stands
        in `old` alone does not count.
        """
        import numpy as np

        hashes = np.concatenate([self.run(query).fetchnumpy()["h"] for query in new])
        again = self._repeated(hashes)
        if not old and not len(again):
            return 0
        if not old and len(again) < FEW:  # which is nearly always, and spares the import of half of pandas
            self.run("CREATE OR REPLACE TABLE twice AS SELECT DISTINCT unnest(CAST("
                     f"[{', '.join(map(str, again.tolist()))}] AS UBIGINT[])) AS h")
            return len(again)
        import pyarrow as pa

        with self.seen("new_hashes", pa.table({"h": hashes})), self.seen("again", pa.table({"h": again})):
            met = "".join(f" UNION FROM ({query}) SEMI JOIN new_hashes USING (h)" for query in old or ())
            return self.run(f"CREATE OR REPLACE TABLE twice AS SELECT DISTINCT h FROM (FROM again{met})").fetchone()[0]

    def _repeated(self, hashes: Any) -> Any:
        """The hashes that stand there before, each as often; several threads sort a part each."""
        import numpy as np

        def repeated(part: Any) -> Any:
            part.sort()
            return part[1:][part[1:] == part[:-1]]

        if len(hashes) < MANY:
            return repeated(hashes)
        low = hashes < np.uint64(1 << 63)
        with ThreadPoolExecutor(self.threads) as helpers:
            return np.concatenate(list(helpers.map(repeated, (hashes[low], hashes[~low]))))

    @contextmanager
    def seen(self, name: str, table: Any) -> Iterator[None]:
        """Let SQL see an Arrow table under a name, for a while."""
        self.connection.register(name, table)
        yield
        self.connection.unregister(name)

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
