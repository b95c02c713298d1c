"""A survey export as a source: wide rows come in, and what the map sees is one answer a record."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.excel import Excel
from crm_analytics.collection.sources.parcel import ZIP, Parcel
from crm_analytics.collection.sources.source import (
    SHOWN_CHARACTERS,
    Progress,
    Proof,
    SourceError,
)
from crm_analytics.collection.sources.text import blocks, originals
from crm_analytics.collection.survey.spec import SurveySpec
from crm_analytics.collection.survey.unfold import COLUMNS, Unfolded, unfolded

MOST_BYTES = 1 << 30
"""A survey of a gigabyte is no survey: it is read whole, so it is refused before it fills the memory."""


class Row(NamedTuple):
    """A row of the export, with the line it begins on and how many lines it takes."""

    cells: list[str]
    line: int
    lines: int


class SurveyExport:
    """The export of a survey tool, as delimited text or as a workbook (its first sheet with answers)."""

    dated = True

    def __init__(self, spec: FileSpec, parcel: Parcel):
        self.spec, self.parcel, self.name = spec, parcel, parcel.name

    @property
    def fingerprint(self) -> str:
        return self.parcel.fingerprint

    @property
    def header(self) -> tuple[str, ...]:
        return COLUMNS

    def read(self, workshop: Path, progress: Progress) -> Proof:
        import pyarrow as pa
        import pyarrow.parquet as pq

        found = self._unfolded
        fields = zip(*self.answers(), strict=True)
        columns = {f"c{number}": pa.array(values, pa.string()) for number, values in enumerate(fields)}
        self.parquet = workshop / "survey.parquet"
        pq.write_table(pa.table(columns), self.parquet)
        place = [(row.line, row.lines) for row in self.rows]
        return Proof(
            COLUMNS,
            records=len(found.records),
            malformed=[(*place[row], reason) for row, reason in found.aside],
            starts=[(number, place[record.row][0]) for number, record in enumerate(found.records)],
            spans={
                number: place[record.row][1] for number, record in enumerate(found.records) if place[record.row][1] > 1
            },
        )

    def answers(self) -> Iterator[tuple[str | None, ...]]:
        """Every answer, its fields in the order of the header. Raises SourceError when there is none."""
        return (record.fields(self.spec.decimal) for record in self._unfolded.records)

    @cached_property
    def _unfolded(self) -> Unfolded:
        found = unfolded([row.cells for row in self.rows], self.spec.survey or SurveySpec())
        if not found.records:
            raise SourceError(
                f"{self.name} holds no answers: {found.header} rows of heading and nothing to read below."
            )
        return found

    def relation(self) -> str:
        return f"read_parquet({quoted(str(self.parquet))})"

    def done(self) -> None:
        self.parquet.unlink()

    def originals(self, wanted: list[tuple[int, int]]) -> Iterator[str]:
        if not self._workbook:
            for line in dict.fromkeys(wanted):
                text = next(originals(self.parcel, [line]))
                yield from (text for one in wanted if one == line)
            return
        by_line = {row.line: row for row in self.rows}
        for line, _ in wanted:
            yield "\t".join(by_line[line].cells)[:SHOWN_CHARACTERS]

    @cached_property
    def _workbook(self) -> bool:
        return self.parcel.head.startswith(ZIP)

    @cached_property
    def rows(self) -> list[Row]:
        """All rows that hold anything, heading and all. Raises SourceError."""
        if self.parcel.path.stat().st_size > MOST_BYTES:
            raise SourceError(f"{self.name} is larger than a gigabyte: no survey is. Export one survey at a time.")
        rows = self._of_workbook() if self._workbook else self._of_text()
        if len(rows) < 2:
            raise SourceError(f"{self.name} holds no answers: it has {len(rows)} rows. Ask for the export again.")
        return rows

    def _of_text(self) -> list[Row]:
        text = b"".join(blocks(self.parcel, "replace")).decode("utf-8", "replace").replace("\0", "\ufffd")
        first = text.split("\n", 1)[0]
        delimiter = self.spec.delimiter
        if delimiter not in first:
            delimiter = max(";\t|,", key=first.count)
        quoting = {"quotechar": self.spec.quote} if self.spec.quote else {"quoting": csv.QUOTE_NONE}
        csv.field_size_limit(SHOWN_CHARACTERS * 100)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, **quoting)
        rows, before = [], 0
        try:
            for cells in reader:
                rows.append(Row(cells, before + 1, reader.line_num - before))
                before = reader.line_num
        except csv.Error:
            raise SourceError(f"{self.name} cannot be read after line {before}; see delimiter and quote.") from None
        return [row for row in rows if any(row.cells)]

    def _of_workbook(self) -> list[Row]:
        with Excel(self.spec, self.parcel).opened() as book:
            sheets = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]
        most = max(sheets, key=lambda rows: len(rows) * max(map(len, rows), default=0), default=[])
        rows = [Row([_text(cell) for cell in cells], number, 1) for number, cells in enumerate(most, 1)]
        return [row for row in rows if any(row.cells)]


def _text(cell: object) -> str:
    """A cell of a workbook as a delimited file would have it: 3.0 is 3, a moment is written as ISO has it."""
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return cell.isoformat(sep=" ") if hasattr(cell, "hour") and hasattr(cell, "year") else str(cell)
