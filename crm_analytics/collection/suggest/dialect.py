"""Dialect: how the text of a file is written (encoding, delimiter, headings), and a sample of its rows."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.source import SourceError, told_apart
from crm_analytics.collection.suggest.lexicon import UNKNOWN, lexicon
from crm_analytics.collection.suggest.sniffed import CELL, ROWS, TYPED, Sniffed, marked, quoted_name
from crm_analytics.say import say

READ_BYTES = 256 << 20
TITLE_ROWS = 30
DELIMITERS = ",;\t|"
_ENCODINGS = ("cp1251", "koi8-r", "cp866", "cp1252")
_FREQUENT = frozenset("оеаинтсрвлкмдпу")


def text_table(parcel: Parcel, spec: FileSpec) -> Sniffed:
    """Delimited text, or a printed list, as a table. Raises SourceError when it holds no text at all."""
    text, encoding, whole = _text(parcel)
    lines = [line for line in text.split("\n", 400)[:400] if line.strip()]
    if len(lines) > 390:
        lines = lines[:-1]
    if not lines:
        raise SourceError(f"{parcel.name} is empty; there is nothing a map could be made of.")
    spec, path = replace(spec, encoding=encoding), parcel.path
    if _aligned(lines):
        return marked(_of_aligned(path, spec, text, whole))
    spec = replace(spec, delimiter=_delimiter(lines))
    above = _titles(text, spec.delimiter)
    if above:
        spec, text = replace(spec, header_row=above + 1), text.split("\n", above)[above]
    rows, width, trouble = _sample(text, spec.delimiter)
    if rows and any("\n" in name for name in rows[0]):
        trouble = say("its headings run over several lines; write them on one")
    if trouble:
        return Sniffed(path=path, spec=spec, columns=(), said=(), rows=[], whole=whole, trouble=trouble)
    named = _has_header(rows)
    if named:
        names = told_apart(name.strip() for name in rows.pop(0))
        said, whole = tuple(map(quoted_name, names)), whole and len(rows) < ROWS
    else:
        names = said = tuple(f"column_{number + 1}" for number in range(width))
        spec = replace(spec, header=names, header_row=0)
    return marked(Sniffed(path=path, spec=spec, columns=names, said=said, rows=rows, whole=whole, named=named))


def _text(parcel: Parcel) -> tuple[str, str, bool]:
    """The text, its encoding, and whether that is all of it."""
    with parcel.open() as file:
        data = file.read(READ_BYTES)
        whole = not file.read(1)
    if not data.strip(b"\0\r\n\t "):
        raise SourceError(f"{parcel.name} is empty; there is nothing a map could be made of.")
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
    if any(mark in line for line in lines[:50] for mark in DELIMITERS):
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

    scores = {delimiter: parted(delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda one: (round(scores[one][0], 1), scores[one][1]))
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


def _titles(text: str, delimiter: str) -> int:
    """How many lines of titles stand above the column names, as reports have them: nearly empty ones."""
    lines = text.split("\n", 200)[:200]
    try:
        rows = [[cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])] for line in lines]
    except csv.Error:
        return 0
    filled = [sum(map(bool, row)) for row in rows]
    usual = Counter(count for count in filled if count > 1).most_common(1)
    if not usual or usual[0][0] < 4:
        return 0
    at = next(i for i, count in enumerate(filled) if count >= 0.6 * usual[0][0])
    titles = [row for row in rows[:at] if any(row)]
    # what stands over a nameless column is the upper row of a heading
    named = all(not cell or (i < len(rows[at]) and rows[at][i]) for row in titles for i, cell in enumerate(row))
    return at if at <= TITLE_ROWS and titles and named and max(filled[:at]) <= 2 else 0


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
    if any(TYPED.fullmatch(cell) for cell in first if cell):
        return False
    known = sum(_known(cell) for cell in first)
    if not rest:
        return True
    typed = [
        sum(bool(TYPED.fullmatch(row[i])) for row in rest) > 0.5 * sum(bool(row[i]) for row in rest) > 0
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
    column = quoted_name(heading) if named else "line"
    said = tuple(f"split_part(regexp_replace({column}, ' +', ' ', 'g'), ' ', {n + 1})" for n in range(len(names)))
    spec = replace(spec, delimiter=unused, quote="", header=() if named else ("line",))
    return Sniffed(path=path, spec=spec, columns=names, said=said, rows=rows, whole=whole, named=named)
