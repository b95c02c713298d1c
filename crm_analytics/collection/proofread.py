"""Proofreading: a delimited file becomes clean UTF-8 in which every record has as many fields as the header.

What cannot be read so (too few or too many fields, a quote that never closes, bytes that are no text, a line cut off)
is set aside with its line number and the reason. Lines are checked a block at a time; only doubtful ones are looked at
singly. A quoted field may run over several lines; one whose quote never closes costs its own line, not the rest.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from crm_analytics.collection.maps import FileSpec
from crm_analytics.warehouse.release import WarehouseError

BLOCK_BYTES = 4 << 20
LINE_BYTES = 1 << 20
"""A longer line is refused: no order line is a megabyte long, and DuckDB would stumble over it."""
RECORD_LINES = 200
SHOWN_CHARACTERS = 10_000
"""How much of a refused line is kept."""


class SourceError(WarehouseError):
    """A source file is not there or cannot be read; the message names it and the next move."""


@dataclass
class Proof:
    """What proofreading a file found. Records are counted from 0 without the header, lines from 1 with it."""

    header: tuple[str, ...]
    records: int = 0
    malformed: list[tuple[int, int, str]] = field(default_factory=list)
    """(line number, how many lines, reason) of what is no record."""
    starts: list[tuple[int, int]] = field(default_factory=list)
    """(record, line number) wherever the distance between the two changes."""
    spans: dict[int, int] = field(default_factory=dict)
    """How many lines a record takes, for those that take several."""

    @property
    def read(self) -> int:
        return self.records + len(self.malformed)

    def lines(self, records: np.ndarray) -> np.ndarray:
        """The line numbers of these records."""
        if not self.starts:
            return np.zeros(0, dtype=np.int64)
        first, line = np.array(self.starts, dtype=np.int64).T
        at = np.searchsorted(first, records, side="right") - 1
        return line[at] + records - first[at]

    def take(self, line: int, records: int) -> None:
        """Count records that stand on one line each, the first of them on this line."""
        if not self.starts or line - self.records != self.starts[-1][1] - self.starts[-1][0]:
            self.starts.append((self.records, line))
        self.records += records


def fingerprint(path: Path) -> str:
    """SHA-256 of the file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def header_of(path: Path, spec: FileSpec) -> tuple[str, ...]:
    """The names of the file's columns. Raises SourceError when there are none."""
    if spec.header:
        return spec.header
    for block in _blocks(path, spec, "replace"):
        text = block.lstrip(b"\n").split(b"\n", 1)[0]
        if text:
            return _names(text, path, spec)
    raise SourceError(f"{path.name} is empty: it has not even a line of column names. Ask for the export again.")


def proofread(path: Path, spec: FileSpec, clean: Path) -> Proof:
    """Write the file's good records to `clean`, and say what was set aside. Raises SourceError."""
    proof = Proof(header_of(path, spec))
    check = _Check(spec, len(proof.header))
    line, rest, headed = 1, b"", bool(spec.header)
    with clean.open("wb") as out:
        for block in _blocks(path, spec, "mark"):
            data = rest + block
            if not headed:
                skipped = len(data) - len(data.lstrip(b"\n"))
                end = data.find(b"\n", skipped) + 1
                line += skipped + (end > 0)
                data, headed = data[end:] if end else b"", end > 0
            rest = check.block(data, line, proof, out.write, last=False)
            line += data.count(b"\n") - rest.count(b"\n")
        check.block(rest, line, proof, out.write, last=True)
    return proof


def originals(path: Path, spec: FileSpec, wanted: list[tuple[int, int]]) -> Iterator[str]:
    """The text of these lines, given as ascending (line number, how many lines), as it came."""
    place, pending = iter(wanted), b""
    first = 1
    want = next(place, None)
    for block in chain(_blocks(path, spec, "backslashreplace"), [b"\n"]):
        data = pending + block
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
        starts = np.concatenate(([0], ends + 1))
        while want and want[0] + want[1] - 1 < first + len(ends):
            at = want[0] - first
            text = data[starts[at] : ends[at + want[1] - 1]]
            yield text[: 4 * SHOWN_CHARACTERS].decode("utf-8", "replace")[:SHOWN_CHARACTERS].replace("\0", "\\x00")
            want = next(place, None)
        if want is None:
            return
        keep = min(max(want[0] - first, 0), len(ends))
        pending, first = data[starts[keep] :], first + keep


