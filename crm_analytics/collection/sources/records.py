"""Records: what a structured format (a workbook, JSON, a database …) gives, one record at a time, as columns of text.

Numbers come over with the map's own decimal mark and without any other, days as 2025-06-30, moments as
2025-06-30 10:15:00, and nothing as nothing; so that what was text in the source and what was not read alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from crm_analytics.collection.mapping import conversion
from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.source import SHOWN_CHARACTERS, Progress, Proof

FIELD_BYTES = 1 << 20
"""A longer field is refused, as a longer line of text is."""
BATCH_RECORDS = 10_000
BATCH_CHARACTERS = 32 << 20

Fields = Sequence[str | None]


class Refused(str):
    """Why something is no record; `original` is what stands there instead."""

    original: str

    def __new__(cls, reason: str, original: str = "") -> Refused:
        self = super().__new__(cls, reason)
        self.original = original
        return self


class Records:
    """A source that is no delimited text. A format says its header and how its records are found."""

    dated = True

    def __init__(self, spec: FileSpec, parcel: Parcel):
        self.spec, self.parcel, self.name = spec, parcel, parcel.name

    @property
    def fingerprint(self) -> str:
        return self.parcel.fingerprint

    @cached_property
    def header(self) -> tuple[str, ...]:
        raise NotImplementedError

    def records(self, progress: Progress) -> Iterator[tuple[int, Fields | Refused]]:
        """(number, its fields in the order of the header), for each record; or why it is none."""
        raise NotImplementedError

    def read(self, workshop: Path, progress: Progress) -> Proof:
        with Transcript(self.header, workshop) as self.transcript:
            for line, fields in self.records(progress):
                self.transcript.take(line, fields)
        return self.transcript.proof

    def relation(self) -> str:
        return f"read_parquet({conversion.quoted(str(self.transcript.clean))})"

    def done(self) -> None:
        """The records stay until their originals have been asked for."""

    def originals(self, wanted: list[tuple[int, int]]) -> Iterator[str]:
        return self.transcript.originals(wanted)


class Transcript:
    """Good records as a Parquet file of text; beside it what was set aside. Use as a context manager while writing."""

    def __init__(self, header: tuple[str, ...], workshop: Path):
        import pyarrow as pa

        self.proof = Proof(header)
        self.clean, self.aside = workshop / "clean.parquet", workshop / "aside.jsonl"
        self.schema = pa.schema([(f"c{i}", pa.string()) for i in range(len(header))])
        self.pending: list[tuple[int, Fields]] = []
        self.characters = 0

    def __enter__(self) -> Transcript:
        import pyarrow.parquet as pq

        self.out = pq.ParquetWriter(self.clean, self.schema, compression="snappy", write_statistics=False)
        self.refused = self.aside.open("w", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self.out.close()
        self.refused.close()

    def take(self, line: int, fields: Fields | Refused) -> None:
        if isinstance(fields, Refused):
            self._set_aside(line, fields)
            return
        self.pending.append((line, fields))
        self.characters += sum(len(text) for text in fields if text)
        if len(self.pending) >= BATCH_RECORDS or self.characters > BATCH_CHARACTERS:
            self._flush()

    def columns(self, line: int, columns: Iterable[Any]) -> None:
        """Take many records at once, as arrays of text; the first of them has this number."""
        import pyarrow as pa
        import pyarrow.compute as pc

        batch = pa.RecordBatch.from_arrays(list(columns), schema=self.schema)
        if any((pc.max(pc.binary_length(c)).as_py() or 0) > FIELD_BYTES or _holds_nul(c) for c in batch.columns):
            for number, fields in enumerate(zip(*(c.to_pylist() for c in batch.columns), strict=True), line):
                self.take(number, fields)
            return
        self._flush()
        self._write(batch, [(line, batch.num_rows)])

    def _flush(self) -> None:
        import pyarrow as pa

        good, self.pending, self.characters = self.pending, [], 0
        good = [(line, fields) for line, fields in good if self._sound(line, fields)]
        if not good:
            return
        arrays = [pa.array(column, pa.string()) for column in zip(*(fields for _, fields in good), strict=True)]
        self._write(pa.RecordBatch.from_arrays(arrays, schema=self.schema), ((line, 1) for line, _ in good))

    def _write(self, batch: Any, places: Iterable[tuple[int, int]]) -> None:
        self.out.write_batch(batch)
        for line, records in places:
            self.proof.take(line, records)

    def _sound(self, line: int, fields: Fields) -> bool:
        why = ""
        for text in fields:
            if text is None or (text.isascii() and len(text) < FIELD_BYTES and "\0" not in text):
                continue
            if len(text) > FIELD_BYTES or len(text.encode("utf-8", "replace")) > FIELD_BYTES:
                why = "a field longer than a megabyte"
            elif "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
                why = "characters that are no text"
        if why:
            self._set_aside(line, Refused(why, as_json(self.proof.header, fields)))
        return not why

    def _set_aside(self, line: int, refused: Refused) -> None:
        self.proof.malformed.append((line, 1, str(refused)))
        text = refused.original[:SHOWN_CHARACTERS].replace("\0", "\\x00")
        self.refused.write(json.dumps([line, text.encode("utf-8", "replace").decode()]) + "\n")

    def originals(self, wanted: list[tuple[int, int]]) -> Iterator[str]:
        """The records of these numbers as JSON, or what stood in their place."""
        import pyarrow.parquet as pq

        aside: dict[int, str] = {}
        with self.aside.open(encoding="utf-8") as file:
            lines = {line for line, _ in wanted}
            aside = {line: text for line, text in map(json.loads, file) if line in lines}
        with pq.ParquetFile(self.clean) as clean:
            groups = [clean.metadata.row_group(i).num_rows for i in range(clean.num_row_groups)]
            starts = np.concatenate(([0], np.cumsum(groups, dtype=np.int64)))
            open_group, rows = -1, None
            for line, _ in wanted:
                if line in aside:
                    yield aside[line]
                    continue
                record = self._record(line)
                group = int(np.searchsorted(starts, record, side="right")) - 1
                if group != open_group:
                    open_group, rows = group, clean.read_row_group(group)
                at = record - int(starts[group])
                yield as_json(self.proof.header, [column[at].as_py() for column in rows.columns])[:SHOWN_CHARACTERS]

    def _record(self, line: int) -> int:
        first, number = np.array(self.proof.starts, dtype=np.int64).T
        at = int(np.searchsorted(number, line, side="right")) - 1
        return int(first[at] + line - number[at])


def as_json(header: Sequence[str], fields: Fields) -> str:
    """A record as the quarantine shows it."""
    return json.dumps({name: text for name, text in zip(header, fields, strict=True) if name}, ensure_ascii=False)


def text_of(value: Any, decimal: str = ".") -> str | None:
    """A value as canonical text."""
    if value is None or isinstance(value, str):
        return (value and value.strip()) or None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _number(value).replace(".", decimal) or None
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return f"{int(seconds // 3600):02}:{int(seconds % 3600 // 60):02}:{_number(seconds % 60).zfill(2)}"
    if isinstance(value, bytes | memoryview):
        return _bytes(bytes(value))
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str) if value else None
    return str(value).strip() or None


def _number(value: float | Decimal) -> str:
    """Plain digits: no exponent, no zeros behind, nothing for what is not a number."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite() or abs(exact.adjusted()) > 400:
        return "" if not exact.is_finite() else str(value)
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") or "0" if "." in text and isinstance(value, float) else text


def _moment(value: datetime) -> str:
    text = value.replace(tzinfo=None).isoformat(sep=" ")
    return text.removesuffix(" 00:00:00") if value.time() == time() else text


def _bytes(value: bytes) -> str | None:
    try:
        return value.decode().strip() or None
    except UnicodeDecodeError:
        return value.hex()


def _holds_nul(array: Any) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.match_substring(array, "\0")).as_py())
