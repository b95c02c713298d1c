"""What a rule holds things against: numbers with their units, days, lists of names, and the days it looks at."""

from __future__ import annotations

from datetime import date, timedelta

from crm_analytics.rules.clauses import (
    AT_LEAST,
    AT_MOST,
    BETWEEN,
    CONTAINS,
    IS,
    OVER,
    UNDER,
    Value,
    Window,
)  # fmt: skip
from crm_analytics.rules.cursor import Cursor
from crm_analytics.rules.tokens import RuleError

_LENGTHS = {
    "days": 1,
    "weeks": 7,
    "months": 365.25 / 12,
    "quarter": 365.25 / 4,
    "half-year": 365.25 / 2,
    "years": 365.25,
}


class Values(Cursor):
    """Reads values; what they are asked of, the parser knows."""

    def test(self, numbers: bool = False) -> tuple[str, tuple[Value, ...]]:
        """What is asked of a value: an operation and what to hold it against."""
        kinds = ("number",) if numbers else ("number", "day")
        if not numbers and self.sees("in", "("):
            self.takes("in")
            return IS, self.listed()
        if not numbers and self.takes("contains"):
            text = self.value("text")
            if text is None:
                raise self.wrong("say what it contains, between quotation marks")
            return CONTAINS, (text,)
        if op := self.takes(OVER, UNDER, AT_LEAST, AT_MOST):
            return op, (self.amount(*kinds),)
        start, token, ahead = self.at, self.token(), self.token(self.meaning()[1])
        if not numbers and ahead and ahead.kind == "day" and self.sees("after", "before", "since", "until"):
            return self.day()
        from_ = self.takes("from")
        if not from_ and self.sees("to", "until") and token.kind == "word":
            self.takes("to", "until")
            return AT_MOST, (self.amount(*kinds),)
        named = ("text", "word") if self.takes("is") or self.ends_clause(1) else ("text",)
        if not numbers and not from_ and self.token() and self.token().kind in named:
            values = [self.one_value()]
            while self.next_text() == "or":
                self.at += 1
                values.append(self.value("text"))
            return IS, tuple(dict.fromkeys(values))
        first = self.amount(*kinds)
        if (from_ or not self.sees("and")) and self.takes("to"):
            last = self.amount(*kinds)
            if type(first) is not type(last) and (isinstance(first, date) or isinstance(last, date)):
                raise self.wrong("a day and a number make no range")
            if last < first:
                raise self.backwards(first, last, start)
            return BETWEEN, (first, last)
        return (AT_LEAST if from_ else IS), (first,)

    def backwards(self, first: Value, last: Value, start: int) -> RuleError:
        return RuleError(f"The range ends before it begins; write from {last} to {first}", self.tokens[start].start)

    def day(self) -> tuple[str, tuple[Value, ...]]:
        back = self.at
        first = self.value("day") if self.takes("since", "from") else None
        if first and self.takes("to", "until") and (last := self.value("day")):
            if last < first:
                raise self.backwards(first, last, back)
            return BETWEEN, (first, last)
        self.at = back
        said = self.takes("after", "since", "before", "until", "from")
        op = {"after": OVER, "before": UNDER, "since": AT_LEAST, "from": AT_LEAST, "until": AT_MOST}[said]
        return op, (self.value("day"),)

    def amount(self, *kinds: str) -> Value:
        """A number with its unit, or a day; lengths of time are counted in days, percents are shares."""
        number = self.value(*kinds)
        if number is None:
            raise self.wrong("here a number stands" + (" or a day like 2025-06-30" if "day" in kinds else ""))
        if isinstance(number, date) or self.takes("money"):
            return number
        if self.takes("%"):
            return _plain(number / 100)
        if (unit := self.meaning()[0] & set(_LENGTHS)) and not self.sees("times"):
            self.takes(*unit)
            self.takes("ago")
            return _plain(round(number * _LENGTHS[min(unit)]))
        return number

    def one_value(self) -> Value:
        token = self.token()
        if token is not None and token.kind in ("text", "word"):
            self.at += 1
            return str(token.value)
        return self.amount("number", "day")

    def listed(self) -> tuple[Value, ...]:
        bracket = bool(self.takes("("))
        values = [self.one_value()]
        while self.takes(",", "or"):
            values.append(self.one_value())
        if bracket and not self.takes(")"):
            raise self.wrong("a list ends with a bracket")
        if len({isinstance(value, str) for value in values}) > 1:
            raise self.wrong("a list is of texts or of numbers, not of both")
        return tuple(dict.fromkeys(values))

    def named(self, *links: str) -> tuple[str, ...]:
        """The names that follow, or the one word; with `links`, only after one of them."""
        back = self.at
        if links and not self.takes(*links):
            return ()
        if self.list_of_texts():
            self.takes("in")
            return tuple(map(str, self.listed()))
        said = self.value("text")
        if said is None and not self.meaning()[1]:
            said = self.value("word")
        if said is None:
            self.at = back
            if links:
                return ()
            raise self.wrong("here a name stands between quotation marks")
        names = [str(said)]
        while self.next_text() == "or":
            self.at += 1
            names.append(str(self.value("text")))
        return tuple(dict.fromkeys(names))

    def ends_clause(self, ahead: int) -> bool:
        """Whether nothing of this clause comes so many words ahead."""
        token = self.token(ahead)
        return token is None or bool(self.meaning(ahead)[0] & {"and", "or", ")", ","})

    def list_of_texts(self) -> bool:
        """Whether texts in brackets follow, or `one of` and texts."""
        meanings, length = self.meaning()
        after = self.token(0 if "(" in meanings else length)
        if "in" in meanings and after and after.kind == "text":
            return True
        inside = self.token(length if "(" in meanings else length + 1)
        return (
            bool(meanings & {"in", "("})
            and bool(after)
            and after.said == "("
            and bool(inside)
            and inside.kind == "text"
        )

    def next_text(self) -> str:
        """`or` or `and` where another thing follows it; a comma is an `or`."""
        after = self.token(1)
        meanings, length = self.meaning()
        if length != 1 or after is None or after.kind != "text":
            return ""
        return "or" if meanings & {"or", ","} else "and" if "and" in meanings else ""

    def window(self) -> Window | None:
        if self.takes("ever"):
            return Window()
        after = self.token(self.meaning()[1])
        if self.sees("since", "before", "from", "after", "until") and after and after.kind == "day":
            op, days = self.day()
            return _between(op, days, at=after.start)
        if not self.sees("within") or (after is not None and after.said == "("):
            return None
        self.takes("within")
        start = self.at
        number = self.value("number")
        unit = self.takes("days", "weeks", "months", "quarter", "half-year", "years")
        if not unit:
            raise self.wrong("say for how long, for example: in the last 90 days")
        count = 1 if number is None else number
        if not isinstance(count, int) or not 0 < count <= 36_500:
            raise RuleError("A window is a whole number of days, weeks, months or years", self.tokens[start].start)
        months = {"quarter": 3, "half-year": 6}.get(unit)
        return Window(count * months, "months") if months else Window(count, unit)


def _plain(number: float) -> int | float:
    rounded = round(number, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _between(op: str, days: tuple[Value, ...], at: int) -> Window:
    try:
        next_day = timedelta(days=1)
        return {
            BETWEEN: lambda: Window(since=days[0], before=days[-1] + next_day),
            AT_LEAST: lambda: Window(since=days[0]),
            OVER: lambda: Window(since=days[0] + next_day),
            UNDER: lambda: Window(before=days[0]),
            AT_MOST: lambda: Window(before=days[0] + next_day),
        }[op]()
    except OverflowError:
        raise RuleError(f"{days[-1]} is no day of the calendar that a rule can use", at) from None
