"""What segments are there, how many are in each, with what money, who is in several, and who in none?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.planning.customers.segments.belonging import Belonging, counted_once
from crm_analytics.planning.customers.segments.membership import ASSIGN
from crm_analytics.planning.customers.segments.segment_checks import checks, checks_later
from crm_analytics.planning.customers.shares import Z
from crm_analytics.result import Claim, Result, Study, frame_of
from crm_analytics.result.chance import share_interval
from crm_analytics.rules.tree import USUAL, Tree, read_tree
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("revenue_window", "revenue", "orders_window", "orders")
_MONEY = ("revenue_window", "revenue")


@dataclass(frozen=True, kw_only=True)
class Segments(Study):
    """What segments do our rules make: how many customers in each, with what money, who is in several, who in none?

    `rules` is a tree of segments, one to a line: a name, a colon and a rule; what is indented lies within.
    `assign` puts a customer into `every` segment that fits, or into the `first` of those beside one another.
    `measure` is what is summed: revenue_window, revenue, orders_window or orders. A segment of fewer than
    `least_size` customers is too small to be judged by what it brings, and is named.
    """

    reads = "segments"
    columns = ("customer_id", "orders", "orders_window", "revenue", "revenue_window")
    people = ("in_several", "unknown", "then", "now", "stayed", "left", "joined", "in_both")
    least = 50
    of = "customers"

    rules: str = USUAL
    assign: str = "every"
    measure: str = "revenue_window"
    least_size: int = 50

    def __post_init__(self) -> None:
        read_tree(self.rules)
        if self.assign not in ASSIGN:
            raise ValueError(f"assign is {' or '.join(ASSIGN)}, not {self.assign!r}.")
        if self.measure not in MEASURES:
            raise ValueError(f"There is no measure {self.measure!r}; choose among {', '.join(MEASURES)}.")
        if self.least_size < 2:
            raise ValueError("least_size is a number of customers, at least 2; fewer have no mean to speak of.")

    @property
    def tree(self) -> Tree:
        """The segments that the rules describe."""
        return read_tree(self.rules)

    def _answer(self, frame: pd.DataFrame) -> Result:
        who = Belonging.of(frame, self.tree, first=self.assign == "first")
        if not who.number_of(None).any():
            return self.refuse(
                say("Not enough evidence: none of {n:count} customers is in any segment; widen the rules.", n=len(who))
            )
        table = _counted(who, self.measure)
        return SegmentsResult(
            study=self, table=table, text=_sentence(who, self.measure), checks=checks(self, who, table), who=who
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SegmentsResult(Result):
    """A row per segment in the order of the tree, and after those within one (and at the end) a row for the rest.

    Columns: `segment`, `level` (0: topmost), `within`, `rule` (as it was read; empty: the rest), `customers`,
    `share_of_customers`, `in_several` (who are in another segment beside it as well), `money` (the Study's measure),
    `share_of_money`, `each` (per customer) with `low` and `high` (95 %), `unknown` (of whom nobody knows whether they
    belong).
    """

    who: Belonging

    @property
    def claims(self) -> tuple[Claim, ...]:
        """How many are in a segment on that day; by when the clauses look at other days altogether."""
        counted = self.who.number_of(None) > 0
        about = say("customers in one of {n:count} segments", n=len(self.who.tree.children(None)))
        return counted_once(self.who, about, float(counted.sum()))

    @property
    def names(self) -> list[str]:
        """The segments, in their order."""
        return self.table["segment"].tolist()

    def overlaps(self) -> OverlapResult:
        """How many customers each two of the topmost segments share."""
        return _overlaps(self)

    def against(self, later: Any) -> SegmentsLaterResult:
        """What became of the members, by a later table of the same rules: who is still in, and what they brought."""
        return _later(self, Belonging.of(frame_of(later), self.study.tree, first=self.study.assign == "first"))

    def but(self, **knobs: Any) -> Result:
        """The same people with other knobs, as long as the new rules have no clause that was not asked."""
        frame = self.who.people.assign(**{name: self.who.clauses[name] for name in self.who.clauses})
        return replace(self.study, **knobs).fit(frame)


@dataclass(frozen=True, kw_only=True, eq=False)
class OverlapResult(Result):
    """Each two of the topmost segments that share customers: `segment`, `other`, `in_both`, `share_of_segment`,
    `share_of_other`, `money` of those in both; the most customers first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SegmentsLaterResult(Result):
    """What became of each segment's members: `segment`, `level`, `within`, `then` (members at first), `stayed`, `left`,
    `joined`, `now`; `stayed_share` and `alike` (Jaccard: those in both times among those in either), each with `_low`
    and `_high` (95 %); `bought_share` (bought since) and `brought` (revenue since, each), likewise."""

    still: tuple[float, float, float] = (float("nan"),) * 3
    """The share of memberships that still hold, and its interval."""
    between: tuple[date, date] | None = None
    """The two days that are compared, where the tables told them."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """As many of today's memberships as of the earlier ones will hold after as long again."""
        if self.between is None or not np.isfinite(self.still[0]):
            return ()
        then, now = self.between
        value, low, high = self.still
        return (
            Claim(
                subject=say("memberships of {day:date}", day=now), measure="share still holding", value=value, low=low,
                high=high, evidence="modelled", first=now, last=now + (now - then) - timedelta(days=1),
                expires=now + (now - then), scope=(("segments as of", now.isoformat()),),
                decision=say("Choose the members again on {day:date}; do not write to a list older than that.",
                             day=now + (now - then)),
                reversed_by=say("Fewer than {low:percent} of the memberships hold on that day: choose them sooner.",
                                low=low),
            ),
        )  # fmt: skip


def _counted(who: Belonging, measure: str) -> pd.DataFrame:
    import pandas as pd

    money = who.people[measure].fillna(0.0).to_numpy(float)
    rows: list[dict[str, Any]] = []

    def row(inside: np.ndarray, *, several: int = 0, unknown: int = 0, **named: Any) -> None:
        each, half = _mean(money[inside])
        rows.append(named | {
            "customers": int(inside.sum()), "share_of_customers": inside.mean(), "in_several": several,
            "money": money[inside].sum(),
            "share_of_money": money[inside].sum() / money.sum() if money.sum() else np.nan,
            "each": each, "low": each - half, "high": each + half, "unknown": unknown,
        })  # fmt: skip

    def down(within: str | None, level: int, everybody: np.ndarray) -> None:
        beside, number = who.tree.children(within), who.number_of(within)
        for segment in beside:
            inside = who.members(segment.name)
            row(
                inside, segment=segment.name, level=level, within=within or "", rule=str(segment.rule),
                several=int((inside & (number > 1)).sum()), unknown=int((who.codes[segment.name] == 0).sum()),
            )  # fmt: skip
            down(segment.name, level + 1, inside)
        if beside:
            rest = say("the rest of {segment}", segment=within) if within else say("in no segment")
            row(everybody & (number == 0), segment=rest, level=level, within=within or "", rule="")

    down(None, 0, np.ones(len(who), bool))
    return pd.DataFrame(rows)


def _mean(values: np.ndarray) -> tuple[float, float]:
    """The mean, and half of its interval."""
    if len(values) < 2:
        return (float(values.mean()) if len(values) else np.nan), np.nan
    return float(values.mean()), float(Z * values.std(ddof=1) / np.sqrt(len(values)))


def _sentence(who: Belonging, measure: str) -> str:
    money = who.people[measure].fillna(0.0).to_numpy(float)
    number = who.number_of(None)
    inside = int((number > 0).sum())
    low, high = share_interval(inside, len(who))
    told = say(
        "{share:percent} ({span:percents}) of {all:count} customers are in one of {segments:count} segments",
        share=inside / len(who), span=(low, high), all=len(who), segments=len(who.tree.children(None)),
    )  # fmt: skip
    if money.sum() > 0:
        part = money[number > 0].sum() / money.sum()
        told += say(
            " and brought {part:percent} of the money"
            if measure in _MONEY
            else " and made {part:percent} of the orders",
            part=part,
        )
    return told + say(
        "; {rest:count} customers are in none, {several:count} in several.",
        rest=len(who) - inside, several=int((number > 1).sum()),
    )  # fmt: skip


def _overlaps(result: SegmentsResult) -> Result:
    import pandas as pd

    who, names = result.who, [one.name for one in result.who.tree.children(None)]
    money = who.people[result.study.measure].fillna(0.0).to_numpy(float)
    rows = []
    for place, name in enumerate(names):
        for other in names[place + 1 :]:
            one, two = who.members(name), who.members(other)
            both = one & two
            if both.any():
                n = int(both.sum())
                rows.append((name, other, n, n / one.sum(), n / two.sum(), money[both].sum()))
    columns = ["segment", "other", "in_both", "share_of_segment", "share_of_other", "money"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.sort_values(["in_both", "segment", "other"], ascending=[False, True, True], ignore_index=True)
    several = int((who.number_of(None) > 1).sum())
    low, high = share_interval(several, len(who))
    said = say(
        "{several:count} customers ({span:percents}) are in more than one segment",
        several=several, span=(float(low), float(high)),
    )  # fmt: skip
    if rows:
        first = table.iloc[0]
        said += say(
            "; {both:count} customers in both «{one}» and «{other}»",
            both=first.in_both, one=first.segment, other=first.other,
        )  # fmt: skip
    return OverlapResult(study=result.study, table=table, text=said + ".")


def _later(before: SegmentsResult, now: Belonging) -> SegmentsLaterResult:
    import pandas as pd

    who = before.who
    ids = pd.Index(who.people["customer_id"])
    place = pd.Index(now.people["customer_id"]).get_indexer(ids)
    found = place >= 0

    def since(column: str) -> np.ndarray:
        then, later = who.people[column].fillna(0).to_numpy(float), now.people[column].fillna(0).to_numpy(float)
        return np.where(found, later[place] - then, 0.0)

    brought, bought = since("revenue"), since("orders") > 0
    rows = []
    for segment in who.tree.segments:
        then, members = who.members(segment.name), now.members(segment.name)
        stayed = int((then & found & members[place]).sum())
        either = int(then.sum() + members.sum()) - stayed
        each, half = _mean(brought[then])
        row = {
            "segment": segment.name, "level": segment.level, "within": segment.within or "",
            "then": int(then.sum()), "stayed": stayed, "left": int(then.sum()) - stayed,
            "joined": int(members.sum()) - stayed, "now": int(members.sum()),
        }  # fmt: skip
        for name, count, of in (
            ("stayed_share", stayed, then.sum()),
            ("alike", stayed, either),
            ("bought_share", bought[then].sum(), then.sum()),
        ):  # fmt: skip
            low, high = share_interval(count, of)
            row |= {name: count / of if of else np.nan, f"{name}_low": float(low), f"{name}_high": float(high)}
        rows.append(row | {"brought": each, "brought_low": each - half, "brought_high": each + half})
    table = pd.DataFrame(rows)
    still = _still(who, place, now)
    days = [one.people["until"].iloc[0] for one in (who, now) if "until" in one.people and len(one)]
    return SegmentsLaterResult(
        study=before.study,
        table=table,
        still=still,
        between=tuple(pd.Timestamp(day).date() for day in days) if len(days) == 2 else None,
        text=_told_later(table, still),
        checks=checks_later(before.study, who, table, brought, float(found.mean())),
    )


def _still(who: Belonging, place: np.ndarray, now: Belonging) -> tuple[float, float, float]:
    """The share of the topmost memberships that still hold."""
    tops = [one.name for one in who.tree.children(None)]
    then = np.array([who.members(name) for name in tops])
    still = np.array([np.where(place >= 0, now.members(name)[place], False) for name in tops]) & then
    low, high = share_interval(still.sum(), then.sum())
    return float(still.sum() / then.sum()), float(low), float(high)


def _told_later(table: pd.DataFrame, still: tuple[float, float, float]) -> str:
    topmost = table[(table["level"] == 0) & (table["then"] > 0)]
    best, least = topmost.loc[topmost["brought"].idxmax()], topmost.loc[topmost["brought"].idxmin()]
    return say(
        "{share:percent} ({span:percents}) of the memberships still hold; since then a customer of «{best}» brought "
        "{most:money} ({low:money} – {high:money}), one of «{least}» {few:money}.",
        share=still[0], span=still[1:], best=best.segment, most=best.brought,
        low=best.brought_low, high=best.brought_high, least=least.segment, few=least.brought,
    )  # fmt: skip
