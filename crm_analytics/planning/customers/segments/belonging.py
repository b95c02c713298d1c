"""Who belongs where: the rules of a tree held against a table that says of each clause whether it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Claim
from crm_analytics.rules.clauses import Clause, Done, Fact, clauses
from crm_analytics.rules.logic import HOLDS, HOLDS_NOT, UNKNOWN, column_of, holds
from crm_analytics.rules.tree import Tree
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Belonging:
    """People, the clauses that hold of them, and of each segment whether they are in it: 1 yes, -1 no, 0 unknown.

    With `first`, whoever is in a segment is in none of those that stand after it beside it.
    """

    tree: Tree
    people: pd.DataFrame
    clauses: pd.DataFrame
    codes: dict[str, np.ndarray]

    @classmethod
    def of(cls, frame: pd.DataFrame, tree: Tree, *, first: bool) -> Belonging:
        """Raises ValueError for a clause that the table says nothing of."""
        absent = [clause for clause in tree.clauses if column_of(clause) not in frame.columns]
        if absent:
            raise ValueError(
                f"The table does not say whether «{absent[0]}» holds; "
                "features.segments(wh, rules=…) with the same rules makes one that does."
            )
        if not frame["customer_id"].is_monotonic_increasing:  # as the feature has them, they are
            frame = frame.sort_values("customer_id")
        frame = frame.reset_index(drop=True)
        asked = frame[[column_of(clause) for clause in tree.clauses]].fillna(UNKNOWN).astype(np.int8)
        people = frame.drop(columns=asked.columns)
        codes: dict[str, np.ndarray] = {}
        taken: dict[str | None, np.ndarray] = {}
        for segment in tree.segments:
            inside = holds(segment.rule, lambda clause: asked[column_of(clause)].to_numpy())
            if segment.within is not None:
                inside = np.minimum(inside, codes[segment.within])
            if first:
                before = taken.get(segment.within, np.zeros(len(frame), bool))
                inside = np.where(before, HOLDS_NOT, inside)
                taken[segment.within] = before | (inside == HOLDS)
            codes[segment.name] = np.asarray(inside, np.int8)
        return cls(tree=tree, people=people, clauses=asked, codes=codes)

    def __len__(self) -> int:
        return len(self.people)

    def clauses_of(self, name: str) -> list[Clause]:
        """The clauses of a segment's whole rule."""
        return list(dict.fromkeys(clauses(self.tree.whole(name))))

    def members(self, name: str) -> np.ndarray:
        """A flag for each of the people: in the segment."""
        return self.codes[name] == HOLDS

    def number_of(self, within: str | None) -> np.ndarray:
        """In how many of the segments directly within another each person is; None: in how many of the topmost."""
        inside = [self.members(one.name) for one in self.tree.children(within)]
        return np.sum(inside, axis=0) if inside else np.zeros(len(self), int)

    def unknown(self) -> np.ndarray:
        """Whether nobody knows if the customer is in any of the topmost segments."""
        codes = [self.codes[one.name] for one in self.tree.children(None)]
        return np.maximum.reduce(codes) == UNKNOWN


_UNIT_DAYS = {"days": 1, "weeks": 7, "months": 30, "years": 365}
_WINDOW_DAYS = 365
"""What is counted without saying over which days is counted over a year."""


def renewed_after_days(tree: Tree) -> int:
    """After so many days the clause that looks back least looks at other days altogether: the list is to be renewed."""
    said = [_WINDOW_DAYS]
    for clause in tree.clauses:
        if isinstance(clause, Done) and clause.window.count:
            said.append(clause.window.count * _UNIT_DAYS[clause.window.unit])
        if isinstance(clause, Fact) and clause.column in ("recency_days", "known_days"):
            said.extend(int(value) for value in clause.values if isinstance(value, int | float) and value >= 1)
    return min(said)


def counted_once(who: Belonging, subject: str, number: float) -> tuple[Claim, ...]:
    """A count of members as a claim: true of its day, and not to be relied upon once its clauses see other days."""
    import pandas as pd

    if "until" not in who.people or not len(who):
        return ()
    day = pd.Timestamp(who.people["until"].iloc[0]).date()
    expires = day + timedelta(days=renewed_after_days(who.tree))
    return (
        Claim(
            subject=subject, measure="customers in segments", value=number, low=number, high=number,
            evidence="assumed", first=day - timedelta(days=1), last=day - timedelta(days=1), expires=expires,
            scope=(("segments as of", day.isoformat()),),
            decision=say("Choose the members again before writing to them after {day:date}.", day=expires),
        ),
    )  # fmt: skip
