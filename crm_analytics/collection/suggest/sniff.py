"""Sniff: how the text of a file is written (encoding, delimiter, headings, marks of numbers), and a sample of it."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources import source_of
from crm_analytics.collection.sources.kinds import format_of, is_archive
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.source import SourceError
from crm_analytics.collection.suggest.lexicon import UNKNOWN, lexicon
from crm_analytics.say import say

ROWS = 20_000
"""So many rows are looked at: the first half as they come (there is seen whether an id repeats), the rest spread."""
READ_BYTES = 256 << 20
CELL = 300
"""So much of a field is looked at."""
_APART = {
    "commerceml": "{path} is an exchange file of 1C; maps/README.md says how a map reads its parts (part:).",
    "archive": "{path} is an archive; unpack it to have a map proposed. The map can then read the archive itself.",
}
_DELIMITERS = ",;\t|"
_ENCODINGS = ("cp1251", "koi8-r", "cp866", "cp1252")
_FREQUENT = frozenset("оеаинтсрвлкмдпу")
_NOTHING = frozenset(
    [
        "null",
        "n/a",
        "#n/a",
        "nan",
        "(null)",
        "<null>",
        "\\n",
        "-",
        "--",
        "—",
        "–",
        "na",
        "none",
        "нет",
        "н/д",
        "нд",
        "nil",
        ".",
    ]
)
_CERTAINLY_NOTHING = frozenset(["null", "n/a", "#n/a", "nan", "(null)", "<null>", "\\n", "—", "–", "--"])
_TYPED = re.compile(r"[-+]?[\d.,\s\u00a0\u202f'%€$£₽:/-]*\d[\d.,\s\u00a0\u202f'%€$£₽:/-]*|\S+@\S+")


@dataclass(frozen=True, kw_only=True)
class Sniffed:
    """A file as it is written: how a map says so, its columns, and a sample of its rows."""

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


def sniff(path: Path) -> Sniffed:
    """Look at a file. Raises SourceError when it holds no text at all."""
    parcel = Parcel(path, FileSpec(name="", path=path.name))
    form = "archive" if is_archive(path, parcel.spec) else format_of(parcel)
    if form in ("commerceml", "archive"):
        raise SourceError(_APART[form].format(path=path.name))
    if form != "delimited":
        return _of_source(path)
    text, encoding, whole = _text(path)
    lines = [line for line in text.split("\n", 400)[:400] if line.strip()]
    if len(lines) > 390:
        lines = lines[:-1]
    if not lines:
        raise SourceError(f"{path.name} is empty; there is nothing a map could be made of.")
    spec = FileSpec(name=_kind_name(path), path=path.name, encoding=encoding)
    aligned = _aligned(lines)
    delimiter = "" if aligned else _delimiter(lines)
    if aligned:
        return _marks(_of_aligned(path, spec, text, whole))
    spec = replace(spec, delimiter=delimiter)
    rows, width, trouble = _sample(text, delimiter)
    if rows and any("\n" in name for name in rows[0]):
        trouble = say("its headings run over several lines; write them on one")
    if trouble:
        return Sniffed(path=path, spec=spec, columns=(), said=(), rows=[], whole=whole, trouble=trouble)
    if _has_header(rows):
        names = tuple(name.strip() for name in rows.pop(0))
        said = tuple(_quoted(name) for name in names)
        return _marks(
            Sniffed(path=path, spec=spec, columns=names, said=said, rows=rows, whole=whole and len(rows) < ROWS)
        )
    names = tuple(f"column_{number + 1}" for number in range(width))
    return _marks(
        Sniffed(
            path=path, spec=replace(spec, header=names), columns=names, said=names, rows=rows, whole=whole, named=False
        )
    )


def _of_source(path: Path) -> Sniffed:
    """A workbook, Parquet or JSON: it says itself what its columns are."""
    import duckdb

    spec = FileSpec(name=_kind_name(path), path=path.name)
    source = source_of(spec, path)
    with tempfile.TemporaryDirectory() as workshop, duckdb.connect() as bench:
        source.read(Path(workshop), lambda _: None)
        found = bench.execute(f"SELECT * FROM {source.relation()} LIMIT {ROWS}").fetchall()
        source.done()
    names = tuple(source.header)
    rows = [[str(cell or "")[:CELL].strip() for cell in row] for row in found]
    said = tuple(_quoted(name) for name in names)
    return _marks(Sniffed(path=path, spec=spec, columns=names, said=said, rows=rows, whole=len(rows) < ROWS))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _kind_name(path: Path) -> str:
    stem = path.name.split(".")[0].lower()
    name = re.sub(r"[^a-zа-яё0-9]+", "_", stem).strip("_")[:30]
    return name or "lines"


def _text(path: Path) -> tuple[str, str, bool]:
    """The file's text, its encoding, and whether that is all of it."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as file:
            data = file.read(READ_BYTES)
            whole = not file.read(1)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(
            f"{path.name} cannot be read: {getattr(error, 'strerror', None) or 'it is damaged'}."
        ) from None
    if not data.strip(b"\0\r\n\t "):
        raise SourceError(f"{path.name} is empty; there is nothing a map could be made of.")
    encoding = _encoding(data)
    text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding, "replace")
    if not whole:
        text = text[: text.rfind("\n") + 1]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "\1"), encoding, whole  # a heading that holds either cannot stand in a map


