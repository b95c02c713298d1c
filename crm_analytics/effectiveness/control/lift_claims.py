"""What a test against control lets a manager decide: repeat the campaign, stop it, or test again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.result import Claim
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.lift import LiftResult

SEASON = timedelta(days=365)
"""What customers did in one season is not relied upon when the season has come again."""
MOST_TIMES = 25
"""A test that would have to be so many times larger to show its own effect is not worth repeating."""


def claims(result: LiftResult) -> tuple[Claim, ...]:
    """What the campaign brought; with the margin and the cost on record, its profit, on which the decision hangs."""
    people = result.people
    if result.measured.is_ratio or not {"campaign", "starts", "days"} <= set(people):
        return ()
    first = date.fromisoformat(str(people["starts"].iloc[0])[:10])
    last = first + timedelta(days=int(people["days"].iloc[0]) - 1)
    drawn_well = all(check.verdict != "fails" for check in result.checks)
    base = {
        "subject": str(people["campaign"].iloc[0]), "confidence": result.study.confidence, "first": first, "last": last,
        "evidence": "tested" if drawn_well else "assumed", "expires": last + SEASON,
    }  # fmt: skip
    gained = {"value": result.total, "low": result.total_low, "high": result.total_high}
    cost = cost_of(result)
    if cost == cost:
        gained = {name: value - cost for name, value in gained.items()}
    decided = {"decision": _decision(result, gained, cost, drawn_well), "reversed_by": _reversed_by()}
    brought = Claim(
        **base, measure=f"incremental {result.study.measure}", value=result.total, low=result.total_low,
        high=result.total_high, **(decided if cost != cost else {}),
    )  # fmt: skip
    return (brought,) if cost != cost else (Claim(**base, measure="incremental profit", **gained, **decided), brought)


def cost_of(result: LiftResult) -> float:
    """What the campaign cost in all, where that can be set against what it brought: a margin; else not a number."""
    people = result.people
    known = result.study.measure == "margin" and "cost" in people and people["cost"].notna().all()
    return float(people["cost"].iloc[0]) if known else float("nan")


def _decision(result: LiftResult, gained: dict[str, float], cost: float, drawn_well: bool) -> str:
    name = str(result.people["campaign"].iloc[0])
    if not drawn_well:
        return say("Find out what went wrong with the draw of «{name}» before anything is decided by it.", name=name)
    if gained["high"] < 0:
        return say("Do not repeat «{name}» as it was.", name=name)
    if gained["low"] > 0 and cost == cost:
        return say("Repeat «{name}»: after its cost it earned {low:money} at least.", name=name, low=gained["low"])
    if gained["low"] > 0:
        return say(
            "Repeat «{name}» if addressing a customer costs less than the margin on {low}."
            if result.measured.kind == "money"
            else "Repeat «{name}» if what it brought is worth more than what it cost.",
            name=name, low=result.measured.amount(result.low),
        )  # fmt: skip
    each = abs(gained["value"]) / max(_addressed(result), 1)
    times = (result.smallest / each) ** 2 if each else MOST_TIMES
    if times >= MOST_TIMES:
        return say("Do not spend on «{name}» again: even a far larger test would show nothing worth it.", name=name)
    return say(
        "Repeat «{name}» only as a test, with some {n:count} customers in the arms: this one cannot tell.",
        name=name, n=_rounded(max(times, 1.2) * len(result.people)),
    )  # fmt: skip


def _reversed_by() -> str:
    return say(
        "A later test of the same offer whose interval lies on the other side, or a gain that the weeks after take "
        "back."
    )


def _addressed(result: LiftResult) -> int:
    return int((result.people["arm"] == "treated").sum())


def _rounded(n: float) -> int:
    digits = len(str(int(n))) - 2
    return int(round(n, -max(digits, 0)))
