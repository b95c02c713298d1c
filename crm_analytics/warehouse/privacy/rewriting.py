"""Rewriting facts that were published: every release on the shelf at once, and what was kept of Studies.

Files are written anew beside the old ones, manifests are exchanged one by one, the Delta logs are begun anew, and only
then the old files go. Killed at any moment it can be run again. A reader finds the old numbers or the new ones.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from crm_analytics.warehouse import delta
from crm_analytics.warehouse.privacy.subject import data_files
from crm_analytics.warehouse.release import ALL_TABLES, Release, Shelf, settle

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 131_072

Rewriting = Callable[["pa.RecordBatch"], "pa.RecordBatch | None"]
"""A batch of rows as it should be; None where nothing has to change."""


def rewrite_tables(shelf: Shelf, rewriting: Callable[[str], Rewriting], *, tables: tuple[str, ...] = ()) -> int:
    """Rewrite the files of every release. Whoever has the lock of the facts calls this. How many files were replaced.

    Files that no release names are removed on the way. Killed at any moment, it can be run again from the beginning.
    """
    releases = [shelf.release(number) for number in shelf.ids()]
    replaced: dict[str, Rewritten] = {}
    for table in tables or ALL_TABLES:
        for file in sorted(_named(releases, table)):
            if new := rewritten(shelf.folder / file, rewriting(table)):
                replaced[file] = new
    exchanged = [_exchanged(shelf, release, replaced) for release in releases]
    anew = {table for table in ALL_TABLES if _logged(shelf, table) != _named(exchanged, table)}
    now = _numbered(exchanged, anew)
    for before, after in zip(releases, now, strict=True):
        if before != after:
            put_whole(shelf.manifest(after.id), after.to_json().encode())
    for table in sorted(anew):
        _begin_log_anew(shelf, table, now)
    for table in tables or ALL_TABLES:
        for path in data_files(shelf, table):
            if path.relative_to(shelf.folder).as_posix() not in _named(now, table):
                path.unlink()
    return len(replaced)


@dataclass(frozen=True)
class Rewritten:
    """A file in the place of another, how many rows it has, and how many less."""

    path: Path
    rows: int
    fewer: int


def rewritten(path: Path, rewrite: Rewriting) -> Rewritten | None:
    """The file anew, beside the old one and under a name of its own; None where nothing in it has to change."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    new = path.with_name(f"part-{uuid.uuid4().hex}.parquet")
    draft, out, fewer = new.with_name(f".{new.name}.draft"), None, 0
    with pq.ParquetFile(path) as file, pq.ParquetFile(path) as again:
        before = file.metadata.num_rows
        schema = pa.schema([pa.field(one.name, _plain(one.type), one.nullable) for one in file.schema_arrow])
        for number, batch in enumerate(file.iter_batches(BATCH_ROWS)):
            kept = rewrite(batch)
            if kept is None and out is None:
                continue
            if out is None:
                out = pq.ParquetWriter(draft, schema, compression="zstd")
                for earlier in islice(again.iter_batches(BATCH_ROWS), number):
                    out.write_table(pa.Table.from_batches([earlier]).cast(schema))
            kept = batch if kept is None else kept
            fewer += batch.num_rows - kept.num_rows
            out.write_table(pa.Table.from_batches([kept]).cast(schema))
    if out is None:
        return None
    out.close()
    settle(draft)
    draft.rename(new)
    return Rewritten(path=new, rows=before - fewer, fewer=fewer)


def _plain(kind: pa.DataType) -> pa.DataType:
    """A dictionary would keep words that no row has any more."""
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _named(releases: list[Release], table: str) -> set[str]:
    return {file for release in releases if table in release.tables for file in release.tables[table].files}


