"""Proofreading: a delimited file becomes clean UTF-8 in which every record has as many fields as the header.

What cannot be read so (too few or too many fields, a quote that never closes, bytes that are no text, a line cut off)
is set aside with its line number and the reason. Lines are checked a block at a time; only doubtful ones are looked at
singly. A quoted field may run over several lines; one whose quote never closes costs its own line, not the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.source import Progress, Proof
from crm_analytics.collection.sources.text import LINE_BYTES, blocks, header_of

RECORD_LINES = 200
FEED = 10


def proofread(parcel: Parcel, clean: Path, progress: Progress | None = None) -> Proof:
    """Write the file's good records to `clean`, and say what was set aside. Raises SourceError."""
    spec, proof = parcel.spec, Proof(header_of(parcel))
    check = Check(spec, len(proof.header))
    above = 0 if spec.header else max(spec.header_row, 1)
    line, rest = 1, b""
    with clean.open("wb") as out:
        for block in blocks(parcel, "mark", progress):
            data = rest + block
            while above and data:
                end = data.find(b"\n") + 1 or len(data)
                above -= above > 1 or end > 1
                line, data = line + 1, data[end:]
            rest = check.block(data, line, proof, out.write, last=False)
            line += _feeds(data) - _feeds(rest)
        check.block(rest, line, proof, out.write, last=True)
    return proof


def _feeds(data: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == FEED))


class Check:
    """What a record of this kind of file looks like."""

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
        starts, ends = lines_of(bytes_)
        proof.padded = proof.padded or self.padded(data, bytes_)
        done = 0
        for at in np.flatnonzero(self.doubtful(data, bytes_, starts, ends)).tolist():
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
                proof.malformed.append((line + at, used, BREAKS_OFF if broken_off else reason))
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

    def padded(self, data: bytes, bytes_: np.ndarray) -> bool:
        """Whether a space stands beside a field's end; where there are quotes, it is not worth looking."""
        if b"\r" in data or (self.quote is not None and self.quote in data):
            return True
        spaces = bytes_ == 32
        if not spaces.any():
            return False
        edge = (bytes_ == self.delimiter) | (bytes_ == FEED)
        return bool(spaces[0] or (spaces[1:] & edge[:-1]).any() or (spaces[:-1] & edge[1:]).any())

    def doubtful(self, data: bytes, bytes_: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Which lines are not plainly a record: they are looked at singly."""
        doubtful = (ends - starts > LINE_BYTES) | (ends == starts)
        if self.quote is not None and self.quote in data:
            doubtful |= self._quoted(bytes_, ends)
        else:
            doubtful |= self._uneven(bytes_ == self.delimiter, starts)
        for mark in (b"\r", b"\0"):
            if mark in data:
                doubtful[np.searchsorted(ends, np.flatnonzero(bytes_ == mark[0]))] = True
        return doubtful

    def _uneven(self, delimiters: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Which lines have more or fewer fields than the header."""
        # a byte is counted fast, and wrong by multiples of 256
        count = np.add.reduceat(delimiters.view(np.uint8), starts, dtype=np.uint8)
        if int(count.sum(dtype=np.int64)) != np.count_nonzero(delimiters) or self.width > 256:
            count = np.add.reduceat(delimiters, starts, dtype=np.int64)
        return count != self.width - 1

    def _quoted(self, bytes_: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The same of lines some of which have quotes, or whose quotes do not stand around a field."""
        between, is_quote = np.flatnonzero(bytes_ == self.delimiter), bytes_ == self.quote
        upto = np.searchsorted(between, ends)
        count = np.cumsum(is_quote, dtype=np.int64)
        before = np.concatenate(([0], count[ends][:-1]))
        inside = (count[between] - np.repeat(before, np.diff(upto, prepend=0))) & 1
        upto = np.searchsorted(between[inside == 0], ends)
        doubtful = (count[ends] - before) & 1 == 1
        quotes = np.flatnonzero(is_quote)
        of_line = np.searchsorted(ends, quotes)
        opens = (count[quotes] - before[of_line]) & 1 == 1
        neighbour = bytes_[np.where(opens, quotes - 1, np.minimum(quotes + 1, len(bytes_) - 1))]
        lonely = (neighbour != self.delimiter) & (neighbour != FEED) & (neighbour != self.quote)
        lonely &= ~(opens & (quotes == 0))
        doubtful[of_line[lonely]] = True
        return doubtful | (np.diff(upto, prepend=0) != self.width - 1)

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
            return None, used, uneven(len(fields), self.width)
        return self.spec.delimiter.encode().join(map(self._plain, fields)), used, ""

    def _plain(self, text: bytes) -> bytes:
        text = text.replace(b"\r", b" ")
        quote = self.spec.quote.encode()
        if not quote or quote not in text or text.startswith(quote):
            return text
        return quote + text.replace(quote, quote * 2) + quote


_OPEN, _QUOTE = "open", "a quote that does not close where its field ends"
BREAKS_OFF = "the file breaks off in this line"


def uneven(fields: int, width: int) -> str:
    """Why a line with so many fields is no record of so many columns."""
    return f"{'fewer' if fields < width else 'more'} fields than the header has: {fields}, not {width}"


def lines_of(bytes_: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the lines of a text that ends with a line feed begin and end."""
    ends = np.flatnonzero(bytes_ == FEED)
    return np.concatenate(([0], ends[:-1] + 1)), ends


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
