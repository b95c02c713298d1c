"""What is said of a jump: its causes by name, the one sentence, and what to do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crm_analytics.effectiveness.amounts import change, noun_of
from crm_analytics.effectiveness.causes.evidence import STILL, UNUSUAL, Together
from crm_analytics.effectiveness.causes.split import UNEXPLAINED
from crm_analytics.result import Claim
from crm_analytics.result.period import Period
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

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
DECISIONS = {
    UNEXPLAINED: "Ask those who were there what happened in these days, and write it down as a campaign or an event.",
    "price_index": "Set what the price gave away against what it brought before it is repeated.",
    "price_paid_index": "Set what the price gave away against what it brought before it is repeated.",
    "campaign": "Book to {cause} this much and no more.",
    "stock_out": "Put the goods concerned first in the next order to suppliers.",
    "assortment_index": "Put the goods concerned first in the next order to suppliers.",
    "": "Do not credit or blame anybody for it: {cause} would have done it anyway.",
}
"""What to do about a cause, by how its key begins."""


def called(key: str) -> str:
    """A cause in words."""
    if key.startswith("campaign: "):
        return say("campaign «{name}»", name=key.removeprefix("campaign: "))
    if key.startswith("market_"):
        return say("market: {name}", name=key.removeprefix("market_").replace("_", " "))
    return say(COLUMNS.get(key, key.replace("_", " ")))


def estimate(result: JumpResult, part: pd.Series | Together) -> dict[str, str]:
    """What a part of the change is, and both ends of its interval."""
    ends = {"value": part.change, "low": part.low, "high": part.high}
    return {name: change(result.study.measure, value) for name, value in ends.items()}


def sentence(result: JumpResult) -> str:
    """The main cause with its money and interval, the second one, and what is left over; what of it came back."""
    return _of_causes(result) + (" " + net_of_returns(result) if result.mostly_sent_back else "")


def net_of_returns(result: JumpResult) -> str:
    """What the change is once more than usual has come back."""
    return say(
        "In the later period {more:money} more came back than in the earlier one: net of that the change is {net}."
        if result.sent_back > 0
        else "In the earlier period {more:money} more came back than in the later one: net of that the change is "
        "{net}.",
        more=abs(result.sent_back),
        net=change(result.study.measure, result.change - result.sent_back),
    )


def _of_causes(result: JumpResult) -> str:
    main, pair = result.main, _surest(result.together)
    if pair and (main is None or abs(pair.change) > abs(main["change"])):
        return _inseparable(result, pair)
    if main is not None:
        return _caused(result, main)
    return _nameless(result) if result.unusual else _ordinary(result)


def _caused(result: JumpResult, main: pd.Series) -> str:
    return say(
        "{value} ({low} – {high}) of {change} {what} {after} against {before} has no cause on record{order}."
        if main["key"] == UNEXPLAINED
        else "{value} ({low} – {high}) of {change} {what} {after} against {before} came from {cause}{next}. "
        "{rest} is not explained.",
        **_frame(result),
        **estimate(result, main),
        cause=main["cause"],
        next=_next(result, main["key"]),
        rest=rest(result),
        order=_one_order(result),
    )


def _inseparable(result: JumpResult, pair: Together) -> str:
    return say(
        "{value} ({low} – {high}) of {change} {what} {after} against {before} came from {first} and {second} "
        "together; which of the two it was cannot be told. {rest} is not explained.",
        **_frame(result),
        **estimate(result, pair),
        first=called(pair.keys[0]),
        second=called(pair.keys[1]),
        rest=rest(result),
    )


def _nameless(result: JumpResult) -> str:
    largest = result.table.loc[result.table["change"].abs().idxmax()]
    return say(
        "{change} {what} {after} against {before}, and no cause can be named: the largest part, {cause}, is "
        "{value} ({low} – {high}).",
        **_frame(result),
        **estimate(result, largest),
        cause=largest["cause"],
    )


def _ordinary(result: JumpResult) -> str:
    measure = result.study.measure
    return say(
        "Nothing unusual: the stretch that stands out most is {change} {what} {after} against {before}, {beyond} "
        "of it beyond weekdays, season and holidays, and in {share:percent} of histories in which nothing happened "
        "some stretch stands out as far."
        if result.found
        else "Nothing unusual: {change} {what} {after} against {before}; beyond weekdays, season and holidays "
        "that is {beyond}, and {low} – {high} is ordinary between such neighbours.",
        **_frame(result),
        beyond=change(measure, result.beyond_timing),
        share=result.found.false_alarms if result.found else None,
        low=change(measure, -result.ordinary_change),
        high=change(measure, result.ordinary_change),
    )


def _frame(result: JumpResult) -> dict[str, str]:
    return {
        "change": change(result.study.measure, result.change),
        "what": noun_of(result.study.measure),
        "after": Period(*result.after).when,
        "before": Period(*result.before).name,
    }


def rest(result: JumpResult) -> str:
    """What is not explained."""
    return change(result.study.measure, result.table["change"].iloc[-1])


def _next(result: JumpResult, but: str) -> str:
    rows = result.table.iloc[:-1]
    rows = rows[rows["key"].ne(but) & rows["grade"].ne(STILL)]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    return say("; next is {cause} with {value} ({low} – {high})", cause=row["cause"], **estimate(result, row))


def _one_order(result: JumpResult) -> str:
    if not result.one_order:
        return ""
    return say(
        ", but one order of {day:date} is {amount:money} of it"
        if result.change > 0
        else ", but one order of {day:date} was {amount:money} of what there was before",
        day=result.order.day,
        amount=result.order.amount,
    )


def _surest(together: tuple[Together, ...]) -> Together | None:
    """The pair that surely changed most."""
    sure = [pair for pair in together if pair.low > 0 or pair.high < 0]
    return max(sure, key=lambda pair: abs(pair.change), default=None)


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
            decision=_decision(row),
            reversed_by=_reversal(row["key"]),
        )
        for row in rows.values()
    )


def _decision(row: pd.Series) -> str:
    return say(next(text for begins, text in DECISIONS.items() if row["key"].startswith(begins)), cause=row["cause"])


def _reversal(key: str) -> str:
    if key == UNEXPLAINED:
        return say("An event of these days that somebody remembers.")
    return say("The next time it moves alone, a change outside this interval.")
