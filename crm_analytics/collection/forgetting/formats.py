"""Formats that are no lines of text: JSON and XML documents, workbooks, Parquet and SQLite files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_analytics.collection.forgetting.blanking import Blanking
from crm_analytics.warehouse.privacy.traces import fold

RECORD_CELLS = 200
"""An element with more texts in it is no record of one person, but a list."""

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    import pyarrow as pa


def json_line(record: str, blanking: Blanking) -> str:
    """One line of JSON lines with the person's values emptied."""
    try:
        value = json.loads(record)
    except ValueError:
        return record
    if not _json(value, blanking):
        return record
    return json.dumps(value, ensure_ascii=False) + record[len(record.rstrip("\r\n")) :]


def documents(path: Path, blanking: Blanking, into: Path | None) -> int:
    """A JSON or an XML document; what is neither is left to the search that follows."""
    if path.suffix.lower() == ".xml":
        return _xml_file(path, blanking, into)
    try:
        value = json.loads(path.read_bytes())
    except ValueError:
        return 0
    changed = _json(value, blanking)
    if changed and into:
        into.write_text(json.dumps(value, ensure_ascii=False, indent=1), "utf-8")
    return changed


def _json(value: Any, blanking: Blanking) -> int:
    """Empty the person's values in every object; an object's own plain values are one record."""
    changed = 0
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        changed += _json(child, blanking)
    if isinstance(value, (dict, list)):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        plain = [key for key in keys if isinstance(value[key], (str, int)) and not isinstance(value[key], bool)]
        empty = blanking.of([str(key) for key in plain], [str(value[key]) for key in plain])
        if not empty and isinstance(value, dict) and (held := _held(value)):
            empty = blanking.of([str(key) for key in plain], [str(value[key]) for key in plain] + held)
        for place in empty:
            if place < len(plain):
                value[plain[place]] = "" if isinstance(value[plain[place]], str) else None
                changed += 1
    return changed


def _held(value: dict[str, Any]) -> list[str]:
    """The plain values one level down: a name may stand in an object of its own."""
    return [str(v) for child in value.values() if isinstance(child, dict) for v in child.values() if isinstance(v, str)]


def _xml_file(path: Path, blanking: Blanking, into: Path | None) -> int:
    from xml.etree import ElementTree

    from defusedxml import DefusedXmlException
    from defusedxml import ElementTree as Safe

    try:
        for _, (prefix, space) in Safe.iterparse(path, events=("start-ns",)):
            if not prefix.startswith("ns"):
                ElementTree.register_namespace(prefix, space)
        tree = Safe.parse(path)
    except (ElementTree.ParseError, DefusedXmlException, ValueError):
        return 0
    changed = _xml(tree.getroot(), blanking)
    if changed and into:
        tree.write(into, encoding="utf-8", xml_declaration=True)
    return changed


def _xml(root: Element, blanking: Blanking) -> int:
    """Empty the person's values. The record is the smallest element that is about them, and as much of what is around
    it as holds no value of theirs twice: a second one may be a namesake's, or another member's of the household."""
    above = {child: element for element in root.iter() for child in element}
    changed = 0
    for record in list(_about(root, blanking)):
        while record in above and _held_once(above[record], blanking):
            record = above[record]
        cells = _xml_cells(record)
        for place in blanking.of([name for _, name, _ in cells], [text for _, _, text in cells]):
            element, name, _ = cells[place]
            if name in element.attrib:
                element.attrib[name] = ""
            else:
                element.text = ""
            changed += 1
    return changed


def _about(element: Element, blanking: Blanking) -> list[Element]:
    """The smallest elements that are about the person."""
    inside = [found for child in element for found in _about(child, blanking)]
    cells = [] if inside else _xml_cells(element)
    return inside or ([element] if cells and blanking.person.in_record([text for _, _, text in cells]) else [])


def _held_once(element: Element, blanking: Blanking) -> bool:
    cells = _xml_cells(element)
    theirs = [fold(text) for _, _, text in cells if text not in blanking.person.ids and blanking.person.in_cell(text)]
    return bool(cells) and len(theirs) == len(set(theirs))


def _xml_cells(element: Element) -> list[tuple[Element, str, str]]:
    """(element, name, text) of every text and attribute inside; none where there are too many for one record."""
    cells = []
    for one in element.iter():
        cells += [(one, name, text) for name, text in one.attrib.items() if text.strip()]
        if (one.text or "").strip():
            cells.append((one, one.tag.rpartition("}")[2], one.text))
        if len(cells) > RECORD_CELLS:
            return []
    return cells


