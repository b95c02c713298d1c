"""Source files of any kind, rewritten with a person's cells emptied; everything else stays as it is, line by line."""

from __future__ import annotations

import csv
import gzip
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from crm_analytics.collection.forgetting.blanking import Blanking
from crm_analytics.collection.forgetting.fields import Fields
from crm_analytics.collection.forgetting.formats import documents, parquet, sqlite, workbook
from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.source import told_apart
from crm_analytics.warehouse.privacy.traces import Person

BLOCK_CHARACTERS = 1 << 20
RECORD_LINES = 200
"""A quote that does not close within so many lines was never meant as one."""


def blank_file(path: Path, person: Person, fields: Fields, *, into: Path | None = None) -> int:
    """How many records of a file are about the person; with `into` the file is written there without them."""
    blanking = Blanking(person, fields)
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"PK\x03\x04"):
        if is_workbook(path):
            return workbook(path, blanking, into)
        return _archive(path, person, fields, into)
    if head.startswith(b"PAR1"):
        return parquet(path, blanking, into)
    if head.startswith(b"SQLite format 3\0"):
        return sqlite(path, blanking, into)
    if path.suffix.lower() in (".json", ".xml") and not head.startswith(b"\x1f\x8b"):
        return documents(path, blanking, into)
    return _lines(path, blanking, into)


def blank_in_place(path: Path, person: Person, fields: Fields) -> int:
    """Empty the person's cells in a file, at once or not at all; how many records that changed."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".forgetting-", suffix=path.suffix)
    os.close(handle)
    draft = Path(name)
    try:
        changed = blank_file(path, person, fields, into=draft)
        if changed:
            shutil.copymode(path, draft)
            draft.replace(path)
        return changed
    finally:
        draft.unlink(missing_ok=True)


def _archive(path: Path, person: Person, fields: Fields, into: Path | None) -> int:
    changed = 0
    with (
        zipfile.ZipFile(path) as packed,
        zipfile.ZipFile(into or io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as out,
        tempfile.TemporaryDirectory(prefix="crm-") as room,
    ):
        for member in packed.infolist():
            suffix = Path(member.filename).suffix
            came, left = Path(room) / f"came{suffix}", Path(room) / f"left{suffix}"
            if not member.is_dir():
                with packed.open(member) as source, came.open("wb") as target:
                    shutil.copyfileobj(source, target)
                found = blank_file(came, person, fields, into=left)
                changed += found
                if into:
                    out.write(left if found else came, member.filename)
    return changed


def _lines(path: Path, blanking: Blanking, into: Path | None) -> int:
    """Delimited text, lines of JSON, or any other text: a record a line, or several lines in quotes."""
    spec, changed = blanking.fields.spec or FileSpec(name="", path=""), 0
    with _opened(path, "rb") as raw, _opened(into or Path(os.devnull), "wb", packed=_packed(path)) as target:
        encoding = _encoding(raw.peek(BLOCK_CHARACTERS), spec)
        source = io.TextIOWrapper(raw, encoding, errors="surrogateescape", newline="")
        out = io.TextIOWrapper(target, encoding, errors="surrogateescape", newline="")
        dialect: _Dialect | None = None
        for block in _blocks(source, spec.quote):
            dialect = dialect or _Dialect(_heading(block, spec), spec, json_lines=_is_json(block[0]))
            if not blanking.person.perhaps_in("".join(block)):
                out.writelines(block)
                continue
            for record in _records(block, dialect.quote):
                new = dialect.blanked(record, blanking)
                changed += new != record
                out.write(new)
        out.detach()
    return changed


class _Dialect:
    """How a text's records are taken apart and put together again."""

    def __init__(self, first: str, spec: FileSpec, *, json_lines: bool):
        marks = {mark: first.count(mark) for mark in (",", ";", "\t", "|")}
        sniffed = max(marks, key=lambda mark: marks[mark])
        self.json_lines = json_lines
        self.delimiter = spec.delimiter if spec.name else sniffed
        self.quote = spec.quote
        self.names = list(spec.header or told_apart(map(str.strip, self._cells(first.lstrip("\ufeff")))))

    def _cells(self, record: str) -> list[str]:
        quoting = {"quotechar": self.quote} if self.quote else {"quoting": csv.QUOTE_NONE}
        try:
            return next(csv.reader([record.rstrip("\r\n")], delimiter=self.delimiter, **quoting), [])
        except csv.Error:
            return [record.rstrip("\r\n")]

    def blanked(self, record: str, blanking: Blanking) -> str:
        if not blanking.person.perhaps_in(record):
            return record
        if self.json_lines:
            from crm_analytics.collection.forgetting.formats import json_line

            return json_line(record, blanking)
        cells = self._cells(record)
        empty = blanking.of([*self.names, *[""] * (len(cells) - len(self.names))], cells)
        if not empty:
            return record
        end = record[len(record.rstrip("\r\n")) :]
        left = ["" if i in empty else cell for i, cell in enumerate(cells)]
        if not self.quote:
            return self.delimiter.join(left) + end
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, quotechar=self.quote, lineterminator=end).writerow(left)
        return text.getvalue()


def _heading(block: list[str], spec: FileSpec) -> str:
    """The line of the column names, below whatever titles the map says stand above it."""
    return next((line for line in block[max(spec.header_row - 1, 0) :] if line.strip()), "")


def _is_json(line: str) -> bool:
    return line.lstrip("\ufeff").startswith("{")


def _blocks(source: io.TextIOWrapper, quote: str) -> Iterator[list[str]]:
    """Lines of about a megabyte at a time; no block ends inside a quoted field."""
    while block := source.readlines(BLOCK_CHARACTERS):
        for _ in range(RECORD_LINES):
            if not quote or sum(line.count(quote) for line in block) % 2 == 0:
                break
            line = source.readline()
            if not line:
                break
            block.append(line)
        yield block


def _records(block: list[str], quote: str) -> Iterator[str]:
    held: list[str] = []
    waiting = list(reversed(block))
    while waiting:
        held.append(waiting.pop())
        if not quote or sum(line.count(quote) for line in held) % 2 == 0:
            yield "".join(held)
            held = []
        elif len(held) > RECORD_LINES or not waiting:
            yield held[0]
            waiting += reversed(held[1:])
            held = []


def _packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _opened(path: Path, mode: str, *, packed: bool | None = None) -> IO[bytes]:
    if not (_packed(path) if packed is None else packed):
        return path.open(mode, buffering=BLOCK_CHARACTERS)
    return io.BufferedReader(gzip.GzipFile(path), BLOCK_CHARACTERS) if mode == "rb" else gzip.GzipFile(path, mode)


def is_workbook(path: Path) -> bool:
    with zipfile.ZipFile(path) as packed:
        return "xl/workbook.xml" in packed.namelist()


def _encoding(head: bytes, spec: FileSpec) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            return encoding
    if spec.name:
        return spec.encoding
    try:
        head[: head.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return "cp1251"
    return "utf-8"
