"""Why to believe or doubt a test against control."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import Arms, Estimate
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.lift import Lift, LiftResult


def checks(result: LiftResult, arms: Arms) -> tuple[Check, ...]:
    """The draw, its luck, its size, and whether few customers carry it."""
    study, people = result.study, result.people
    return (
        _shares(study, people), _balance(people), _power(result, arms), _weight(result, arms.effect),
        _tails(study, people),
    )


def amount(measure: str, value: float) -> str:
    """An amount of what is measured, for people: money, or a number of orders."""
    return say("{value:number}", value=value) if measure == "orders" else say("{value:money}", value=value)


def _shares(study: Lift, people: pd.DataFrame) -> Check:
    """A draw that went wrong shows in the sizes of the arms, before any result does."""
    from scipy.stats import chi2_contingency, chisquare

    name = say("Sizes of the arms")
    treated = people["arm"] == "treated"
    n, share = len(people), float(treated.mean())
    if study.expected_share is not None:
        expected = n * np.array([study.expected_share, 1 - study.expected_share])
        p = chisquare([treated.sum(), n - treated.sum()], expected).pvalue
        said = say(
            "{share:percent} were addressed where {expected:percent} were to be.",
            share=share,
            expected=study.expected_share,
        )
    else:
        traits = [people[name].fillna("unknown") for name in ("region", "kind") if name in people]
        counts = pd.crosstab(traits, treated) if traits else pd.DataFrame()
        counts = counts[counts.sum(axis=1) >= 20]
        if len(counts) < 2:
            return Check(
                name=name,
                verdict="weak",
                text=say(
                    "{share:percent} were addressed; which share was planned is not on record, so a faulty draw could "
                    "go unnoticed (give expected_share).",
                    share=share,
                ),
            )
        p = chi2_contingency(counts).pvalue
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
    return Check(name=name, verdict="holds" if p >= 0.001 else "fails", text=said)


def _balance(people: pd.DataFrame) -> Check:
    from scipy.stats import ttest_ind

    name = say("Alike before")
    treated = people["arm"] == "treated"
    before = people.filter(regex="^before_").astype(float).fillna(0)
    before = before.loc[:, before.std() > 0]
    if before.empty:
        return Check(
            name=name,
            verdict="weak",
            text=say("What customers did before is not known, so the plain difference is used, and it is less sharp."),
        )
    p = {c: ttest_ind(before.loc[treated, c], before.loc[~treated, c], equal_var=False).pvalue for c in before}
    worst = min(p, key=p.get)
    gap = float((before.loc[treated, worst].mean() - before.loc[~treated, worst].mean()) / before[worst].std())
    verdict = "holds" if p[worst] > 0.01 else "weak" if p[worst] > 0.001 else "fails"
    return Check(
        name=name,
        verdict=verdict,
        text=say(
            "Before the campaign the arms differed by {gap:number} standard deviations at most ({column}); this is "
            "taken out.",
            gap=abs(gap),
            column=worst.removeprefix("before_"),
        ),
    )


def _power(result: LiftResult, arms: Arms) -> Check:
    share = result.smallest / arms.control.value if arms.control.value > 0 else float("nan")
    shown = result.low > 0 or result.high < 0
    return Check(
        name=say("What it could show"),
        verdict="holds" if shown or share < 0.1 else "weak",
        text=say(
            "A test of this size shows a true effect of {smallest} a customer ({share:percent} of control) four times "
            "out of five; smaller ones mostly escape it.",
            smallest=amount(result.study.measure, result.smallest),
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
            move=amount(result.study.measure, effect.heaviest),
        )
        if verdict == "holds"
        else say(
            "The answer hangs on one customer: without the heaviest the effect moves by {move}.",
            move=amount(result.study.measure, effect.heaviest),
        ),
    )


def _tails(study: Lift, people: pd.DataFrame) -> Check:
    """A sum of very unequal amounts is not yet normal: its interval may then promise too much."""
    outcome = people.groupby("arm")[f"outcome_{study.measure}"]
    worst = max(abs(float(y.skew())) / len(y) ** 0.5 for _, y in outcome)
    return Check(
        name=say("Unequal customers"),
        verdict="holds" if worst < 0.5 else "weak",
        text=say("The arms are large enough, for how unequally customers buy, to trust the interval.")
        if worst < 0.5
        else say("A few customers bring most of it and an arm is small; take the interval as somewhat too narrow."),
    )
