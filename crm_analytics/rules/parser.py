"""Reading a rule: a text becomes clauses, or one sentence says what is wrong and where.

Written by hand: the grammar is small, its phrases are of two languages and overlap, and a sentence that names the place
and the nearest word is worth more here than a parser generator's list of expected tokens.
"""

from __future__ import annotations

from dataclasses import replace

from crm_analytics.rules.clauses import (
    AT_LEAST,
    AT_MOST,
    BOUGHT,
    CONTACTS,
    IS,
    ORDERS,
    RESPONSES,
    SPENT,
    UNKNOWN,
    All,
    Consents,
    Done,
    Fact,
    Not,
    Place,
    Rule,
    Some,
    Value,
    Window,
    joined,
    opposite,
)  # fmt: skip
from crm_analytics.rules.tokens import RuleError
from crm_analytics.rules.values import Values

LONGEST, DEEPEST = 5_000, 40


def read(text: str, origin: Place = Place()) -> Rule:
    """The rule a text states; `origin` is where the text itself stands. Raises RuleError."""
    try:
        if len(text) > LONGEST:
            raise RuleError(f"The rule is too long; a rule has at most {LONGEST:,} characters", LONGEST)
        return _Reader(text, origin).whole()
    except RuleError as error:
        raise RuleError(error.wrong, origin.start + error.at, origin.line) from None


class _Reader(Values):
    def __init__(self, text: str, origin: Place):
        super().__init__(text, origin)
        self.depth, self.verb = 0, None

    def whole(self) -> Rule:
        if not self.tokens:
            raise RuleError("The rule is empty; say whom you mean, for example: orders at least 3", 0)
        rule = self.either()
        if self.at < len(self.tokens):
            raise self.wrong("here a rule could go on with 'and' or 'or'")
        return rule

    def either(self) -> Rule:
        parts = [self.both()]
        while self.goes_on("or"):
            parts.append(self.both())
        return joined(Some, parts)

    def both(self) -> Rule:
        parts = [self.one()]
        while self.goes_on("and"):
            parts.append(self.one())
        return joined(All, parts)

    def goes_on(self, link: str) -> bool:
        """Take `and` or `or`, with a comma before it as Russian has it."""
        comma = self.takes(",")
        if self.takes(link):
            return True
        self.at -= bool(comma)
        return False

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
        token = self.token(1) if self.sees("category", "brand", "product") else self.token()
        if token is None or token.kind != "text" or self.verb is None:
            return None
        start, never = self.at, self.tokens[self.at - 1].said.casefold() in ("never", "никогда")
        verb = replace(self.verb, what=(), op=AT_LEAST, values=(1,))
        window = None if never else verb.window
        return self.goods(verb, start, unless=window or Window())

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

    def goods(self, verb: Done, start: int, unless: Window = Window()) -> Rule:
        """What was bought, how often and when; several things joined by `or` are one clause, by `and` several."""
        of = self.takes("category", "brand", "product")
        things, link = [], ""
        if self.list_of_texts():
            self.takes("in")
            things = list(map(str, self.listed()))
        elif (thing := self.value("text")) is not None:
            things.append(str(thing))
            while (then := self.next_text()) and link in ("", then):
                link = then
                self.at += 1
                things.append(str(self.value("text")))
        elif of:
            raise self.wrong(f"say which {of}, between quotation marks")
        op, values = self.times()
        window = self.window() or unless
        asked = replace(verb, of=of, op=op, values=values, window=window, place=self.place(start))
        self.verb = asked
        if link == "and":
            return joined(All, [replace(asked, what=(thing,)) for thing in things])
        return replace(asked, what=tuple(dict.fromkeys(things)))

    def times(self) -> tuple[str, tuple[Value, ...]]:
        if self.takes("once"):
            return IS, (1,)
        if self.takes("twice"):
            return IS, (2,)
        back = self.at
        asked = self.optional_test()
        if asked is None or not self.takes("times"):
            self.at = back
            return AT_LEAST, (1,)
        return asked

    def optional_test(self) -> tuple[str, tuple[Value, ...]] | None:
        back = self.at
        try:
            return self.test(numbers=True)
        except RuleError:
            self.at = back
            return None

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

    def consents(self, start: int) -> Rule:
        purpose = self.named() if not self.takes("anything") else (None,)
        channel = self.named("by")
        if not channel and purpose[0] is not None and self.tokens[self.at - 1].kind == "word":
            purpose, channel = (None,), purpose  # “consents to email” names the way, not what for
        return Consents(purpose[0], channel[0] if channel else None, place=self.place(start))

    def fact(self, start: int) -> Rule:
        column = self.column()
        if (measured := column == ORDERS) and (window := self.window()):
            asked = self.optional_test() or (AT_LEAST, (1,))
            return Done(ORDERS, *asked, window=window, place=self.place(start))
        if self.takes("unknown"):
            return Fact(column, UNKNOWN, place=self.place(start))
        if self.takes("known"):
            return Not(Fact(column, UNKNOWN, place=self.place(start)))
        negative = bool(self.takes("is not", "not"))
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
            raise self.wrong('here a clause begins, for example: orders at least 3, or: bought "garden"')
        return "_".join(words)

    def only_names(self) -> bool:
        """Whether what stands here is a column's name and no more: inside another name it is a word of it."""
        return all(one.startswith(":") for one in self.meaning()[0])
