"""Fields: which columns of a company's source files speak of its customers, as the maps said when they were loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.mapping.maps import Block, ColumnSpec, SourceMap, read_map
from crm_analytics.warehouse.privacy.rewriting import put_whole
from crm_analytics.warehouse.privacy.subject import PERSONAL, customer_columns
from crm_analytics.warehouse.release import Shelf
from crm_analytics.warehouse.tables import TABLES

ABOUT_THE_PERSON = ("customers", "customer_contacts", "traits")
"""What stands in these tables, and in no other, says something of the customer, not of what happened."""


@dataclass(frozen=True, kw_only=True)
class Fields:
    """The columns of a kind of file: in which customers stand, and which describe them. And how its text is read."""

    ids: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    spec: FileSpec | None = None


ANY_FILE = Fields(ids=frozenset({"customer_id", "golden_id", "source_customer_id"}))
"""A file that no map describes, among them those of the warehouse: our own names of columns are what they are."""


def remember_maps(shelf: Shelf, maps: Iterable[SourceMap], data: Path) -> None:
    """Keep the maps of what was loaded, and where the files lay, for whoever must find a person in them again."""
    folder, data, home = shelf.folder / "maps", data.resolve(), shelf.home.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    place = data.relative_to(home) if data.is_relative_to(home) else data  # a home may be moved
    for one in maps:
        for name, content in ((f"{one.source}.yaml", one.text), (f"{one.source}.folder", str(place))):
            path = folder / name
            if not path.is_file() or path.read_bytes() != content.encode():
                put_whole(path, content.encode())


def fields_of_files(shelf: Shelf) -> dict[Path, Fields]:
    """Every source file that a remembered map describes, with what the map says of its columns."""
    found: dict[Path, Fields] = {}
    for path in sorted((shelf.folder / "maps").glob("*.yaml")):
        folder = shelf.home / path.with_suffix(".folder").read_text("utf-8")
        one = read_map(path)
        for spec in one.files.values():
            fields = _fields(one, spec)
            for file in sorted(folder.glob(spec.path)) if folder.is_dir() else ():
                found[file.resolve()] = _joined(found.get(file.resolve()), fields)
    return found


def _joined(one: Fields | None, other: Fields) -> Fields:
    if one is None:
        return other
    return Fields(ids=one.ids | other.ids, personal=one.personal | other.personal, spec=one.spec)


def _fields(one: SourceMap, spec: FileSpec) -> Fields:
    blocks = [block for block in one.blocks if block.file == spec.name]
    ids = {name for block in blocks for name in _named(block, customer_columns(TABLES[block.table]))}
    mine = {name for block in blocks if block.table in ABOUT_THE_PERSON for name in _named(block)}
    elsewhere = {name for block in blocks if block.table not in ABOUT_THE_PERSON for name in _named(block)}
    named = {name for block in blocks if block.table == "customer_contacts" for name in _named(block, PERSONAL)}
    return Fields(ids=frozenset(ids), personal=frozenset((mine - elsewhere) | named) - ids, spec=spec)


def _named(block: Block, targets: Iterable[str] | None = None) -> Iterator[str]:
    for column in block.columns:
        if targets is None or column.target in targets:
            yield from _sources(column)


def _sources(column: ColumnSpec) -> list[str]:
    """The source columns an entry of a map reads; in an expression, whatever could be one."""
    words = re.findall(r'"([^"]+)"|(\w+)', column.expression)
    return [name for name in (column.column, *(quoted or plain for quoted, plain in words)) if name]
