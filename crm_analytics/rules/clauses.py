"""What a rule is once it is read: a tree of clauses, each of which is true, untrue or unknown of a customer.

A rule holds words and values and nothing that could be run. `str(rule)` prints it in one canonical way, and what is
printed reads as the same rule again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeAlias

Value: TypeAlias = int | float | str | date

UNKNOWN, IS, CONTAINS, BETWEEN = "unknown", "is", "contains", "between"
OVER, UNDER, AT_LEAST, AT_MOST = "over", "under", "at least", "at most"
"""What a clause can ask of a value. `is` may name several; `between` takes a first and a last, both included."""

BOUGHT, SPENT, ORDERS, CONTACTS, RESPONSES = "bought", "spent", "orders", "contacts", "responses"
"""What a customer did or was told, counted over a window: purchase days of something, money, purchase days, touches
by the company, answers to campaigns."""

_OF_DAYS = {OVER: "after", UNDER: "before", AT_LEAST: "since", AT_MOST: "until"}
UNITS = ("days", "weeks", "months", "years")


@dataclass(frozen=True)
class Place:
    """Where a clause stands: its first character in its line, from 0, and the line, from 1 (0: there is but one)."""

    start: int = 0
    line: int = 0


_NOWHERE = Place()


@dataclass(frozen=True)
class Window:
    """The days a clause looks at, before the day the rule is asked about: the last `count` units, or from `since` until
    before `before`; without any, all there are."""

    count: int = 0
    unit: str = "days"
    since: date | None = None
    before: date | None = None

    def first(self, as_of: date) -> date | None:
        """Its first day as seen from `as_of`; None: the first there is."""
        if not self.count:
            return self.since
        try:
            if self.unit in ("days", "weeks"):
                return as_of - timedelta(days=self.count * (7 if self.unit == "weeks" else 1))
            return _months_before(as_of, self.count * (12 if self.unit == "years" else 1))
        except (OverflowError, ValueError):  # longer ago than there are dates
            return None

    def __str__(self) -> str:
        if self.count:
            return "in the last " + (self.unit[:-1] if self.count == 1 else f"{self.count} {self.unit}")
        if self.since and self.before:
            return f"from {self.since} to {self.before - timedelta(days=1)}"
        return f"since {self.since}" if self.since else f"before {self.before}" if self.before else "ever"


@dataclass(frozen=True)
class Fact:
    """What is known of a customer holds: a column of the profile against one or several values."""

    column: str
    op: str
    values: tuple[Value, ...] = ()
    place: Place = field(default=_NOWHERE, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{_named(self.column)} {_asked(self.op, self.values)}"


@dataclass(frozen=True)
class Done:
    """What a customer did or was told over a window: `measure` of `what` (any of these; none: of anything), counted.

    `of` says what `what` is: a category, brand or product of goods; empty: whichever carries the name.
    """

    measure: str
    op: str = AT_LEAST
    values: tuple[Value, ...] = (1,)
    what: tuple[str, ...] = ()
    of: str = ""
    window: Window = Window()
    place: Place = field(default=_NOWHERE, compare=False, repr=False)

    def __str__(self) -> str:
        what = " or ".join(map(_quoted, self.what))
        asked = f"exactly {self.values[0]}" if self.op == IS else _asked(self.op, self.values)
        named = f"{self.of} {what}".strip()
        if self.measure == BOUGHT:
            times = "" if (self.op, self.values) == (AT_LEAST, (1,)) else f"{asked} times"
            told = ("bought", named or "anything", times)
        else:
            link = {SPENT: "on", CONTACTS: "by", RESPONSES: "to"}.get(self.measure, "")
            told = (self.measure, asked, f"{link} {named}" if what else "")
        return " ".join(part for part in (*told, str(self.window)) if part)


@dataclass(frozen=True)
class Consents:
    """The customer agrees to be written to, and no wish to be left in peace stands against it; None: any."""

    purpose: str | None = None
    channel: str | None = None
    place: Place = field(default=_NOWHERE, compare=False, repr=False)

    def __str__(self) -> str:
        by = f" by {_quoted(self.channel)}" if self.channel is not None else ""
        return f"consents to {_quoted(self.purpose) if self.purpose is not None else 'anything'}{by}"


@dataclass(frozen=True)
class Not:
    """The opposite; of what is unknown it is unknown too."""

    of: Rule

    def __str__(self) -> str:
        if isinstance(self.of, Fact) and self.of.op in (IS, UNKNOWN):
            return f"{_named(self.of.column)} {_asked(self.of.op, self.of.values, negated=True)}"
        return f"not {_bracketed(self.of)}"


@dataclass(frozen=True)
class All:
    """Every part holds."""

    parts: tuple[Rule, ...]

    def __str__(self) -> str:
        return " and ".join(_bracketed(part) if isinstance(part, Some) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Some:
    """At least one part holds."""

    parts: tuple[Rule, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.parts))


Clause: TypeAlias = Fact | Done | Consents
Rule: TypeAlias = Clause | Not | All | Some


def opposite(rule: Rule) -> Rule:
    """The rule that holds where this one does not."""
    return rule.of if isinstance(rule, Not) else Not(rule)


def joined(kind: type[All] | type[Some], parts: list[Rule]) -> Rule:
    """Several rules as one; brackets that change nothing are gone, and nothing is said twice."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, kind) else (part,))]
    once = tuple(dict.fromkeys(flat))
    return once[0] if len(once) == 1 else kind(once)


def clauses(rule: Rule) -> Iterator[Clause]:
    """The clauses of a rule in the order of its text, with repetitions."""
    if isinstance(rule, (All, Some)):
        for part in rule.parts:
            yield from clauses(part)
    elif isinstance(rule, Not):
        yield from clauses(rule.of)
    else:
        yield rule


def _bracketed(rule: Rule) -> str:
    return f"({rule})" if isinstance(rule, (All, Some)) else str(rule)


def _asked(op: str, values: tuple[Value, ...], *, negated: bool = False) -> str:
    said = [_printed(value) for value in values]
    no = "not " if negated else ""
    if op == UNKNOWN:
        return "is known" if negated else "is unknown"
    if op == IS:
        return f"is {no}{said[0]}" if len(said) == 1 else f"{no}in ({', '.join(said)})"
    if op == BETWEEN:
        return f"from {said[0]} to {said[1]}"
    if op == CONTAINS:
        return f"contains {said[0]}"
    return f"{_OF_DAYS[op] if isinstance(values[0], date) else op} {said[0]}"


def _printed(value: Value) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")  # never with an exponent
    return str(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _named(column: str) -> str:
    from crm_analytics.rules.words import is_plain

    return column if is_plain(column) else "`" + column.replace("`", "``") + "`"


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
