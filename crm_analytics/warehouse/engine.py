"""Reading a release: its tables as Ibis tables on an in-memory DuckDB (no reader ever holds a lock), or on Spark."""

from __future__ import annotations

import functools
import os
import weakref
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_analytics.result import Result
from crm_analytics.say import Voice, speak
from crm_analytics.warehouse.consents import agreed, barred
from crm_analytics.warehouse.golden import given_by, golden, merged, refers
from crm_analytics.warehouse.kept import CLAIMS, keep, kept
from crm_analytics.warehouse.release import ALL_TABLES, Company, Release, Shelf, WarehouseError
from crm_analytics.warehouse.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir


ENGINES = ("duckdb", "spark")


class TableAbsent(WarehouseError):
    """The company has no such table; the message says what it would open."""


def home_folder(home: str | Path | None = None) -> Path:
    """The company's folder: the one given, else the environment's `CRM_HOME`, else `data` under the working folder
    or the nearest folder above it that has one."""
    if home or os.environ.get("CRM_HOME"):
        return Path(home or os.environ["CRM_HOME"]).expanduser().resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "data" / "warehouse").is_dir():
            return folder / "data"
    return here / "data"


class Warehouse:
    """The facts of a company at one release. Each canonical table is an attribute: `wh.orders`, `wh.contacts`.

    Columns that are personal never appear in them; `addresses` is the one door to those.
    """

    _golden = True
    _engine = "duckdb"

    def __init__(self, shelf: Shelf, release: Release, *, engine: str = "duckdb"):
        if engine not in ENGINES:
            raise ValueError(f"There is no engine {engine!r}; choose {' or '.join(ENGINES)}.")
        self._engine = engine
        self._shelf = shelf
        self.release = release
        self._hold(release.id)
        told = release.company
        speak(Voice(language=told.language, currency=told.currency, fewest_people=told.fewest_people))

    @classmethod
    def open(
        cls, home: str | Path | None = None, *, release: int | None = None, engine: str = "duckdb"
    ) -> Warehouse:
        """Open the newest release of the company in `home`, or the one of that number.

        The engine is `duckdb`, or `spark` where the facts do not fit one machine: the same files, the same features.
        The environment's `CRM_RELEASE` takes the place of the newest, so that all pages of a run tell of one release.
        """
        shelf = Shelf(home_folder(home))
        if release is None and home is None and os.environ.get("CRM_RELEASE"):
            release = int(os.environ["CRM_RELEASE"])
        return cls(shelf, shelf.release(release), engine=engine)

    def _hold(self, release: int) -> None:
        """Keep the release's files from being removed for as long as it is open here."""
        held = self._shelf.lease(release)
        if held is None and release:
            raise WarehouseError(f"Release {release} was removed while it was being opened; open another one.")
        if held is not None:
            weakref.finalize(self, os.close, held)

    @property
    def home(self) -> Path:
        return self._shelf.home

    @property
    def company(self) -> Company:
        return self.release.company

    @property
    def today(self) -> date:
        """The first day the facts say nothing about: the day after the newest order."""
        if self.release.facts_until is None:
            raise TableAbsent("This company has no orders yet, so there is no last day to ask about; give one.")
        return date.fromisoformat(self.release.facts_until) + timedelta(days=1)

    def day(self, as_of: str | date | None = None) -> date:
        """The day a question is asked about: the one given, as a date, else `today`."""
        if as_of is None:
            return self.today
        return date.fromisoformat(as_of) if isinstance(as_of, str) else as_of

    def has(self, *tables: str) -> bool:
        """Whether the company has all of these tables, with at least one row each."""
        return all(name in self.release.tables and self.release.tables[name].rows for name in tables)

    def require(self, *tables: str) -> None:
        """Raise TableAbsent, in one sentence, unless the company has all of these tables."""
        for name in tables:
            if not self.has(name):
                opens = ALL_TABLES[name].opens if name in ALL_TABLES else ""
                raise TableAbsent(
                    f"{self.company.name} has no {name.replace('_', ' ')}"
                    + (f"; with them you would see {opens}." if opens else ".")
                )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *ALL_TABLES]

    def __getattr__(self, name: str) -> ir.Table:
        if name.startswith("_") or name not in ALL_TABLES:
            raise AttributeError(f"A warehouse has no {name!r}; its tables are {', '.join(TABLES)}.")
        self.require(name)
        return self._read(name).drop(*ALL_TABLES[name].personal)

    @cached_property
    def _connection(self) -> Any:
        import ibis

        if self._engine == "spark":
            from crm_analytics.warehouse import spark

            return spark.connect()
        connection = ibis.duckdb.connect()
        connection.raw_sql("SET TimeZone = 'UTC'; SET enable_progress_bar = false;")
        for reading in ("read_parquet", "create_view", "execute", "to_pyarrow", "to_pyarrow_batches"):
            asked = getattr(connection, reading)
            setattr(connection, reading, _told_when_rewritten(asked, self._shelf, self.release))
        return connection

    @cached_property
    def _opened(self) -> dict[str, ir.Table]:
        return {}

    @cached_property
    def as_recorded(self) -> Warehouse:
        """The same facts with the ids under which the sources recorded them, as if nobody had been identified."""
        recorded = Warehouse(self._shelf, self.release, engine=self._engine)
        recorded._golden = False
        recorded._connection, recorded._opened = self._connection, self._opened  # so that both can be joined
        return recorded

    def given_by(self, table: str) -> ir.Table:
        """Which source, and which of a customer's records, gave each value of a merged row of `customers` or
        `customer_contacts`: customer_id, column, source, record_id. It holds no value itself."""
        self.require(table, "identities")
        return given_by(self._rows(table), ALL_TABLES[table], self._merged, ages=self._ages, survives=self._survives)

    @cached_property
    def _merged(self) -> ir.Table:
        return merged(self._rows("identities"))

    @property
    def _ages(self) -> ir.Table | None:
        if not self.has("customers"):
            return None
        return self._rows("customers").select(record_id="customer_id", first_seen="first_seen")

    @property
    def _survives(self) -> dict[str, str]:
        return dict(self.company.identity.survives)

    def _read(self, name: str) -> ir.Table:
        """A table by golden ids, where customers have been identified and the table speaks of them."""
        rows = self._rows(name)
        if not self._golden or name not in TABLES or not refers(TABLES[name]) or not self.has("identities"):
            return rows
        if name not in self._by_golden:
            self._by_golden[name] = self._named(
                f"{name} by golden ids",
                golden(rows, TABLES[name], self._merged, ages=self._ages, survives=self._survives),
            )
        return self._by_golden[name]

    def _named(self, name: str, rows: ir.Table) -> ir.Table:
        """A table that is asked for again and again, under a name: each question then mentions it in a line, where it
        would repeat all its joins, and the database asks only for the columns it needs."""
        return rows if self._engine == "spark" else self._connection.create_view(name, rows)

    @cached_property
    def _by_golden(self) -> dict[str, ir.Table]:
        return {}

    def _rows(self, name: str) -> ir.Table:
        """A table as it was loaded."""
        if name not in self._opened:
            import ibis

            columns = [column.name for column in ALL_TABLES[name].columns]
            parts = [
                self._with_all_columns(name, self._files(name, source, files)).select(
                    *columns, source=ibis.literal(source)
                )
                for source, files in self.release.tables[name].by_source.items()
            ]
            self._opened[name] = ibis.union(*parts)
        return self._opened[name]

    def _files(self, name: str, source: str, files: tuple[str, ...]) -> ir.Table:
        paths = [str(self._shelf.folder / file) for file in files]
        if self._engine == "spark":
            from crm_analytics.warehouse import spark

            return spark.read_parquet(self._connection, paths, table=ALL_TABLES[name])
        return self._connection.read_parquet(
            paths, table_name=f"{name} of {source}", hive_partitioning=False, union_by_name=True
        )

    @staticmethod
    def _with_all_columns(name: str, rows: ir.Table) -> ir.Table:
        """A release written before a column existed can still be read: there it is empty. Ids are text, whatever they
        were written as."""
        import ibis

        kinds = ibis.Schema.from_pyarrow(ALL_TABLES[name].arrow_schema())
        lacking = {column: ibis.null(kinds[column]) for column in kinds if column not in rows.columns}
        as_text = {column: rows[column].cast("string") for column, kind in rows.schema().items()
                   if column in kinds and kinds[column].is_string() and not kind.is_string()}  # fmt: skip
        return rows.mutate(**lacking, **as_text)

    def addresses(self, *, purpose: str, channel: str) -> AddressBook:
        """The addresses of those who agreed to `purpose` by `channel`; the only door to personal data."""
        self.require("customer_contacts", "consents")
        return AddressBook(self, purpose=purpose, channel=channel)

    def marks(self) -> ir.Table:
        """What may be known of personal values without seeing one: filled, impossible, shared (`warehouse.marks`)."""
        self.require("customer_contacts")
        return self._marks

    @cached_property
    def _marks(self) -> ir.Table:
        from crm_analytics.warehouse.marks import marks

        return marks(self._read("customer_contacts"))

    def refused_lines(self) -> ir.Table:
        """The quarantine with its original lines, for whoever mends the map. Lines may hold personal data."""
        self.require("quarantine", "quarantine_lines")
        return self._read("quarantine").left_join(
            self._read("quarantine_lines"), ["source", "file", "line_no"]
        ).drop("source_right", "file_right", "line_no_right")

    def keep(self, result: Result, **key: Any) -> None:
        """Remember a Result under its Study's name and a key (`as_of=day`, `campaign="…"`); the same again replaces it.

        What it claims is remembered beside it; see `claims`. Raises ValueError without a key, since a Result that
        cannot be told from the next one would be overwritten.
        """
        if not key:
            raise ValueError("Say under which key to keep the Result, for example as_of=day.")
        keep(self._shelf, result, key, release=self.release.id, today=self.today if self.release.facts_until else None)

    def kept(self, study: str) -> ir.Table:
        """What was kept of a Study, under all keys. Raises TableAbsent when nothing was."""
        import ibis

        rows = kept(self._shelf, study)
        if rows is None:
            raise TableAbsent(f"Nothing has been kept of {study!r} yet; run its notebook first.")
        return ibis.memtable(rows.drop_columns(["kept_under"]))

    def claims(self) -> ir.Table:
        """What kept Results claim, a claim a row: the fields of `Claim`, with the Study, told_on and known_until.

        Raises TableAbsent when none was kept.
        """
        return self.kept(CLAIMS)


