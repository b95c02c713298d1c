"""Sniffed: one table as it lies in a file or a database: how a map speaks of it, and a sample of its rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from crm_analytics.collection.mapping.files import FileSpec

ROWS = 20_000
"""So many rows are looked at: the first half as they come (there is seen whether an id repeats), the rest spread."""
CELL = 300
"""So much of a field is looked at."""
_CERTAINLY_NOTHING = frozenset(("null", "n/a", "#n/a", "nan", "(null)", "<null>", "\\n", "—", "–", "--"))
_NOTHING = _CERTAINLY_NOTHING | {"-", "na", "none", "нет", "н/д", "нд", "nil", "."}
TYPED = re.compile(r"[-+]?[\d.,\s\u00a0\u202f'%€$£₽:/-]*\d[\d.,\s\u00a0\u202f'%€$£₽:/-]*|\S+@\S+")
"""A number, a date, a telephone or an address: what a heading hardly ever is."""


@dataclass(frozen=True, kw_only=True)
class Sniffed:
    """A table as it is written: how a map says so, its columns, and a sample of its rows."""

    path: Path
    spec: FileSpec
    columns: tuple[str, ...]
    """The names of its columns, or made-up ones where the file names none."""
    said: tuple[str, ...]
    """How an expression of the map speaks of each column."""
    rows: list[list[str]] = field(repr=False)
    whole: bool = True
    named: bool = True
    """Whether the columns' names came with the file."""
    trouble: str = ""
    """Why its lines are no table, where they are not."""
    refers: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    """In a database: column → the table and the column it points to."""
    told: Mapping[str, str] = field(default_factory=dict, repr=False)
    """In a database: columns of codes that are told by their names → the headings of these."""
    table: str = ""
    """Which table of a database it is."""
    survey: Sniffed | None = field(default=None, repr=False)
    """The same file read as a survey, where it looks like one."""

    @property
    def label(self) -> str:
        """What it is called: the file, the member of an archive, and which sheet, part or table of it."""
        return label_of(self.spec, self.table)


def label_of(spec: FileSpec, table: str = "") -> str:
    """What a kind of file is called."""
    file = f"{spec.path}/{spec.member}" if spec.member else spec.path or spec.url
    inside = spec.sheet or spec.part or table
    return f"{file}: {inside}" if inside else file


def literal(name: str) -> str:
    """A name as a pattern that means no other."""
    return re.sub(r"([\[*?])", r"[\1]", name)


def quoted_name(name: str) -> str:
    """A column's name as an expression of the map speaks of it."""
    return '"' + name.replace('"', '""') + '"'


def sampled(path: Path, spec: FileSpec, names: Sequence[str], rows: Iterable[Sequence[object]]) -> Sniffed:
    """A table out of a format that says itself what its columns are."""
    cells = [[str(cell if cell is not None else "")[:CELL].strip() for cell in row] for row in rows]
    said = tuple(map(quoted_name, names))
    whole = len(cells) < ROWS
    return marked(Sniffed(path=path, spec=spec, columns=tuple(names), said=said, rows=cells, whole=whole))


def marked(sniffed: Sniffed) -> Sniffed:
    """Decimal and thousands marks, and the words that mean that there is nothing."""
    cells = [list(column) for column in zip(*sniffed.rows[:4000], strict=True)]
    commas = points = signed = 0
    groups: Counter = Counter()
    for column in cells:
        values = {value for value in column[:1500] if value and not value.isdigit()}
        for plain in values:
            value = re.sub(r"[€$£₽%]|руб\.?|р\.", "", plain).strip()
            if found := re.fullmatch(r"[-+]?\d{1,3}(?:([ \u00a0\u202f'.,])\d{3})+(?:([.,])\d+)?", value):
                if found[1] != found[2]:
                    groups[found[1], found[2]] += 1
                    commas, points = commas + (found[2] == ","), points + (found[2] == ".")
            elif re.fullmatch(r"[-+]?\d+,\d+", value):
                commas += 1
            elif re.fullmatch(r"[-+]?\d+\.\d+", value):
                points, signed = points + 1, signed + bool(re.fullmatch(r"[$£]\d+\.\d\d", plain))
    decimal = "," if commas > points else "."
    thousands = ""
    for (mark, point), _ in groups.most_common():
        sure = point is not None or mark in " \u00a0\u202f'" or (mark == ("," if decimal == "." else "."))
        if mark != decimal and sure and not (mark == "," and sniffed.spec.delimiter == "," and not groups):
            thousands = " " if mark in "\u00a0\u202f" else mark
            break
    if decimal == "." and not thousands and signed > 2:
        thousands = ","  # £25,000.00 may come long after £25.00
    spec = replace(sniffed.spec, decimal=decimal, thousands=thousands, empty=_nothings(cells))
    blank = set(spec.empty)
    rows = [[("" if cell in blank else cell) for cell in row] for row in sniffed.rows] if blank else sniffed.rows
    return replace(sniffed, spec=spec, rows=rows)


def _nothings(cells: list[list[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for column in cells:
        counted = Counter(value for value in column if value)
        words = [value for value in counted if value.lower() in _NOTHING]
        others = [value for value in counted if value not in words]
        if not words or not others:
            continue
        typed = sum(bool(TYPED.fullmatch(value)) for value in others[:300]) > 0.8 * min(len(others), 300)
        for word in words:
            if word.lower() in _CERTAINLY_NOTHING or typed:
                found.setdefault(word)
    return tuple(sorted(found))
