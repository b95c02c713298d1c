"""The words, texts, numbers and days that a rule consists of, each with its place."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from crm_analytics.rules.clauses import Value
from crm_analytics.rules.words import folded


class RuleError(ValueError):
    """The text is no rule; the message says what is wrong, where, and what may have been meant."""

    def __init__(self, wrong: str, at: int, line: int = 0):
        self.wrong, self.at, self.line = wrong, at, line
        place = f"line {line}, character {at + 1}" if line else f"character {at + 1}"
        super().__init__(f"{wrong.rstrip('.')} ({place}).")


def nearest(word: str, known: Iterable[str]) -> str:
    """“; did you mean …?” with the nearest known word, or nothing."""
    by_fold = {folded(one): one for one in known}
    near = difflib.get_close_matches(folded(word), by_fold, n=1, cutoff=0.6 if len(word) < 5 else 0.7)
    return f"; did you mean {by_fold[near[0]]}?" if near else ""


@dataclass(frozen=True)
class Token:
    kind: str  # word, text, name, number, day, sign
    said: str
    start: int
    end: int
    value: Value = ""


_DAYS = r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}"
_NUMBER = r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?(?![\d\w])|\d+(?:[.,]\d+)*"
_ANY = re.compile(
    r"\s*(?:"
    r'(?P<text>"(?:[^"]|"")*"|«[^»]*»|“[^”]*”|„[^“”]*[“”])'
    r"|(?P<name>`(?:[^`]|``)*`)"
    rf"|(?P<day>(?<!\d)(?:{_DAYS})(?!\d))"
    rf"|(?P<number>-?(?:{_NUMBER}))"
    r"|(?P<word>[^\W\d]\w*(?:['’-][^\W\d]\w*)*)"
    r"|(?P<sign><=|>=|<>|!=|==|[<>=≤≥≠%€$£₽&(),–—-])"
    r")"
)


def tokens(text: str) -> list[Token]:
    """The text taken apart. Raises RuleError for what is no part of any rule."""
    found, at = [], 0
    end = len(text.rstrip())
    bad = next((n for n, letter in enumerate(text) if unicodedata.category(letter) in ("Cc", "Cs")), None)
    if bad is not None:
        raise RuleError("A control character means nothing here", bad)
    while at < end:
        match = _ANY.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            what = "A quotation mark is not closed" if text[start] in '"«“„`' else f"{text[start]!r} means nothing here"
            raise RuleError(what, start)
        kind, said = match.lastgroup, match[match.lastgroup]
        start, at = match.start(kind), match.end()
        found.append(Token(kind, said, start, at, _value(kind, said, start)))
    return found


def _value(kind: str, said: str, start: int) -> Value:
    if kind == "text":
        return said[1:-1].replace('""', '"') if said[0] == '"' else said[1:-1]
    if kind == "name":
        return said[1:-1].replace("``", "`")
    if kind == "number":
        return _number(said, start)
    if kind == "day":
        parts = [int(part) for part in re.split(r"[-.]", said)]
        try:
            return date(*(parts if "-" in said else reversed(parts)))
        except ValueError:
            raise RuleError(f"{said} is no day of the calendar", start) from None
    return said


def _number(said: str, start: int) -> int | float:
    digits = re.sub(r"[ \u00a0\u202f]", "", said)
    if re.fullmatch(r"-?[1-9]\d{0,2},\d{3}", digits):
        plain = digits.replace(",", "")
        raise RuleError(f"{said} can be read as {plain} or as {digits.replace(',', '.')}; write one of them", start)
    if re.fullmatch(r"-?\d{1,3}(,\d{3}){2,}", digits):
        digits = digits.replace(",", "")
    if not re.fullmatch(r"-?\d+([.,]\d+)?", digits):
        raise RuleError(f"{said} is no number", start)
    if len(digits) > 15:
        raise RuleError("A number has at most 15 digits", start)
    number = float(digits.replace(",", "."))
    return int(number) if number == int(number) else number
