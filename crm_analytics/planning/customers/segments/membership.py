"""Who is in which segment, and by which of its clauses: frozen under a day, sampled by lot or by rank."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.segments.belonging import Belonging, counted_once
from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.rules.logic import HOLDS, column_of, reason
from crm_analytics.rules.tree import USUAL, Tree, read_tree
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

ASSIGN = ("every", "first")
"""Whether a customer is in every segment that fits, or in the first one that does, in the order of the text."""


@dataclass(frozen=True, kw_only=True)
class Membership(Study):
    """Which customers are in which segment today, and why?

    `rules` is a tree of segments, one to a line; `assign` says whether a customer is in `every` segment that fits or
    only in the `first` of those beside one another. Keep the answer (`wh.keep(…, as_of=day)`): a campaign is planned
    for people who were chosen, not for a rule that chooses others tomorrow.
    """

    reads = "segments"
    columns = ("customer_id", "revenue_window")
    least = 1
    of = "customers"

    rules: str = USUAL
    assign: str = "every"

    def __post_init__(self) -> None:
        read_tree(self.rules)
        if self.assign not in ASSIGN:
            raise ValueError(f"assign is {' or '.join(ASSIGN)}, not {self.assign!r}.")

    @property
    def tree(self) -> Tree:
        """The segments that the rules describe."""
        return read_tree(self.rules)

    def _answer(self, frame: pd.DataFrame) -> Result:
        who = Belonging.of(frame, self.tree, first=self.assign == "first")
        table = _listed(who)
        if table.empty:
            return self.refuse(
                say("Not enough evidence: none of {n:count} customers is in any segment; widen the rules.", n=len(who))
            )
        people = table["customer_id"].nunique()
        claims = counted_once(who, say("customers frozen as members of segments"), float(people))
        return replace(_told(self, table, len(who)), frozen=claims)


@dataclass(frozen=True, kw_only=True, eq=False)
class MembershipResult(Result):
    """One row per customer and segment: `customer_id`, `segment`, `reason` (the clauses that made the customer a
    member, as the rule prints them), `revenue_window`. Ordered by segment and customer."""

    known: int
    frozen: tuple[Claim, ...] = ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """That these are the members, and until when the list may be used."""
        return self.frozen

    def sample(self, segment: str, *, customers: int = 100, seed: int = 1) -> MembershipResult:
        """So many members of a segment by lot: the same ones in whatever order they come, others for another seed."""
        chosen = self._of(segment)
        lots = [_lot(f"{seed}\0{customer}") for customer in chosen["customer_id"].astype(str)]
        drawn = chosen.iloc[np.argsort(lots, kind="stable")[:customers]]
        told = say(
            "{n:count} customers of the {all:count} in «{segment}», drawn by lot (seed {seed}).",
            n=len(drawn), all=len(chosen), segment=segment, seed=seed,
        )  # fmt: skip
        return replace(self, table=drawn.reset_index(drop=True), text=told)

    def top(self, segment: str, *, customers: int = 100, by: str = "revenue_window") -> MembershipResult:
        """So many members of a segment with the most of something; equals in the order of their ids."""
        chosen = self._of(segment)
        if by not in chosen.select_dtypes("number"):
            known = ", ".join(chosen.select_dtypes("number"))
            raise ValueError(f"There is no number {by!r} to rank by; there is {known}.")
        ranked = chosen.sort_values([by, "customer_id"], ascending=[False, True], na_position="last")
        told = say(
            "{n:count} customers of the {all:count} in «{segment}», those with the most {by}.",
            n=min(customers, len(ranked)), all=len(chosen), segment=segment, by=say(by.replace("_", " ")),
        )  # fmt: skip
        return replace(self, table=ranked.head(customers).reset_index(drop=True), text=told)

    def reasons(self) -> ReasonsResult:
        """How many members each reason made, the most first."""
        counts = self.table.groupby(["segment", "reason"], sort=False).size().reset_index(name="customers")
        order = ["customers", "segment", "reason"]
        counts = counts.sort_values(order, ascending=[False, True, True], ignore_index=True)
        first = counts.iloc[0]
        text = say(
            "{n:count} customers came by the commonest of {reasons:count} reasons, into «{segment}»: {reason}.",
            n=first.customers, reasons=len(counts), segment=first.segment, reason=first.reason,
        )  # fmt: skip
        return ReasonsResult(study=self.study, table=counts, text=text)

    def _of(self, segment: str) -> pd.DataFrame:
        chosen = self.table[self.table["segment"] == segment]
        if chosen.empty:
            known = ", ".join(one.name for one in self.study.tree.segments)
            raise ValueError(f"Nobody is in a segment {segment!r}; the segments are {known}.")
        return chosen


@dataclass(frozen=True, kw_only=True, eq=False)
class ReasonsResult(Result):
    """By which clauses customers came into their segments: `segment`, `reason`, `customers`, the most first."""


def _listed(who: Belonging) -> pd.DataFrame:
    import pandas as pd

    parts = []
    for segment in who.tree.segments:
        inside = who.codes[segment.name] == HOLDS
        members = who.people.loc[inside, ["customer_id", "revenue_window"]]
        parts.append(members.assign(segment=segment.name, reason=_reasons(who, segment.name, inside)))
    table = pd.concat(parts, ignore_index=True)[["customer_id", "segment", "reason", "revenue_window"]]
    return table.astype({"segment": "str", "reason": "str"})


def _reasons(who: Belonging, name: str, inside: np.ndarray) -> np.ndarray:
    """Why each member is one; the answers of a few clauses repeat, so each pattern is worded once."""
    rule = who.tree.whole(name)
    asked = [column_of(clause) for clause in who.clauses_of(name)]
    patterns, which = np.unique(who.clauses.loc[inside, asked].to_numpy(), axis=0, return_inverse=True)
    said = [reason(rule, lambda clause, row=row: row[asked.index(column_of(clause))]) for row in patterns]
    return np.array(said, dtype=object)[which.ravel()]


def _told(study: Membership, table: pd.DataFrame, known: int) -> MembershipResult:
    people = table["customer_id"].nunique()
    ways = table.groupby("segment", observed=True)["reason"].nunique()
    return MembershipResult(
        study=study,
        table=table,
        known=known,
        text=say(
            "{people:count} of {known:count} customers are in {segments:count} segments, {rows:count} memberships in "
            "all; each has its reason.",
            people=people, known=known, segments=table["segment"].nunique(), rows=len(table),
        ),
        checks=(
            Check(
                name=say("reasons"),
                verdict="holds",
                text=say(
                    "Every segment has one way in."
                    if ways.max() == 1
                    else "«{segment}» has the most ways in: {ways:count}; each member has the one that was taken.",
                    segment=ways.idxmax(), ways=int(ways.max()),
                ),
            ),
        ),
    )  # fmt: skip


def _lot(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
