"""Files as an old system writes them: its delimiter, its encoding, its way with dates and decimals, and a little dirt.

Dirt comes as lines on top, never in place of good ones: what a load does not refuse is the clean company, to the cent.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_analytics.simulation.exports.slips import LOADED, Lost, Slip, slipped

DIRT_SHARE = 0.0003
"""Of each kind of dirt so many lines for a line of the file, and two at least."""

SAMPLED = 5000
"""Dirty lines are made from the first so many lines of a file."""

CHUNK = 1_000_000
"""Lines turned into text at once."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a system writes text."""

    delimiter: str = ","
    encoding: str = "utf-8"
    mark: bytes = b""
    """What stands before the first line: a byte order mark, or nothing."""
    quoting: str = "needed"
    """`needed`: texts stand in quotes; `none`: no field does, for a system whose texts never hold the delimiter."""
    decimal: str = "."
    day: str = "%Y-%m-%d"
    moment: str = "%Y-%m-%d %H:%M:%S"
    yes_no: tuple[str, str] = ("yes", "no")

    def text(self, values: pa.Array) -> pa.Array:
        """A column as this system writes it."""
        kind = values.type
        if pa.types.is_string(kind):
            return values
        if pa.types.is_boolean(kind):
            return pc.if_else(values, *self.yes_no)
        if pa.types.is_date(kind):
            return values.cast(pa.string()) if self.day == "%Y-%m-%d" else pc.strftime(values, self.day)
        if pa.types.is_timestamp(kind):
            return pc.strftime(values.cast(pa.timestamp("s")), self.moment)
        if pa.types.is_decimal(kind):
            values = values.cast(pa.decimal128(18, 2 if kind.scale == 4 else 0))
        text = values.cast(pa.string())
        return text if self.decimal == "." else pc.replace_substring(text, ".", self.decimal)


@dataclass(frozen=True)
class Defect:
    """One kind of dirt: a good line is written once more with some columns set to what should not be there.

    `kept` is for lines that keep their key, such as the same line twice; all others get a key of their own, so that
    what is wrong with them is one thing only.
    """

    kind: str
    sets: Mapping[str, str] = field(default_factory=dict)
    kept: bool = False


@dataclass(frozen=True, kw_only=True)
class Again:
    """Something booked once more that never happened, and that every load takes for good: all lines of a key, which
    begins with another letter, with some columns set to something else. `among` says which patterns columns of one of
    the lines have; `place` is the canonical field in which it shows."""

    kind: str
    place: str
    mark: str
    sets: Mapping[str, str]
    among: Mapping[str, str]
    count: int = 3


