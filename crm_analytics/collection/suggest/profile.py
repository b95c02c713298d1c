"""Profile: what the values of a column are, told by themselves: numbers, moments, addresses, names, codes, words."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from crm_analytics.collection.mapping.conversion import NO, YES
from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.suggest.dates import Dating, dating
from crm_analytics.collection.suggest.sniffed import Sniffed

_SIGNS = re.compile(r"€|\$|£|₽|руб\.?|р\.|eur|usd|gbp|rub|%", re.I)
CURRENCIES = {
    "€": "EUR",
    "£": "GBP",
    "₽": "RUB",
    "руб": "RUB",
    "eur": "EUR",
    "gbp": "GBP",
    "rub": "RUB",
    "usd": "USD",
    "$": "USD",
}
_PATTERNS = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+"),
    "phone": re.compile(
        r"\+\d[\d ().-]{6,18}\d|[78] ?\(?\d{3}\)?[ -]?\d{3}[ -]?\d{2}[ -]?\d{2}"
        r"|\(?\d{3,5}\)?[ -]\d{3}[ -]?\d{2,4}([ -]\d{2,4})*"
    ),
    "clock": re.compile(r"[0-2]?\d:[0-5]\d(:[0-5]\d)?"),
    "url": re.compile(r"(https?://|www\.)\S+", re.I),
    "person": re.compile(r"[A-ZА-ЯЁ][\w'’.-]*( [A-ZА-ЯЁ][\w'’.-]*){1,3}"),
    "postcode": re.compile(r"\d{5,6}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d"),
}  # fmt: skip
_COUNTED = re.compile(
    r"(f|c|v|x|a|col|column|field|fld|attr|var|unnamed|none|untitled|поле|столбец|колонка|графа|к|п)?[ _:.#№-]*\d+"
    r"|[a-z]", re.IGNORECASE,
)  # fmt: skip
COMMON = 60
"""Words of a column are listed when there are no more of them."""


@dataclass(frozen=True, eq=False)
class Profile:
    """What is known of one column by its values."""

    name: str
    said: str
    spec: FileSpec = field(repr=False)
    cells: list[str] = field(repr=False)

    @cached_property
    def mute(self) -> bool:
        """Whether the heading only counts columns: F1, col_3, Unnamed: 4, Поле5."""
        return bool(_COUNTED.fullmatch(self.name))

    @cached_property
    def looked(self) -> dict:
        """What it was already looked at for."""
        return {}

    @cached_property
    def counted(self) -> Counter:
        return Counter(cell for cell in self.cells if cell)

    @cached_property
    def filled(self) -> float:
        return self.counted.total() / len(self.cells) if self.cells else 0.0

    @property
    def distinct(self) -> int:
        return len(self.counted)

    @cached_property
    def unique(self) -> float:
        """Distinct values per filled one: 1 where every value stands once."""
        return self.distinct / self.counted.total() if self.counted else 0.0

    @cached_property
    def values(self) -> list[str]:
        """Some of the distinct values, spread over all of them."""
        values = sorted(self.counted)
        return values[:: max(1, len(values) // 500)]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its words, the most frequent first, where it has few."""
        return tuple(word for word, _ in self.counted.most_common()) if self.distinct <= COMMON else ()

    def share(self, pattern: str) -> float:
        """The share of values that look like one of the known patterns."""
        if not self.values:
            return 0.0
        return sum(bool(_PATTERNS[pattern].fullmatch(value)) for value in self.values) / len(self.values)

    def plain(self, value: str) -> str:
        """A number's text as Python reads it, by the file's own marks."""
        if self.spec.thousands:
            marks = " \u00a0\u202f" if self.spec.thousands == " " else self.spec.thousands
            if re.search(rf"\d[{re.escape(marks)}]\d{{3}}(?!\d)", value):
                value = re.sub(rf"(?<=\d)[{re.escape(marks)}](?=\d{{3}})", "", value)
        return value.replace(",", ".") if self.spec.decimal == "," and "." not in value else value

    @cached_property
    def adorned(self) -> bool:
        """Whether its numbers carry a sign of money or per cent, which a map must take off."""
        signed = [value for value in self.values if _SIGNS.search(value)]
        return bool(signed) and sum(bool(_number(self.plain(_bare(v)))) for v in signed) > 0.9 * len(signed)

    @cached_property
    def currency(self) -> str:
        found = {
            CURRENCIES[sign]
            for value in self.values[:50]
            for sign in CURRENCIES
            if self.adorned and sign in value.lower()
        }
        return found.pop() if len(found) == 1 else ""

    @cached_property
    def numbers(self) -> np.ndarray | None:
        """Its numbers, row by row (NaN where empty), if its values are numbers; a few may be none."""
        known = {value: _number(self.plain(_bare(value) if self.adorned else value)) for value in self.counted}
        good = sum(self.counted[value] for value, number in known.items() if number is not None)
        if not self.counted or good < 0.97 * self.counted.total():
            return None
        return np.array([np.nan if (n := known.get(cell)) is None else n for cell in self.cells])

    @cached_property
    def whole(self) -> bool:
        return self.numbers is not None and bool(np.nanmax(np.abs(self.numbers % 1)) == 0)

    @cached_property
    def floated_id(self) -> bool:
        """Ids that some program took for numbers and wrote as 17850.0."""
        return self.distinct > 1 and all(re.fullmatch(r"\d+\.0", value) for value in self.values)

    @cached_property
    def dating(self) -> Dating | None:
        russian = bool(re.search("[а-яё]", self.name, re.I)) or self.spec.encoding == "cp1251"
        return dating(self.values, day_first=russian or self.spec.decimal == ",")

    @cached_property
    def flag(self) -> bool:
        return 0 < self.distinct <= 4 and all(value.lower() in YES + NO for value in self.counted)

    @cached_property
    def taxed(self) -> float:
        """The share of values that are Russian tax numbers by their check digit."""
        return sum(map(_inn, self.values)) / len(self.values) if self.values else 0.0

    @cached_property
    def lettered(self) -> float:
        """The share of letters in its values."""
        text = "".join(self.values)
        return sum(map(str.isalpha, text)) / len(text) if text else 0.0

    @cached_property
    def length(self) -> float:
        """How many words a value has."""
        return float(np.mean([len(value.split()) for value in self.values])) if self.values else 0.0


def _bare(value: str) -> str:
    return _SIGNS.sub("", value).strip()


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[-+]?(\d{1,18}(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?", text):
        return None
    return float(text)


def _inn(value: str) -> bool:
    if not re.fullmatch(r"\d{10}|\d{12}", value):
        return False
    digits = [int(d) for d in value]
    weights = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)

    def check(count: int) -> int:
        return sum(a * b for a, b in zip(weights[-count:], digits, strict=False)) % 11 % 10

    return check(9) == digits[9] if len(digits) == 10 else (check(10), check(11)) == (digits[10], digits[11])


def profiles(sniffed: Sniffed) -> list[Profile]:
    """The columns of a file, each with what its values tell."""
    cells = list(zip(*sniffed.rows, strict=True)) or [() for _ in sniffed.columns]
    return [
        Profile(name, said, sniffed.spec, list(column))
        for name, said, column in zip(sniffed.columns, sniffed.said, cells, strict=True)
    ]
