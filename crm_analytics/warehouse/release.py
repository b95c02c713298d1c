"""Releases: what was written is audited, and only then shown. A reader sees the whole of a load or nothing of it.

On disk a release is a small manifest that names, for every table, a Delta version and its files. Loading writes new
Delta versions beside the old ones and publishes by linking the finished manifest into place, which the file system
does at once or not at all. A load that dies leaves files that no manifest names.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from crm_analytics.result import Check
from crm_analytics.warehouse import delta
from crm_analytics.warehouse.tables import SYSTEM_TABLES, TABLES

if TYPE_CHECKING:
    import pyarrow as pa


UNWRITABLE = frozenset("[]%^|\\")
"""What the name of no folder above a Delta table may have in it."""


class WarehouseError(Exception):
    """Something is wrong with what was asked of the warehouse; the message says what, and the next move."""

    def _render_traceback_(self) -> list[str]:
        """In a notebook the sentence stands alone."""
        return [str(self)]


@dataclass(frozen=True, kw_only=True)
class IdentityRules:
    """How one customer is made of several records: by which certain keys, which sources have every customer once, and
    which value survives where records differ (`("customers.region", "first")`)."""

    keys: tuple[str, ...] = ("tax_number", "email", "phone")
    unique: tuple[str, ...] = ()
    survives: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_plain(cls, raw: Mapping[str, Any]) -> IdentityRules:
        return cls(keys=tuple(raw["keys"]), unique=tuple(raw["unique"]), survives=tuple(map(tuple, raw["survives"])))


@dataclass(frozen=True, kw_only=True)
class Company:
    """Whose data these are, and how it wants to be spoken to."""

    name: str = "The company"
    currency: str = "EUR"
    country: str = ""
    language: str = "en"
    identity: IdentityRules = IdentityRules()
    pseudonyms: str = ""
    """By which secret customers get pseudonyms, as a keyed hash that says nothing else; empty: they keep their ids."""
    keep_contacts_days: int = 0
    """After so many days without a sign of life a customer's addresses are removed; 0: they are kept."""
    fewest_people: int = 5
    """Groups of fewer people are not shown on a page; 0: all are."""

    @classmethod
    def from_plain(cls, raw: Mapping[str, Any]) -> Company:
        identity = IdentityRules.from_plain(raw["identity"]) if "identity" in raw else IdentityRules()
        return cls(**{**raw, "identity": identity})


@dataclass(frozen=True, kw_only=True)
class TableState:
    """One table in one release: its Delta version, its rows and its files, relative to the warehouse folder."""

    version: int
    rows: int
    files: tuple[str, ...]

    @property
    def by_source(self) -> dict[str, tuple[str, ...]]:
        """The files by the source whose rows they hold."""
        found: dict[str, tuple[str, ...]] = {}
        for file in self.files:
            source = next((unquote(part[7:]) for part in file.split("/") if part.startswith("source=")), "")
            found[source] = (*found.get(source, ()), file)
        return found


