"""Why to believe or doubt the classes of an assortment: chance, season, expiry, and what they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.products.classes import PERIODS_FOR_STEADINESS
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.planning.products.assortment import ABCResult

Estimate = tuple[float, float, float]
"""An estimate, its low and its high end."""


def reasons(answer: ABCResult, *, kept: Estimate, lives_months: Estimate, lag_months: int) -> tuple[Check, ...]:
    """Every reason, chance first. `kept` is the share of A products that are still A `lag_months` later."""
    return (
        _on_chance(answer),
        *_on_the_season(answer),
        _on_new_and_gone(answer),
        _on_expiry(kept, lives_months, lag_months),
        *_on_the_ranking(answer),
    )


def _on_chance(answer: ABCResult) -> Check:
    fell, (low, high) = len(answer.fallen), answer.chance
    template = (
        "Falls out of A: {fell:count}, more than the {low:count}–{high:count} that unchanged demand produces. Some of "
        "the drift is real." if fell > high else
        "Falls out of A: {fell:count}, where unchanged demand produces {low:count}–{high:count}. That proves no drift: "
        "judge no product by its fall alone."
    )
    text = say(template, fell=fell, low=low, high=high)
    return Check(name=say("more than chance"), verdict="holds" if fell > high else "weak", text=text)


def _on_the_season(answer: ABCResult) -> list[Check]:
    if answer.span[0].month == answer.span_before[0].month:
        return []
    text = say("The two periods lie in different seasons, so what looks like drift may be season.")
    return [Check(name=say("season"), verdict="weak", text=text)]


def _on_new_and_gone(answer: ABCResult) -> Check:
    new, gone = (answer.table[answer.table.drift == drift] for drift in ("new", "gone"))
    text = say(
        "Named apart are products that came or went: new {new:count}, no longer sold {gone:count}, of these from A "
        "{lost:count}.",
        new=len(new), gone=len(gone), lost=(gone.class_before == "A").sum(),
    )
    return Check(name=say("new and gone"), verdict="holds", text=text)


def _on_expiry(kept: Estimate, lives_months: Estimate, lag_months: int) -> Check:
    share, low, high = kept
    template = (
        "After {months:count} months {share:percent} of A products are still A ({range:percents}); half of them will "
        "have changed after about {life:count} months ({soon:count}–{late:count})."
        if np.isfinite(lives_months).all() else
        "After {months:count} months {share:percent} of A products are still A ({range:percents})."
    )
    life, soon, late = lives_months
    text = say(template, months=lag_months, share=share, range=(low, high), life=life, soon=soon, late=late)
    return Check(name=say("expiry"), verdict="holds", text=text)


def _on_the_ranking(answer: ABCResult) -> list[Check]:
    checks = []
    if answer.measure == "margin":
        text = say("Unit costs are known for {share:percent} of revenue; what has none is not ranked.",
                   share=answer.margin_known)
        verdict = "holds" if answer.margin_known >= 0.95 else "weak"
        checks.append(Check(name=say("cost known"), verdict=verdict, text=text))
    elif answer.study.measure is None:
        text = say("Unit costs are known for {share:percent} of revenue: the ranking is by revenue, not by profit.",
                   share=answer.margin_known)
        checks.append(Check(name=say("cost known"), verdict="weak", text=text))
    if answer.periods < PERIODS_FOR_STEADINESS:
        text = say("Whether demand is steady takes {need:count} periods to tell, and there are {have:count}.",
                   need=PERIODS_FOR_STEADINESS, have=answer.periods)
        checks.append(Check(name=say("steadiness"), verdict="weak", text=text))
    return checks
