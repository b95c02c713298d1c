"""Parquet as a source: columns of any flat type as text, without loss."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from crm_analytics.collection.sources.parcel import most_bytes
from crm_analytics.collection.sources.records import Fields, Records, Transcript, text_of
from crm_analytics.collection.sources.source import Progress, Proof, SourceError, told_apart

BATCH_ROWS = 10_000
EXACT = 1 << 53


class Parquet(Records):
    """A Parquet file; its records are numbered from 1."""

    @cached_property
    def header(self) -> tuple[str, ...]:
        with self._opened() as file:
            nested = [field.name for field in file.schema_arrow if _nested(field.type)]
            if nested:
                raise SourceError(
                    f"{self.name}: the column {nested[0]!r} holds lists or structures; flatten it in the export, or "
                    "leave it out."
                )
            return told_apart(name.strip() for name in file.schema_arrow.names)

    def read(self, workshop: Path, progress: Progress) -> Proof:
        with Transcript(self.header, workshop) as self.transcript, self._opened() as file:
            rows, line = max(file.metadata.num_rows, 1), 1
            for batch in self._batches(file):
                progress(f"reading {self.name}: {100 * line / rows:.0f} %")
                self.transcript.columns(line, (as_text(column, self.spec.decimal) for column in batch.columns))
                line += batch.num_rows
        return self.transcript.proof

    def records(self, progress: Progress) -> Iterator[tuple[int, Fields]]:
        line = 1
        with self._opened() as file:
            for batch in self._batches(file):
                texts = (as_text(column, self.spec.decimal).to_pylist() for column in batch.columns)
                yield from enumerate(zip(*texts, strict=True), line)
                line += batch.num_rows

    def _batches(self, file: Any) -> Iterator[Any]:
        import pyarrow as pa

        try:
            yield from file.iter_batches(BATCH_ROWS)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def _opened(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(self.parcel.path if self.parcel.plain else io.BytesIO(self.parcel.whole()))
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None
        size = self.parcel.path.stat().st_size
        if file.metadata.num_rows * len(file.schema_arrow) > most_bytes(self.spec, size):
            raise self.parcel.bomb()
        return file

    def _unreadable(self, error: Exception) -> SourceError:
        return SourceError(f"{self.name} is not a whole Parquet file. Copy it again from its source.")


def _nested(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_nested(kind)


def as_text(array: Any, decimal: str) -> Any:
    """The values of an Arrow array as canonical text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_dictionary(kind):
        return as_text(array.dictionary_decode(), decimal)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        trimmed = pc.utf8_trim_whitespace(array.cast(pa.string()))
        return pc.if_else(pc.equal(trimmed, ""), None, trimmed)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return array.cast(pa.string())
    if pa.types.is_floating(kind):
        whole = array.cast(pa.float64())
        if pc.all(pc.and_(pc.equal(whole, pc.floor(whole)), pc.less(pc.abs(whole), EXACT))).as_py():
            return whole.cast(pa.int64()).cast(pa.string())
        if pa.types.is_float32(kind):  # 1.1 in four bytes is 1.1, not 1.10000002384
            return pa.array([text_of(value and float(str(value)), decimal) for value in array.to_numpy(False)])
    return pa.array([text_of(value, decimal) for value in array.to_pylist()], pa.string())
