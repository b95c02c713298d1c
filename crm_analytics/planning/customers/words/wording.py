"""What a marketer says, understood: "middle-aged people with a very high income, but not recently quiet"."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

AND = frozenset({"and", "with", "but", "who", "и", "с", "со", "но", "а", "при", ","})
OR = frozenset({"or", "или", "либо"})
NOT = frozenset({"not", "without", "no", "не", "без"})
HEDGES = {
    "very": 2.0, "extremely": 3.0, "rather": 0.5, "somewhat": 0.5,
    "очень": 2.0, "весьма": 2.0, "крайне": 3.0, "довольно": 0.5, "скорее": 0.5,
}  # fmt: skip
"""The power to which a hedge raises a degree: very concentrates it, rather dilates it (Zadeh 1972)."""
FILLERS = frozenset({
    "a", "an", "the", "people", "customers", "clients", "persons", "buyers", "those", "which", "that", "are", "is",
    "have", "has", "having", "of", "their",
    "люди", "клиенты", "покупатели", "те", "кто", "у", "которых", "которые", "есть",
})  # fmt: skip

Span = tuple[np.ndarray, np.ndarray]
"""The least and the greatest degree, where something is unknown; the same number where nothing is."""


@dataclass(frozen=True)
class Wording:
    """A said selection as a tree: `said` is a name, or `and`, `or`, `not`, or a hedge over its `parts`."""

    said: str
    parts: tuple[Wording, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The words in it, each once, as they come."""
        found = [self.said] if not self.parts else [name for part in self.parts for name in part.names]
        return tuple(dict.fromkeys(found))

    def __str__(self) -> str:
        if not self.parts:
            return self.said
        if self.said in ("and", "or"):
            return f" {self.said} ".join(
                f"({part})" if part.said in ("and", "or") else str(part) for part in self.parts
            )
        inner = self.parts[0]
        return f"{self.said} ({inner})" if inner.said in ("and", "or") else f"{self.said} {inner}"

    def degree(self, of: Callable[[str], np.ndarray], *, both: Callable = np.minimum, hedged: bool = True) -> Span:
        """The degree from those of its words: `and` by `both`, `or` by the greater one, `not` by the complement."""
        if not self.parts:
            degree = of(self.said)
            return np.where(np.isnan(degree), 0.0, degree), np.where(np.isnan(degree), 1.0, degree)
        spans = [part.degree(of, both=both, hedged=hedged) for part in self.parts]
        if self.said == "not":
            low, high = spans[0]
            return 1 - high, 1 - low
        if self.said in HEDGES:
            power = HEDGES[self.said] if hedged else 1.0
            return spans[0][0] ** power, spans[0][1] ** power
        join = both if self.said == "and" else np.maximum
        low, high = spans[0]
        for other_low, other_high in spans[1:]:
            low, high = join(low, other_low), join(high, other_high)
        return low, high


def understood(text: str, names: Iterable[str]) -> Wording:
    """The tree of what is said, over the words that can be said. `not` binds closer than `and`, `and` than `or`.

    A name may be bent as languages do it ("с высоким доходом" for "высокий доход"); an exact one wins. Raises
    ValueError that names the place, what is not understood, and the nearest word there is.
    """
    return _Reader(text, {name: _tokens(name) for name in names}).whole()


class _Reader:
    """Reads from left to right: a choice of conjunctions of possibly negated and hedged names."""

    def __init__(self, text: str, names: dict[str, list[tuple[str, int]]]):
        self._text = text
        self._names = {name: [word for word, _ in tokens] for name, tokens in names.items()}
        self._words = [(word, at) for word, at in _tokens(text)]
        self._at = 0

    def whole(self) -> Wording:
        if not self._words:
            raise ValueError("Say whom you mean, for example 'middle-aged and high income'.")
        said = self._choice()
        if self._at < len(self._words):
            raise ValueError(f"There is a ')' too many at character {self._words[self._at][1] + 1} of {self._text!r}.")
        return said

    def _choice(self) -> Wording:
        parts = [self._conjunction()]
        while self._next() in OR:
            self._at += 1
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Wording("or", tuple(parts))

    def _conjunction(self) -> Wording:
        parts = [self._one()]
        while self._next() not in (None, ")", *OR):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Wording("and", tuple(parts))

    def _one(self) -> Wording:
        name = self._name()
        if name:
            return Wording(name)
        word = self._next()
        if word in FILLERS or word in AND:
            self._at += 1
            return self._one()
        if word in NOT or word in HEDGES:
            self._at += 1
            return Wording("not" if word in NOT else word, (self._one(),))
        if word == "(":
            self._at += 1
            inner = self._choice()
            if self._next() != ")":
                raise ValueError(f"A ')' is missing at the end of {self._text!r}.")
            self._at += 1
            return inner
        if word is None or word in (")", *OR):
            raise ValueError(f"A word is missing {self._place()} of {self._text!r}.")
        raise ValueError(self._unknown())

    def _name(self) -> str | None:
        """The longest name that stands here, an exact one before a bent one; the reading goes on behind it."""
        here = [word for word, _ in self._words[self._at :]]
        found = []
        for name, tokens in self._names.items():
            given = here[: len(tokens)]
            if len(given) == len(tokens) and all(map(_alike, given, tokens)):
                found.append((len(tokens), sum(map(str.__eq__, given, tokens)), name))
        if not found:
            return None
        length, _, name = max(found, key=lambda one: one[:2])
        self._at += length
        while self._next() in FILLERS:
            self._at += 1
        return name

    def _next(self) -> str | None:
        return self._words[self._at][0] if self._at < len(self._words) else None

    def _place(self) -> str:
        if self._at < len(self._words):
            return f"at character {self._words[self._at][1] + 1}"
        return "at the end"

    def _unknown(self) -> str:
        rest = " ".join(word for word, _ in self._words[self._at : self._at + 3])
        word = self._next()
        near = difflib.get_close_matches(rest, self._names, n=1, cutoff=0.5)
        near = near or difflib.get_close_matches(word, self._names, n=1, cutoff=0.5)
        known = ", ".join(sorted(self._names)[:12])
        return f"There is no word {word!r} ({self._place()}); " + (
            f"did you mean {near[0]!r}?" if near else f"there are {known}."
        )


def _tokens(text: str) -> list[tuple[str, int]]:
    """Words with the place where each begins."""
    return [
        (found[0].casefold(), found.start()) for found in re.finditer(r"[(),]|[^\s(),\"«»]+", text.replace("_", " "))
    ]


def _alike(given: str, word: str) -> bool:
    """The same word, or the same stem (four letters or more) with another ending (three letters or less)."""
    if given == word:
        return True
    stem = next(
        (i for i, pair in enumerate(zip(given, word, strict=False)) if pair[0] != pair[1]), min(len(given), len(word))
    )
    return stem >= 4 and max(len(given), len(word)) - stem <= 3