def _encoding(data: bytes) -> str:
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return name
    head = data[:4000]
    if head.count(0) > len(head) / 8:
        return "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(data)
        return "utf-8"
    except UnicodeDecodeError:
        pass
    sample = b"\n".join(line for line in data[: 8 << 20].split(b"\n") if not line.isascii())[:60_000]
    return max(_ENCODINGS, key=lambda name: _readable(sample.decode(name, "replace")))


def _readable(text: str) -> float:
    """How much the words of a text look like words: small letters, after at most one great one, and usual letters."""
    good = 0.0
    for word in re.findall(r"[^\W\d_]+", text):
        if word.isascii():
            continue
        if re.fullmatch(r"[А-ЯЁ]?[а-яё]+", word):
            good += len(word) * (0.5 + sum(letter in _FREQUENT for letter in word) / len(word))
        elif re.fullmatch(r"[А-ЯЁ]+", word):
            good += 0.6 * sum(letter.lower() in _FREQUENT for letter in word)
        elif re.fullmatch(r"[A-ZÀ-Þ]?[a-zß-ÿ]+", word) and sum(map(str.isascii, word)) >= len(word) / 2:
            good += len(word)
    return good - 2 * len(re.findall("[\ufffd\u2500-\u259f\x80-\x9f]", text))


def _lines(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start : end + 1]
        start = end + 1


def _aligned(lines: list[str]) -> bool:
    """Whether columns are parted by runs of spaces, as in a printed list."""
    if any(mark in line for line in lines[:50] for mark in _DELIMITERS):
        return False
    widths = Counter(len(line.split()) for line in lines)
    width, times = widths.most_common(1)[0]
    return width > 1 and times >= 0.97 * len(lines) and any("  " in line.strip() for line in lines)


