"""Reading a rule: a text becomes clauses, or one sentence says what is wrong and where.

Written by hand: the grammar is small, its phrases are of two languages and overlap, and a sentence that names the place
and the nearest word is worth more here than a parser generator's list of expected tokens.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from crm_analytics.rules.clauses import (
    AT_LEAST, AT_MOST, BETWEEN, BOUGHT, CONTACTS, CONTAINS, IS, ORDERS, OVER, RESPONSES, SPENT, UNDER, UNKNOWN,
    All, Consents, Done, Fact, Not, Place, Rule, Some, Value, Window, joined, opposite,
)  # fmt: skip
from crm_analytics.rules.words import KEYWORDS, folded, phrases

LONGEST, DEEPEST = 5_000, 40


class RuleError(ValueError):
    """The text is no rule; the message says what is wrong, where, and what may have been meant."""

    def __init__(self, wrong: str, at: int, line: int = 0):
        self.wrong, self.at, self.line = wrong, at, line
        place = f"line {line}, character {at + 1}" if line else f"character {at + 1}"
        super().__init__(f"{wrong.rstrip('.')} ({place}).")


def read(text: str) -> Rule:
    """The rule a text states. Raises RuleError."""
    if len(text) > LONGEST:
        raise RuleError(f"The rule is too long; a rule has at most {LONGEST:,} characters", LONGEST)
    return _Reader(text).whole()


def nearest(word: str, known: Iterable[str]) -> str:
    """“; did you mean …?” with the nearest known word, or nothing."""
    by_fold = {folded(one): one for one in known}
    near = difflib.get_close_matches(folded(word), by_fold, n=1, cutoff=0.7)
    return f"; did you mean {by_fold[near[0]]}?" if near else ""


@dataclass(frozen=True)
class _Token:
    kind: str  # word, text, name, number, day, sign
    said: str
    start: int
    end: int
    value: Value = ""


_DAYS = r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}"
_NUMBER = r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?(?![\d\w])|\d+(?:[.,]\d+)*"
_TOKEN = re.compile(
    r"\s*(?:"
    r'(?P<text>"(?:[^"]|"")*"|«[^»]*»|“[^”]*”|„[^“”]*[“”])'
    r"|(?P<name>`(?:[^`]|``)*`)"
    rf"|(?P<day>(?<!\d)(?:{_DAYS})(?!\d))"
    rf"|(?P<number>-?(?:{_NUMBER}))"
    r"|(?P<word>[^\W\d]\w*(?:['’-][^\W\d]\w*)*)"
    r"|(?P<sign><=|>=|<>|!=|==|[<>=≤≥≠%€$£₽&(),–—-])"
    r")"
)


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            what = "A quotation mark is not closed" if text[start] in '"«“„`' else f"{text[start]!r} means nothing here"
            raise RuleError(what, start)
        kind, said = match.lastgroup, match[match.lastgroup]
        start, at = match.start(kind), match.end()
        found.append(_Token(kind, said, start, at, _value(kind, said, start)))
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


class _Reader:
    """Reads from left to right; each method takes what it understands and leaves the rest."""

    def __init__(self, text: str):
        self.text, self.tokens, self.at, self.depth = text, _tokens(text), 0, 0
        self.verb: Done | None = None

    def whole(self) -> Rule:
        if not self.tokens:
            raise RuleError("The rule is empty; say whom you mean, for example: orders at least 3", 0)
        rule = self.either()
        if self.at < len(self.tokens):
            raise self.wrong("here a rule could go on with 'and' or 'or'")
        return rule

    # -- the words under the reader's eye

    def meaning(self) -> tuple[frozenset[str], int]:
        """What the longest phrase that stands here may mean, and how many tokens it takes."""
        token = self.token()
        if token is None or token.kind not in ("word", "sign"):
            return frozenset(), 0
        for words, meanings in phrases().get(folded(token.said), ()):
            here = self.tokens[self.at : self.at + len(words)]
            if len(here) == len(words) and all(
                one.kind in ("word", "sign") and folded(one.said).replace("’", "'") == word
                for one, word in zip(here, words, strict=True)
            ):
                return meanings, len(words)
        return frozenset(), 0

    def token(self, ahead: int = 0) -> _Token | None:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else None

    def sees(self, *wanted: str) -> bool:
        return bool(self.meaning()[0] & set(wanted))

    def takes(self, *wanted: str) -> str:
        """Take the phrase that stands here if it may mean one of these; which one, or nothing."""
        meanings, length = self.meaning()
        for want in wanted:
            if want in meanings:
                self.at += length
                return want
        return ""

    def value(self, *kinds: str) -> Value | None:
        token = self.token()
        if token is None or token.kind not in kinds:
            return None
        self.at += 1
        return token.value

    def place(self, start: int) -> Place:
        return Place(self.tokens[start].start, self.tokens[self.at - 1].end)

    def wrong(self, wanted: str) -> RuleError:
        token = self.token()
        if token is None:
            return RuleError(f"The rule ends too early: {wanted}", len(self.text.rstrip()))
        known = {phrase.strip() for said in KEYWORDS.values() for phrase in said.split(",") if " " not in phrase.strip()}
        plain = token.kind == "word" and token.said not in known
        hint = nearest(token.said, sorted(word for word in known if len(word) > 2)) if plain else ""
        return RuleError(f"{_short(token.said)} is not understood{hint or ': ' + wanted}", token.start)

    # -- and, or, not

    def either(self) -> Rule:
        parts = [self.both()]
        while self.takes("or"):
            parts.append(self.both())
        return joined(Some, parts)

    def both(self) -> Rule:
        parts = [self.one()]
        while self.takes("and"):
            parts.append(self.one())
            self.takes(",")
        return joined(All, parts)

    def one(self) -> Rule:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong(f"a rule has at most {DEEPEST} brackets in one another")
        try:
            if not self.sees("not bought", "never bought", "not in") and self.takes("not", "never"):
                return opposite(self.elliptical() or self.one())
            if self.takes("("):
                rule = self.either()
                if not self.takes(")"):
                    raise self.wrong("a bracket is not closed")
                return rule
            return self.clause()
        finally:
            self.depth -= 1

    def elliptical(self) -> Rule | None:
        """“bought A but never B”: what follows a verb that was said before."""
        token = self.token()
        if token is None or token.kind != "text" or self.verb is None:
            return None
        start, never = self.at, self.tokens[self.at - 1].said.casefold() in ("never", "никогда")
        verb = replace(self.verb, what=(), op=AT_LEAST, values=(1,))
        window = None if never else verb.window
        return self.goods(verb, start, unless=window or Window())

    # -- clauses

    def clause(self) -> Rule:
        start = self.at
        if verb := self.takes("bought", "not bought", "never bought"):
            return self.bought(start, verb)
        if self.takes("spent"):
            return self.counted(SPENT, start)
        if self.sees(CONTACTS) or (self.token(1) and self.channel_first()):
            return self.contacts(start)
        if said := self.takes("contacted", "not contacted"):
            once = self.contacts(start, once=True)
            return once if said == "contacted" else opposite(once)
        if self.takes("responses"):
            return self.counted(RESPONSES, start)
        if said := self.takes("responded", "not responded"):
            what, window = self.named("responded to"), self.window() or Window()
            once = Done(RESPONSES, what=what, window=window, place=self.place(start))
            return once if said == "responded" else opposite(once)
        if self.takes("consents"):
            return self.consents(start)
        return self.fact(start)

    def bought(self, start: int, verb: str) -> Rule:
        if self.takes("nothing"):
            verb = "not bought"  # twice denied is denied, as in Russian
        else:
            self.takes("anything")
        rule = self.goods(Done(BOUGHT), start)
        return rule if verb == "bought" else opposite(rule)

    def goods(self, verb: Done, start: int, unless: Window = Window()) -> Rule:  # noqa: B008
        """What was bought, how often and when; several things joined by `or` are one clause, by `and` several."""
        of = self.takes("category", "brand", "product")
        things, link = [], ""
        if self.takes("in"):
            things = list(self.listed())
        elif (thing := self.value("text")) is not None:
            things.append(str(thing))
            while (then := self.next_text()) and link in ("", then):
                link = then
                self.at += 1
                things.append(str(self.value("text")))
        elif of:
            raise self.wrong(f'say which {of}, between quotation marks')
        op, values = self.times()
        window = self.window() or unless
        asked = replace(verb, of=of, op=op, values=values, window=window, place=self.place(start))
        self.verb = asked
        if link == "and":
            return joined(All, [replace(asked, what=(thing,)) for thing in things])
        return replace(asked, what=tuple(dict.fromkeys(things)))

    def next_text(self) -> str:
        """`or` or `and` where another thing follows it; a comma is an `or`."""
        after = self.token(1)
        meanings, length = self.meaning()
        if length != 1 or after is None or after.kind != "text":
            return ""
        return "or" if meanings & {"or", ","} else "and" if "and" in meanings else ""

    def times(self) -> tuple[str, tuple[Value, ...]]:
        if self.takes("once"):
            return IS, (1,)
        if self.takes("twice"):
            return IS, (2,)
        back = self.at
        try:
            asked = self.test(numbers=True)
        except RuleError:
            asked = None
        if asked is None or not self.takes("times"):
            self.at = back
            return AT_LEAST, (1,)
        return asked

    def contacts(self, start: int, once: bool = False) -> Rule:
        what: tuple[str, ...] = ()
        if not once:
            if not self.sees(CONTACTS):
                what = (self.tokens[self.at].said,)
                self.at += 1
            self.takes(CONTACTS)
        what = what or self.named("by")
        asked = (AT_LEAST, (1,)) if once else self.test(numbers=True)
        what = what or self.named("by")
        window = self.window() or Window()
        return Done(CONTACTS, *asked, what=what, window=window, place=self.place(start))

    def channel_first(self) -> bool:
        """“email contacts”: a word that is followed by the word for contacts."""
        if self.token().kind != "word" or self.meaning()[1]:
            return False
        self.at += 1
        follows = self.sees(CONTACTS)
        self.at -= 1
        return follows

    def counted(self, measure: str, start: int) -> Rule:
        asked = (AT_MOST, (0,)) if self.takes("nothing") else self.test(numbers=True)
        of, what = "", ()
        if measure == SPENT and self.takes("on"):
            of = self.takes("category", "brand", "product")
            what = self.named()
        elif measure == RESPONSES:
            what = self.named("responded to")
        window = self.window() or Window()
        return Done(measure, *asked, what=what, of=of, window=window, place=self.place(start))

    def named(self, *links: str) -> tuple[str, ...]:
        """The names that follow, or the one word; with `links`, only after one of them."""
        back = self.at
        if links and not self.takes(*links):
            return ()
        if self.takes("in"):
            return self.listed()
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

    def consents(self, start: int) -> Rule:
        purpose = self.named() if not self.takes("anything") else (None,)
        channel = self.named("by")
        if not channel and purpose[0] is not None and self.tokens[self.at - 1].kind == "word":
            purpose, channel = (None,), purpose  # “consents to email” names the way, not what for
        return Consents(purpose[0], channel[0] if channel else None, place=self.place(start))

    def fact(self, start: int) -> Rule:
        column = self.column()
        if (measured := column == ORDERS) and (window := self.window()):
            return Done(ORDERS, *self.test(numbers=True), window=window, place=self.place(start))
        if self.takes("unknown"):
            return Fact(column, UNKNOWN, place=self.place(start))
        if self.takes("known"):
            return Not(Fact(column, UNKNOWN, place=self.place(start)))
        negative = bool(self.takes("is not"))
        if negative:
            op, values = IS, (self.one_value(),)
        elif self.takes("not in"):
            negative, op, values = True, IS, self.listed()
        else:
            op, values = self.test()
        if measured and (window := self.window()):
            rule: Rule = Done(ORDERS, op, values, window=window, place=self.place(start))
        else:
            rule = Fact(column, op, values, place=self.place(start))
        return opposite(rule) if negative else rule

    def column(self) -> str:
        meanings, length = self.meaning()
        names = [one[1:] for one in meanings if one.startswith(":")]
        if names:
            self.at += length
            return min(names)
        if (name := self.value("name")) is not None:
            return str(name)
        words = []
        while (token := self.token()) and token.kind == "word" and (not self.meaning()[1] or self.only_names()):
            words.append(token.said)
            self.at += 1
        if not words:
            raise self.wrong("here a clause begins, for example: orders at least 3, or: bought \"garden\"")
        return "_".join(words)

    def only_names(self) -> bool:
        """Whether what stands here is a column's name and no more: inside another name it is a word of it."""
        return all(one.startswith(":") for one in self.meaning()[0])

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
        token, ahead = self.token(), self.token(self.meaning()[1])
        if not numbers and ahead and ahead.kind == "day" and self.sees("after", "before", "since", "until"):
            return self.day()
        from_ = self.takes("from")
        if not from_ and self.sees("to", "until") and token.kind == "word":
            self.takes("to", "until")
            return AT_MOST, (self.amount(*kinds),)
        self.takes("is")
        if not numbers and not from_ and self.token() and self.token().kind in ("text", "word"):
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
                raise RuleError(f"The range ends before it begins; write from {last} to {first}", token.start)
            return BETWEEN, (first, last)
        return (AT_LEAST if from_ else IS), (first,)

    def day(self) -> tuple[str, tuple[Value, ...]]:
        back = self.at
        first = self.value("day") if self.takes("since", "from") else None
        if first and self.takes("to", "until") and (last := self.value("day")):
            if last < first:
                raise RuleError(f"The range ends before it begins; write from {last} to {first}", self.tokens[back].start)
            return BETWEEN, (first, last)
        self.at = back
        op = {"after": OVER, "before": UNDER, "since": AT_LEAST, "until": AT_MOST}[
            self.takes("after", "since", "before", "until")
        ]
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

    # -- when

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
        number = self.value("number")
        unit = self.takes("days", "weeks", "months", "quarter", "half-year", "years")
        if not unit:
            raise self.wrong("say for how long, for example: in the last 90 days")
        count = 1 if number is None else number
        if not isinstance(count, int) or not 0 < count <= 36_500:
            raise RuleError("A window is a whole number of days, weeks, months or years", self.tokens[self.at - 1].start)
        months = {"quarter": 3, "half-year": 6}.get(unit)
        return Window(count * months, "months") if months else Window(count, unit)


_LENGTHS = {"days": 1, "weeks": 7, "months": 365.25 / 12, "quarter": 365.25 / 4, "half-year": 365.25 / 2, "years": 365.25}


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


def _short(said: str) -> str:
    return repr(said if len(said) <= 40 else said[:40] + "…")
