"""Why to believe or doubt a comparison of sales: what was compared, what is missing, and whether the parts agree."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.cut.sales_cut import GRAIN, STEPS
from crm_analytics.planning.ordinary import CHANGES_NEEDED
from crm_analytics.result import Check
from crm_analytics.result.period import Period
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.planning.customers.cut.sales import SalesResult


_RESTS_ON = {
    "margin": ("costed", "cost known", "The unit cost is known for {now:percent} of revenue, and was for "
               "{before:percent}."),
    "discount": ("listed_revenue", "list price known", "The list price is known for {now:percent} of revenue, and was "
                 "for {before:percent}."),
    "customers": ("named", "customer known", "The customer is known for {now:percent} of revenue, and was for "
                  "{before:percent}; others are not counted."),
}  # fmt: skip
"""What must be known of a line for it to count: the sum of revenue of which it is, and how that is said."""


def reasons(answer: SalesResult, *, earlier_changes: int) -> tuple[Check, ...]:
    """Every reason, the comparison's first."""
    return (
        *_on_the_periods(answer),
        *_on_the_comparison(answer, earlier_changes),
        *_on_the_cut(answer),
        *_on_the_parts(answer),
        *_on_what_counts(answer),
    )


def _on_the_periods(answer: SalesResult) -> list[Check]:
    now, before, until = answer.now, answer.before, answer.lines.until
    values = {"now": now.name, "before": before.name, "last": until - timedelta(days=1)}
    asked = Period.of(answer.study.now) if answer.study.now else now
    if asked.last >= until:
        text = say("{asked} is not over: what is known of it, until {last:date}, is compared with {before}.",
                   asked=asked.name, **values)  # fmt: skip
        return [Check(name=say("so far"), verdict="weak", text=text)]
    unlike = abs(now.days - before.days) > 3 if now.months else now.days != before.days
    template = (
        "{now} ({days:count} days) is compared with {before} ({days_before:count} days): sums are not alike." if unlike
        else "{now} is compared with {before}; a month not yet over is left out." if now.months
        else "{now} is compared with {before}, as many days."
    )  # fmt: skip
    text = say(template, days=now.days, days_before=before.days, **values)
    return [Check(name=say("whole periods"), verdict="weak" if unlike else "holds", text=text)]


def _on_the_comparison(answer: SalesResult, earlier_changes: int) -> list[Check]:
    checks = []
    if answer.study.compare != "year_before" and (answer.now.first - answer.before.first).days % 364 > 7:
        text = say(
            "The two periods lie in different seasons, so the change contains the season; sales are known from "
            "{first:month}.", first=answer.lines.begins,
        )  # fmt: skip
        checks.append(Check(name=say("season"), verdict="weak", text=text))
    known = earlier_changes >= CHANGES_NEEDED
    template = (
        "The range of an ordinary change comes from {have:count} earlier changes of the same length." if known
        else "An ordinary range takes {need:count} earlier changes of the same length; the history holds {have:count}."
    )  # fmt: skip
    text = say(template, have=earlier_changes, need=CHANGES_NEEDED)
    return [*checks, Check(name=say("ordinary variation"), verdict="holds" if known else "weak", text=text)]


def _on_the_cut(answer: SalesResult) -> list[Check]:
    checks = []
    for dimension in (d for d in answer.study.by if d not in STEPS):
        unknown = answer.table[dimension] == "unknown"
        share = float(answer.table.share_now[unknown].sum())
        template = (
            "The company's data give no {dimension}, so there is no such cut." if unknown.all()
            else "The {dimension} is unknown for {share:percent} of the whole."
        )  # fmt: skip
        if share > 0.05:
            text = say(template, dimension=say(dimension.replace("_", " ")), share=share)
            checks.append(Check(name=say("recorded"), verdict="weak", text=text))
    before, now = answer.total.overlap
    if max(abs(before), abs(now)) > 0.5 / GRAIN:
        text = say(
            "Who or what belongs to several parts is counted in each, and once in the whole: the parts together "
            "exceed it by {now:count}, and did by {before:count}.", now=now, before=before,
        )  # fmt: skip
        checks.append(Check(name=say("parts overlap"), verdict="holds", text=text))
    return checks


def _on_the_parts(answer: SalesResult) -> list[Check]:
    """A whole that moves against most of its parts misleads whoever looks at the whole alone."""
    if not answer.parted or not answer.total.change:
        return []
    if found := answer.reversal:
        text = say(
            "{against:count} of {parts:count} parts, with {weight:percent} of the weight, moved against the whole: "
            "judge the parts, not the whole.", against=len(found.against), parts=len(answer.table), weight=found.weight,
        )  # fmt: skip
        return [Check(name=say("reversal"), verdict="weak", text=text)]
    direction = np.sign(answer.table.change.fillna(0)) * np.sign(answer.total.change)
    text = say(
        "{along:count} of {parts:count} parts moved the way the whole did; those against it hold less than half.",
        along=int((direction > 0).sum()), parts=len(direction),
    )  # fmt: skip
    return [Check(name=say("reversal"), verdict="holds", text=text)]


def _on_what_counts(answer: SalesResult) -> list[Check]:
    """What was left out, and how far the measure rests on what is known."""
    checks, measure, study = [], answer.measure, answer.study
    lines = answer.lines.only(study.only)
    kinds = lines.in_steps(("kind",), answer.now, ("revenue",))
    for kind, revenue in kinds[~kinds.kind.isin(study.kinds)][["kind", "revenue"]].itertuples(index=False):
        text = say("{kind} is left out; its revenue was {revenue:money}.", kind=kind.replace("_", " "),
                   revenue=revenue / GRAIN)  # fmt: skip
        checks.append(Check(name=say("left out"), verdict="holds", text=text))
    checks += [
        _known(answer, what, template, name=say(name))
        for counted, (what, name, template) in _RESTS_ON.items()
        if counted in measure.sums
    ]
    return checks


def _known(answer: SalesResult, what: str, template: str, *, name: str) -> Check:
    """On how much of revenue a measure rests, now and before: a share that drifts passes for a change."""
    shares = []
    for period in (answer.before, answer.now):
        sums = answer.sold.in_steps((), period, (what, "revenue")).iloc[0]
        shares.append(sums[what] / (sums.revenue or np.nan))
    before, now = shares
    verdict = "fails" if abs(now - before) > 0.02 else "holds" if now >= 0.95 else "weak"
    return Check(name=name, verdict=verdict, text=say(template, now=now, before=before))
