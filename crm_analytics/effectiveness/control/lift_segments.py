"""Whom did it work on? The effect in each group of customers, with the number of groups asked taken into account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import LEAST_IN_AN_ARM, compared
from crm_analytics.effectiveness.control.lift_checks import amount
from crm_analytics.result import Check, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.lift import LiftResult


@dataclass(frozen=True, kw_only=True, eq=False)
class LiftBySegment(Result):
    """The effect in each group: segment, treated, control, effect, low, high, p (Holm's), beyond_noise."""

    column: str
    overall: float
    differ_p: float
    """How often groups would differ this much by chance if the effect were the same in all (Cochran's Q)."""


def split(result: LiftResult, column: str) -> Result:
    from scipy.stats import chi2

    study, people = result.study, result.people
    groups = people.assign(segment=people[column].fillna("unknown").astype(str)).groupby("segment", sort=True)
    rows, small = [], 0
    for segment, members in groups:
        treated = int((members["arm"] == "treated").sum())
        if min(treated, len(members) - treated) < LEAST_IN_AN_ARM or members[f"outcome_{study.measure}"].nunique() == 1:
            small += len(members)
            continue
        rows.append(
            {
                "segment": segment,
                "treated": treated,
                "control": len(members) - treated,
                "estimate": compared(members, study.measure).effect,
            }
        )
    if not rows:
        return study.refuse(
            say(
                "Not enough evidence: no group of {column} has {least:count} customers in each arm.",
                column=column,
                least=LEAST_IN_AN_ARM,
            )
        )
    table = pd.DataFrame(rows)
    together = 1 - (1 - study.confidence) / len(table)
    table["effect"] = [e.value for e in table["estimate"]]
    table["low"], table["high"] = zip(*(e.interval(together) for e in table["estimate"]), strict=True)
    table["p"] = _holm(np.array([e.p for e in table["estimate"]]))
    table["beyond_noise"] = table["p"] < 1 - study.confidence
    weights = np.array([e.se**-2 for e in table["estimate"]])
    unequal = float((weights * (table["effect"] - np.average(table["effect"], weights=weights)) ** 2).sum())
    differ = float(chi2.sf(unequal, len(table) - 1)) if len(table) > 1 else 1.0
    table = table.sort_values("effect", ascending=False, ignore_index=True)
    table = table[["segment", "treated", "control", "effect", "low", "high", "p", "beyond_noise"]]
    best, found = table.iloc[0], int(table["beyond_noise"].sum())
    return LiftBySegment(
        study=study,
        table=table,
        column=column,
        overall=result.effect,
        differ_p=differ,
        text=say(
            "{found:count} of {n:count} groups by {column} show an effect beyond noise; the largest is {effect} a "
            "customer ({low} – {high}) in {segment}.",
            found=found,
            n=len(table),
            column=column,
            effect=amount(study.measure, best.effect),
            low=amount(study.measure, best.low),
            high=amount(study.measure, best.high),
            segment=best.segment,
        ),
        checks=(
            Check(
                name=say("Do the groups differ?"),
                verdict="holds" if differ < 0.05 else "weak",
                text=say(
                    "The effect differs between groups by more than chance (p = {p:.3f})."
                    if differ < 0.05
                    else "Groups differ no more than chance makes them (p = {p:.3f}): read the overall effect, not the "
                    "ranking.",
                    p=differ,
                ),
            ),
            Check(
                name=say("Many groups asked"),
                verdict="holds",
                text=say(
                    "{n:count} groups were asked, so intervals hold for all of them together (Bonferroni) and Holm's "
                    "procedure decides.",
                    n=len(table),
                ),
            ),
            *(
                [
                    Check(
                        name=say("Too small to ask"),
                        verdict="weak",
                        text=say(
                            "{n:count} customers are in groups with fewer than {least:count} in an arm; left out.",
                            n=small,
                            least=LEAST_IN_AN_ARM,
                        ),
                    )
                ]
                if small
                else []
            ),
        ),
    )


def _holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down: p-values under which the chance of one false alarm among all stays what it says."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted
