"""Why to believe or doubt a comparison of sales: what was compared, what is missing, and whether the parts agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.planning.ordinary import CHANGES_NEEDED
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.planning.customers.sales import SalesResult


def reasons(answer: SalesResult, *, earlier_changes: int) -> tuple[Check, ...]:
    """Every reason, the comparison's first."""
    return (
        *_on_the_comparison(answer, earlier_changes),
        *_on_the_cut(answer),
        *_on_the_parts(answer),
        *_on_what_counts(answer),
    )


def _on_the_comparison(answer: SalesResult, earlier_changes: int) -> list[Check]:
    checks = [Check(name=say("whole months"), verdict="holds", text=say(
        "{now:months} is compared with {before:months}; a month not yet over is left out.",
        now=answer.span, before=answer.span_before,
    ))]
    if answer.study.compare == "before":
        checks.append(Check(name=say("season"), verdict="weak", text=say(
            "The two periods lie in different seasons, so the change contains the season; sales are known from "
            "{first:month}.", first=answer.history.month.iloc[0],
        )))
    known = earlier_changes >= CHANGES_NEEDED
    template = (
        "The range of an ordinary change comes from {have:count} earlier changes of the same length." if known
        else "An ordinary range takes {need:count} earlier changes of the same length; the history holds {have:count}."
    )
    text = say(template, have=earlier_changes, need=CHANGES_NEEDED)
    return [*checks, Check(name=say("ordinary variation"), verdict="holds" if known else "weak", text=text)]


def _on_the_cut(answer: SalesResult) -> list[Check]:
    checks = []
    for dimension in (d for d in answer.study.by if d != "month"):
        unknown = answer.table[dimension] == "unknown"
        share = float(answer.table.share_now[unknown].sum())
        template = (
            "The company's data give no {dimension}, so there is no such cut." if unknown.all()
            else "The {dimension} is unknown for {share:percent} of the whole."
        )
        if share > 0.05:
            text = say(template, dimension=dimension, share=share)
            checks.append(Check(name=say("recorded"), verdict="weak", text=text))
    if answer.study.measure == "orders" and "category" in answer.study.by:
        text = say("An order of several categories counts once, in the category of its first line.")
        checks.append(Check(name=say("one order, one part"), verdict="weak", text=text))
    return checks


def _on_the_parts(answer: SalesResult) -> list[Check]:
    """A whole that moves against most of its parts misleads whoever looks at the whole alone."""
    if not answer.parted or not answer.total.change:
        return []
    direction = np.sign(answer.table.change) * np.sign(answer.total.change)
    along, against = int((direction > 0).sum()), int((direction < 0).sum())
    template = (
        "The whole moved one way, {against:count} of {parts:count} parts the other: judge the parts, not the whole."
        if against > along else "{along:count} of {parts:count} parts moved the way the whole did."
    )
    text = say(template, along=along, against=against, parts=len(direction))
    return [Check(name=say("reversal"), verdict="weak" if against > along else "holds", text=text)]


def _on_what_counts(answer: SalesResult) -> list[Check]:
    """What the kinds left out were worth, and how far a margin rests on known costs."""
    facts, checks = answer.facts[answer.study.concerns(answer.facts)], []
    counted = facts.kind.isin(answer.study.kinds)
    now, before = (_in(facts.month, span) for span in (answer.span, answer.span_before))
    for kind, revenue in facts[now & ~counted].groupby("kind").revenue.sum().items():
        text = say("{kind} is left out; its revenue was {revenue:money}.", kind=kind.replace("_", " "), revenue=revenue)
        checks.append(Check(name=say("left out"), verdict="holds", text=text))
    if answer.study.measure == "margin":
        known_now, known_before = (
            part.cost_known_revenue.sum() / (part.revenue.sum() or np.nan)
            for part in (facts[now & counted], facts[before & counted])
        )
        alike = abs(known_now - known_before) <= 0.02
        text = say("The unit cost is known for {now:percent} of revenue, and was for {before:percent}.",
                   now=known_now, before=known_before)
        verdict = "fails" if not alike else "holds" if known_now >= 0.95 else "weak"
        checks.append(Check(name=say("cost known"), verdict=verdict, text=text))
    return checks


def _in(months: pd.Series, span: tuple) -> pd.Series:
    return pd.to_datetime(months).between(*map(pd.Timestamp, span))
