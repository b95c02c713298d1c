"""The refused lines themselves, with the column at fault marked: for whoever mends a map, and for no report."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass

from crm_analytics.warehouse.engine import Warehouse

SHOWN = 400
"""So many characters of a line are shown, around what is at fault."""
DELIMITERS = (";", ",", "\t", "|")


@dataclass(frozen=True, kw_only=True)
class RefusedLine:
    """One line that was refused: where it stands, why, and its text, ready for a terminal."""

    source: str
    file: str
    line_no: int
    reason: str
    column: str
    shown: str

    def __str__(self) -> str:
        why = f"{self.column}: {self.reason}" if self.column else self.reason
        return f"{plain(self.file)}, line {self.line_no} · {plain(why)}\n  {self.shown}"


def refused_lines(
    wh: Warehouse, *, reason: str = "", source: str = "", file: str = "", lines: int = 20
) -> list[RefusedLine]:
    """The first refused lines, of a reason (a part of it will do), a source, a file. They may hold personal data."""
    found = wh.refused_lines()
    if reason:
        found = found.filter(found.reason.lower().contains(reason.lower()))
    for name, wanted in (("source", source), ("file", file)):
        if wanted:
            found = found.filter(found[name] == wanted)
    frame = found.order_by(["source", "file", "line_no"]).limit(lines).to_pandas()
    headers = dict(_headers(wh))
    return [
        RefusedLine(
            source=row.source,
            file=row.file,
            line_no=row.line_no,
            reason=row.reason,
            column=row.column or "",
            shown=_shown(row.line or "", headers.get((row.source, row.file), ()), row.column or ""),
        )
        for row in frame.fillna({"column": "", "line": ""}).itertuples()
    ]


def _headers(wh: Warehouse) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    for row in wh.loads.select("source", "file", "header").to_pandas().dropna().itertuples():
        yield (row.source, row.file), tuple(json.loads(row.header))


def _shown(line: str, header: tuple[str, ...], column: str) -> str:
    """The line without anything that a terminal would obey, the field at fault between » and «."""
    at = header.index(column) if header.count(column) == 1 else -1
    for delimiter in DELIMITERS if at >= 0 else ():
        fields = next(csv.reader([line], delimiter=delimiter), [])
        if len(fields) == len(header) > 1:
            before, fault, after = (
                plain(delimiter.join(part)) for part in (fields[:at], fields[at : at + 1], fields[at + 1 :])
            )
            start = f"{before}{plain(delimiter)}" if at else ""
            end = f"{plain(delimiter)}{after}" if at + 1 < len(fields) else ""
            return f"{_end_of(start)}»{fault[:SHOWN]}«{end[:SHOWN]}{'…' if len(end) > SHOWN else ''}"
    text = plain(line)
    return text[:SHOWN] + ("…" if len(text) > SHOWN else "")


def _end_of(text: str) -> str:
    return text if len(text) <= SHOWN else "…" + text[-SHOWN:]


def plain(text: str) -> str:
    """The text with every character that does not print as itself written as its code."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
