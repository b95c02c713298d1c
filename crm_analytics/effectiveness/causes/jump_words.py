"""What is said of a jump: its causes by name, the one sentence, the reasons to believe or doubt it, what to do."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from crm_analytics.effectiveness.causes.evidence import STILL, STRONG, UNUSUAL, Together
from crm_analytics.effectiveness.causes.split import UNEXPLAINED
from crm_analytics.result import Check, Claim
from crm_analytics.result.period import Period
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.causes.jump import JumpResult

COLUMNS = {
    "price_index": "own prices",
    "price_paid_index": "prices paid",
    "competitor_index": "competitors' prices",
    "stock_out": "empty shelves",
    "assortment_index": "goods that came and went",
    "campaigns": "other campaigns",
    "season": "season",
    "trend": "trend",
    "holidays": "holidays",
    "calendar": "number of days and weekdays",
    UNEXPLAINED: "not explained",
}
"""Causes by their key. A cause of the table that is none of these is a campaign or a market indicator."""
NEEDED = ("price_index", "competitor_index", "stock_out", "assortment_index", "campaigns", "market_")


def called(key: str) -> str:
    """A cause in words."""
    if key.startswith("campaign: "):
        return say("campaign «{name}»", name=key.removeprefix("campaign: "))
    if key.startswith("market_"):
        return say("market: {name}", name=key.removeprefix("market_").replace("_", " "))
    return say(COLUMNS.get(key, key.replace("_", " ")))


def amount(result: JumpResult, value: float, *, signed: bool = True) -> str:
    """A value of what is measured, for people: money, or a count with its name."""
    worded = say("{value:money}" if result.study.measure == "revenue" else "{value:count}", value=value)
    return "+" + worded if signed and value > 0 else worded


def measured(measure: str) -> str:
    known = {
        "revenue": say("revenue"),
        "orders": say("orders"),
        "units": say("units"),
        "enquiries": say("enquiries"),
        "complaints": say("complaints"),
        "leads": say("leads"),
        "visits": say("visits"),
    }
    return known.get(measure, measure.replace("_", " "))


def sentence(result: JumpResult) -> str:
    """The main cause with its money and interval, the second one, and what is left over."""
    main, pair = result.main, _largest(result.together)
    if main is None and result.found and not result.unusual and not pair:
        return say(
            "Nothing unusual: the stretch that stands out most is {change} {what} {after} against {before}, {beyond} "
            "of it beyond weekdays, season and holidays, and in {share:percent} of histories in which nothing happened "
            "some stretch stands out as far.",
            **_frame(result),
            beyond=amount(result, result.beyond_timing),
            share=result.found.false_alarms,
        )
    if main is None and not result.unusual and not pair:
        return say(
            "Nothing unusual: {change} {what} {after} against {before}; beyond weekdays, season and holidays "
            "that is {beyond}, and {low} – {high} is ordinary between such neighbours.",
            **_frame(result),
            beyond=amount(result, result.beyond_timing),
            low=amount(result, -result.ordinary_change),
            high=amount(result, result.ordinary_change),
        )
    if pair and (main is None or abs(pair.change) > abs(main["change"])):
        return say(
            "{both} ({low} – {high}) of {change} {what} {after} against {before} came from {first} and {second} "
            "together; which of the two it was cannot be told. {rest} is not explained.",
            **_frame(result),
            both=amount(result, pair.change),
            low=amount(result, pair.low),
            high=amount(result, pair.high),
            first=called(pair.keys[0]),
            second=called(pair.keys[1]),
            rest=_rest(result),
        )
    if main is None:
        row = (
            result.table.iloc[-1]
            if abs(result.table["change"].iloc[-1]) > abs(result.table["change"].iloc[0])
            else (result.table.iloc[0])
        )
        return say(
            "{change} {what} {after} against {before}, and no cause can be named: the largest part, {cause}, is "
            "{value} ({low} – {high}).",
            **_frame(result),
            cause=row["cause"],
            value=amount(result, row["change"]),
            low=amount(result, row["low"]),
            high=amount(result, row["high"]),
        )
    template = (
        "{value} ({low} – {high}) of {change} {what} {after} against {before} has no cause on record{order}."
        if main["key"] == UNEXPLAINED
        else "{value} ({low} – {high}) of {change} {what} {after} against {before} came from {cause}{next}. "
        "{rest} is not explained."
    )
    return say(
        template,
        **_frame(result),
        value=amount(result, main["change"]),
        low=amount(result, main["low"]),
        high=amount(result, main["high"]),
        cause=main["cause"],
        next=_next(result, main["key"]),
        rest=_rest(result),
        order=_one_order(result),
    )


def _one_order(result: JumpResult) -> str:
    if not result.one_order:
        return ""
    return say(
        ", but one order of {day:date} is {amount:money} of it"
        if result.change > 0
        else ", but one order of {day:date} was {amount:money} of what there was before",
        day=result.order.day, amount=result.order.amount,
    )  # fmt: skip


def _frame(result: JumpResult) -> dict[str, str]:
    return {
        "change": amount(result, result.change),
        "what": measured(result.study.measure),
        "after": Period(*result.after).when,
        "before": Period(*result.before).name,
    }


def _rest(result: JumpResult) -> str:
    return amount(result, result.table["change"].iloc[-1])


def _next(result: JumpResult, but: str) -> str:
    rows = result.table.iloc[:-1]
    rows = rows[rows["key"].ne(but) & rows["grade"].ne(STILL)]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    return say(
        "; next is {cause} with {value} ({low} – {high})",
        cause=row["cause"],
        value=amount(result, row["change"]),
        low=amount(result, row["low"]),
        high=amount(result, row["high"]),
    )


def _largest(together: tuple[Together, ...]) -> Together | None:
    sure = [pair for pair in together if pair.low > 0 or pair.high < 0]
    return max(sure, key=lambda pair: abs(pair.change), default=None)


def checks(result: JumpResult) -> tuple[Check, ...]:
    return (
        *_searched(result),
        _neighbours(result),
        _unexplained(result),
        *_mixed(result),
        *_large(result),
        *_silence(result),
        _before(result),
        _missing(result),
        *_brought(result),
    )


def _searched(result: JumpResult) -> list[Check]:
    if result.found is None:
        return []
    return [
        Check(
            name=say("How it was found"),
            verdict="holds" if result.unusual else "fails",
            text=say(
                "Of all stretches this one stands out most from weekdays, season and holidays. In {share:percent} of "
                "histories in which nothing happened some stretch would look as large; up to {limit:percent} is "
                "called a jump.",
                share=result.found.false_alarms,
                limit=result.study.false_alarms,
            ),
        )
    ]


def _neighbours(result: JumpResult) -> Check:
    return Check(
        name=say("Against ordinary neighbours"),
        verdict="holds" if result.unusual else "weak",
        text=say(
            "Beyond weekdays, season and holidays the change is {beyond}; between two such neighbours up to {ordinary} "
            "either way is ordinary.",
            beyond=amount(result, result.beyond_timing),
            ordinary=amount(result, result.ordinary_change, signed=False),
        ),
    )


def _unexplained(result: JumpResult) -> Check:
    unusual = result.table["grade"].iloc[-1] == UNUSUAL
    return Check(
        name=say("The unexplained"),
        verdict="weak" if unusual else "holds",
        text=say(
            "{rest} is left over, more than the {ordinary} that days drift by: something happened that is not on "
            "record."
            if unusual
            else "{rest} is left over; days drift by up to {ordinary} without any cause.",
            rest=_rest(result),
            ordinary=amount(result, result.ordinary, signed=False),
        ),
    )


def _mixed(result: JumpResult) -> list[Check]:
    if not result.together:
        return [
            Check(
                name=say("Told apart"),
                verdict="holds",
                text=say("No two causes moved so alike that what they changed could be exchanged for each other."),
            )
        ]
    return [
        Check(
            name=say("Told apart"),
            verdict="weak",
            text=say(
                "{first} and {second} cannot be told apart: together {value} ({low} – {high}).",
                first=called(pair.keys[0]),
                second=called(pair.keys[1]),
                value=amount(result, pair.change),
                low=amount(result, pair.low),
                high=amount(result, pair.high),
            ),
        )
        for pair in result.together
    ]


def _large(result: JumpResult) -> list[Check]:
    if not result.one_order:
        return []
    return [
        Check(
            name=say("One order"),
            verdict="weak",
            text=say(
                "One order of {day:date} is {amount:money}; the largest order of a day stays below {usual:money} on "
                "nineteen days in twenty. Without it the change would be {rest}.",
                day=result.order.day,
                amount=result.order.amount,
                usual=result.order.usual,
                rest=amount(result, result.change - math.copysign(result.order.amount, result.change)),
            ),
        )
    ]


def _silence(result: JumpResult) -> list[Check]:
    if not result.silent:
        return []
    return [
        Check(
            name=say("Days without a record"),
            verdict="weak",
            text=say(
                "Something is sold on nearly every day, and nothing is on record for {n:count} {n:day|days}, last for "
                "{last:date}: the company was closed, or the records have a gap. {n:It is|They are} left out.",
                n=len(result.silent),
                last=max(result.silent),
            ),
        )
    ]


def _before(result: JumpResult) -> Check:
    main = result.main
    name = say("Seen before")
    if main is None or main["key"] == UNEXPLAINED:
        return Check(name=name, verdict="weak", text=say("No cause on record is known well enough to be named."))
    return Check(
        name=name,
        verdict="holds" if main["grade"] == STRONG else "weak",
        text=say(
            "Of {cause}: it was there on {days:percent} of the later days, history has {earlier:count} earlier "
            "{earlier:case|cases}, and it settles {learned:percent} of what was open about the size.",
            cause=main["cause"],
            days=main["days"],
            earlier=main["earlier"],
            learned=main["learned"],
        ),
    )


def _missing(result: JumpResult) -> Check:
    known = {"market_" if name.startswith("market_") else name for name in result.known}
    known |= {"campaigns"} & set(result.table["key"])
    if "price_paid_index" in known:
        known.add("price_index")
    missing = [say(COLUMNS.get(name, "the market")) for name in NEEDED if name not in known]
    if "season" not in set(result.table["key"]):
        missing.append(say("the season (15 months of days would begin to show it)"))
    if not missing:
        return Check(
            name=say("What is on record"),
            verdict="holds",
            text=say(
                "Prices, competitors, shelves, goods, campaigns and the market are all on record; what nobody wrote "
                "down is in what is not explained, or in a campaign of the same days."
            ),
        )
    return Check(
        name=say("What is on record"),
        verdict="weak",
        text=say(
            "Not on record: {missing}. Whatever these did is in what is not explained.", missing=", ".join(missing)
        ),
    )


def _brought(result: JumpResult) -> list[Check]:
    if not result.brought:
        return []
    return [
        Check(
            name=say("Unlike lengths"),
            verdict="holds",
            text=say(
                "The earlier period is of another length, so it is brought to the later one's days: {was} is what "
                "these weekdays made at its pace.",
                was=amount(result, result.was, signed=False),
            ),
        )
    ]


def claims(result: JumpResult) -> tuple[Claim, ...]:
    """What the main cause changed, and what is left over where that is unusual."""
    rows = [row for row in (result.main, result.table.iloc[-1]) if row is not None]
    rows = {row["key"]: row for row in rows if row["key"] != UNEXPLAINED or row["grade"] == UNUSUAL}
    return tuple(
        Claim(
            subject=say("change since {day:date}: {cause}", day=result.after[0], cause=row["cause"]),
            measure=result.study.measure,
            value=float(row["change"]),
            low=float(row["low"]),
            high=float(row["high"]),
            confidence=result.study.confidence,
            evidence="assumed" if row["key"] == UNEXPLAINED else "modelled",
            first=result.after[0],
            last=result.after[1],
            expires=result.after[1] + timedelta(days=365),
            decision=_decision(row["key"], row["cause"]),
            reversed_by=_reversal(row["key"]),
        )
        for row in rows.values()
    )


def _decision(key: str, cause: str) -> str:
    if key == UNEXPLAINED:
        return say("Ask those who were there what happened in these days, and write it down as a campaign or an event.")
    if key.startswith(("price_index", "price_paid")):
        return say("Set what the price gave away against what it brought before it is repeated.")
    if key.startswith("campaign"):
        return say("Book to {cause} this much and no more.", cause=cause)
    if key in ("stock_out", "assortment_index"):
        return say("Put the goods concerned first in the next order to suppliers.")
    return say("Do not credit or blame anybody for it: {cause} would have done it anyway.", cause=cause)


def _reversal(key: str) -> str:
    if key == UNEXPLAINED:
        return say("An event of these days that somebody remembers.")
    return say("The next time it moves alone, a change outside this interval.")
