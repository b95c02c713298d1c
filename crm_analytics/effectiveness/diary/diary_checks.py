"""Why to believe or doubt what the diary says: foresight or hindsight, how much of it, and what could not be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.diary.diary import Diary, Headline
    from crm_analytics.effectiveness.diary.trusted import Record


def checks(study: Diary, claims: pd.DataFrame, records: list[Record], told: Headline) -> tuple[Check, ...]:
    """Every reason, the promise first."""
    return (
        _promise(told), _hindsight(claims), _enough(study, records), *_drift(study, records), *_naive(records),
        *_untold(claims), standing(claims),
    )  # fmt: skip


def _promise(told: Headline) -> Check:
    narrow = told.high < told.promised
    wide = told.low > told.promised
    template = (
        "Intervals are too narrow: {inside:percent} held where {promised:percent} were promised." if narrow else
        "Intervals are wider than promised: sharper forecasts could be had." if wide else
        "What was promised lies within what can be said of so few." if told.high - told.low > 0.3 else
        "As many facts lay within the intervals as had been promised."
    )  # fmt: skip
    return Check(
        name=say("Promise"), verdict="fails" if narrow else "weak" if wide or told.high - told.low > 0.3 else "holds",
        text=say(template, inside=told.inside, promised=told.promised),
    )  # fmt: skip


def _hindsight(claims: pd.DataFrame) -> Check:
    scored = claims[claims["state"] == "measured"]["kind"].value_counts()
    foresight, backtest = int(scored.get("foresight", 0)), int(scored.get("backtest", 0))
    return Check(
        name=say("Foresight"), verdict="holds" if foresight > backtest else "weak",
        text=say("{foresight:count} of the forecasts held against facts were told before their days began, "
                 "{backtest:count} afterwards, as of a past day: those show how a method would have done, not that "
                 "anybody knew.", foresight=foresight, backtest=backtest),
    )  # fmt: skip


def _enough(study: Diary, records: list[Record]) -> Check:
    short = [one for one in records if one.spells < study.enough]
    if not short:
        return Check(name=say("Enough forecasts"), verdict="holds", text=say(
            "Each Study has at least {need:count} spells of days behind its verdict.", need=study.enough))
    worst = min(short, key=lambda one: one.spells)
    return Check(
        name=say("Enough forecasts"), verdict="weak" if len(short) < len(records) else "fails",
        text=say("Of {all:count} lines {n:count} are too short for a verdict; {study} ({measure}) has {have:count} of "
                 "{need:count} spells of days that do not overlap.", all=len(records), n=len(short), study=worst.study,
                 measure=worst.measure, have=worst.spells, need=study.enough),
    )  # fmt: skip


def _drift(study: Diary, records: list[Record]) -> list[Check]:
    tested = [one for one in records if one.drift_p == one.drift_p]
    if not tested:
        return []
    worst = min(tested, key=lambda one: one.drift_p)
    drifts = worst.drift_p <= study.alpha
    template = (
        "{study} ({measure}) errs otherwise since {since:date} (p = {p:number}): what it learned no longer holds. Of "
        "models that do not drift {alpha:percent} are accused." if drifts else
        "No model's errors change with time beyond chance (smallest p = {p:number}); of models that do not drift "
        "{alpha:percent} would be accused."
    )  # fmt: skip
    return [Check(
        name=say("Drift of models"), verdict="fails" if drifts else "holds",
        text=say(template, study=worst.study, measure=worst.measure, since=worst.changed.since, p=worst.drift_p,
                 alpha=study.alpha),
    )]  # fmt: skip


def _naive(records: list[Record]) -> list[Check]:
    """A forecast that is no better than last year's number is not worth its trouble."""
    known = [one for one in records if one.naive_error == one.naive_error]
    if not known:
        return []
    worse = [one for one in known if one.error > one.naive_error]
    if not worse:
        return [Check(name=say("Better than last year's number"), verdict="holds", text=say(
            "Every line misses by less than «as a year ago» would have."))]
    first = max(worse, key=lambda one: one.error - one.naive_error)
    return [Check(name=say("Better than last year's number"), verdict="weak", text=say(
        "{study} ({measure}) missed by {error:percent} where «as a year ago» would have missed by {naive:percent}.",
        study=first.study, measure=first.measure, error=first.error, naive=first.naive_error))]


def _untold(claims: pd.DataFrame) -> list[Check]:
    """What no table can tell, and why."""
    over = claims[claims["state"].isin(["effect", "unknown", "absent", "costs"])]
    if over.empty:
        return []
    counts = over["state"].value_counts()
    why = {
        "effect": say("effects, since what would have been sold anyway stands in no table"),
        "unknown": say("measures or scopes of which no table tells"), "absent": say("facts the company does not keep"),
        "costs": say("margins whose costs are not known"),
    }  # fmt: skip
    told = "; ".join(say("{n:count} are {why}", n=int(n), why=why[state]) for state, n in counts.sort_index().items())
    return [Check(name=say("Not to be measured"), verdict="weak", text=say(
        "{n:count} of {all:count} claims cannot be held against facts: {told}.", n=len(over), all=len(claims),
        told=told))]


def standing(claims: pd.DataFrame) -> Check:
    """Whether conclusions are still used that have expired."""
    expired = claims[claims["standing"] == "expired"]
    decided = expired[expired["decision"] != ""]
    if expired.empty:
        return Check(name=say("Expiry"), verdict="holds", text=say("No kept conclusion has expired."))
    oldest = expired.loc[expired["expires"].idxmin()]
    return Check(
        name=say("Expiry"), verdict="weak",
        text=say("{n:count} conclusions have expired, {decided:count} of them with a decision; the oldest, of {study}, "
                 "on {day:date}. Ask them again before acting upon them.", n=len(expired), decided=len(decided),
                 study=oldest["study"], day=oldest["expires"]),
    )  # fmt: skip
