"""Why to believe or doubt a test against control."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import Arms, Estimate
from crm_analytics.effectiveness.control.by_lot import alike_before
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.lift import Lift, LiftResult

NEARLY_HALF = 0.08
"""Who addressed so nearly half has seldom planned another share."""
LEAST_EXPECTED = 5
"""A group is asked for its share only if so many of it were to be in each arm."""


def checks(result: LiftResult, arms: Arms) -> tuple[Check, ...]:
    """The draw, its luck, its size, and whether few customers carry it."""
    study, people = result.study, result.people
    return (
        _shares(study, people), alike_before(people, study.unit), *_left_alone(people), _power(result, arms),
        _weight(result, arms.effect), _tails(result),
    )


def _shares(study: Lift, people: pd.DataFrame) -> Check:
    """A draw that went wrong shows in the sizes of the arms, before any result does."""
    from scipy.stats import binomtest, chi2, chi2_contingency, chisquare

    name = say("Sizes of the arms")
    units = people.drop_duplicates(study.unit)
    treated = units["arm"] == "treated"
    n, share = len(units), float(treated.mean())
    planned = share if study.expected_share is None else study.expected_share
    traits = [units[name].fillna("unknown") for name in ("region", "kind") if name in units]
    counts = pd.crosstab(traits, treated) if traits and treated.nunique() > 1 else pd.DataFrame()
    counts = counts[counts.sum(axis=1) * min(planned, 1 - planned) >= LEAST_EXPECTED]
    alike = chi2_contingency(counts).pvalue if len(counts) > 1 else 1.0
    if study.expected_share is not None:
        p = chisquare([treated.sum(), n - treated.sum()], n * np.array([planned, 1 - planned])).pvalue
        if len(counts) > 1:  # both questions at once: the share, and whether it is the same in every group
            p = min(1.0, 2 * min(p, alike))
        said = say(
            "{share:percent} were addressed where {expected:percent} were to be.", share=share, expected=planned
        )
    elif alike >= 0.001 and abs(share - 0.5) < NEARLY_HALF and binomtest(int(treated.sum()), n).pvalue < 0.001:
        return Check(
            name=name,
            verdict="weak",
            text=say(
                "{share:percent} were addressed. If half were to be, a fair lot does this less than once in a thousand "
                "times, and the fault has to be found first; give expected_share to have it settled.",
                share=share,
            ),
        )
    elif len(counts) < 2:
        return Check(
            name=name,
            verdict="weak",
            text=say(
                "{share:percent} were addressed; which share was planned is not on record, so a faulty draw could "
                "go unnoticed (give expected_share).",
                share=share,
            ),
        )
    else:
        p = alike
        said = say(
            "{share:percent} were addressed, as a fair lot would have it in each of {groups:count} groups of customers."
            if p >= 0.001
            else "{share:percent} were addressed, but not the same share in every group of customers.",
            share=share,
            groups=len(counts),
        )
    if p < 0.001:
        said += " " + say(
            "A fair lot does this less than once in a thousand times: find the fault before you believe the effect."
        )
        expected = counts.sum(axis=1) * planned
        odd = (counts.get(True, 0) - expected) ** 2 / (expected * (1 - planned)) if len(counts) > 1 else pd.Series()
        if len(odd) and chi2.sf(odd.max(), 1) * len(odd) < 0.001:
            worst = odd.idxmax() if isinstance(odd.idxmax(), tuple) else (odd.idxmax(),)
            said += " " + say("It is oddest in {group}.", group=", ".join(map(str, worst)))
    return Check(name=name, verdict="holds" if p >= 0.001 else "fails", text=said)


def _left_alone(people: pd.DataFrame) -> tuple[Check, ...]:
    """Whether those who were to be left alone were, and the others reached."""
    if "contacted" not in people or people["contacted"].isna().any():
        return ()
    met = people["contacted"].astype(float).groupby(people["arm"]).mean()
    alone, reached = float(met["control"]), float(met["treated"])
    if alone < 0.001 and reached > 0.999:
        return (Check(
            name=say("Left alone"), verdict="holds",
            text=say("Everybody who was to be addressed was, and nobody of the control was."),
        ),)  # fmt: skip
    verdict = "fails" if reached - alone < 0.2 else "weak" if alone > 0.01 or reached < 0.9 else "holds"
    return (Check(
        name=say("Left alone"),
        verdict=verdict,
        text=say(
            "{reached:percent} of those to be addressed were contacted, and {alone:percent} of the control: the number "
            "above is the effect of the intention; `reached()` gives that of the contact.",
            reached=reached,
            alone=alone,
        ),
    ),)  # fmt: skip


def _power(result: LiftResult, arms: Arms) -> Check:
    share = result.smallest / arms.control.value if arms.control.value > 0 else float("nan")
    shown = result.low > 0 or result.high < 0
    return Check(
        name=say("What it could show"),
        verdict="holds" if shown or share < 0.1 else "weak",
        text=say(
            "A test of this size shows a true effect of {smallest} a customer ({share:percent} of control) four times "
            "out of five; smaller ones mostly escape it.",
            smallest=result.measured.amount(result.smallest),
            share=share,
        ),
    )


def _weight(result: LiftResult, effect: Estimate) -> Check:
    shown = result.low > 0 or result.high < 0
    nearer_zero = min(abs(result.low), abs(result.high))
    turns = shown and effect.heaviest > nearer_zero
    verdict = "fails" if shown and effect.heaviest > abs(effect.value) else "weak" if turns else "holds"
    return Check(
        name=say("One customer's weight"),
        verdict=verdict,
        text=say(
            "Leaving out the heaviest customer moves the effect by {move} at most.",
            move=result.measured.amount(effect.heaviest),
        )
        if verdict == "holds"
        else say(
            "The answer hangs on one customer: without the heaviest the effect moves by {move}.",
            move=result.measured.amount(effect.heaviest),
        ),
    )


def _tails(result: LiftResult) -> Check:
    """A sum of very unequal amounts is not yet normal: its interval may then promise too much."""
    people = result.people
    outcome = result.measured.on(people)["above"].groupby(people[result.study.unit]).sum()
    of_arm = people.groupby(result.study.unit)["arm"].first()
    worst = max(abs(float(y.skew())) / len(y) ** 0.5 for _, y in outcome.groupby(of_arm))
    return Check(
        name=say("Unequal customers"),
        verdict="holds" if worst < 0.5 else "weak",
        text=say("The arms are large enough, for how unequally customers buy, to trust the interval.")
        if worst < 0.5
        else say("A few customers bring most of it and an arm is small; take the interval as somewhat too narrow."),
    )
