"""Did many gain a little, or few a lot? What a campaign changed at quantiles of its customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.by_lot import told
from crm_analytics.effectiveness.control.measures import Measure
from crm_analytics.result import Check, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.lift import LiftResult

SHARES = (0.5, 0.75, 0.9, 0.95, 0.99)
LEAST_BEYOND = 10
"""A quantile is asked for only where so many customers of each arm lie beyond it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LiftByQuantile(Result):
    """A quantile a row: share, treated, control (each arm's quantile), effect, low, high, in_the_mass (both arms'
    quantiles are the same most frequent value, so that there is no difference to put an interval around)."""

    measured: Measure


def quantiles(result: LiftResult, shares: tuple[float, ...]) -> Result:
    """The difference between the arms' quantiles.

    Each arm's interval is read off the ordered customers themselves (the binomial law of how many lie below), so it
    needs no density and knows of ties; the two are put together by the method of variance estimates recovery
    (Zou and Donner 2008). Amounts of a kind that most customers lack have quantiles in the mass of zeros: those are
    said to be, not estimated.
    """
    shares = shares or SHARES
    if not all(0 < share < 1 for share in shares):
        raise ValueError(f"Quantiles are shares between 0 and 1, such as 0.9, not {', '.join(map(str, shares))}.")
    study, measure = result.study, result.measured
    if measure.kind == "share" or measure.is_ratio or result.people[study.unit].duplicated().any():
        raise ValueError(
            f"Quantiles are those of an amount that each customer has, not of {study.measure!r}; ask of revenue."
        )
    outcome, treated = measure.on(result.people)["above"].to_numpy(), (result.people["arm"] == "treated").to_numpy()
    one, none = np.sort(outcome[treated]), np.sort(outcome[~treated])
    least = min(len(one), len(none))
    asked = [share for share in sorted(set(shares)) if least * min(share, 1 - share) >= LEAST_BEYOND]
    if not asked:
        return study.refuse(
            say(
                "Not enough evidence: the smaller arm has {have:count} customers; the quantile {share:percent} takes "
                "{need:count}.",
                have=least, share=max(shares), need=int(np.ceil(LEAST_BEYOND / (1 - max(shares)))),
            )
        )  # fmt: skip
    table = pd.DataFrame([_row(one, none, share, study.confidence) for share in asked])
    return LiftByQuantile(
        study=study, table=table, measured=measure, text=told(_sentence(table, measure), *result.checks[:2]),
        checks=_checks(table, outcome),
    )


def _row(one: np.ndarray, none: np.ndarray, share: float, confidence: float) -> dict[str, object]:
    (a, a_low, a_high), (b, b_low, b_high) = (_of_arm(arm, share, confidence) for arm in (one, none))
    same = a == a_low == a_high == b == b_low == b_high
    effect = a - b
    return {
        "share": share, "treated": a, "control": b, "effect": effect,
        "low": np.nan if same else effect - np.hypot(a - a_low, b_high - b),
        "high": np.nan if same else effect + np.hypot(a_high - a, b - b_low), "in_the_mass": bool(same),
    }  # fmt: skip


def _of_arm(ordered: np.ndarray, share: float, confidence: float) -> tuple[float, float, float]:
    """The quantile of an arm, and the order statistics that hold it with that confidence."""
    from scipy.stats import binom

    n = len(ordered)
    below, above = binom.ppf([(1 - confidence) / 2, (1 + confidence) / 2], n, share).astype(int)
    middle = min(int(np.ceil(n * share)) - 1, n - 1)
    return float(ordered[middle]), float(ordered[max(below - 1, 0)]), float(ordered[min(above, n - 1)])


def _sentence(table: pd.DataFrame, measure: Measure) -> str:
    told = table[~table["in_the_mass"]]
    if told.empty:
        return say(
            "0 – 0 at every quantile asked for: up to {share:percent} of the customers are alike in both arms; look at "
            "the mean, or at the share who bought.", share=table["share"].max(),
        )  # fmt: skip
    shown = told[(told["low"] > 0) | (told["high"] < 0)]
    row = (shown if len(shown) else told).iloc[-1]
    return say(
        "{effect} {noun} ({low} – {high}) at the {share:percent} quantile: {a} of the addressed, {b} of those left "
        "alone."
        if len(shown)
        else "Within noise at every quantile: {effect} {noun} ({low} – {high}) at the {share:percent} quantile.",
        effect=measure.amount(row.effect), low=measure.amount(row.low), high=measure.amount(row.high),
        noun=measure.noun, share=row.share, a=measure.amount(row.treated), b=measure.amount(row.control),
    )  # fmt: skip


def _checks(table: pd.DataFrame, outcome: np.ndarray) -> tuple[Check, ...]:
    values, counts = np.unique(outcome, return_counts=True)
    mass, value = counts.max() / len(outcome), values[counts.argmax()]
    inside = int(table["in_the_mass"].sum())
    return (
        Check(
            name=say("The mass"),
            verdict="weak" if inside else "holds",
            text=say(
                "{share:percent} of the customers have exactly {value:number}; {n:count} of the quantiles asked for "
                "lie among them in both arms, where nothing can be seen to change.",
                share=mass, value=value, n=inside,
            ),
        ),
        Check(
            name=say("Quantiles are not people"),
            verdict="holds",
            text=say(
                "A quantile compares two rankings, not the same customer with and without the campaign: who stands "
                "there may be another."
            ),
        ),
    )  # fmt: skip
