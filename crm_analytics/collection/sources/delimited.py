"""Delimited text as a source: plain files DuckDB reads where they lie, others are proofread into clean UTF-8 first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from crm_analytics.collection.mapping import conversion
from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.plain import Plain, plain
from crm_analytics.collection.sources.proofread import proofread
from crm_analytics.collection.sources.source import Progress, Proof
from crm_analytics.collection.sources.text import LINE_BYTES, header_of, originals


class Delimited:
    """A text file whose lines are records."""

    dated = False

    def __init__(self, spec: FileSpec, parcel: Parcel):
        self.spec, self.parcel, self.name = spec, parcel, parcel.name
        self.plain: Plain | None = None

    @property
    def fingerprint(self) -> str:
        return self.parcel.fingerprint

    @cached_property
    def header(self) -> tuple[str, ...]:
        return header_of(self.parcel)

    def read(self, workshop: Path, progress: Progress) -> Proof:
        self.clean = workshop / "clean.csv"
        self.plain = plain(self.parcel, progress)
        if not self.plain:
            return self._copied(progress)
        self.proof = self.plain.proof
        self.proof.again = self._copied  # somebody may be writing to the file while it is read
        return self.proof

    def _copied(self, progress: Progress) -> Proof:
        self.plain = None
        self.proof = proofread(self.parcel, self.clean, progress)
        return self.proof

    def relation(self) -> str:
        columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(self.proof.header)))
        quote, delimiter = conversion.quoted(self.spec.quote), conversion.quoted(self.spec.delimiter)
        path, feed, lies = self.clean, "\\n", ""
        if self.plain:
            path, feed = self.plain.path, self.plain.feed
            lies = f", skip = {self.plain.above}, ignore_errors = {_truth(self.proof.malformed)}, compression = 'none'"
        return (
            f"read_csv({conversion.quoted(str(path))}, auto_detect = false, header = false, "
            f"columns = {{{columns}}}, delim = {delimiter}, quote = {quote}, escape = {quote}, new_line = '{feed}', "
            f"nullstr = '', max_line_size = {2 * LINE_BYTES}, parallel = {_truth(not self.proof.spans)}{lies})"
        )

    def done(self) -> None:
        self.clean.unlink(missing_ok=True)

    def originals(self, wanted: list[tuple[int, int]]) -> Iterator[str]:
        return self.plain.originals(wanted) if self.plain else originals(self.parcel, wanted)


def _truth(value: object) -> str:
    return "true" if value else "false"