def _told_when_rewritten(reading: Callable[..., Any], shelf: Shelf, release: Release) -> Callable[..., Any]:
    """Where a file is gone because somebody was forgotten meanwhile, a sentence in place of a traceback."""
    import duckdb

    @functools.wraps(reading)
    def told(*args: Any, **options: Any) -> Any:
        try:
            return reading(*args, **options)
        except duckdb.IOException:
            if shelf.release(release.id) == release:
                raise
            raise WarehouseError(
                f"Release {release.id} was written anew while it was open here, because a customer was forgotten; "
                "open it again."
            ) from None

    return told


class AddressBook:
    """Who may be written to for one purpose by one channel, and where. It does not print what it holds."""

    def __init__(self, warehouse: Warehouse, *, purpose: str, channel: str):
        self._warehouse = warehouse
        self.purpose = purpose
        self.channel = channel

    def __repr__(self) -> str:
        return f"AddressBook(purpose={self.purpose!r}, channel={self.channel!r})"

    def of(self, customer_ids: Any, *, on: date) -> Any:
        """The addresses of these customers, for those whose consent holds on that day, ordered by customer_id.

        A frame of customer_id, full_name, email, phone, address. Customers without consent are not in it, nor are
        those who wish not to be contacted.
        """
        import ibis

        wh = self._warehouse
        yes = agreed(wh._read("consents"), purpose=self.purpose, channel=self.channel, on=on)
        wanted = ibis.memtable({"customer_id": sorted(map(str, customer_ids))}, schema={"customer_id": "string"})
        book = wh._read("customer_contacts").semi_join(yes, "customer_id").semi_join(wanted, "customer_id")
        if wh.has("do_not_contact"):
            no = barred(wh._read("do_not_contact"), channel=self.channel, on=on, known_by=on)
            book = book.anti_join(no, "customer_id")
        return (
            book.select("customer_id", "full_name", "email", "phone", "address").order_by("customer_id").to_pandas()
        )
