"""Rolling back: the facts as an earlier release had them, as a new one. What was published since can still be read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from crm_analytics.say import say
from crm_analytics.warehouse.release import Release, Shelf, TableState, WarehouseError, link_into_place, settle

if TYPE_CHECKING:
    from deltalake import DeltaTable


def roll_back(shelf: Shelf, number: int) -> Release:
    """Publish the content of an earlier release as the newest one; the next load builds on it.

    It remembers no load: the same files are read again, because they are why somebody rolled back. Raises
    WarehouseError when that release is the newest, is not there, or has lost files.
    """
    with shelf.locked("facts"):
        then, newest = shelf.release(number), shelf.ids()[-1]
        if number == newest:
            raise WarehouseError(f"Release {number} is the newest one; there is nothing to roll back.")
        for state in then.tables.values():
            for file in state.files:
                if not (shelf.folder / file).is_file():
                    raise WarehouseError(f"Release {number} has lost its file {file}; roll back to another one.")
        release = replace(
            then,
            id=newest + 1,
            published_at=datetime.now(UTC).isoformat(timespec="seconds"),
            tables={table: _reinstated(shelf, table, state) for table, state in then.tables.items()},
            loads=dict.fromkeys(then.loads, ""),
            about=say("as release {number} was", number=number),
        )
        for table, state in release.tables.items():
            log = shelf.table_path(table) / "_delta_log" / f"{state.version:020}.json"
            if log.exists():
                settle(log)
        link_into_place(shelf.manifest(release.id), release.to_json())
        return release


def _reinstated(shelf: Shelf, table: str, state: TableState) -> TableState:
    """The state as Delta's newest version, so that other readers and the next load find what the release says."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    delta = DeltaTable(str(shelf.table_path(table)))
    if shelf.state(table, delta).files != state.files:
        try:
            delta.restore(state.version)
        except DeltaError:  # a log that was shortened does not know that version any more; its files are there
            _commit(shelf, table, state, delta=delta)
        delta.update_incremental()
    return replace(state, version=delta.version())


def _commit(shelf: Shelf, table: str, state: TableState, *, delta: DeltaTable) -> None:
    import pyarrow.parquet as pq
    from deltalake.transaction import AddAction

    def added(file: str, source: str) -> AddAction:
        path = shelf.folder / file
        status, rows = path.stat(), pq.read_metadata(path).num_rows
        return AddAction(
            path=quote(path.relative_to(shelf.table_path(table)).as_posix(), safe="/=~"),
            size=status.st_size,
            partition_values={"source": source},
            modification_time=int(status.st_mtime * 1000),
            data_change=True,
            stats=json.dumps({"numRecords": rows}),
        )

    files: list[Any] = [added(file, source) for source, files in state.by_source.items() for file in files]
    delta.create_write_transaction(files, mode="overwrite", schema=delta.schema(), partition_by=["source"])
