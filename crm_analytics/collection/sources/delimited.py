"""Delimited text as a source: proofread into clean UTF-8, which DuckDB then reads at its full speed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from crm_analytics.collection.mapping import conversion
from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.proofread import proofread
from crm_analytics.collection.sources.source import Progress, Proof
from crm_analytics.collection.sources.text import LINE_BYTES, header_of, originals


class Delimited:
    """A text file whose lines are records."""

    dated = False

    def __init__(self, spec: FileSpec, parcel: Parcel):
        self.spec, self.parcel, self.name = spec, parcel, parcel.name

    @property
    def fingerprint(self) -> str:
        return self.parcel.fingerprint

    @cached_property
    def header(self) -> tuple[str, ...]:
        return header_of(self.parcel)

    def read(self, workshop: Path, progress: Progress) -> Proof:
        self.clean = workshop / "clean.csv"
        self.proof = proofread(self.parcel, self.clean, progress)
        return self.proof

    def relation(self) -> str:
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(self.proof.header)))
        quote, delimiter = conversion.quoted(self.spec.quote), conversion.quoted(self.spec.delimiter)
        return (
            f"read_csv({conversion.quoted(str(self.clean))}, auto_detect = false, header = false, "
            f"columns = {{{columns}}}, delim = {delimiter}, quote = {quote}, escape = {quote}, new_line = '\\n', "
            f"nullstr = '', max_line_size = {2 * LINE_BYTES}, parallel = {'false' if self.proof.spans else 'true'})"
        )

    def done(self) -> None:
        self.clean.unlink()

    def originals(self, wanted: list[tuple[int, int]]) -> Iterator[str]:
        return originals(self.parcel, wanted)
