"""The text of a source file: any encoding, packed or not, as UTF-8 in whole lines; and its lines as they came."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator
from itertools import chain, islice

import numpy as np

from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.source import SHOWN_CHARACTERS, Progress, SourceError, told_apart

BLOCK_BYTES = 4 << 20
LINE_BYTES = 1 << 20
"""A longer line is refused: no order line is a megabyte long, and DuckDB would stumble over it."""


def header_of(parcel: Parcel) -> tuple[str, ...]:
    """The names of the file's columns. Raises SourceError when there are none."""
    if parcel.spec.header:
        return parcel.spec.header
    lines = (line for block in blocks(parcel, "replace") for line in block.removesuffix(b"\n").split(b"\n"))
    for line in islice(lines, max(parcel.spec.header_row - 1, 0), None):
        if line:
            return _names(line, parcel)
    raise SourceError(f"{parcel.name} is empty: it has not even a line of column names. Ask for the export again.")


def originals(parcel: Parcel, wanted: list[tuple[int, int]]) -> Iterator[str]:
    """The text of these lines, given as ascending (line number, how many lines), as it came."""
    place, pending = iter(wanted), b""
    first = 1
    want = next(place, None)
    for block in chain(blocks(parcel, "backslashreplace"), [b"\n"]):
        data = pending + block
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
        starts = np.concatenate(([0], ends + 1))
        while want and want[0] + want[1] - 1 < first + len(ends):
            at = want[0] - first
            text = data[starts[at] : ends[at + want[1] - 1]]
            yield shown(text)
            want = next(place, None)
        if want is None:
            return
        keep = min(max(want[0] - first, 0), len(ends))
        pending, first = data[starts[keep] :], first + keep


def shown(text: bytes) -> str:
    """As much of a line as is kept."""
    return text[: 4 * SHOWN_CHARACTERS].decode("utf-8", "replace")[:SHOWN_CHARACTERS].replace("\0", "\\x00")


def _names(text: bytes, parcel: Parcel) -> tuple[str, ...]:
    spec = parcel.spec
    if len(text) > LINE_BYTES:
        raise SourceError(
            f"{parcel.name}: its first line is longer than a megabyte, so it is not a line of column names."
        )
    quoting = {"quotechar": spec.quote} if spec.quote else {"quoting": csv.QUOTE_NONE}
    try:
        row = next(csv.reader([text.decode()], delimiter=spec.delimiter, **quoting))
    except csv.Error:
        raise SourceError(f"{parcel.name}: its line of column names cannot be read; see delimiter and quote.") from None
    return told_apart(name.strip() for name in row)


def blocks(parcel: Parcel, undecodable: str, progress: Progress | None = None) -> Iterator[bytes]:
    """The file as UTF-8 in blocks of whole lines that end with one line feed, without a byte order mark.

    The last block ends as the file does, so that a line that was cut off can be known.
    """
    rest, encoding = b"", parcel.spec.encoding
    feed = _line_feeds()
    try:
        with parcel.open(progress) as file:
            head = file.read(BLOCK_BYTES)
            decoder = codecs.getincrementaldecoder(_encoding(head, encoding))(undecodable)
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
    except UnicodeError:
        raise SourceError(f"{parcel.name} is not {encoding} text; see encoding in the map.") from None
    if rest:
        yield rest


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
