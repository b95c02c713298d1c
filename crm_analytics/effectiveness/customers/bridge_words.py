"""The bridge in words: its sentence, and what it claims that time may prove wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_analytics.result import Claim
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.customers.bridge import BridgeResult


def sentence(result: BridgeResult) -> str:
    """The change, who moved it, and how many customers bought again."""
    now, before = result.moved.spans["now"], result.moved.spans["before"]
    (won, won_low, won_high), (kept, kept_low, kept_high) = result.won, result.kept
    what = {"revenue": say("revenue"), "margin": say("margin")}[result.study.measure]
    first = say(
        "{change:money} {what} against {before}: customers won or come back brought {won:money} ({won_low:money} – "
        "{won_high:money}), those of the earlier period moved {kept:money} ({kept_low:money} – {kept_high:money}).",
        change=result.change, what=what, before=before.name, won=won, won_low=won_low, won_high=won_high,
        kept=kept, kept_low=kept_low, kept_high=kept_high,
    )  # fmt: skip
    share, low, high = result.retention
    then = ""
    if result.usual_retention and result.usual_retention[0] == result.usual_retention[0]:
        then = say(", {share:percent} ({span:percents}) the time before", share=result.usual_retention[0],
                   span=result.usual_retention[1:])  # fmt: skip
    second = say(
        "{share:percent} ({span:percents}) of the earlier period's customers bought again in {now}{then}.",
        share=share, span=(low, high), now=now.name, then=then,
    )  # fmt: skip
    return f"{first} {second}" if share == share else first


def source_of_growth(result: BridgeResult) -> str:
    """`won`, `kept` or, where the interval of neither leaves zero behind or both pull one way, nothing."""
    (_, won_low, _), (_, kept_low, kept_high) = result.won, result.kept
    if kept_high < 0 < won_low:
        return "won"
    return "kept" if kept_low > 0 and result.kept[0] > result.won[0] else ""


def claims(result: BridgeResult) -> tuple[Claim, ...]:
    """How many of this period's customers will buy again in the next one, and where growth came from."""
    now, before = result.moved.spans["now"], result.moved.spans["before"]
    ahead = now.next(before)
    evidence = "modelled" if result.usual_retention else "assumed"
    found = []
    share, low, high = result.retention
    if share == share:
        shift = abs(share - result.usual_retention[0]) if result.usual_retention else (high - low) / 2
        found.append(Claim(
            subject=say("customers of {period} who buy again in the period as far after it", period=now.name),
            measure="retention", value=share, low=max(low - shift, 0.0), high=min(high + shift, 1.0),
            confidence=result.study.confidence, evidence=evidence, first=ahead.first, last=ahead.last,
            expires=ahead.last, decision=_lost_more(result),
            reversed_by=say("A share of customers lost that is as usual again."),
        ))  # fmt: skip
    for side, subject in (("won", say("customers won or come back")), ("kept", say("customers of the period before"))):
        value, low, high = getattr(result, side)
        decided = source_of_growth(result) == "won" and side == "kept"
        found.append(Claim(
            subject=say("what {who} moved", who=subject), measure=result.study.measure, value=value, low=low, high=high,
            confidence=result.study.confidence, evidence=evidence, first=now.first, last=now.last, expires=ahead.last,
            decision=say("Ask first what keeps customers: growth rests on those who have to be won anew each time.")
            if decided else "",
            reversed_by=say("Customers of one period who bring more in the next than they brought."),
        ))  # fmt: skip
    return tuple(found)


def _lost_more(result: BridgeResult) -> str:
    bars = result.table.set_index("bar")
    worse = "lost" in bars.index and bars.loc["lost", "verdict"] == "worse than usual"
    return say("Find out why more customers than usual did not come back, and write to them first.") if worse else ""
