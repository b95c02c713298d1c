"""A tree of segments as a text: one to a line, its name, a colon and its rule; what is indented lies within.

buyers: orders at least 1
  regulars: orders at least 4 and recency at most 180 days
  once and never again: orders exactly 1 and recency over 365 days
not yet: orders exactly 0
"""

from __future__ import annotations

from dataclasses import dataclass

from crm_analytics.rules.clauses import All, Clause, Place, Rule, clauses, joined
from crm_analytics.rules.parser import read
from crm_analytics.rules.tokens import RuleError

MOST = 60
USUAL = """
regulars: orders at least 4 and recency at most 180 days
new: known for at most 90 days and orders at most 3
on the way: orders from 1 to 3 and recency at most 180 days and known for over 90 days
cooling: orders at least 1 and recency from 181 to 365 days
  worth winning back: orders at least 4
gone quiet: orders at least 1 and recency over 365 days
  worth winning back then: orders at least 4
"""
"""A tree that can be asked of every company that sells: how often and how recently."""


@dataclass(frozen=True)
class Segment:
    """One segment: its own rule, and the name of the one it lies within."""

    name: str
    rule: Rule
    within: str | None = None
    level: int = 0


@dataclass(frozen=True)
class Tree:
    """Segments in the order of their text; each lies within the one it names."""

    segments: tuple[Segment, ...]

    def whole(self, name: str) -> Rule:
        """The whole rule of a segment: its own and that of everything it lies within."""
        by_name = {segment.name: segment for segment in self.segments}
        rules, segment = [], by_name.get(name)
        while segment is not None:
            rules.append(segment.rule)
            segment = by_name.get(segment.within)
        return joined(All, rules[::-1])

    def children(self, name: str | None) -> list[Segment]:
        """The segments directly within another; of None: those within nothing."""
        return [segment for segment in self.segments if segment.within == name]

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Every clause once, in the order of the text."""
        return tuple(dict.fromkeys(clause for segment in self.segments for clause in clauses(segment.rule)))

    def __str__(self) -> str:
        return "\n".join(f"{'  ' * one.level}{one.name}: {one.rule}" for one in self.segments)


def read_tree(text: str) -> Tree:
    """The tree a text describes. Raises RuleError with the line, and the character in it."""
    segments: list[Segment] = []
    open_: list[tuple[int, str]] = []
    margin: int | None = None
    for number, line in enumerate(text.expandtabs(4).splitlines(), start=1):
        body = line.split("#")[0] if line.lstrip().startswith("#") else line
        if not body.strip():
            continue
        indent = len(body) - len(body.lstrip())
        name, colon, rule = body.partition(":")
        name = name.strip()
        if not colon or not name or any(mark in name for mark in '"«“'):
            raise RuleError("A line is a name, a colon and a rule, like: regulars: orders at least 4", indent, number)
        if name.casefold() in (one.name.casefold() for one in segments):
            raise RuleError(
                f"There are two segments called {name[:MOST]!r}; give each a name of its own", indent, number
            )
        if len(name) > MOST:
            raise RuleError(f"A name has at most {MOST} characters", indent, number)
        while open_ and open_[-1][0] >= indent:
            open_.pop()
        margin = indent if margin is None else margin
        if indent != margin and not open_:
            raise RuleError("The line is set in or out, but lies within no segment", indent, number)
        place = Place(len(body) - len(rule), number)
        within = open_[-1][1] if open_ else None
        segment = Segment(name, read(rule, place), within, len(open_))
        open_.append((indent, name))
        segments.append(segment)
    if not segments:
        raise RuleError("There is no segment; write one to a line, like: regulars: orders at least 4", 0)
    return Tree(tuple(segments))