def _names(text: bytes, path: Path, spec: FileSpec) -> tuple[str, ...]:
    if len(text) > LINE_BYTES:
        raise SourceError(
            f"{path.name}: its first line is longer than a megabyte, so it is not a line of column names."
        )
    quoting = {"quotechar": spec.quote} if spec.quote else {"quoting": csv.QUOTE_NONE}
    try:
        row = next(csv.reader([text.decode()], delimiter=spec.delimiter, **quoting))
    except csv.Error:
        raise SourceError(f"{path.name}: its line of column names cannot be read; see delimiter and quote.") from None
    return tuple(name.strip() for name in row)


def _blocks(path: Path, spec: FileSpec, undecodable: str) -> Iterator[bytes]:
    """The file as UTF-8 in blocks of whole lines that end with one line feed, without a byte order mark.

    The last block ends as the file does, so that a line that was cut off can be known.
    """
    rest = b""
    feed = _line_feeds()
    try:
        with _opened(path) as file:
            head = file.read(BLOCK_BYTES)
            decoder = codecs.getincrementaldecoder(_encoding(head, spec.encoding))(undecodable)
            while head:
                text = decoder.decode(head)
                head = file.read(BLOCK_BYTES)
                if not head:
                    text += decoder.decode(b"", final=True)
                block = rest + feed(text.encode("utf-8", "replace"), not head)
                end = block.rfind(b"\n") + 1
                if end:
                    yield block[:end]
                rest = block[end:]
                if len(rest) > 4 * LINE_BYTES:
                    rest = rest[: 2 * LINE_BYTES]
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "its compression is damaged"
        raise SourceError(f"{path.name} cannot be read to its end: {reason}. Copy it again from its source.") from None
    except UnicodeError:
        raise SourceError(f"{path.name} is not {spec.encoding} text; see encoding in the map.") from None
    if rest:
        yield rest


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")


def _encoding(head: bytes, declared: str) -> str:
    marks = (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    )
    return next((encoding for mark, encoding in marks if head.startswith(mark)), declared)


def _line_feeds() -> Callable[[bytes, bool], bytes]:
    """Give each line one line feed for its end, whether it came from Windows, Unix or an old Macintosh."""
    held, old = b"", None

    def feed(block: bytes, last: bool) -> bytes:
        nonlocal held, old
        block = held + block
        held = b""
        if b"\r" not in block:
            return block
        if not last and block.endswith(b"\r"):
            block, held = block[:-1], b"\r"
        if old is None:
            old = b"\n" not in block
        return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n" if old else b"\r")

    return feed


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\0", error.end


codecs.register_error("mark", _mark)


