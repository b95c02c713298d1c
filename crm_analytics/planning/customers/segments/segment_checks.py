"""Reasons to doubt segments: too small, too many alike, in one another's way, or ordered by a misleading mean."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.planning.customers.cut.reversal import reversals
from crm_analytics.planning.customers.segments.belonging import Belonging
from crm_analytics.result import Check
from crm_analytics.result.chance import holm
from crm_analytics.rules.logic import HOLDS, HOLDS_NOT, column_of
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

AXES = ("region", "kind", "gender", "acquired_channel")
"""Along which groups of unlike people are taken apart, so that like is compared with like."""

ALIKE = 0.25
"""Two segments behave alike when their difference, interval and all, is less than this part of their mean."""


def checks(study: Any, who: Belonging, table: pd.DataFrame) -> tuple[Check, ...]:
    """What speaks for and against the segments of today."""
    values = who.people[study.measure].fillna(0.0).to_numpy(float)
    return (
        _size(study, table),
        _rest(table),
        _overlap(study, who),
        _idle(who),
        _known(who),
        misleading(who, values, unit="money" if study.measure.startswith("revenue") else "number"),
    )


def checks_later(
    study: Any, who: Belonging, table: pd.DataFrame, brought: np.ndarray, found: float
) -> tuple[Check, ...]:
    """What the time since says about the segments of then."""
    return (_stable(table), _told_apart(study, who, brought), misleading(who, brought, unit="money"), _followed(found))


def _size(study: Any, table: pd.DataFrame) -> Check:
    segments = table[table["rule"] != ""]
    small = segments[segments["customers"] < study.least_size]
    if small.empty:
        least = segments.loc[segments["customers"].idxmin()]
        text = say("The smallest segment, «{name}», has {n:count} customers.", name=least.segment, n=least.customers)
    else:
        text = say(
            "«{first}» has {n:count} customers; {small:count} of {all:count} segments have fewer than {least:count}, "
            "too few to tell what they do from chance. Widen their rules or join them.",
            first=small.iloc[0].segment, n=small.iloc[0].customers, small=len(small), all=len(segments),
            least=study.least_size,
        )  # fmt: skip
    return Check(name=say("size"), verdict="holds" if small.empty else "weak", text=text)


def _rest(table: pd.DataFrame) -> Check:
    rest = table.iloc[-1]
    money = rest.share_of_money if rest.share_of_money == rest.share_of_money else rest.share_of_customers
    return Check(
        name=say("remainder"),
        verdict="holds" if money <= 0.1 else "weak" if money <= 0.5 else "fails",
        text=say(
            "{share:percent} of customers are in no segment; they hold {money:percent} of the measure.",
            share=rest.share_of_customers, money=money,
        ),
    )  # fmt: skip


def _overlap(study: Any, who: Belonging) -> Check:
    number = who.number_of(None)
    share = float((number > 1).mean())
    if study.assign == "first":
        text = say("Everybody is in the first segment that fits; the order of the rules decides, so read it as a rule.")
        return Check(name=say("overlap"), verdict="holds", text=text)
    return Check(
        name=say("overlap"),
        verdict="holds" if share <= 0.05 else "weak",
        text=say(
            "{share:percent} of customers are in more than one segment; sums over segments count them more than once."
            if share
            else "Nobody is in two segments beside one another; their sums add up.",
            share=share,
        ),
    )


def _idle(who: Belonging) -> Check:
    """Clauses that cut nobody off, or everybody."""
    idle = []
    for clause in who.tree.clauses:
        codes = who.clauses[column_of(clause)].to_numpy()
        if (codes == HOLDS).all() or (codes == HOLDS_NOT).all():
            idle.append((str(clause), bool((codes == HOLDS).all())))
    if not idle:
        text = say("Each of {n:count} clauses takes some customers in and leaves others out.", n=len(who.tree.clauses))
        return Check(name=say("clauses"), verdict="holds", text=text)
    return Check(
        name=say("clauses"),
        verdict="weak",
        text=say(
            "«{clause}» holds for everybody, so it says nothing; look at its value and its window."
            if idle[0][1]
            else "«{clause}» holds for nobody; look at its value and its window.",
            clause=idle[0][0],
        ),
    )


def _known(who: Belonging) -> Check:
    unknown = {one.name: float((who.codes[one.name] == 0).mean()) for one in who.tree.segments}
    worst = max(unknown, key=unknown.get)
    share = float(who.unknown().mean())
    return Check(
        name=say("known"),
        verdict="holds" if unknown[worst] <= 0.05 else "weak" if unknown[worst] <= 0.5 else "fails",
        text=say(
            "Of {share:percent} of customers nobody knows whether they are in a segment; most, {worst:percent}, of "
            "«{segment}». They are counted in none: «… is unknown» is a rule of its own."
            if unknown[worst]
            else "What the rules ask of customers is on record of every one.",
            share=share, worst=unknown[worst], segment=worst,
        ),
    )  # fmt: skip


def misleading(who: Belonging, values: np.ndarray, *, unit: str) -> Check:
    """Whether the order of two segments turns round where like is held against like."""
    axes = who.people[[name for name in AXES if name in who.people]].dropna(axis=1, how="all")
    groups = {one.name: who.members(one.name) for one in who.tree.children(None)}
    name = say("reversal")
    if axes.empty or len(groups) < 2:
        text = say("There is nothing on record by which like could be held against like.")
        return Check(name=name, verdict="weak", text=text)
    found = reversals(values, groups, axes)
    if not found:
        text = say("No order of two segments turns round inside {axes}.", axes=", ".join(map(say, axes.columns)))
        return Check(name=name, verdict="holds", text=text)
    worst = found[0]
    return Check(
        name=name,
        verdict="fails",
        text=say(
            "«{ahead}» is ahead of «{behind}» by {total:UNIT} a customer, but behind by {within:UNIT} within "
            "the same {axis}: the average compares whom they consist of, not what they do.".replace("UNIT", unit),
            ahead=worst.ahead, behind=worst.behind, total=worst.total, within=worst.within, axis=say(worst.axis),
        ),
    )  # fmt: skip


def _stable(table: pd.DataFrame) -> Check:
    there = table[(table["then"] > 0) | (table["now"] > 0)]
    least = there.loc[there["alike"].idxmin()]
    return Check(
        name=say("stability"),
        verdict="holds" if least.alike >= 0.5 else "weak",
        text=say(
            "The least stable segment is «{segment}»: of those in it then or now, {alike:percent} ({span:percents}) "
            "were in it both times; {stayed:percent} of its members stayed.",
            segment=least.segment, alike=least.alike, stayed=least.stayed_share,
            span=(least.alike_low, least.alike_high),
        ),
    )  # fmt: skip


def _told_apart(study: Any, who: Belonging, brought: np.ndarray) -> Check:
    """Segments beside one another that cannot be told apart by what came after: more of them than customers need."""
    pairs = [
        (one.name, other.name)
        for within in (None, *(segment.name for segment in who.tree.segments))
        for one, other in combinations(who.tree.children(within), 2)
    ]
    told = [
        _compared(brought[who.members(a) & ~who.members(b)], brought[who.members(b) & ~who.members(a)], len(pairs))
        for a, b in pairs
    ]
    corrected = holm(np.array([one[0] for one in told]))
    name = say("told apart")
    alike = [(pair, one) for pair, one, p in zip(pairs, told, corrected, strict=True) if p > 0.05]
    if not pairs:
        return Check(name=name, verdict="weak", text=say("There is but one segment: nothing to tell apart."))
    if not alike:
        text = say("Every two segments beside one another differ in what they brought since by more than chance.")
        return Check(name=name, verdict="holds", text=text)
    (one, other), (_, mean, mean_other, half) = min(alike, key=lambda row: (abs(row[1][1] - row[1][2]), row[0]))
    close = abs(mean - mean_other) + half < ALIKE * abs(mean + mean_other) / 2
    return Check(
        name=name,
        verdict="weak",
        text=say(
            "{n:count} of {pairs:count} pairs cannot be told apart by what they brought since. "
            + (
                "«{one}» and «{other}» behave alike ({mean:money} and {mean_other:money} a customer): one will do."
                if close
                else "«{one}» and «{other}» ({mean:money} and {mean_other:money} a customer, where a difference of "
                "{half:money} may be chance) need more customers or more time."
            ),
            n=len(alike), pairs=len(pairs), one=one, other=other, mean=mean, mean_other=mean_other, half=half,
        ),
    )  # fmt: skip


def _compared(a: np.ndarray, b: np.ndarray, questions: int) -> tuple[float, float, float, float]:
    """How often chance alone makes such a difference, both means, and half the interval of their difference, as wide as
    so many questions at once ask for."""
    from scipy.stats import norm

    if min(len(a), len(b)) < 2:
        return np.nan, np.nan, np.nan, np.nan
    spread = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    p = 2 * norm.sf(abs(a.mean() - b.mean()) / spread) if spread > 0 else float(a.mean() == b.mean())
    return float(p), float(a.mean()), float(b.mean()), float(norm.isf(0.025 / questions) * spread)


def _followed(found: float) -> Check:
    return Check(
        name=say("same customers"),
        verdict="holds" if found > 0.98 else "weak",
        text=say("{found:percent} of the customers of then are found again in the later table.", found=found),
    )
