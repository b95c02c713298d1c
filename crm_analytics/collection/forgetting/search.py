"""The proof: every file below the company's folder is opened, unpacked and searched for what is left of a person."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from crm_analytics.collection.forgetting.fields import ANY_FILE, Fields
from crm_analytics.collection.forgetting.files import blank_file, is_workbook
from crm_analytics.warehouse.privacy.traces import Person, texts_of

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = 8 << 20
OVERLAP_BYTES = 4096
"""What is cut in two by the end of a block is found in the next one."""
UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError)
"""What a damaged, encrypted or mistaken file raises when it is opened."""
NESTED = 3
"""A zip in a zip in a zip is looked into; what is packed deeper nobody will read either."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What was searched and what was found: names of files, never what stands in them."""

    files: int
    size_bytes: int
    traces: tuple[str, ...]
    unreadable: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return not self.traces and not self.unreadable


def searched(
    files: Iterable[Path], person: Person, *, fields: Mapping[Path, Fields], progress: Callable[[str], None]
) -> Certificate:
    """Search files for the person, whatever they are called and however they are packed."""
    count, size, traces, unreadable = 0, 0, [], []
    for path in files:
        progress(f"searching {path.name}")
        try:
            found = holds(path, person, fields.get(path.resolve(), ANY_FILE))
        except FileNotFoundError:
            continue
        except UNREADABLE:
            unreadable.append(str(path))
            found = False
        count, size = count + 1, size + (path.stat().st_size if path.exists() else 0)
        if found:
            traces.append(str(path))
    return Certificate(files=count, size_bytes=size, traces=tuple(traces), unreadable=tuple(unreadable))


def files_below(folders: Iterable[Path]) -> Iterator[Path]:
    """Every file below these folders once; a link is searched as what it is, not where it leads."""
    for folder in dict.fromkeys(folder.resolve() for folder in folders if folder.is_dir()):
        for place, inside, names in os.walk(folder):
            inside.sort()
            yield from (Path(place) / name for name in sorted(names) if (Path(place) / name).is_file())


def holds(path: Path, person: Person, fields: Fields) -> bool:
    """Whether a file holds a trace: in its name, in its bytes, in what is packed in it, or in one of its records."""
    if person.in_text(path.name) or _in_file(path, person, NESTED):
        return True
    return bool(blank_file(path, person, fields))


def _in_file(path: Path, person: Person, depth: int) -> bool:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if head == b"PAR1":
            return _in_parquet(path, person)
        if head == b"PK\x03\x04" and is_workbook(path) and _in_workbook(path, person):
            return True
        return _in_stream(file, person, depth)


def _in_stream(file: IO[bytes], person: Person, depth: int) -> bool:
    head = file.read(4)
    file.seek(0)
    if depth and head.startswith(b"\x1f\x8b"):
        return _in_stream(io.BufferedReader(gzip.GzipFile(fileobj=file)), person, depth - 1)
    if depth and head == b"PK\x03\x04" and zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as packed:
            return any(
                person.in_text(one.filename) or _in_stream(io.BytesIO(packed.read(one)), person, depth - 1)
                for one in packed.infolist()
            )
    file.seek(0)
    before = b""
    while block := file.read(BLOCK_BYTES):
        if any(person.in_text(text) for text in texts_of(before + block)):
            return True
        before = block[-OVERLAP_BYTES:]
    return False


def _in_workbook(path: Path, person: Person) -> bool:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True)
    try:
        return any(
            person.in_record(["" if cell is None else str(cell) for cell in row])
            for sheet in book.worksheets
            for row in sheet.iter_rows(values_only=True)
        )
    finally:
        book.close()


def _in_parquet(path: Path, person: Person) -> bool:
    """In what the columns hold, in the names and in the statistics and notes at its end."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        # each value by itself: the least and the greatest name of a column stand side by side, and are two people's
        about = [str(file.schema_arrow), str(file.metadata.metadata), "\n".join(_said(file.metadata.to_dict()))]
        if any(person.in_text(text) for text in about):
            return True
        for batch in file.iter_batches():
            for column in batch.columns:
                if any(person.in_text(text) for text in _texts(column)):
                    return True
    return False


def _said(value: object) -> Iterator[str]:
    """Every text and number within values of values."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _said(one)
    elif isinstance(value, bytes):
        yield from texts_of(value)
    else:
        yield str(value)


def _texts(column: pa.Array) -> Iterator[str]:
    import pyarrow as pa

    kind = getattr(column.type, "value_type", column.type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind):
        yield "\n".join(str(value) for value in column.unique().to_pylist() if value is not None)
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        yield from (text for value in column.to_pylist() if value for text in texts_of(value))
