"""Why to believe how long customers stay, and what it rests on where nobody says who left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.customers.readings import Reading
    from crm_analytics.effectiveness.customers.retention import RetentionResult

FEW_EVENTS = 10
WIDE = 0.1
"""By so much retention may differ between the readings of long silences before it is doubted."""


def checks(result: RetentionResult, reading: Reading) -> tuple[Check, ...]:
    """What leaving means here, whether beginnings are on record, how many were seen long enough, how groups compare."""
    found = [_definition(result, reading), _beginning(result), _seen(result, reading)]
    if result.hazards is not None:
        found += [_proportional(result), _events(result), _confounded()]
    return tuple(found)


def _definition(result: RetentionResult, reading: Reading) -> Check:
    name = say("who has left")
    if bool(result.frame["stated"].all()):
        return Check(name=name, verdict="holds", text=say("Who left, and when, is stated, not inferred."))
    near, far = result.readings
    chance = reading.left.chance
    unsure = float(np.mean((chance > 0.2) & (chance < 0.8)))
    return Check(
        name=name,
        verdict="weak" if abs(near - far) > WIDE or unsure > 0.5 else "holds",
        text=say(
            "No contract says who left; silences do. If pauses go on as they fall, {near:percent} stay; if nobody "
            "comes back after a longer silence than could be seen, {far:percent}. Of {unsure:percent} of customers it "
            "cannot be said either way yet.",
            near=near, far=far, unsure=unsure,
        ),
    )  # fmt: skip


def _beginning(result: RetentionResult) -> Check:
    frame = result.frame
    aside, late = int(frame["from_start"].sum()), int((frame["entered"] > 0).sum())
    return Check(
        name=say("customers from before the records"),
        verdict="weak" if aside > 0.2 * len(frame) else "holds",
        text=say(
            "Set aside as bought in the first days on record, so that nobody knows since when: {aside:count} "
            "customers. Counted only from the day they were first watched, since those who had left before are not on "
            "record: {late:count}.",
            aside=aside, late=late,
        ),
    )  # fmt: skip


def _seen(result: RetentionResult, reading: Reading) -> Check:
    short = result.horizon_days < result.study.horizon_days
    there = reading.curve(result.study.confidence).watched_at(result.horizon_days - 1)
    return Check(
        name=say("seen so long"),
        verdict="weak" if short else "holds",
        text=say(
            "About {n:count} customers were seen for {days:count} days or longer; who came later counts as long as "
            "seen, not as one who stayed.",
            n=there, days=result.horizon_days,
        ),
    )  # fmt: skip


def _proportional(result: RetentionResult) -> Check:
    from crm_analytics.result.chance import holm

    p = holm(result.hazards.proportional)
    groups = result.table["group"].iloc[2:]
    changing = [str(name) for name, value in zip(groups, p, strict=False) if value < 0.05]
    told = ", ".join(f"«{name}»" for name in changing)
    return Check(
        name=say("the same at every tenure"),
        verdict="weak" if changing else "holds",
        text=say(
            "How much faster or slower {groups} leave changes with tenure; read the curves rather than the one ratio.",
            groups=told,
        )
        if changing
        else say("The ratios between groups do not change with tenure by more than chance (Grambsch and Therneau)."),
    )


def _events(result: RetentionResult) -> Check:
    untold = result.table.iloc[2:]
    untold = untold[untold["hazard_ratio"].isna()]["group"].astype(str)
    told = ", ".join(f"«{name}»" for name in untold)
    return Check(
        name=say("enough who left"),
        verdict="weak" if len(untold) else "holds",
        text=say("Too few have left of {groups} to say how fast they leave: it takes {few:count}.", groups=told,
                 few=FEW_EVENTS)
        if len(untold)
        else say("Of every group at least {few:count} have left.", few=FEW_EVENTS),
    )  # fmt: skip


def _confounded() -> Check:
    return Check(
        name=say("not a cause"),
        verdict="weak",
        text=say(
            "Groups differ in more than their name: who comes by one channel may be another kind of customer. To send "
            "more people through it need not make them stay as long."
        ),
    )