def _delimiter(lines: list[str]) -> str:
    def parted(delimiter: str) -> tuple[float, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            return 0.0, 0
        usual, times = Counter(widths).most_common(1)[0]
        if usual < 2:
            return 0.0, 0
        return times / len(widths) * (1 if widths[0] == usual else 0.6), usual

    scores = {delimiter: parted(delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda one: (round(scores[one][0], 1), scores[one][1]))
    return best if scores[best][1] else ","


def _sample(text: str, delimiter: str) -> tuple[list[list[str]], int, str]:
    """Rows of the usual width, that width, and why there is none."""
    csv.field_size_limit(16 << 20)
    lines = _lines(text)
    head = list(islice(_records(csv.reader(lines, delimiter=delimiter)), ROWS // 2))
    if not head:
        return [], 0, say("it holds no rows")
    rest = text[sum(len(cell) + 1 for row in head for cell in row) :]
    spread = list(_records(csv.reader(_spread(rest, ROWS // 2), delimiter=delimiter))) if next(lines, "") else []
    widths = Counter(map(len, head))
    width, times = widths.most_common(1)[0]
    if len(head[0]) != width and len(head[0]) == max(widths) and len(head) < 4:
        width = len(head[0])
    elif times < 0.7 * len(head):
        return [], 0, say("its lines have different numbers of fields: each is a list, not a row")
    rows = [[cell[:CELL].strip() for cell in row] for row in head + spread if len(row) == width]
    return rows, width, ""


def _records(table: Iterator[list[str]]) -> Iterator[list[str]]:
    while True:
        try:
            row = next(table)
        except StopIteration:
            return
        except csv.Error:
            continue
        if any(map(str.strip, row)):
            yield row


def _spread(text: str, count: int) -> Iterator[str]:
    """Lines at even distances; one out of the middle of a long field has another width and is dropped for it."""
    step, at = max(1, len(text) // count), 0
    while at < len(text):
        start = text.find("\n", at) + 1
        end = text.find("\n", start)
        if not start or end < 0:
            return
        yield text[start : end + 1]
        at = max(at + step, end)


def _has_header(rows: list[list[str]]) -> bool:
    first, rest = rows[0], rows[1:200]
    if any(_TYPED.fullmatch(cell) for cell in first if cell):
        return False
    known = sum(_known(cell) for cell in first)
    if not rest:
        return True
    typed = [
        sum(bool(_TYPED.fullmatch(row[i])) for row in rest) > 0.5 * sum(bool(row[i]) for row in rest) > 0
        for i in range(len(first))
    ]
    again = sum(cell in {row[i] for row in rest} for i, cell in enumerate(first) if cell)
    if len(set(first)) < len(first) - first.count("") or again > len(first) / 3:
        return known > len(first) / 2
    return any(typed) or known >= len(first) / 3


def _known(cell: str) -> bool:
    read = lexicon().read(cell)
    return bool(read) and any(not meaning.startswith(UNKNOWN) for word in read for meaning in word.meanings)


def _of_aligned(path: Path, spec: FileSpec, text: str, whole: bool) -> Sniffed:
    """A printed list: the map takes each line as one column, and its fields out of it."""
    rows = [line.split() for line in _lines(text) if line.strip()]
    unused = next(mark for mark in "|~^\x1f" if mark not in text)
    named = _has_header(rows)
    names = tuple(rows.pop(0)) if named else tuple(f"column_{n + 1}" for n in range(len(rows[0])))
    rows = [row for row in rows if len(row) == len(names)][:ROWS]
    heading = next(line for line in _lines(text) if line.strip()).strip()
    column = _quoted(heading) if named else "line"
    said = tuple(f"split_part(regexp_replace({column}, ' +', ' ', 'g'), ' ', {n + 1})" for n in range(len(names)))
    spec = replace(spec, delimiter=unused, quote="", header=() if named else ("line",))
    return Sniffed(path=path, spec=spec, columns=names, said=said, rows=rows, whole=whole, named=named)


def _marks(sniffed: Sniffed) -> Sniffed:
    """Decimal and thousands marks, and the words that mean that there is nothing."""
    cells = [list(column) for column in zip(*sniffed.rows[:4000], strict=True)]
    commas = points = 0
    groups: Counter = Counter()
    for column in cells:
        values = {value for value in column[:1500] if value and not value.isdigit()}
        for value in values:
            value = re.sub(r"[€$£₽%]|руб\.?|р\.", "", value).strip()
            if found := re.fullmatch(r"[-+]?\d{1,3}(?:([ \u00a0\u202f'.,])\d{3})+(?:([.,])\d+)?", value):
                if found[1] != found[2]:
                    groups[found[1], found[2]] += 1
                    commas, points = commas + (found[2] == ","), points + (found[2] == ".")
            elif re.fullmatch(r"[-+]?\d+,\d+", value):
                commas += 1
            elif re.fullmatch(r"[-+]?\d+\.\d+", value):
                points += 1
    decimal = "," if commas > points else "."
    thousands = ""
    for (mark, point), _ in groups.most_common():
        sure = point is not None or mark in " \u00a0\u202f'" or (mark == ("," if decimal == "." else "."))
        if mark != decimal and sure and not (mark == "," and sniffed.spec.delimiter == "," and not groups):
            thousands = " " if mark in "\u00a0\u202f" else mark
            break
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
        typed = sum(bool(_TYPED.fullmatch(value)) for value in others[:300]) > 0.8 * min(len(others), 300)
        for word in words:
            if word.lower() in _CERTAINLY_NOTHING or typed:
                found.setdefault(word)
    return tuple(sorted(found))
