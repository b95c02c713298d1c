"""What is said of a CRM that teams got one after another: the sentence, and the reasons to believe or doubt it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.crm.measures import figure_of, proven, span_of
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.crm.by_team import CRMByTeamResult


def sentence(result: CRMByTeamResult) -> str:
    """The change of the first measure against teams without it, and how many changed beyond chance."""
    first = result.table.iloc[0]
    changed = proven(result.table)
    told = say(
        "{effect} ({span}) is the change of {metric} in {teams:count} teams taken for such as have the CRM, a "
        "rehearsal in which nothing should show" if result.rehearsal else
        "{effect} ({span}) is what the CRM changed of {metric} in {teams:count} teams that have it, against "
        "those that did not have it yet; the year before alone would have said {plain}",
        **{name: figure_of(first["metric"], first[name]) for name in ("effect", "plain")},
        span=span_of(first["metric"], first["low"], first["high"]), metric=say(first["metric"]),
        teams=int(first["teams"]),
    )  # fmt: skip
    if changed.empty:
        return told + say("; none of {all:count} {all:measure|measures} changed beyond chance.", all=len(result.table))
    if result.rehearsal:
        return told + say("; chance alone made {n:count} of {all:count} {all:measure|measures} stand out.",
                          n=len(changed), all=len(result.table))  # fmt: skip
    names = [say("{metric} ({verdict})", metric=say(row.metric), verdict=row.verdict) for row in changed.itertuples()]
    return told + say("; {n:count} of {all:count} {all:measure|measures} changed beyond chance: {names}.",
                      n=len(changed), all=len(result.table), names=", ".join(names))  # fmt: skip


def checks(result: CRMByTeamResult, more: pd.DataFrame, short: dict[str, str]) -> tuple[Check, ...]:
    """Why to believe or doubt it; `more` is known of each measure's teams, `short` says why others were left out."""
    first, metric = more.iloc[0], result.table["metric"].iloc[0]
    parted = bool(first["early_p"] < 0.1)
    apart = say(
        "Too little lies before to see whether these teams had parted from the others already."
        if np.isnan(first["early_p"]) else
        "Half a year before they had it, the same comparison already says {early} of {metric}: what parts these teams "
        "from the others is older than the CRM." if parted else
        "Half a year before they had it, the same comparison says {early} of {metric}, as chance would.",
        early=figure_of(metric, first["early"]), metric=say(metric),
    )  # fmt: skip
    found = [
        Check(name=say("Before they had it"), text=apart,
              verdict="weak" if np.isnan(first["early_p"]) else "fails" if parted else "holds"),
        Check(
            name=say("Few teams"), verdict="holds" if first["ways"] >= 200 else "weak",
            text=say("{ways:count} ways to deal these days to the teams were tried; it is by them, and by no formula, "
                     "that the interval is as wide as it is.", ways=int(first["ways"])),
        ),
        Check(
            name=say("Who got it first"), verdict="weak",
            text=say("The ways are alike only if it was decided by lot, or without regard to how teams were doing, who "
                     "got it first; a team that was about to improve anyway would pass for the CRM's merit."),
        ),
        Check(
            name=say("Left to compare with"), verdict="holds" if result.others >= 2 else "weak",
            text=say("{n:count} {n:team is|teams are} still without it; once the last one has it, nothing further can "
                     "be compared.", n=result.others),
        ),
    ]  # fmt: skip
    if result.rehearsal:
        text = say("No day is given on which a team got it (introduced), so every other team is taken as if it had.")
        found.insert(0, Check(name=say("A rehearsal"), verdict="weak", text=text))
    if short:
        found.append(Check(name=say("Not looked at"), verdict="weak", text=say("Of {why}", why=listed(short))))
    return tuple(found)


def listed(short: dict[str, str]) -> str:
    """Why there is no answer about these measures."""
    return " ".join(say("{metric}: {why}", metric=say(metric), why=why) for metric, why in sorted(short.items()))