@dataclass(frozen=True, kw_only=True)
class Release:
    """What a reader opens: the state of every table at one moment. `facts_until` is the day of the newest order."""

    id: int
    published_at: str
    company: Company
    facts_until: str | None
    tables: dict[str, TableState] = field(default_factory=dict)
    loads: dict[str, str] = field(default_factory=dict)
    """For each source that has been loaded, the fingerprint of its files and map: the same again changes nothing."""
    about: str = ""
    """Why it was published, where that was not to load files: «as release 3 was»."""
    checks: tuple[Check, ...] = ()
    """What the audit of its load warned of."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Release:
        raw = json.loads(text)
        raw["company"] = Company.from_plain(raw["company"])
        raw["tables"] = {
            name: TableState(version=t["version"], rows=t["rows"], files=tuple(t["files"]))
            for name, t in raw["tables"].items()
        }
        raw["checks"] = tuple(Check(**check) for check in raw.get("checks", ()))
        return cls(**raw)


class Shelf:
    """The folder a company's warehouse lives in, and the releases that stand on it."""

    def __init__(self, home: Path):
        self.home = Path(home)
        self.folder = self.home / "warehouse"
        self.manifests = self.folder / "releases"
        self.workshop = self.folder / ".workshop"
        """Where a load lays out what it works on; the holder of the lock may clear it."""

    def ids(self) -> list[int]:
        """The releases that can be opened, oldest first."""
        return sorted(int(path.stem) for path in self.manifests.glob("[0-9]*.json"))

    def release(self, number: int | None = None) -> Release:
        """The release of that number; the newest without one. Raises WarehouseError when there is none."""
        ids = self.ids()
        if not ids:
            raise WarehouseError(f"There is no release in {self.home}. Load data first: crm load MAP --data DIR")
        number = ids[-1] if number is None else number
        if number not in ids:
            raise WarehouseError(f"Release {number} does not exist; there are {ids[0]} to {ids[-1]}.")
        return Release.from_json(self.manifest(number).read_text("utf-8"))

    def manifest(self, number: int) -> Path:
        return self.manifests / f"{number:06d}.json"

    def lease(self, number: int) -> int | None:
        """A hold on a release for as long as the descriptor stays open: what is held, retention leaves alone.

        Nobody waits for it, neither a load nor another reader. None where there is no such release any more.
        """
        try:
            held = os.open(self.manifest(number), os.O_RDONLY)
        except FileNotFoundError:
            return None
        fcntl.flock(held, fcntl.LOCK_SH)
        if os.fstat(held).st_nlink:
            return held
        os.close(held)
        return None

    @contextmanager
    def held(self, number: int | None = None) -> Iterator[Release]:
        """The release of that number, or the newest, which stays readable for as long as this lasts."""
        release = self.release(number)
        lease = self.lease(release.id)
        if lease is None:
            raise WarehouseError(f"Release {release.id} has just been removed; choose another one.")
        try:
            yield release
        finally:
            os.close(lease)

    def table_path(self, table: str) -> Path:
        return self.folder / "tables" / table

    @contextmanager
    def locked(self, writing: str) -> Iterator[None]:
        """Only one at a time writes this to a company; the next one waits. The lock dies with its process."""
        if UNWRITABLE & set(str(self.folder.resolve())):
            raise WarehouseError(f"Delta Lake cannot write into {self.home}: a folder's name must be without any of "
                                 + " ".join(sorted(UNWRITABLE)) + ". Choose another home.")
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f".{writing}.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _nobody_half_forgotten(self) -> None:
        from crm_analytics.warehouse.privacy.forgotten import Underway

        underway = Underway.of(self.home)
        if underway and not underway.erased:
            raise WarehouseError("Forgetting a customer was interrupted; finish it before loading: crm forget")

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A release in the making: write to it, audit it, publish it. Left unpublished it changes nothing."""
        with self.locked("facts"):
            self._nobody_half_forgotten()
            base = self.release() if self.ids() else None
            yield Draft(self, base)


class Draft:
    """Tables written but not yet shown to anybody."""

    def __init__(self, shelf: Shelf, base: Release | None):
        self.shelf = shelf
        self.base = base
        self.tables: dict[str, TableState] = dict(base.tables) if base else {}
        self._written: set[str] = set()

    def replace_source(self, table: str, rows: pa.Table | pa.RecordBatchReader, *, source: str) -> TableState:
        """Let these rows be all that `source` says in this table; the rows of other sources stay as they are."""
        return self.adopt(table, source=source, parts=self.write(table, rows, source=source))

    def write(self, table: str, rows: pa.Table | pa.RecordBatchReader, *, source: str) -> dict[Path, int]:
        """Write rows into a new file, which is to be adopted; the file and its rows, nothing where there are none."""
        import pyarrow as pa
        from pyarrow import parquet

        reader = rows.to_reader() if isinstance(rows, pa.Table) else rows
        schema = pa.schema([field for field in reader.schema if field.name != "source"])
        path, count = self.folder(table, source=source) / f"part-{uuid.uuid4()}.parquet", 0
        with parquet.ParquetWriter(path, schema, compression="snappy") as out:
            for batch in reader:
                out.write_batch(batch.select(schema.names))
                count += batch.num_rows
        if not count:
            path.unlink()
        return {path: count} if count else {}

    def folder(self, table: str, *, source: str) -> Path:
        """Where the files with a source's rows in a table lie. A new one is seen by nobody before it is adopted."""
        folder = self.shelf.table_path(table) / delta.source_folder(source)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def adopt(
        self, table: str, *, source: str, parts: Mapping[Path, int], staying: Iterable[str] = ()
    ) -> TableState:
        """Let these new files (with their rows), and those that stay, be all that `source` says in this table.

        `staying` are files of the source as the draft names them. The files of other sources stay as they are.
        """
        folder = self.shelf.table_path(table)
        state = self.tables.get(table) or TableState(version=-1, rows=0, files=())
        staying = set(staying)
        leaving = set(state.by_source.get(source, ())) - staying
        files: dict[str, int | None] = {
            Path(file).relative_to(f"tables/{table}").as_posix(): None for file in state.files if file not in leaving
        }
        files |= {path.relative_to(folder).as_posix(): rows for path, rows in parts.items()}
        version = delta.enter(
            ALL_TABLES[table], folder, released=state.version, files=files,
            before=[Path(file).relative_to(f"tables/{table}").as_posix() for file in state.files],
        )
        rows = state.rows + sum(parts.values()) - sum(delta.rows_in(self.shelf.folder / file) for file in leaving)
        made = tuple(sorted(f"tables/{table}/{file}" for file in files))
        self.tables[table] = TableState(version=version, rows=rows, files=made)
        if version != state.version:
            self._written.add(table)
        return self.tables[table]

    def as_release(self, *, company: Company | None = None, loads: dict[str, str] | None = None) -> Release:
        """How the draft would read if it were published now; what an audit opens."""
        base = self.base or Release(id=0, published_at="", company=Company(), facts_until=None)
        return replace(
            base, id=base.id + 1, tables=dict(self.tables), company=company or base.company,
            loads=base.loads | (loads or {}), about="", checks=(),
        )

    def publish(
        self, *, company: Company | None = None, loads: dict[str, str] | None = None, facts_until: str | None = None,
        checks: tuple[Check, ...] = (),
    ) -> Release:
        """Show the draft to everybody, at once. Raises WarehouseError when another writer was first."""
        release = replace(
            self.as_release(company=company, loads=loads), facts_until=facts_until, checks=checks,
            published_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        settled = set().union(*(state.files for state in self.base.tables.values())) if self.base else set()
        for table in self._written:
            state = self.tables[table]
            settle(delta.log_of(self.shelf.table_path(table), state.version))
            for name in set(state.files) - settled:
                settle(self.shelf.folder / name)
        link_into_place(self.shelf.manifest(release.id), release.to_json())
        return release


def link_into_place(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        os.link(name, path)
    except FileExistsError:
        raise WarehouseError("Another load was published meanwhile; load again.") from None
    finally:
        Path(name).unlink()
    settle(path.parent)


def settle(path: Path) -> None:
    """Ask the system to put the file on the disk before anybody is told of it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _quoted(text: str) -> str:
    return text.replace("'", "''")


ALL_TABLES = TABLES | SYSTEM_TABLES
