"""What is claimed of choosing whom to address: what it earns, and whether to choose at all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.effectiveness.control.by_lot import evidence
from crm_analytics.effectiveness.control.lift_claims import SEASON
from crm_analytics.result import Claim
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.uplift import UpliftResult


def claims(result: UpliftResult) -> tuple[Claim, ...]:
    """Nothing where the table names no campaign."""
    people, confidence = result.people, result.study.confidence
    if not {"campaign", "starts", "days"} <= set(people):
        return ()
    name, first = str(people["campaign"].iloc[0]), date.fromisoformat(str(people["starts"].iloc[0])[:10])
    last = first + timedelta(days=int(people["days"].iloc[0]) - 1)
    earned, more = (result.targeted, result.more) if result.usable else (result.everybody, None)
    base = {
        "subject": name, "confidence": confidence, "first": first, "last": last, "expires": last + SEASON,
        "evidence": evidence(*result.checks),
    }  # fmt: skip
    low, high = earned.interval(confidence)
    whole = Claim(
        **base, measure="incremental profit", value=earned.value, low=low, high=high,
        scope=(("addressed", str(round(result.share * len(people)))),), decision=_decision(result, name, low, high),
        reversed_by=say("A test that addresses only those chosen, and earns no more than one that addresses by lot."),
    )  # fmt: skip
    if more is None:
        return (whole,)
    low, high = more.interval(confidence)
    return (whole, Claim(**base, measure="incremental profit of choosing", value=more.value, low=low, high=high))


def _decision(result: UpliftResult, name: str, low: float, high: float) -> str:
    if evidence(*result.checks) != "tested":
        return say("Draw the arms of «{name}» by lot before anybody is chosen by what it changes.", name=name)
    if result.usable and result.more.interval(result.study.confidence)[0] > 0 and result.share > 0:
        return say(
            "Address only the {share:percent} of customers whom it pays to address with «{name}», and keep a control "
            "among them.",
            share=result.share, name=name,
        )  # fmt: skip
    if result.usable and low > 0:
        return say(
            "Address everybody with «{name}»; where money or time is short, those whom it changes most first.",
            name=name,
        )
    if high < 0 or (result.usable and result.share == 0):
        return say("Do not send «{name}» again: it does not earn what it costs.", name=name)
    if low > 0:
        return say("Address everybody with «{name}» or nobody: who gains cannot be told beforehand.", name=name)
    return say("Do not choose whom to address by this; test «{name}» again before it is sent to all.", name=name)
