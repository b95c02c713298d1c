"""Traces: what identifies one person, and how it is recognised wherever it is written.

A value that other customers have too (a common name, the telephone of a household) proves nothing by itself: it counts
only where a second value of the same person stands in the same record, and no other customer has both.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations, permutations

NEAR = r"[^{}\n]{0,60}?"
"""Between the parts of one name in running text; no record ends in between."""
COUNTRY_DIGITS = 3
"""A telephone may be written without the code of its country, which has one to three digits."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """What a company's tables say of one person. Never print it.

    `ids`: every id the person has in the tables or the sources. `values`: kind (full_name, email …) → the texts.
    `others`: the same values, kind by kind, of customers who share one of them and are somebody else.
    """

    ids: frozenset[str]
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    others: tuple[Mapping[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Person(ids={len(self.ids)}, values={sum(map(len, self.values.values()))})"

    def also_called(self, ids: Iterable[str]) -> Person:
        """The same person, who has these ids, too."""
        return replace(self, ids=self.ids | frozenset(ids))

    def with_values(self, values: Mapping[str, Iterable[str]]) -> Person:
        """The same person, of whom this is known, too."""
        kinds = {*self.values, *values}
        joined = {kind: frozenset(self.values.get(kind, ())) | frozenset(values.get(kind, ())) for kind in kinds}
        return replace(self, values=joined)

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """Everything the person can be recognised by."""
        found = [_mark(kind, text, self.others) for kind in sorted(self.values) for text in sorted(self.values[kind])]
        return tuple(mark for mark in found if mark)

    @cached_property
    def telling_ids(self) -> tuple[str, ...]:
        """The ids that cannot be anything else; a number of few digits may be a price."""
        return tuple(one for one in sorted(self.ids) if _telling(one))

    @cached_property
    def _ids(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        folded = [fold(one) for one in self.telling_ids]
        return tuple((one, re.compile(rf"(?<!\w){re.escape(one)}(?!\w)")) for one in folded)

    def perhaps_in(self, text: str) -> bool:
        """Whether it is worth looking at a text record by record: some value, some part of a name, any id is there."""
        told = _Told(text)
        return (
            any(fold(one) in told.folded for one in self.ids)
            or any(mark.perhaps_in(told) for mark in self.marks)
            or any(part in told.folded for mark in self.marks for part in mark.parts)
        )

    def in_text(self, text: str) -> bool:
        """Whether a text, long or short, holds a trace."""
        told = _Told(text)
        if self._alone(told):
            return True
        if not any(mark.stands_in(told) for mark in self.marks if not mark.alone):
            return False
        return any(self._together(_Told(line)) for line in told.folded.splitlines())

    def in_record(self, cells: Sequence[str]) -> bool:
        """Whether the cells of one record, taken together, are about this person."""
        told = _Told("\n".join(cells))
        if self._alone(told) or any(mark.alone and mark.words_in(told) for mark in self.marks):
            return True
        return self._together(told)

    def in_cell(self, cell: str) -> bool:
        """Whether a cell of a record about this person says something of the person, even if others share it."""
        told = _Told(cell)
        if not told.folded:
            return False
        return self._alone(told) or any(mark.stands_in(told) or told.folded in mark.parts for mark in self.marks)

    def _alone(self, told: _Told) -> bool:
        """A value that nobody else has, or an id that can be nothing else."""
        return any(mark.alone and mark.stands_in(told) for mark in self.marks) or any(
            one in told.folded and pattern.search(told.folded) for one, pattern in self._ids
        )

    def _together(self, told: _Told) -> bool:
        """Two kinds of shared values in one record, which no other customer has both of."""
        there = [mark for mark in self.marks if mark.stands_in(told)]
        return any(
            one.kind != two.kind
            and not any(one.same(other.get(one.kind)) and two.same(other.get(two.kind)) for other in self.others)
            for one, two in combinations(there, 2)
        )


class _Told:
    """A text, folded once, whatever is asked of it."""

    def __init__(self, text: str):
        self.folded = fold(text)

    @cached_property
    def bare(self) -> str:
        """Without the marks that people put between the digits of a telephone."""
        bare = self.folded
        for mark in " .-/()\t\n\r":
            bare = bare.replace(mark, "")
        return bare


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One value of a person: how it is found in folded text, and whether it tells who it is by itself."""

    kind: str
    text: str
    pattern: str
    needle: str
    """What must be there, if the value is: a look for it is much cheaper than one for the pattern."""
    alone: bool
    parts: tuple[str, ...] = ()

    @cached_property
    def _found(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @cached_property
    def _words(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(rf"(?<!\w){re.escape(part)}(?!\w)") for part in self.parts)

    def perhaps_in(self, told: _Told) -> bool:
        return self.needle in (told.bare if self.kind == "phone" else told.folded)

    def stands_in(self, told: _Told) -> bool:
        return self.perhaps_in(told) and bool(self._found.search(told.folded))

    def words_in(self, told: _Told) -> bool:
        """Whether all parts of a name stand somewhere in a record."""
        return len(self.parts) > 1 and all(word.search(told.folded) for word in self._words)

    def same(self, value: str | None) -> bool:
        return bool(value) and self.stands_in(_Told(value))


def fold(text: str) -> str:
    """The text as it is compared: small letters, one form of each letter and of every space."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("ё", "е").replace("Ё", "Е")
    return text.casefold()


def texts_of(data: bytes) -> Iterator[str]:
    """Bytes as the texts they may be: UTF-8, cp1251, UTF-16; with what JSON and HTML write in other words."""
    yield from _spelt_out(data.decode("utf-8", "replace"))
    if not data.isascii():
        yield data.decode("cp1251", "replace")
    if b"\0" in data:
        for start in (0, 1):
            for encoding in ("utf-16-le", "utf-16-be"):
                yield from _spelt_out(data[start:].decode(encoding, "replace"))


def _spelt_out(text: str) -> Iterator[str]:
    yield text
    if "\\u" in text:
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    if "&" in text and ";" in text:
        yield html.unescape(text)


def digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)


def _mark(kind: str, text: str, others: Iterable[Mapping[str, str]]) -> Mark | None:
    folded = fold(text).strip()
    words = re.findall(r"\w+", folded)
    if not words:
        return None
    needle, parts = max(words, key=len), ()
    if kind == "phone" and len(digits(text)) >= 5:
        tails = _tails(digits(text))
        pattern, needle, telling = _phone(tails), min(tails, key=len), len(digits(text)) >= 7
    elif kind == "email":
        pattern, needle, telling = rf"(?<![\w.+-]){re.escape(folded)}(?!\w)", folded, "@" in folded
    elif kind == "full_name":
        pattern, telling = _name(words), len(words) > 1 and len(needle) > 2
        parts = tuple(dict.fromkeys(word for word in words if len(word) > 1))
    else:
        pattern = r"(?<!\w)" + r"\W{1,4}".join(map(re.escape, words)) + r"(?!\w)"
        telling = len(words) > 2 or len(folded) >= 8
    mark = Mark(kind=kind, text=folded, pattern=pattern, needle=needle, alone=telling, parts=parts)
    shared = any(mark.same(other.get(kind)) for other in others)
    return replace(mark, alone=telling and not shared)


def _name(words: list[str]) -> str:
    """A name as it is written, or with its parts in another order and a little in between."""
    orders = permutations(words) if len(words) <= 3 else [words]
    between = rf"(?!\w){NEAR}(?<!\w)"
    return "|".join(r"(?<!\w)" + between.join(map(re.escape, order)) + r"(?!\w)" for order in orders)


def _tails(number: str) -> list[str]:
    """The number with its country's code, and without the one, two or three digits that this may have."""
    return [number[cut:] for cut in range(COUNTRY_DIGITS + 1) if cut == 0 or len(number) - cut >= 8]


def _phone(tails: list[str]) -> str:
    """The digits in a row or with the usual marks in between, perhaps behind a trunk 0 or 8."""
    spelt = "|".join(r"[\s().\-/]{0,3}".join(tail) for tail in tails)
    return rf"(?<![0-9a-z])(?:[08][\s().\-/]{{0,3}})?(?:{spelt})(?![0-9])"


def _telling(one: str) -> bool:
    return len(one) >= 9 or (len(one) >= 5 and any(c.isalpha() for c in one) and any(c.isdigit() for c in one))
