"""The effect of the contact itself, where some were not reached who were to be, or some of the control were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import LEAST_IN_AN_ARM, Estimate, compared
from crm_analytics.effectiveness.control.by_lot import told
from crm_analytics.effectiveness.control.measures import Measure
from crm_analytics.result import Check, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.lift import LiftResult


@dataclass(frozen=True, kw_only=True, eq=False)
class LiftReached(Result):
    """Four readings of one test: reading, effect, low, high, honest. By intention; on those whom the lot made the
    campaign reach (the complier average causal effect); and the two that compare people who were not drawn by lot."""

    measured: Measure
    effect: float
    low: float
    high: float
    reached_treated: float
    reached_control: float


def reached(result: LiftResult) -> Result:
    """Imbens and Angrist (1994): the lot moves the contact and nothing else, so its effect on what customers bring
    divided by its effect on being contacted is that on those whom it moved. The interval is Fieller's, which is wide,
    or without an end, where the lot moved few."""
    study, people, measure = result.study, result.people, result.measured
    if "contacted" not in people or people["contacted"].isna().any():
        return study.refuse(
            say("Not enough evidence: the company does not record whom this campaign contacted; load its contacts.")
        )
    if measure.is_ratio or people[study.unit].duplicated().any():
        raise ValueError("The effect on those reached is that of an amount a customer; ask of revenue, by customer.")
    people = people.assign(outcome_contacted=people["contacted"].astype(float))
    contacted = Measure(name="contacted", above="outcome_contacted", kind="share")
    met = people.groupby("arm")["outcome_contacted"].mean()
    moved = met["treated"] - met["control"]
    first = compared(people.drop(columns=[c for c in people if c.startswith("before_")]), contacted).effect
    if moved <= 0 or (first.p > 0.001 and moved < 1):
        return study.refuse(
            say(
                "Not enough evidence: {treated:percent} of those to be addressed were contacted and {control:percent} "
                "of the control, so the lot moved hardly anybody.",
                treated=met["treated"], control=met["control"],
            )
        )  # fmt: skip
    effect = result.effect / moved
    low, high = _fieller(people, measure, moved, study.confidence)
    rows = [
        (say("as drawn by lot"), result.effect, result.low, result.high, True),
        (say("on those reached because drawn"), effect, low, high, True),
        (say("contacted against not contacted"), *_plainly(people, measure, people["contacted"].astype(bool),
                                                           study.confidence), False),
    ]  # fmt: skip
    as_told = people["contacted"].astype(bool) == (people["arm"] == "treated")
    rows.append(
        (say("only those dealt with as drawn"), *_plainly(people[as_told], measure, people["arm"][as_told] == "treated",
                                                          study.confidence), False)
    )  # fmt: skip
    return LiftReached(
        study=study, measured=measure, effect=effect, low=low, high=high,
        table=pd.DataFrame(rows, columns=["reading", "effect", "low", "high", "honest"]),
        reached_treated=float(met["treated"]), reached_control=float(met["control"]),
        text=told(say(
            "{effect} {noun} ({low} – {high}) on a customer whom the campaign reached because the lot said so: "
            "{treated:percent} of those to be addressed were contacted, and {control:percent} of the control.",
            effect=measure.amount(effect), low=measure.amount(low), high=measure.amount(high), noun=measure.noun,
            treated=met["treated"], control=met["control"],
        ), *result.checks[:2]),
        checks=_checks(met),
    )  # fmt: skip


def _fieller(people: pd.DataFrame, measure: Measure, moved: float, confidence: float) -> tuple[float, float]:
    """All effects of a contact that the lot does not contradict: where «outcome less so much a contact» does not
    differ between the arms."""
    from scipy.stats import norm

    parts = []
    of_people = measure.on(people)["above"].to_numpy()
    for share in (0.0, 1.0):  # the variance of y − b·c is a parabola in b, known from three points
        shifted = people.assign(outcome_shifted=of_people - share * people["outcome_contacted"])
        parts.append(compared(shifted, Measure(name=measure.name, above="outcome_shifted")).effect)
    none, one = parts
    only = compared(people, Measure(name=measure.name, above="outcome_contacted")).effect
    v_y, v_c = none.se**2, only.se**2
    v_yc = (v_y + v_c - one.se**2) / 2
    z2 = float(norm.ppf((1 + confidence) / 2)) ** 2
    a, b, c = only.value**2 - z2 * v_c, -2 * (none.value * only.value - z2 * v_yc), none.value**2 - z2 * v_y
    root = b * b - 4 * a * c
    if a <= 0 or root < 0:
        return -np.inf, np.inf
    return float((-b - root**0.5) / (2 * a)), float((-b + root**0.5) / (2 * a))


def _plainly(people: pd.DataFrame, measure: Measure, chosen: pd.Series, confidence: float) -> tuple[float, ...]:
    """What a plain comparison of two self-chosen groups would say."""
    arms = pd.Series(np.where(chosen, "treated", "control"), index=people.index)
    if arms.value_counts().reindex(["treated", "control"]).fillna(0).min() < LEAST_IN_AN_ARM:
        return (np.nan, np.nan, np.nan)
    found: Estimate = compared(people.assign(arm=arms), measure).effect
    return (found.value, *found.interval(confidence))


def _checks(met: pd.Series) -> tuple[Check, ...]:
    slight = met["treated"] - met["control"] < 0.2
    return (
        Check(
            name=say("The lot moved the contact"),
            verdict="weak" if slight else "holds",
            text=say(
                "{share:percent} of the customers were contacted because the lot said so; the answer is about them.",
                share=met["treated"] - met["control"],
            ),
        ),
        Check(
            name=say("Nothing but the contact"),
            verdict="weak",
            text=say(
                "This holds if being drawn changes nothing for those who are not contacted, and nobody was contacted "
                "just because they were not to be. The data cannot show that."
            ),
        ),
    )
