"""The log of a table in the form of Delta Lake, so that Spark and others can read what a release names.

The files are written by whoever makes them, straight into the table's folder, and only entered here. The log follows
the releases: what a load that died has entered after the last release is taken back by the next entry.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, unquote

from crm_analytics.warehouse.tables import DAY, FLAG, FLOAT, INT, MOMENT, MONEY, QUANTITY, TEXT, Table

CHECKPOINT_VERSIONS = 100
"""After so many versions the log is summed up, so that another reader need not go through all of it."""

WHOLE_LOG = {"delta.enableExpiredLogCleanup": "false"}
"""The log of a table stays whole, so that every release that is kept can be read by its Delta version, too."""

_TYPES = {
    TEXT: "string", INT: "long", FLOAT: "double", MONEY: "decimal(18,4)", QUANTITY: "decimal(18,3)",
    DAY: "date", MOMENT: "timestamp_ntz", FLAG: "boolean",
}


def source_folder(source: str) -> str:
    """The folder of a source inside a table's folder."""
    return "source=" + quote(source, safe="")


def enter(table: Table, folder: Path, *, released: int, before: Iterable[str], files: dict[str, int | None]) -> int:
    """Let `files` (path → rows, None where that must be looked up) be all of the table; the new version's number.

    `released` is the version that the last release names, and `before` are its files; -1 and none where none does.
    Where that is how the table stands already, nothing is entered.
    """
    log = folder / "_delta_log"
    log.mkdir(parents=True, exist_ok=True)
    versions = sorted(int(path.stem) for path in log.glob("[0-9]*.json"))
    active = set(before)
    if versions and versions[-1] == released and active == set(files):
        return released
    for version in versions:
        if version > released:
            active = _after(active, log / _name(version))
    version, now = max(versions, default=-1) + 1, int(time.time() * 1000)
    actions = [_info(now), *_definition(table, folder, now)]
    actions += [_remove(path, now) for path in sorted(active - set(files))]
    actions += [_add(folder, path, rows, now) for path, rows in files.items() if path not in active]
    _write(log / _name(version), "".join(json.dumps(action, ensure_ascii=False) + "\n" for action in actions))
    if version and version % CHECKPOINT_VERSIONS == 0:
        from deltalake import DeltaTable

        DeltaTable(str(folder)).create_checkpoint()
    return version


def log_of(folder: Path, version: int) -> Path:
    """The file that holds the entry of a version."""
    return folder / "_delta_log" / _name(version)


def _name(version: int) -> str:
    return f"{version:020}.json"


def _after(active: set[str], entry: Path) -> set[str]:
    """The files of a table after this entry of its log."""
    active = set(active)
    for line in entry.read_text("utf-8").splitlines():
        action = json.loads(line)
        if "add" in action:
            active.add(unquote(action["add"]["path"]))
        elif "remove" in action:
            active.discard(unquote(action["remove"]["path"]))
    return active


def _info(now: int) -> dict:
    operation = {"operation": "WRITE", "operationParameters": {"mode": "Overwrite", "partitionBy": '["source"]'}}
    return {"commitInfo": {"timestamp": now, "engineInfo": "crm_analytics"} | operation}


def _definition(table: Table, folder: Path, now: int) -> list[dict]:
    features = ["timestampNtz"]
    fields = [(column.name, _TYPES[column.kind]) for column in table.columns] + [("source", "string")]
    schema = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in fields]
    protocol = {
        "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features,
    }
    about = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"crm_analytics/{table.name}")),
        "name": table.name,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": schema}),
        "partitionColumns": ["source"],
        "configuration": WHOLE_LOG,
        "createdTime": now,
    }
    return [{"protocol": protocol}, {"metaData": about}]


def _remove(path: str, now: int) -> dict:
    return {"remove": {"path": _encoded(path), "deletionTimestamp": now, "dataChange": True}}


def _add(folder: Path, path: str, rows: int | None, now: int) -> dict:
    source = unquote(path.partition("/")[0].removeprefix("source="))
    stats = json.dumps({"numRecords": rows_in(folder / path) if rows is None else rows})
    return {
        "add": {
            "path": _encoded(path), "partitionValues": {"source": source}, "size": (folder / path).stat().st_size,
            "modificationTime": now, "dataChange": True, "stats": stats,
        }
    }


def rows_in(path: Path) -> int:
    """How many rows a Parquet file holds, by its own account."""
    from pyarrow import parquet

    return parquet.read_metadata(path).num_rows


def _encoded(path: str) -> str:
    return quote(path, safe="/=")


def _write(path: Path, text: str) -> None:
    """Write the entry under another name first, so that nobody ever reads half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
    Path(name).replace(path)
