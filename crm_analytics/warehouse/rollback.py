"""Rolling back: the facts as an earlier release had them, as a new one. What was published since can still be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from crm_analytics.say import say
from crm_analytics.warehouse import delta
from crm_analytics.warehouse.release import (
    ALL_TABLES,
    Release,
    Shelf,
    TableState,
    WarehouseError,
    link_into_place,
    settle,
)


def roll_back(shelf: Shelf, number: int) -> Release:
    """Publish the content of an earlier release as the newest one; the next load builds on it.

    It remembers no load: the same files are read again, because they are why somebody rolled back. Raises
    WarehouseError when that release is the newest, is not there, or has lost files.
    """
    with shelf.locked("facts"):
        then, newest = shelf.release(number), shelf.release()
        if number == newest.id:
            raise WarehouseError(f"Release {number} is the newest one; there is nothing to roll back.")
        for state in then.tables.values():
            for file in state.files:
                if not (shelf.folder / file).is_file():
                    raise WarehouseError(f"Release {number} has lost its file {file}; roll back to another one.")
        nothing = TableState(version=-1, rows=0, files=())
        entered = {
            table: _entered(shelf, table, then.tables.get(table, nothing), newest.tables.get(table, nothing))
            for table in then.tables | newest.tables
        }
        release = replace(
            then,
            id=newest.id + 1,
            published_at=datetime.now(UTC).isoformat(timespec="seconds"),
            tables={table: entered[table] for table in then.tables},
            loads=dict.fromkeys(then.loads, ""),
            about=say("as release {number} was", number=number),
        )
        link_into_place(shelf.manifest(release.id), release.to_json())
        return release


def _entered(shelf: Shelf, table: str, then: TableState, newest: TableState) -> TableState:
    """The earlier state as the newest entry of the table's log, for other readers and the next load to find."""
    if then.files == newest.files:
        return newest
    folder = shelf.table_path(table)

    def inside(state: TableState) -> list[str]:
        return [(shelf.folder / file).relative_to(folder).as_posix() for file in state.files]

    version = delta.enter(
        ALL_TABLES[table],
        folder,
        released=newest.version,
        before=inside(newest),
        files=dict.fromkeys(inside(then)),
    )
    settle(delta.log_of(folder, version))
    return replace(then, version=version)
