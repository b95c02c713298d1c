"""JSON as a source: a document a line, or one array of them; objects within objects become columns with dotted names.

`records: lines` names a list of objects inside each document: every object of it becomes a record of its own, beside
the values of the document around it, as `id`, `customer.name` and `lines.product`.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any

from crm_analytics.collection.sources.records import Fields, Records, Refused, text_of
from crm_analytics.collection.sources.source import Progress, SourceError
from crm_analytics.collection.sources.text import _encoding

BLOCK_BYTES = 1 << 20
DOCUMENT_CHARACTERS = 4 << 20
"""A longer document is refused: nobody's order is that long."""
KNOWN_BY = 20_000
"""Documents that are looked at to learn the names of the columns."""
DEEPEST = 50
_SPACE = re.compile(r"[\s\ufeff]*")
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=lambda _: None)

Document = tuple[int, Any]


class Json(Records):
    """Documents are numbered by their line where each has one, else as they come; records of a list, as they come."""

    @cached_property
    def header(self) -> tuple[str, ...]:
        if self.spec.header:
            return self.spec.header
        names: dict[str, None] = {}
        for number, (_, document) in enumerate(self._documents(lambda _: None)):
            if not isinstance(document, Refused):
                for flat in self._flat(document):
                    names |= dict.fromkeys(filter(_is_text, flat) if isinstance(flat, dict) else ())
            if number >= KNOWN_BY:
                break
        if not names:
            raise SourceError(
                f"{self.name} holds no JSON objects, one a line or in an array. Export it again."
            )
        return tuple(names)

    def records(self, progress: Progress) -> Iterator[tuple[int, Fields | Refused]]:
        header, number = self.header, 0
        for line, document in self._documents(progress):
            for flat in [document] if isinstance(document, Refused) else self._flat(document):
                number += 1
                at = number if self.spec.records else line
                yield (
                    at,
                    flat
                    if isinstance(flat, Refused)
                    else [text_of(flat.get(name), self.spec.decimal) for name in header],
                )

    def _flat(self, document: Any) -> list[dict[str, Any] | Refused]:
        """The records of one document."""
        original = _written(document)
        if not isinstance(document, dict):
            return [Refused("not a JSON object", original)]
        try:
            return _exploded(document, self.spec.records.split(".") if self.spec.records else [], "")
        except RecursionError:
            return [Refused("objects nested too deeply", original)]

    def _documents(self, progress: Progress) -> Iterator[Document]:
        chunks = self._characters(progress)
        text = next(chunks, "")
        start = _SPACE.match(text).end()
        if text.startswith("[", start):
            yield from self._elements(text[start + 1 :], chunks)
        else:
            yield from self._lines(text[start:], chunks, 1 + text[:start].count("\n"))

    def _characters(self, progress: Progress) -> Iterator[str]:
        with self.parcel.open(progress) as file:
            head = file.read(BLOCK_BYTES)
            decoder = codecs.getincrementaldecoder(_encoding(head, self.spec.encoding))("surrogateescape")
            try:
                while head:
                    yield decoder.decode(head)
                    head = file.read(BLOCK_BYTES)
                yield decoder.decode(b"", final=True)
            except UnicodeError:
                raise SourceError(f"{self.name} is not {self.spec.encoding} text; see encoding in the map.") from None

    def _lines(self, rest: str, chunks: Iterator[str], line: int) -> Iterator[Document]:
        """One document a line; one over many lines where the first line alone is none."""
        first = rest.split("\n", 1)[0]
        if len(rest) < BLOCK_BYTES and isinstance(_decoded(first), Refused):
            whole = rest + "".join(_upto(chunks, DOCUMENT_CHARACTERS * 16))
            document = _decoded(whole.strip())
            if not isinstance(document, Refused):
                yield line, document
                return
            rest, chunks = whole, iter(())
        skipping = False
        while True:
            *lines, rest = rest.split("\n")
            for text in lines:
                if text.strip() or skipping:
                    yield line, _decoded("" if skipping else text, long=skipping)
                skipping = False
                line += 1
            if len(rest) > DOCUMENT_CHARACTERS:
                rest, skipping = "", True
            more = next(chunks, None)
            if more is None:
                break
            rest += more
        if rest.strip() or skipping:
            yield line, _decoded(rest, long=skipping)

    def _elements(self, text: str, chunks: Iterator[str]) -> Iterator[Document]:
        """The elements of one array, without ever holding all of it."""
        number, at, ended = 1, 0, False
        while True:
            at = _SPACE.match(text, at).end()
            if text.startswith(",", at):
                at += 1
                continue
            if text.startswith("]", at):
                return
            try:
                document, end = _DECODER.raw_decode(text, at)
                whole = ended or _SPACE.match(text, end).end() < len(text)
            except RecursionError:
                yield number, Refused("objects nested too deeply", text[at : at + 100])
                return
            except ValueError:
                whole, end = False, at
            if whole:
                yield number, document
                number, at = number + 1, end
                continue
            if ended or len(text) - at > DOCUMENT_CHARACTERS:
                why = "the file breaks off here" if ended else "no JSON from here on"
                yield number, Refused(why, text[at : at + 10_000])
                return
            more = next(chunks, None)
            text, at, ended = text[at:] + (more or ""), 0, more is None


def _is_text(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _decoded(text: str, *, long: bool = False) -> Any:
    if long or len(text) > DOCUMENT_CHARACTERS:
        return Refused("a document longer than four megabytes", text[:1000])
    try:
        return _DECODER.decode(text)
    except RecursionError:
        return Refused("objects nested too deeply", text)
    except ValueError:
        return Refused("not JSON", text)


def _exploded(document: dict[str, Any], within: list[str], prefix: str) -> list[dict[str, Any]]:
    """The document as one flat record, or as one for each object of the list that `within` leads to."""
    flat: dict[str, Any] = {}
    inner: list[Any] | None = None
    below: list[str] = []

    def lay(value: Any, name: str, path: list[str], depth: int) -> None:
        nonlocal inner, below
        if depth > DEEPEST:
            raise RecursionError
        if isinstance(value, dict):
            for key, one in value.items():
                lay(one, f"{name}.{key}" if name else key, path[1:] if path[:1] == [key] else _ELSEWHERE, depth + 1)
        elif isinstance(value, list) and path is not _ELSEWHERE and within:
            inner, below = value, path
            flat[_LIST] = name
        else:
            flat[name] = value

    lay(document, prefix, within, 0)
    name = flat.pop(_LIST, "")
    if inner is None:
        return [flat]
    records = []
    for one in inner:
        for record in _exploded(one if isinstance(one, dict) else {"": one}, below, ""):
            records.append(flat | {f"{name}.{key}".rstrip("."): value for key, value in record.items()})
    return records or [flat]


_ELSEWHERE: list[str] = ["\0"]
_LIST = "\0list"


def _written(document: Any) -> str:
    try:
        return json.dumps(document, ensure_ascii=False, default=str)[:10_000]
    except (RecursionError, ValueError):
        return ""


def _upto(chunks: Iterator[str], most: int) -> Iterator[str]:
    taken = 0
    for chunk in chunks:
        taken += len(chunk)
        yield chunk
        if taken > most:
            return
