"""Workbooks as a source: xlsx, xlsm, xls, xlsb, ods. One sheet is one source; its records have the sheet's row numbers.

What a cell shows is formatting; what it holds comes over: a day as a day, a number with the fifteen digits a workbook
keeps, a true or false as such. A formula that failed (#N/A) holds nothing.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, time, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice
from typing import Any

from crm_analytics.collection.mapping.section import closest
from crm_analytics.collection.sources.parcel import ZIP, Parcel, most_bytes
from crm_analytics.collection.sources.records import Fields, Records, Refused, text_of
from crm_analytics.collection.sources.source import Progress, SourceError, told_apart

MOST_CELLS = 100_000_000
"""A sheet that spans more holds two cells at its far ends: nobody's list of anything."""
TITLE_ROWS = 30
"""Above the column names there may be a title, a date, a filter: a few rows with less in them than the names have."""
_REFERENCE = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_REPEATED = re.compile(rb'number-(?:columns|rows)-repeated="([0-9]+)"[^>]*office:value')


class Excel(Records):
    """One sheet of a workbook."""

    def __init__(self, spec: Any, parcel: Parcel, sheet: str = ""):
        super().__init__(spec, parcel)
        self.sheet = sheet
        self.name = f"{parcel.name}/{sheet}" if sheet else parcel.name

    @classmethod
    def sheets(cls, spec: Any, parcel: Parcel) -> list[Excel]:
        """The workbook's sheets that the map means: one, or all whose names fit a pattern."""
        if not re.search(r"[*?\[]", spec.sheet):
            return [cls(spec, parcel)]
        with cls(spec, parcel).opened() as book:
            names = [name for name in book.sheet_names if fnmatchcase(name, spec.sheet)]
            if not names:
                raise SourceError(f"{parcel.name} has no sheet {spec.sheet!r}.{closest(spec.sheet, book.sheet_names)}")
            return [cls(spec, parcel, name) for name in names]

    @cached_property
    def header(self) -> tuple[str, ...]:
        if self.spec.header:
            return self.spec.header
        _, names = self._named
        if not any(names):
            raise SourceError(f"{self.name} is empty: it has not even a row of column names. See sheet: in the map.")
        return told_apart(names)

    def records(self, progress: Progress) -> Iterator[tuple[int, Fields | Refused]]:
        width, above = len(self.header), 0 if self.spec.header else self._named[0]
        for number, row in enumerate(self._rows(), 1):
            if number <= above:
                continue
            fields = [self._text(cell) for cell in row]
            if not any(fields):
                continue
            if len(fields) > width and any(fields[width:]):
                yield number, Refused(f"more fields than the header has: {len(fields)}, not {width}", str(fields))
            else:
                yield number, (fields + [None] * width)[:width]

    @cached_property
    def _named(self) -> tuple[int, tuple[str, ...]]:
        """The row of the column names, and they."""
        rows = [[self._text(cell) or "" for cell in row] for row in islice(self._rows(), self.spec.header_row or 100)]
        if self.spec.header_row:
            return self.spec.header_row, tuple(rows[-1]) if len(rows) == self.spec.header_row else ()
        filled = [sum(map(bool, row)) for row in rows]
        enough = 0.6 * max(filled, default=0)
        at = next((i for i, count in enumerate(filled[:TITLE_ROWS]) if count and count >= enough), 0)
        return at + 1, tuple(rows[at]) if rows else ()

    def _text(self, cell: Any) -> str | None:
        if isinstance(cell, float):
            cell = float(f"{cell:.15g}")
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else text_of(cell, self.spec.decimal)
        if isinstance(cell, str | bool | date | time | timedelta | int):
            return text_of(cell, self.spec.decimal)
        return None

    def _rows(self) -> Iterator[list[Any]]:
        with self.opened() as book:
            names = book.sheet_names
            wanted = self.sheet or self.spec.sheet
            if not names:
                raise SourceError(f"{self.parcel.name} holds no sheets.")
            if wanted and wanted not in names:
                raise SourceError(f"{self.parcel.name} has no sheet {wanted!r}.{closest(wanted, names)}")
            sheet = _carefully(self.parcel, lambda: book.get_sheet_by_name(wanted or names[0]))
            if sheet.end is None:
                return
            first = sheet.start[0]
            yield from ([] for _ in range(first))
            yield from _carefully(self.parcel, lambda: _spread(sheet, sheet.to_python(skip_empty_area=False))[first:])

    def opened(self) -> Any:
        """The workbook, if it is one and does no harm. Raises SourceError."""
        import python_calamine

        raw = self.parcel.path.read_bytes() if self.parcel.plain else self.parcel.whole()
        if raw.startswith(ZIP):
            self._harmless(raw)
        return _carefully(self.parcel, lambda: python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw)))

    def _harmless(self, raw: bytes) -> None:
        """Look at what the workbook would unpack to, before anybody unpacks it."""
        try:
            with zipfile.ZipFile(io.BytesIO(raw)) as book:
                if sum(info.file_size for info in book.infolist()) > most_bytes(self.spec, len(raw)):
                    raise self.parcel.bomb()
                for info in book.infolist():
                    if info.filename.startswith("xl/worksheets/") and info.filename.endswith(".xml"):
                        self._spans(book, info, _extent)
                    elif info.filename == "content.xml":
                        self._spans(book, info, _repeated)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, NotImplementedError):
            raise _damaged(self.parcel) from None

    def _spans(self, book: zipfile.ZipFile, info: zipfile.ZipInfo, cells: Any) -> None:
        rest, widest, most = b"", (0, 0), most_bytes(self.spec, len(book.filename or "") + info.compress_size)
        taken = 0
        with book.open(info) as xml:
            while block := xml.read(1 << 20):
                taken += len(block)
                if taken > most:
                    raise self.parcel.bomb()
                widest = cells(rest + block, widest)
                rest = block[-200:]
        if widest[0] * widest[1] > MOST_CELLS:
            raise SourceError(
                f"{self.parcel.name} has a sheet of {widest[0]:,} rows by {widest[1]:,} columns, more than memory "
                "holds; delete what stands far outside of the table, and save it again."
            )


