"""Plain text: most delimited files are sound, and DuckDB can read them where they lie; nothing need be copied.

A file is plain when its lines cannot be read in two ways: its text is UTF-8, all its lines end alike, and quotes stand
around whole fields only. Empty lines and lines with too few fields may be among them; DuckDB passes them over.
"""

from __future__ import annotations

import codecs
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.proofread import BREAKS_OFF, Check, lines_of, uneven
from crm_analytics.collection.sources.source import Progress, Proof
from crm_analytics.collection.sources.text import LINE_BYTES, header_of, shown

BLOCK_BYTES = 1 << 20
"""What a processor holds in its own memory, together with what is calculated from it."""
THREADS = 2


@dataclass(kw_only=True)
class Plain:
    """A file that can be read where it lies."""

    path: Path
    proof: Proof
    above: int = 0
    """How many lines stand above the first record."""
    feed: str = ""
    """What ends its lines, as DuckDB names it."""
    blocks: list[tuple[int, int]] = field(default_factory=list)
    """(line number, place in the file) where each block begins."""

    def originals(self, wanted: list[tuple[int, int]]) -> Iterator[str]:
        """The text of these lines, given as ascending (line number, 1); only their blocks are read again."""
        held, starts, ends, first = b"", (), (), 0
        with self.path.open("rb") as file:
            for line, _ in wanted:
                number = bisect_right(self.blocks, line, key=lambda block: block[0]) - 1
                if self.blocks[number][0] != first:
                    first, place = self.blocks[number]
                    file.seek(place)
                    following = self.blocks[number + 1 : number + 2]
                    held = file.read(following[0][1] - place if following else -1) + b"\n"
                    starts, ends = lines_of(np.frombuffer(held, np.uint8))
                yield shown(held[starts[line - first] : ends[line - first]].removesuffix(b"\r"))


@dataclass(frozen=True, kw_only=True)
class _Block:
    """What some whole lines of a file are."""

    lines: int
    passed: int
    short: tuple[tuple[int, int], ...]
    """(which line, its fields) of those with too few; 0 fields: an empty line."""
    padded: bool
    unicode: bool
    feed: str
    cut_off: bool


def plain(parcel: Parcel, progress: Progress | None = None) -> Plain | None:
    """The file as it lies, proofread; None where it must be made plain first. Raises SourceError."""
    spec, header = parcel.spec, header_of(parcel)
    above = 0 if spec.header else max(spec.header_row, 1)
    marked = parcel.head.startswith(codecs.BOM_UTF8)
    if not seen(parcel) or len(header) < 2 or not _holds_ascii(spec.encoding) or (marked and not above):
        return None
    unicode = marked or codecs.lookup(spec.encoding).name in ("utf-8", "utf-8-sig")
    found, line = Plain(path=parcel.path.resolve(), proof=Proof(header)), 1
    with parcel.open(progress) as file:
        for place, block in _looked_at(_placed(_whole_lines(file), above), Check(spec, len(header))):
            if block is None or (block.unicode and not unicode) or found.feed not in ("", block.feed):
                return None
            _enter(found, block, line=line, place=place)
            line += block.lines
    return found if line > 1 else None


def seen(parcel: Parcel) -> bool:
    """Whether DuckDB can be shown the file itself: it takes some names for patterns, and unpacks in its own way."""
    path = str(parcel.path.resolve())
    return parcel.plain and path.isprintable() and not set("*?[]{}") & set(path)


def _holds_ascii(encoding: str) -> bool:
    """Whether what is ASCII is written alike in this encoding."""
    plain = bytes(range(128))
    try:
        return plain.decode(encoding) == plain.decode("ascii")
    except (UnicodeError, LookupError):
        return False


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """The file in blocks of whole lines; the last may lack its line feed. A line that is far too long stands alone."""
    rest = b""
    while more := file.read(BLOCK_BYTES):
        data = rest + more
        end = data.rfind(b"\n") + 1
        rest = data[end:]
        if end:
            yield data[:end]
        if len(rest) > LINE_BYTES:
            break
    if rest:
        yield rest


def _placed(blocks: Iterator[bytes], above: int) -> Iterator[tuple[int, int, bytes]]:
    """(place in the file, how many of its lines stand above the records, text) of each block."""
    place = 0
    for data in blocks:
        passed = start = 0
        while above and start < len(data):
            end = data.find(b"\n", start) + 1 or len(data)
            above -= above > 1 or data[start:end].strip(codecs.BOM_UTF8 + b"\r\n") != b""
            passed, start = passed + 1, end
        yield place, passed, data
        place += len(data)


def _looked_at(blocks: Iterator[tuple[int, int, bytes]], check: Check) -> Iterator[tuple[int, _Block | None]]:
    """The place of each block and what it is, in their order; several are looked at at a time."""
    waiting: deque = deque()
    with ThreadPoolExecutor(THREADS) as helpers:
        for place, passed, data in blocks:
            waiting.append((place, helpers.submit(_look, data, passed, check)))
            if len(waiting) > THREADS:
                place, told = waiting.popleft()
                yield place, told.result()
        for place, told in waiting:
            yield place, told.result()


def _look(data: bytes, passed: int, check: Check) -> _Block | None:
    """What these lines are, of which some may be passed over; None when they are not plain."""
    cut_off, feed = not data.endswith(b"\n"), "\\n"
    if b"\r" in data:
        feeds, carried = data.count(b"\n"), len(data)
        data, feed = data.replace(b"\r\n", b"\n"), "\\r\\n"
        if b"\r" in data or carried - len(data) != feeds:
            return None
    if b"\0" in data:
        return None
    unicode = not data.isascii()
    if unicode:
        try:
            data.decode()
        except UnicodeDecodeError:
            return None
    data += b"\n" if cut_off else b""
    bytes_ = np.frombuffer(data, np.uint8)
    starts, ends = lines_of(bytes_)
    if (ends - starts).max() > LINE_BYTES:
        return None
    short = []
    for at in np.flatnonzero(check.doubtful(data, bytes_, starts, ends)[passed:]) + passed:
        line = data[starts[at] : ends[at]]
        fields = line.count(check.delimiter) + 1 if line else 0
        if fields >= check.width or (check.quote is not None and check.quote in line):
            return None
        short.append((int(at), fields))
    return _Block(
        lines=len(ends), passed=passed, short=tuple(short), padded=check.padded(data, bytes_), unicode=unicode,
        feed=feed, cut_off=cut_off,
    )


def _enter(found: Plain, block: _Block, *, line: int, place: int) -> None:
    """Count a block, whose first line has this number, among the file."""
    proof = found.proof
    found.feed, found.above = block.feed, found.above + block.passed
    found.blocks.append((line, place))
    proof.padded |= block.padded
    done = block.passed
    for at, fields in block.short:
        if at > done:
            proof.take(line + done, at - done)
        if fields:
            breaks_off = block.cut_off and at == block.lines - 1
            why = BREAKS_OFF if breaks_off else uneven(fields, len(proof.header))
            proof.malformed.append((line + at, 1, why))
        done = at + 1
    if block.lines > done:
        proof.take(line + done, block.lines - done)
