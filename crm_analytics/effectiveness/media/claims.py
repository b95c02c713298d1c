"""What of a channel mix can be acted upon: what a channel brings, what its next money would, what to move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Claim
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.media.mix import MixResult
    from crm_analytics.effectiveness.media.response import Response

PART = 0.1
"""This part of a channel's yearly spend is what is thought of moving."""
CHANNELS = 2
"""For so many channels, the ones that cost most, the return is claimed, and that of the next money."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """Money a year from one channel to another, and what that should bring, with its interval."""

    source: str
    target: str
    money: float
    gain: float
    low: float
    high: float


def best_move(responses: dict[str, Response], told: list[str], ends: tuple[float, float]) -> Move | None:
    """The move of a tenth of a channel's yearly spend that promises most, among channels whose effect can be told."""
    best = None
    for source in told:
        for target in told:
            if source == target:
                continue
            one, other = responses[source], responses[target]
            money = min(PART * one.spend, 0.5 * other.spend)
            gain = other.brought(1 + money / other.spend) - other.brought(1.0)
            gain = gain + one.brought(1 - money / one.spend) - one.brought(1.0)
            if best is None or gain.mean() > best.gain:
                low, high = np.quantile(gain, ends)
                best = Move(source=source, target=target, money=money, gain=float(gain.mean()), low=float(low),
                            high=float(high))  # fmt: skip
    return best


def claims(mix: MixResult) -> tuple[Claim, ...]:
    """The returns of the costliest channels and of their next money, and the move that promises most."""
    first, last = mix.covers
    until = last + timedelta(days=min(364, (last - first).days // 4))
    rows = mix.table[mix.table["told"]].head(CHANNELS)
    found = []
    for row in rows.itertuples():
        decision, undone = _decide(mix, row)
        span = {"first": first, "last": last, "expires": until, "confidence": mix.study.confidence,
                "evidence": "modelled", "scope": (("channel", row.channel),)}  # fmt: skip
        found += [
            Claim(subject=row.channel, measure=say("{measure} for each unit of spend", measure=mix.study.measure),
                  value=row.roas, low=row.roas_low, high=row.roas_high, **span),
            Claim(subject=row.channel, measure=say("{measure} for the next unit of spend", measure=mix.study.measure),
                  value=row.marginal, low=row.marginal_low, high=row.marginal_high, decision=decision,
                  reversed_by=undone, **span),
        ]  # fmt: skip
    return (*_moved(mix, first, last, until), *found)


def _moved(mix: MixResult, first: date, last: date, until: date) -> tuple[Claim, ...]:
    move = mix.move
    if move is None:
        return ()
    decision = (
        say("Move {money:money} a year from {source} to {target}.", money=move.money, source=move.source,
            target=move.target)
        if move.low > 0 else
        say("Leave {source} out in one region for four weeks, to see whether {target} would use its money better.",
            source=move.source, target=move.target)
    )  # fmt: skip
    undone = say("A test in which sales fall by more where {source} is left out than {money:money} of spend there "
                 "brings in {target}.", source=move.source, target=move.target, money=move.money)  # fmt: skip
    return (
        Claim(subject=say("{money:money} moved from {source} to {target}", money=move.money, source=move.source,
                          target=move.target),
              measure=say("incremental {measure}", measure=mix.study.measure), value=move.gain, low=move.low,
              high=move.high, confidence=mix.study.confidence, evidence="modelled", first=first, last=last,
              expires=until, decision=decision, reversed_by=undone),
    )  # fmt: skip


def _decide(mix: MixResult, row) -> tuple[str, str]:
    """What the next unit of spend on a channel calls for, where margin is known: more, less, or nothing yet."""
    share = mix.margin_share
    if mix.study.measure != "revenue" or share != share:
        return "", ""
    if row.marginal_low * share > 1:
        return (say("Spend more on {channel}, step by step.", channel=row.channel),
                say("A refit in which its next unit of spend leaves less than itself in margin."))  # fmt: skip
    if row.marginal_high * share < 1:
        return (say("Spend less on {channel}: its last money does not come back.", channel=row.channel),
                say("A test in which leaving part of it out costs more margin than it saves."))  # fmt: skip
    return "", ""