def _exchanged(shelf: Shelf, release: Release, replaced: dict[str, Rewritten]) -> Release:
    tables = {}
    for name, state in release.tables.items():
        mine = {file: replaced[file] for file in state.files if file in replaced}
        files = {mine[file].path.relative_to(shelf.folder).as_posix() if file in mine else file for file in state.files}
        rows = state.rows - sum(one.fewer for one in mine.values())
        tables[name] = replace(state, files=tuple(sorted(files)), rows=rows)
    return replace(release, tables=tables)


def _numbered(releases: list[Release], anew: set[str]) -> list[Release]:
    """The releases with the versions their tables have in logs that are begun anew: one for each set of files."""
    states: dict[str, list[tuple[str, ...]]] = {table: [] for table in anew}
    numbered = []
    for release in releases:
        tables = dict(release.tables)
        for name in anew & tables.keys():
            known, files = states[name], tables[name].files
            if not known or known[-1] != files:
                known.append(files)
            tables[name] = replace(tables[name], version=len(known) - 1)
        numbered.append(replace(release, tables=tables))
    return numbered


def _logged(shelf: Shelf, table: str) -> set[str]:
    """Every file that the table's Delta log speaks of, in any of its versions; or has statistics of."""
    log = shelf.table_path(table) / "_delta_log"
    found = set()
    for entry in sorted(log.glob("*.json")):
        for line in entry.read_text("utf-8").splitlines():
            action = json.loads(line)
            for kind in ("add", "remove", "cdc"):
                if kind in action:
                    found.add(f"tables/{table}/{unquote(action[kind]['path'])}")
    return found | {str(path) for path in log.glob("*.parquet")}


def _begin_log_anew(shelf: Shelf, table: str, releases: list[Release]) -> None:
    """A log whose versions are the releases' states of the table, and which knows nothing of what was before."""
    folder = shelf.table_path(table)
    states = {r.tables[table].version: r.tables[table].files for r in releases if table in r.tables}
    shutil.rmtree(folder / "_delta_log", ignore_errors=True)
    before: list[str] = []
    for version in sorted(states):
        files = [(shelf.folder / file).relative_to(folder).as_posix() for file in states[version]]
        delta.enter(ALL_TABLES[table], folder, released=version - 1, before=before, files=dict.fromkeys(files))
        before = files


def rewrite_kept(shelf: Shelf, rewriting: Callable[[str], Rewriting]) -> int:
    """Rewrite what was kept of Studies, without its past. How many Studies spoke of the person."""
    from deltalake import DeltaTable, write_deltalake

    changed = 0
    for folder in _kept(shelf):
        rows = DeltaTable(str(folder)).to_pyarrow_table()
        rewrite, batches, touched = rewriting(folder.name), [], False
        for batch in rows.to_batches(BATCH_ROWS):
            new = rewrite(batch)
            touched |= new is not None
            batches.append(batch if new is None else new)
        room = folder.with_name(f".anew-{folder.name}")
        shutil.rmtree(room, ignore_errors=True)
        if touched or len(DeltaTable(str(folder)).history()) > 1:
            import pyarrow as pa

            new = pa.Table.from_batches(batches, rows.schema)
            write_deltalake(str(room), new, partition_by=["kept_under"])
            old = folder.with_name(f".old-{folder.name}")
            folder.rename(old)
            room.rename(folder)
            shutil.rmtree(old)
        changed += touched
    return changed


def _kept(shelf: Shelf) -> list[Path]:
    """The folders of what was kept; an exchange that died half-way is finished first."""
    kept = shelf.folder / "kept"
    for old in kept.glob(".old-*"):
        folder = kept / old.name.removeprefix(".old-")
        if not folder.exists():
            folder.with_name(f".anew-{folder.name}").rename(folder)
        shutil.rmtree(old)
    return sorted(path for path in kept.glob("[!.]*") if path.is_dir())


def put_whole(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Exchange a file at once: a reader finds the old one or the new one."""
    draft = path.with_name(f".draft-{uuid.uuid4().hex}")
    with draft.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    if mode is not None:
        draft.chmod(mode)
    draft.replace(path)
