"""Whom campaigns annoy: permissions lost, or complaints caused, in each group of customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import LEAST_IN_AN_ARM
from crm_analytics.effectiveness.control.groups import differ_by_chance
from crm_analytics.effectiveness.control.risks import of_arms, shared, together
from crm_analytics.result import Check, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.opt_outs import OptOutsResult

LEAST_OF_GROUP = 5
"""With fewer events in both arms together a group is not judged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OptOutsBySegment(Result):
    """A group of customers a row, the most annoyed first: segment, treated, control, happened, alone, more, low, high
    (for all groups together), caused, annoyed."""

    column: str
    overall: float
    differ_p: float
    """How often groups would differ this much by chance if campaigns annoyed all alike (Cochran's Q)."""


def split(result: OptOutsResult, column: str) -> Result:
    """The same in each group of `column`; refuses where no group has enough events and customers in each arm."""
    from scipy.stats import norm

    study = result.study
    rows = result.rows.assign(segment=result.rows[column].fillna("unknown").astype(str))
    judged = {}
    for segment, members in rows.groupby("segment", sort=True):
        counts = of_arms(members, study.column, "campaign_id")
        counts = counts[counts[["treated", "control"]].min(axis=1) > 0]
        sums = counts.sum()
        enough = len(counts) and min(sums["treated"], sums["control"]) >= LEAST_IN_AN_ARM
        if enough and sums["happened"] + sums["alone"] >= LEAST_OF_GROUP:
            judged[segment] = (counts, sums, shared(members, study.column, "campaign_id"))
    if not judged:
        return study.refuse(say(
            "Not enough evidence: no group of {column} has {least:count} of them and {people:count} customers in each "
            "arm.", column=column, least=LEAST_OF_GROUP, people=LEAST_IN_AN_ARM,
        ))  # fmt: skip
    each = 1 - (1 - study.confidence) / len(judged)
    found, errors = [], []
    for segment, (counts, sums, spread) in judged.items():
        more, low, high = together(counts, each, spread)
        errors.append((high - low) / 2 / norm.ppf((1 + each) / 2))
        found.append({
            "segment": segment, **{name: int(sums[name]) for name in ("treated", "control", "happened", "alone")},
            "more": more, "low": low, "high": high, "caused": float(sums["treated"]) * more,
        })  # fmt: skip
    table = pd.DataFrame(found)
    differ = differ_by_chance(table["more"].to_numpy(), np.array(errors))
    table["annoyed"] = table["low"] > 0
    table = table.sort_values(["more", "segment"], ascending=[False, True], ignore_index=True)
    worst = table.iloc[0]
    left_out = len(rows) - int(table[["treated", "control"]].to_numpy().sum())
    text = say(
        "{more:points} more of the addressed than of those left alone ({low:points} – {high:points}) in {segment}, the "
        "most of {n:count} {n:group|groups} by {column}; of all customers it is {overall:points}."
        if differ < 1 - study.confidence
        else "{more:points} more of the addressed than of those left alone ({low:points} – {high:points}) in "
        "{segment} is the most of {n:count} {n:group|groups} by {column}, but they differ no more than chance makes "
        "them: all are annoyed alike, as far as this shows.",
        more=worst["more"], low=worst["low"], high=worst["high"], segment=say("«{name}»", name=worst["segment"]),
        n=len(table), column=column, overall=result.more,
    )  # fmt: skip
    return OptOutsBySegment(
        study=study, table=table, text=text, column=column, overall=result.more, differ_p=differ,
        checks=_checks(study.confidence, differ, left_out),
    )  # fmt: skip


def _checks(confidence: float, differ: float, left_out: int) -> tuple[Check, ...]:
    told = Check(
        name=say("Do the groups differ?"),
        verdict="holds" if differ < 1 - confidence else "weak",
        text=say(
            "They differ by more than chance (p = {p:.3f})."
            if differ < 1 - confidence
            else "They differ no more than chance makes them (p = {p:.3f}): do not choose customers by this.",
            p=differ,
        ),
    )
    if not left_out:
        return (told,)
    return told, Check(
        name=say("Too small to ask"),
        verdict="weak",
        text=say("{n:count} rows of customers are of groups with too few of them or of events; left out.", n=left_out),
    )