SAME_LINE_TWICE = Defect("the same line twice", kept=True)
CUT_OFF = "a line cut off at the end of the file"


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file to be written: its columns, and its lines in chunks of text columns. `key` names the line."""

    name: str
    style: Style
    columns: tuple[str, ...]
    chunks: Callable[[], Iterator[list[pa.Array]]]
    key: str = ""
    defects: tuple[Defect, ...] = ()
    slips: tuple[Slip | Lost, ...] = ()
    again: tuple[Again, ...] = ()
    oddities: Mapping[str, int] = field(default_factory=dict)
    """What is odd about good lines, and about how many: a map can mend it."""
    cut_off: bool = False
    heading: tuple[tuple[str, ...], ...] = ()
    """The rows of headings as they are written, where they are not the names of the columns."""


def of_table(
    name: str,
    style: Style,
    columns: Mapping[str, pa.Array],
    *,
    key: str = "",
    defects: tuple[Defect, ...] = (),
    slips: tuple[Slip | Lost, ...] = (),
    oddities: Mapping[str, int] | None = None,
    heading: tuple[tuple[str, ...], ...] = (),
) -> SourceFile:
    """A file whose columns are at hand."""

    def chunks() -> Iterator[list[pa.Array]]:
        for start in range(0, len(next(iter(columns.values()))), CHUNK):
            yield [style.text(_whole(values.slice(start, CHUNK))) for values in columns.values()]

    return SourceFile(
        name=name,
        style=style,
        columns=tuple(columns),
        chunks=chunks,
        key=key,
        defects=defects,
        slips=slips,
        oddities=oddities or {},
        heading=heading,
    )


def _whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def write_file(
    file: SourceFile, folder: Path, *, rng: np.random.Generator, careless: np.random.Generator
) -> list[dict]:
    """Write a file; the answer says for each kind of dirt how many lines of it there are, and their fate:
    `refused`, `mended` by a map that knows better, or `loaded` as a mistake that only a look at the facts can find."""
    style = file.style
    dirt = [{"kind": kind, "lines": n, "fate": "mended"} for kind, n in file.oddities.items()]
    with (folder / file.name).open("wb") as out:
        out.write(style.mark + b"".join(_line(row, style) for row in file.heading or (file.columns,)))
        first: list[list[str]] = []
        rows = 0
        for chunk in file.chunks():
            if not rows:
                chunk, told = slipped(chunk, file.columns, file.slips, rng=careless)
                dirt, first = dirt + told, _sample(chunk)
            out.write(_encoded(chunk, file.columns, style))
            rows += len(chunk[0])
        for more in file.again:
            lines, told = _once_more(file, more, first, rng=careless)
            out.write(b"".join(_line(line, style) for line in lines))
            dirt.append(told)
        each = max(2, round(rows * DIRT_SHARE))
        for number, defect in enumerate(file.defects):
            count = min(each, len(first))
            lines = _spoilt(file, defect, [first[i] for i in rng.choice(len(first), count, replace=False)], number)
            out.write(b"".join(_line(line, style) for line in lines))
            dirt.append({"kind": defect.kind, "lines": count, "fate": "refused"})
        if file.cut_off:
            out.write(_line(_spoilt(file, Defect(CUT_OFF), [first[0]], 99)[0][:3], style).rstrip(b"\n"))
            dirt.append({"kind": CUT_OFF, "lines": 1, "fate": "refused"})
    return [{"file": file.name} | one for one in dirt]


def _sample(chunk: list[pa.Array]) -> list[list[str]]:
    columns = [column.slice(0, SAMPLED).to_pylist() for column in chunk]
    return [["" if value is None else value for value in row] for row in zip(*columns, strict=True)]


def _spoilt(file: SourceFile, defect: Defect, rows: Iterable[list[str]], number: int) -> list[list[str]]:
    out = []
    for i, row in enumerate(rows):
        line = dict(zip(file.columns, row, strict=True))
        if file.key and not defect.kept:
            line[file.key] = f"X{number:02d}{i:06d}"
        out.append(list((line | dict(defect.sets)).values()))
    return out


def _once_more(
    file: SourceFile, more: Again, rows: list[list[str]], *, rng: np.random.Generator
) -> tuple[list[list[str]], dict]:
    key, among = file.columns.index(file.key), {file.columns.index(name): text for name, text in more.among.items()}
    fits = {row[key] for row in rows if all(re.search(text, row[place]) for place, text in among.items())}
    fits = sorted(fits - {rows[-1][key]})  # of the last one, lines may be missing
    chosen = set(rng.choice(fits, min(more.count, len(fits)), replace=False).tolist())
    lines = [dict(zip(file.columns, row, strict=True)) for row in rows if row[key] in chosen]
    lines = [line | dict(more.sets) | {file.key: more.mark + line[file.key][1:]} for line in lines]
    told = {"kind": more.kind, "place": more.place, "lines": len(lines), "fate": LOADED}
    return [list(line.values()) for line in lines], told | {"again": sorted({line[file.key] for line in lines})}


def _line(fields: Iterable[str], style: Style) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=style.delimiter, lineterminator="\n").writerow(fields)
    return text.getvalue().encode(style.encoding)


def _encoded(chunk: list[pa.Array], names: tuple[str, ...], style: Style) -> bytes:
    from pyarrow import csv as arrow_csv

    sink = pa.BufferOutputStream()
    options = arrow_csv.WriteOptions(include_header=False, delimiter=style.delimiter, quoting_style=style.quoting)
    arrow_csv.write_csv(pa.table(chunk, names=list(names)), sink, options)
    data = sink.getvalue()
    return data if style.encoding == "utf-8" else data.to_pybytes().decode("utf-8").encode(style.encoding)