class _Check:
    def __init__(self, spec: FileSpec, width: int):
        self.spec, self.width = spec, width
        self.delimiter, self.quote = ord(spec.delimiter), ord(spec.quote) if spec.quote else None
        self.record, self.open_record, self.fields = _patterns(spec.delimiter, spec.quote)

    def block(self, data: bytes, line: int, proof: Proof, write: Callable[[bytes], object], *, last: bool) -> bytes:
        """Check the whole lines of a block, write its good records, and give back what must wait for the next block."""
        if not last and not data.endswith(b"\n"):
            return data
        cut_off = last and bool(data) and not data.endswith(b"\n")
        data += b"\n" if cut_off else b""
        if not data:
            return b""
        bytes_ = np.frombuffer(data, np.uint8)
        ends = np.flatnonzero(bytes_ == 10)
        starts = np.concatenate(([0], ends[:-1] + 1))
        done = 0
        for at in np.flatnonzero(self._doubtful(data, bytes_, ends, starts)).tolist():
            if at < done:
                continue
            if at > done:
                write(data[starts[done] : starts[at]])
                proof.take(line + done, at - done)
            text, used, reason = self._record(data, starts, ends, at)
            if reason == _OPEN:
                if not last and len(ends) - at < RECORD_LINES:
                    return data[starts[at] :]
                used, reason = 1, _QUOTE
            if reason:
                broken_off = cut_off and at + used == len(ends) and "fewer fields" in reason
                proof.malformed.append((line + at, used, "the file breaks off in this line" if broken_off else reason))
            elif text is not None:
                write(text + b"\n")
                proof.take(line + at, 1)
                if used > 1:
                    proof.spans[proof.records - 1] = used
            done = at + used
        if done < len(ends):
            write(data[starts[done] :])
            proof.take(line + done, len(ends) - done)
        return b""

    def _doubtful(self, data: bytes, bytes_: np.ndarray, ends: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Which lines are not plainly a record: they are looked at singly."""
        between = np.flatnonzero(bytes_ == self.delimiter)
        upto = np.searchsorted(between, ends)
        doubtful = (ends - starts > LINE_BYTES) | (ends == starts)
        if self.quote is not None and data.find(self.quote) >= 0:
            is_quote = bytes_ == self.quote
            count = np.cumsum(is_quote, dtype=np.int64)
            before = np.concatenate(([0], count[ends][:-1]))
            inside = (count[between] - np.repeat(before, np.diff(upto, prepend=0))) & 1
            upto = np.searchsorted(between[inside == 0], ends)
            doubtful |= (count[ends] - before) & 1 == 1
            quotes = np.flatnonzero(is_quote)
            of_line = np.searchsorted(ends, quotes)
            opens = (count[quotes] - before[of_line]) & 1 == 1
            neighbour = bytes_[np.where(opens, quotes - 1, np.minimum(quotes + 1, len(bytes_) - 1))]
            lonely = (neighbour != self.delimiter) & (neighbour != 10) & (neighbour != self.quote)
            lonely &= ~(opens & (quotes == 0))
            doubtful[of_line[lonely]] = True
        doubtful |= np.diff(upto, prepend=0) != self.width - 1
        for mark in (b"\r", b"\0"):
            if mark in data:
                doubtful[np.searchsorted(ends, np.flatnonzero(bytes_ == mark[0]))] = True
        return doubtful

    def _record(self, data: bytes, starts: np.ndarray, ends: np.ndarray, at: int) -> tuple[bytes | None, int, str]:
        """The record that begins on this line, rewritten plainly; how many lines it takes; or why it is none."""
        text = data[starts[at] : ends[at]]
        if not text.strip(b"\r"):
            return None, 1, ""
        used = 1
        while True:
            if len(text) > LINE_BYTES:
                return None, 1, "a line longer than a megabyte"
            if b"\0" in text:
                return None, used, f"bytes that are no {self.spec.encoding} text"
            if self.quote is None or self.quote not in text or self.record.fullmatch(text):
                break
            if not self.open_record.fullmatch(text):
                return None, 1, _QUOTE
            while True:
                if used == RECORD_LINES or at + used == len(ends):
                    return None, 1, _OPEN
                more = data[starts[at + used] : ends[at + used]]
                text, used = text + b"\n" + more, used + 1
                if self.quote in more or len(text) > LINE_BYTES:
                    break
        fields = [one.group() for one in self.fields.finditer(text)]
        if len(fields) != self.width:
            less = "fewer" if len(fields) < self.width else "more"
            return None, used, f"{less} fields than the header has: {len(fields)}, not {self.width}"
        return self.spec.delimiter.encode().join(map(self._plain, fields)), used, ""

    def _plain(self, text: bytes) -> bytes:
        text = text.replace(b"\r", b" ")
        quote = self.spec.quote.encode()
        if not quote or quote not in text or text.startswith(quote):
            return text
        return quote + text.replace(quote, quote * 2) + quote


_OPEN, _QUOTE = "open", "a quote that does not close where its field ends"


@cache
def _patterns(delimiter: str, quote: str) -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    """A whole record; a record whose last field has an open quote; the fields of a whole record."""
    d, q = re.escape(delimiter.encode()), re.escape(quote.encode())
    bare = rb"[^%s]*+" % d
    if not quote:
        return re.compile(b""), re.compile(b""), re.compile(rb"(?:^|(?<=%s))%s" % (d, bare))
    body = rb"[^%s]*+(?:%s[^%s]*+)*+" % (q, q * 2, q)
    one = rb"(?:%s%s%s(?=%s|\Z)|(?!%s)%s)" % (q, body, q, d, q, bare)
    return (
        re.compile(rb"%s(?:%s%s)*+" % (one, d, one), re.DOTALL),
        re.compile(rb"(?:%s%s)*+%s%s" % (one, d, q, body), re.DOTALL),
        re.compile(rb"(?:\A|(?<=%s))%s" % (d, one), re.DOTALL),
    )
