"""Whom did it work on? The effect in each group of customers, with the number of groups asked taken into account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import LEAST_IN_AN_ARM, compared
from crm_analytics.effectiveness.control.by_lot import told
from crm_analytics.effectiveness.control.measures import Measure
from crm_analytics.result import Check, Result
from crm_analytics.result.chance import holm
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.lift import LiftResult


@dataclass(frozen=True, kw_only=True, eq=False)
class LiftBySegment(Result):
    """The effect in each group: segment, treated, control, effect, low, high, shrunk (towards all customers' effect, as
    far as the groups' spread is chance's), p (Holm's), beyond_noise."""

    measured: Measure
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
        alike = result.measured.on(members)["above"].nunique() == 1
        if alike or min(treated, len(members) - treated) < LEAST_IN_AN_ARM:
            small += len(members)
            continue
        rows.append(
            {
                "segment": segment,
                "treated": treated,
                "control": len(members) - treated,
                "estimate": compared(members, result.measured, study.unit).effect,
            }
        )
    if people[column].fillna("unknown").nunique() == 1:
        return study.refuse(
            say(
                "Not enough evidence: all {n:count} customers have one and the same {column} on record; two groups are "
                "needed to compare.", n=len(people), column=column,
            )
        )  # fmt: skip
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
    table["p"] = holm(np.array([e.p for e in table["estimate"]]))
    table["beyond_noise"] = table["p"] < 1 - study.confidence
    errors = np.array([e.se for e in table["estimate"]])
    weights = errors**-2.0
    unequal = float((weights * (table["effect"] - np.average(table["effect"], weights=weights)) ** 2).sum())
    differ = float(chi2.sf(unequal, len(table) - 1)) if len(table) > 1 else 1.0
    table["shrunk"] = shrunk(table["effect"].to_numpy(), errors)
    table = table.sort_values("effect", ascending=False, ignore_index=True)
    table = table[["segment", "treated", "control", "effect", "low", "high", "shrunk", "p", "beyond_noise"]]
    best, found = table.iloc[0], int(table["beyond_noise"].sum())
    return LiftBySegment(
        study=study,
        table=table,
        measured=result.measured,
        column=column,
        overall=result.effect,
        differ_p=differ,
        text=told(say(
            "{found:count} of {n:count} groups by {column} show an effect beyond noise; the largest is {effect} a "
            "customer ({low} – {high}) in {segment}; the largest of many is flattered by chance, and {shrunk} is to be "
            "expected of it.",
            found=found,
            n=len(table),
            column=column,
            effect=result.measured.amount(best.effect),
            low=result.measured.amount(best.low),
            high=result.measured.amount(best.high),
            segment=best.segment,
            shrunk=result.measured.amount(best.shrunk),
        ), *result.checks[:2]),
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


def shrunk(effects: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Each group's effect drawn towards what all have in common, by how much of their spread is chance.

    The spread between groups is that under which Cochran's Q would be what it should (Paule and Mandel 1982), so the
    largest of many effects is no longer the luckiest one's.
    """
    from scipy.optimize import brentq

    def excess(between: float) -> float:
        weights = 1 / (errors**2 + between)
        middle = np.average(effects, weights=weights)
        return float((weights * (effects - middle) ** 2).sum()) - (len(effects) - 1)

    most = float(np.var(effects)) * len(effects) + float((errors**2).max())
    between = brentq(excess, 0.0, most) if len(effects) > 1 and excess(0.0) > 0 > excess(most) else 0.0
    middle = np.average(effects, weights=1 / (errors**2 + between))
    return middle + (effects - middle) * between / (errors**2 + between)
