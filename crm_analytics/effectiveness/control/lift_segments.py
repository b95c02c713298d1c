"""Whom did it work on? The effect in each group of customers, with the number of groups asked taken into account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import LEAST_IN_AN_ARM, compared
from crm_analytics.effectiveness.control.by_lot import told
from crm_analytics.effectiveness.control.groups import differ_by_chance, many, shrunk
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
    """The effect in each group of `column`; refuses where no group has enough customers in each arm."""
    study = result.study
    if result.people[column].fillna("unknown").nunique() == 1:
        return study.refuse(
            say(
                "Not enough evidence: all {n:count} customers have one and the same {column} on record; two groups are "
                "needed to compare.",
                n=len(result.people),
                column=column,
            )
        )
    rows, left_out = _asked(result, column)
    if not rows:
        return study.refuse(
            say(
                "Not enough evidence: no group of {column} has {least:count} customers in each arm.",
                column=column,
                least=LEAST_IN_AN_ARM,
            )
        )
    table, differ = _together(pd.DataFrame(rows), study.confidence)
    answer = LiftBySegment(
        study=study,
        table=table,
        text="",
        measured=result.measured,
        column=column,
        overall=result.effect,
        differ_p=differ,
    )
    text = told(_sentence(answer), *result.checks[:2])
    return replace(answer, text=text, checks=_checks(answer, left_out))


def _asked(result: LiftResult, column: str) -> tuple[list[dict[str, Any]], int]:
    """Each group large enough with its own estimate, and how many customers are in the others."""
    groups = result.people.assign(segment=result.people[column].fillna("unknown").astype(str))
    rows, left_out = [], 0
    for segment, members in groups.groupby("segment", sort=True):
        treated = int((members["arm"] == "treated").sum())
        alike = result.measured.on(members)["above"].nunique() == 1
        if alike or min(treated, len(members) - treated) < LEAST_IN_AN_ARM:
            left_out += len(members)
            continue
        estimate = compared(members, result.measured, result.study.unit).effect
        rows.append({"segment": segment, "treated": treated, "control": len(members) - treated, "estimate": estimate})
    return rows, left_out


def _together(table: pd.DataFrame, confidence: float) -> tuple[pd.DataFrame, float]:
    """The groups' effects, the largest first, with intervals and chances that hold for all of them at once; and how
    often groups would differ so by chance."""
    estimates = table["estimate"]
    effects, errors = np.array([e.value for e in estimates]), np.array([e.se for e in estimates])
    low, high = zip(*(e.interval(1 - (1 - confidence) / len(table)) for e in estimates), strict=True)
    table = table.assign(effect=effects, low=low, high=high, shrunk=shrunk(effects, errors))
    table["p"] = holm(np.array([e.p for e in estimates]))
    table["beyond_noise"] = table["p"] < 1 - confidence
    table = table.sort_values("effect", ascending=False, ignore_index=True)
    columns = ["segment", "treated", "control", "effect", "low", "high", "shrunk", "p", "beyond_noise"]
    return table[columns], differ_by_chance(effects, errors)


def _sentence(result: LiftBySegment) -> str:
    best = result.table.iloc[0]
    return say(
        "{found:count} of {n:count} groups by {column} show an effect beyond noise; the largest is {effect} a "
        "customer ({low} – {high}) in {segment}; the largest of many is flattered by chance, and {shrunk} is to be "
        "expected of it.",
        found=int(result.table["beyond_noise"].sum()),
        n=len(result.table),
        column=result.column,
        segment=best["segment"],
        **{name: result.measured.amount(best[name]) for name in ("effect", "low", "high", "shrunk")},
    )


def _checks(result: LiftBySegment, left_out: int) -> tuple[Check, ...]:
    differ = result.differ_p < 0.05
    found = [
        Check(
            name=say("Do the groups differ?"),
            verdict="holds" if differ else "weak",
            text=say(
                "The effect differs between groups by more than chance (p = {p:.3f})."
                if differ
                else "Groups differ no more than chance makes them (p = {p:.3f}): read the overall effect, not the "
                "ranking.",
                p=result.differ_p,
            ),
        ),
        many(result.table, "segment", say(
            "{n:count} groups were asked, so intervals hold for all of them together (Bonferroni) and Holm's procedure "
            "decides.", n=len(result.table),
        )),
    ]  # fmt: skip
    if left_out:
        text = say(
            "{n:count} customers are in groups with fewer than {least:count} in an arm; left out.",
            n=left_out,
            least=LEAST_IN_AN_ARM,
        )
        found.append(Check(name=say("Too small to ask"), verdict="weak", text=text))
    return tuple(found)
