"""What may be acted upon after a comparison of units, and what would turn it round."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crm_analytics.effectiveness.panel.one_day import odd_day
from crm_analytics.result import Claim
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.panel.panel_effect import PanelEffectResult

SEASON = timedelta(days=365)
"""After a year the same weeks come again, with other prices, competitors and customers."""


def claims(result: PanelEffectResult) -> tuple[Claim, ...]:
    """The incremental measure and, where the cost is on record, what each unit of money brought back."""
    decision, reversed_by = _decision(result)
    common = {
        "subject": result.campaign or say("what was done from {first:date} on", first=result.starts),
        "confidence": result.study.confidence,
        "evidence": "compared" if odd_day(result) is None else "assumed",
        "first": result.starts,
        "last": result.until,
        "expires": result.until + SEASON,
        "scope": ((result.of, result.reached[0]),) if len(result.reached) == 1 else (),
    }
    incremental = Claim(
        measure=f"incremental {result.study.measure}", value=result.effect, low=result.low, high=result.high,
        decision=decision, reversed_by=reversed_by, **common,
    )  # fmt: skip
    value, low, high = result.iroas
    if value != value:
        return (incremental,)
    return incremental, Claim(measure="iROAS", value=value, low=low, high=high, **common)


def _decision(result: PanelEffectResult) -> tuple[str, str]:
    name = result.campaign or say("it")
    repeat = say("Repeat «{name}» where it has not run yet.", name=name)
    value, low, high = result.iroas
    if (day := odd_day(result)) is not None:
        return (
            say("Find out what happened on {day:date} before anything is decided by «{name}».", day=day, name=name),
            say("A repetition whose days all sell more."),
        )
    if result.low <= 0 <= result.high:
        return (
            say("Do not repeat «{name}» everywhere; run it again in more places, leaving others alone.", name=name),
            say("A repetition whose interval lies above zero."),
        )
    if result.high < 0:
        return say("Stop «{name}».", name=name), say("A repetition that does not lose.")
    if value != value or result.study.measure not in ("revenue", "margin"):
        return repeat, say("A repetition whose interval reaches zero.")
    dearer = say("A repetition whose interval reaches zero, or a cost above {value:money}.", value=result.low)
    if result.study.measure == "margin":
        if high < 1:
            cheaper = say("A repetition at a cost below {value:money}.", value=result.high)
            return say("Do not repeat «{name}» at this price.", name=name), cheaper
        return (repeat if low > 1 else _cheaper(name)), dearer
    if low > 1:
        share = say("Repeat «{name}» where the margin is above {share:percent} of revenue.", name=name, share=1 / low)
        return share, dearer
    return _cheaper(name), dearer


def _cheaper(name: str) -> str:
    return say("Repeat «{name}» only at a lower price: it may not have earned its cost.", name=name)