def workbook(path: Path, blanking: Blanking, into: Path | None) -> int:
    """A workbook, through openpyxl: values and formats stay, macros do not."""
    import openpyxl

    book, changed = openpyxl.load_workbook(path), 0
    for sheet in book.worksheets:
        names: list[str] = []
        for row in sheet.iter_rows():
            cells = ["" if cell.value is None else str(cell.value) for cell in row]
            names = names or [name.strip() for name in cells if any(cells)]
            empty = blanking.of([*names, *[""] * (len(cells) - len(names))], cells)
            for place in empty:
                row[place].value = None
            changed += bool(empty)
    if changed and into:
        book.save(into)
    return changed


def parquet(path: Path, blanking: Blanking, into: Path | None) -> int:
    """A Parquet file of any schema; what cannot be read as text is no person's value."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def without_dictionary(kind: pa.DataType) -> pa.DataType:
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    changed = 0
    with pq.ParquetFile(path) as file:
        schema = pa.schema([pa.field(one.name, without_dictionary(one.type)) for one in file.schema_arrow])
        out = pq.ParquetWriter(into, schema) if into else None
        for batch in file.iter_batches():
            table = pa.Table.from_batches([batch]).cast(schema)
            if blanking.person.perhaps_in("\n".join(_words(table))):
                rows = table.to_pylist()
                changed += sum(_emptied(row, blanking) for row in rows)
                table = pa.Table.from_pylist(rows, schema=schema)
            if out:
                out.write_table(table)
        if out:
            out.close()
    return changed


def _words(table: pa.Table) -> Iterator[str]:
    """Every text, and every whole number that could be a telephone, once."""
    import pyarrow as pa

    for column in table.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_integer(column.type):
            yield from (str(value) for value in column.unique().to_pylist() if value is not None)


def _emptied(row: dict[str, Any], blanking: Blanking) -> bool:
    plain = [name for name, v in row.items() if isinstance(v, (str, int)) and not isinstance(v, bool)]
    empty = blanking.of(plain, [str(row[name]) for name in plain])
    row.update(dict.fromkeys((plain[place] for place in empty), None))
    return bool(empty)


def sqlite(path: Path, blanking: Blanking, into: Path | None) -> int:
    """A SQLite database: rows are updated, and the free pages wiped."""
    import sqlite3
    from contextlib import closing

    with (
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(into or ":memory:")) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA secure_delete = ON")
        copy.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        changed = sum(_sqlite_table(copy, table, blanking) for table in _tables(copy))
        copy.commit()
        copy.execute("VACUUM")
    if changed and into:
        for left in (path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            left.unlink(missing_ok=True)
    return changed


def _tables(connection: Any) -> list[str]:
    named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [name for (name,) in named.fetchall()]


def _sqlite_table(connection: Any, table: str, blanking: Blanking) -> int:
    import sqlite3

    def quoted(name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    about = connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()
    names, needed = [row[1] for row in about], {row[1] for row in about if row[3]}
    keys = [row[1] for row in sorted(about, key=lambda row: row[5]) if row[5]] or ["rowid"]
    taken = ", ".join(map(quoted, [*keys, *names]))
    changes = []
    for row in connection.execute(f"SELECT {taken} FROM {quoted(table)}"):
        key, cells = row[: len(keys)], row[len(keys) :]
        plain = [i for i, cell in enumerate(cells) if isinstance(cell, (str, int))]
        empty = blanking.of([names[i] for i in plain], [str(cells[i]) for i in plain])
        if empty:
            changes.append((key, [names[plain[place]] for place in empty]))
    numbered = {row[1] for row in about if row[5] and str(row[2]).upper() == "INTEGER" and len(keys) == 1}
    for number, (key, empty) in enumerate(changes):
        new: dict[str, Any] = {name: "" if name in needed else None for name in empty}
        new |= {name: -number - 1 if name in numbered else f"forgotten-{number}" for name in empty if name in keys}
        sets = ", ".join(f"{quoted(name)} = ?" for name in new)
        where = " AND ".join(f"{quoted(name)} = ?" for name in keys)
        try:
            connection.execute(f"UPDATE {quoted(table)} SET {sets} WHERE {where}", [*new.values(), *key])
        except sqlite3.IntegrityError:  # a rule of the table allows no row without them
            connection.execute(f"DELETE FROM {quoted(table)} WHERE {where}", key)
    return len(changes)