def _spread(sheet: Any, rows: list[list[Any]]) -> list[list[Any]]:
    """What stands in cells merged over several rows is said of each of them; of numbers only those of the leftmost
    such column, which count orders: a sum merged over its lines is one sum."""
    merged = [one for one in sheet.merged_cell_ranges or () if one[1][0] > one[0][0] and one[0][1] == one[1][1]]
    leftmost = min((start[1] for start, _ in merged), default=0)
    for (top, column), (bottom, _) in merged:
        value = rows[top][column] if top < len(rows) and column < len(rows[top]) else ""
        if isinstance(value, (int, float)) and column > leftmost:
            continue
        for row in rows[top + 1 : bottom + 1]:
            if column < len(row) and row[column] == "":
                row[column] = value
    return rows


def _extent(xml: bytes, widest: tuple[int, int]) -> tuple[int, int]:
    rows, columns = widest
    for letters, row in _REFERENCE.findall(xml):
        rows = max(rows, int(row))
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        columns = max(columns, column)
    return rows, columns


def _repeated(xml: bytes, widest: tuple[int, int]) -> tuple[int, int]:
    times = [int(found) for found in _REPEATED.findall(xml)]
    return max([widest[0], *times]), max(widest[1], 1_000)


def _carefully(parcel: Parcel, step: Any) -> Any:
    """The reader is a foreign library: whatever it stumbles over, a panic too, is a damaged workbook."""
    import python_calamine

    try:
        return step()
    except python_calamine.PasswordError:
        raise SourceError(f"{parcel.name} is locked with a password; save it without one.") from None
    except (KeyboardInterrupt, SystemExit, MemoryError, SourceError):
        raise
    except BaseException:
        raise _damaged(parcel) from None


def _damaged(parcel: Parcel) -> SourceError:
    return SourceError(
        f"{parcel.name} is not a workbook that can be read; open it and save it as xlsx again, or export CSV."
    )
