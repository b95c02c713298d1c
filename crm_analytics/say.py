"""Sentences for people: a template and its numbers, worded and formatted for the company's language and currency."""

from __future__ import annotations

import gettext
import string
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Voice:
    """How the company wants to be spoken to: a language (`en`, `ru`) and the ISO code of its money (`EUR`).

    Of fewer than `fewest_people` nothing is said on a page that goes out; 0: everything is.
    """

    language: str = "en"
    currency: str = "EUR"
    fewest_people: int = 5


_DEFAULT = Voice()
_voice: ContextVar[Voice] = ContextVar("voice", default=_DEFAULT)


def voice() -> Voice:
    """The voice in force; opening a warehouse sets it to that company's."""
    return _voice.get()


def speak(voice: Voice) -> None:
    """Use this voice for every sentence from now on in this thread of work."""
    _voice.set(voice)


def say(template: str, /, **values: Any) -> str:
    """Word a sentence: `say("A customer is worth {value:money} a year.", value=84.2)`.

    After the colon stands what the value *is*, never how many digits it has: `money`, `cents` (money to the
    cent), `percent` (of a share: .12 → 12 %), `percents` (a low and a high one: 3.1 – 12 %), `points` (of a difference
    of shares), `count`, `number` (three significant digits), `date`, `month`, `months` (a first and a last one:
    April – June 2025). Words parted by a bar are forms for one and for more, or as many as the language has:
    `{rows:count} {rows:row|rows}`, `{rows:строка|строки|строк}`. Anything else is an ordinary Python format. The
    template is looked up in the translations of the language in force, so translate the template, not the sentence.
    Where there is none, months are named in the sentence's own language, while numbers stay as the company writes them;
    a value without words around it may stand in any sentence, so it waits for a language that has translations.
    """
    told = _translation(voice().language)(template)
    words = any(letter.isalpha() for text, *_ in _PARSED(template) for letter in text)
    foreign = told == template and (words or not _translated(voice().language))
    return _quotes(_Wording("en" if foreign else voice().language).vformat(told, (), values))


class _Wording(string.Formatter):
    def __init__(self, language: str):
        self.language = language
        """That of the words around the values."""

    def format_field(self, value: Any, spec: str) -> str:
        if value is None or value != value:  # NaN and NaT are the only values that differ from themselves
            return "–"
        if spec in _DAYS:
            return _DAYS[spec](value, self.language)
        if "|" in spec:
            return _form(value, spec.split("|"), self.language)
        kind = _KINDS.get(spec)
        return kind(value) if kind else super().format_field(value, spec)


_PARSED = string.Formatter().parse


def _quotes(text: str) -> str:
    """Quotation marks within quotation marks as print has them, if each that opens is closed: «Flyer „Winter“»."""
    if text.count("«") < 2 or text.count("«") != text.count("»"):
        return text
    depth, out = 0, []
    for letter in text:
        depth -= letter == "»"
        out.append({"«": "„", "»": "“"}.get(letter, letter) if depth > 0 else letter)
        depth += letter == "«"
    return "".join(out)


def _form(value: float, forms: list[str], language: str) -> str:
    """The form of a word that goes with a number: 1 row, 2 rows; 1 строка, 2 строки, 5 строк."""
    from babel import Locale

    found = Locale.parse(language).plural_form(abs(value))
    return forms[min({"one": 0, "few": 1, "many": 2}.get(found, 9), len(forms) - 1)]


def _money(value: float) -> str:
    from babel.numbers import format_compact_currency, format_currency

    code, locale = voice().currency, voice().language
    if abs(value) >= 1e7:
        return format_compact_currency(value, code, locale=locale, fraction_digits=2)
    if abs(value) < 100 and value != int(value):
        return format_currency(value, code, locale=locale)
    return format_currency(round(value), code, locale=locale, format=_whole_currency(locale), currency_digits=False)


@cache
def _whole_currency(locale: str) -> str:
    from babel import Locale

    return Locale.parse(locale).currency_formats["standard"].pattern.replace("0.00", "0")


def _cents(value: float) -> str:
    from babel.numbers import format_currency

    return format_currency(value, voice().currency, locale=voice().language)


def decimal(value: float, digits: int) -> str:
    """A number with so many digits after the point, written as the language in force writes it; for tables."""
    from babel.numbers import format_decimal

    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(round(value, digits) + 0.0, format=pattern, locale=voice().language)  # no minus before zero


def plain(value: float) -> str:
    """A number whose meaning nobody has stated, for the plain tables of a page: thousands apart, no exponents."""
    return decimal(value, 4 if abs(value) < 1 else 2 if value != round(value) else 0)


def _number(value: float) -> str:
    size = abs(value)
    return decimal(value, 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or size == 0 else 4)


def _percent(value: float) -> str:
    share = 100 * value
    return decimal(share, 0 if abs(share) >= 10 or abs(share) < 0.005 else 1 if abs(share) >= 1 else 2) + " %"


def _percents(span: tuple[float, float]) -> str:
    low, high = map(_percent, map(float, span))
    return f"{low.removesuffix(' %')} – {high}"


def _points(value: float) -> str:
    return decimal(100 * value, 2) + " pp"


def _date(value: Any, language: str) -> str:
    from babel.dates import format_date

    return format_date(value, format="d MMMM y", locale=language)


def _month(value: Any, language: str) -> str:
    from babel.dates import format_date

    return format_date(value, format="LLLL y", locale=language)


def _months(span: tuple[Any, Any], language: str) -> str:
    from babel.dates import format_date

    first, last = span
    if first == last:
        return _month(last, language)
    same = first.year == last.year
    start = format_date(first, format="LLLL", locale=language) if same else _month(first, language)
    return f"{start} – {_month(last, language)}"


_KINDS = {
    "money": lambda v: _money(float(v)),
    "cents": lambda v: _cents(float(v)),
    "percent": lambda v: _percent(float(v)),
    "percents": _percents,
    "points": lambda v: _points(float(v)),
    "count": lambda v: decimal(round(float(v)), 0),
    "number": lambda v: _number(float(v)),
}

_DAYS = {"date": _date, "month": _month, "months": _months}


@cache
def _translation(language: str):
    return _catalogue(language).gettext


@cache
def _translated(language: str) -> bool:
    """Whether there are sentences in this language."""
    return type(_catalogue(language)) is not gettext.NullTranslations


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    folder = Path(__file__).with_name("texts")
    return gettext.translation("crm_analytics", folder, languages=[language], fallback=True)
