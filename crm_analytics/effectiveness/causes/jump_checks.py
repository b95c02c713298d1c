"""Why to believe or doubt what is said of a jump."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from crm_analytics.effectiveness.amounts import amount, change
from crm_analytics.effectiveness.causes.evidence import STRONG, UNUSUAL
from crm_analytics.effectiveness.causes.jump_words import COLUMNS, called, estimate, net_of_returns, rest
from crm_analytics.effectiveness.causes.split import UNEXPLAINED
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.causes.jump import JumpResult

NEEDED = ("price_index", "competitor_index", "stock_out", "assortment_index", "campaigns", "market_")
"""What moves sales nearly anywhere; what of it is not on record is said."""


def checks(result: JumpResult) -> tuple[Check, ...]:
    """How it was found, how far such days drift, whether causes can be told apart, and what is not on record."""
    asked = (_searched, _neighbours, _unexplained, _apart, _order, _returns, _silence, _before, _record, _lengths)
    return tuple(check for ask in asked for check in ask(result))


def _searched(result: JumpResult) -> Iterator[Check]:
    if result.found:
        yield Check(
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


def _neighbours(result: JumpResult) -> Iterator[Check]:
    yield Check(
        name=say("Against ordinary neighbours"),
        verdict="holds" if result.unusual else "weak",
        text=say(
            "Beyond weekdays, season and holidays the change is {beyond}; between two such neighbours up to {ordinary} "
            "either way is ordinary.",
            beyond=change(result.study.measure, result.beyond_timing),
            ordinary=amount(result.study.measure, result.ordinary_change),
        ),
    )


def _unexplained(result: JumpResult) -> Iterator[Check]:
    unusual = result.table["grade"].iloc[-1] == UNUSUAL
    yield Check(
        name=say("The unexplained"),
        verdict="weak" if unusual else "holds",
        text=say(
            "{rest} is left over, more than the {ordinary} that days drift by: something happened that is not on "
            "record."
            if unusual
            else "{rest} is left over; days drift by up to {ordinary} without any cause.",
            rest=rest(result),
            ordinary=amount(result.study.measure, result.ordinary),
        ),
    )


def _apart(result: JumpResult) -> Iterator[Check]:
    name = say("Told apart")
    if not result.together:
        text = say("No two causes moved so alike that what they changed could be exchanged for each other.")
        yield Check(name=name, verdict="holds", text=text)
    for pair in result.together:
        text = say(
            "{first} and {second} cannot be told apart: together {value} ({low} – {high}).",
            first=called(pair.keys[0]),
            second=called(pair.keys[1]),
            **estimate(result, pair),
        )
        yield Check(name=name, verdict="weak", text=text)


def _order(result: JumpResult) -> Iterator[Check]:
    if result.one_order:
        without = result.change - math.copysign(result.order.amount, result.change)
        yield Check(
            name=say("One order"),
            verdict="weak",
            text=say(
                "One order of {day:date} is {amount:money}; the largest order of a day stays below {usual:money} on "
                "nineteen days in twenty. Without it the change would be {rest}.",
                day=result.order.day,
                amount=result.order.amount,
                usual=result.order.usual,
                rest=change(result.study.measure, without),
            ),
        )


def _returns(result: JumpResult) -> Iterator[Check]:
    if result.mostly_sent_back:
        yield Check(name=say("Sent back"), verdict="weak", text=net_of_returns(result))


def _silence(result: JumpResult) -> Iterator[Check]:
    if result.silent:
        yield Check(
            name=say("Days without a record"),
            verdict="weak",
            text=say(
                "Something is sold on nearly every day, and nothing is on record for {n:count} {n:day|days}, last for "
                "{last:date}: the company was closed, or the records have a gap. {n:It is|They are} left out.",
                n=len(result.silent),
                last=max(result.silent),
            ),
        )


def _before(result: JumpResult) -> Iterator[Check]:
    main, name = result.main, say("Seen before")
    if main is None or main["key"] == UNEXPLAINED:
        yield Check(name=name, verdict="weak", text=say("No cause on record is known well enough to be named."))
        return
    yield Check(
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


def _record(result: JumpResult) -> Iterator[Check]:
    keys = set(result.table["key"])
    known = {"market_" if name.startswith("market_") else name for name in result.known} | ({"campaigns"} & keys)
    if "price_paid_index" in known:
        known.add("price_index")
    missing = [say(COLUMNS.get(name, "the market")) for name in NEEDED if name not in known]
    if "season" not in keys:
        missing.append(say("the season (15 months of days would begin to show it)"))
    yield Check(
        name=say("What is on record"),
        verdict="weak" if missing else "holds",
        text=say(
            "Not on record: {missing}. Whatever these did is in what is not explained."
            if missing
            else "Prices, competitors, shelves, goods, campaigns and the market are all on record; what nobody wrote "
            "down is in what is not explained, or in a campaign of the same days.",
            missing=", ".join(missing),
        ),
    )


def _lengths(result: JumpResult) -> Iterator[Check]:
    if result.brought:
        yield Check(
            name=say("Unlike lengths"),
            verdict="holds",
            text=say(
                "The earlier period is of another length, so it is brought to the later one's days: {was} is what "
                "these weekdays made at its pace.",
                was=amount(result.study.measure, result.was),
            ),
        )
