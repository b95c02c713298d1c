"""Slips of the pen: mistakes in good lines that no load can refuse, with the truth about each.

They leave the money of the company and what is planted in it alone, but for cents; what they do to the tables is told
cell by cell, so that a clean table can be spoilt in the same way and be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LOADED = "loaded"
"""The fate of a line that is wrong and becomes a row all the same."""


@dataclass(frozen=True, kw_only=True)
class Slip:
    """Cells of one column that are written otherwise than they should be, in `count` lines at most.

    `write` makes the wrong text of the right one and of the one of some other line; `among` is a column and the pattern
    that its text has in lines where this happens. `place` is the canonical field in which it shows, `key` the columns
    that name the row there, `loaded` what a map makes of the wrong text.
    """

    kind: str
    place: str
    column: str
    key: tuple[str, ...]
    write: Callable[[str, str], str]
    count: int = 6
    among: tuple[str, str] = ("", "")
    loaded: Callable[[str], str | None] = str


@dataclass(frozen=True, kw_only=True)
class Lost:
    """All lines that have one of the values of a column were forgotten."""

    kind: str
    place: str
    column: str


def slipped(
    chunk: list[pa.Array], columns: Sequence[str], slips: Sequence[Slip | Lost], *, rng: np.random.Generator
) -> tuple[list[pa.Array], list[dict]]:
    """The lines with the slips in them, no two in one line; and for each kind its place, lines and cells."""
    lines, told = dict(zip(columns, chunk, strict=True)), []
    free = np.ones(len(chunk[0]), bool)
    for slip in slips:
        if isinstance(slip, Lost):
            value = rng.choice(pc.unique(lines[slip.column]).to_pylist())
            left = pc.not_equal(lines[slip.column], value)
            told.append({"kind": slip.kind, "place": slip.place, "lines": 1, "lost": value})
            lines, free = {name: texts.filter(left) for name, texts in lines.items()}, free[np.asarray(left)]
            continue
        column, pattern = slip.among if slip.among[0] else (slip.column, ".")
        fits = pc.fill_null(pc.match_substring_regex(lines[column], pattern), False)
        rows = np.flatnonzero(free & np.asarray(fits))
        count = min(slip.count, len(rows) // 2)
        chosen, others = rng.choice(rows, (2, count), replace=False)
        free[chosen] = False
        right = [lines[slip.column].take(pa.array(some)).to_pylist() for some in (chosen, others)]
        wrong = [slip.write(text or "", other or "") for text, other in zip(*right, strict=True)]
        keys = zip(*(lines[name].take(pa.array(chosen)).to_pylist() for name in slip.key), strict=True)
        cells = [[list(key), slip.loaded(text)] for key, text in zip(keys, wrong, strict=True)]
        lines[slip.column] = _put(lines[slip.column], chosen, wrong)
        told.append({"kind": slip.kind, "place": slip.place, "lines": count, "cells": cells})
    return list(lines.values()), [one | {"fate": LOADED} for one in told]


def _put(texts: pa.Array, places: np.ndarray, values: list[str]) -> pa.Array:
    order = np.argsort(places)
    there = np.zeros(len(texts), bool)
    there[places] = True
    return pc.replace_with_mask(texts, pa.array(there), pa.array([values[i] for i in order], texts.type))


def mixed(text: str, _: str) -> str:
    """With a Cyrillic letter in a Latin word, or the reverse: nobody sees it."""
    return text.replace("o", "о", 1).replace("a", "а", 0 if "o" in text else 1)


def doubled(text: str, _: str) -> str:
    """With the last letter typed twice."""
    return text + text[-1:]


def shouted(text: str, _: str) -> str:
    """In capitals and with a full stop."""
    return f"{text.upper()}."


def hyphened(text: str, _: str) -> str:
    """An id with a hyphen in it, which names nothing."""
    return f"{text[:1]}-{text[1:]}"


def anothers(_: str, other: str) -> str:
    """What stands in another line."""
    return other


def always(wrong: str) -> Callable[[str, str], str]:
    """The same, whatever should stand there."""
    return lambda *_: wrong
