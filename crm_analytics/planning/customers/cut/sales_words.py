"""A comparison of sales in words: what it came to, how it moved, which part carried it, where the whole misleads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.planning.customers.cut.sales import SalesResult

_THAN = {
    "year_before": "{more} than a year before",
    "before": "{more} than {when}",
    None: "{more} than {when}",
}
_MORE = {
    ("sum", True): "{size:percent} more",
    ("sum", False): "{size:percent} less",
    ("money", True): "{size:percent} more",
    ("money", False): "{size:percent} less",
    ("share", True): "{size:points} more",
    ("share", False): "{size:points} less",
}
_NAMED = 3
"""Parts that are named where some of many are meant."""


def sentence(answer: SalesResult) -> str:
    """The whole in words: number, change, whether it is ordinary, who carried it, and what it hides."""
    total = answer.total
    values = {
        "first": say(answer.measure.was, now=total.now, when=answer.now.when), "moved": moved(answer),
        "before": answer.before.when, "usual": _usual(answer),
    }  # fmt: skip
    if np.isnan(total.now):
        words = [say("There was nothing to measure {what} by {when}.", what=_called(answer), when=answer.now.when)]
    elif np.isnan(total.change_share):
        words = [say("{first}; there is nothing {before} to compare it with.", **values)]
    elif np.isnan(total.ordinary_low):
        words = [say("{first}, {moved}; the history is too short to tell whether that is unusual.", **values)]
    elif total.ordinary_low <= total.change_share <= total.ordinary_high:
        words = [say("{first}, {moved}, within the ordinary ({usual}).", **values)]
    else:
        words = [say("{first}, {moved}, beyond the ordinary ({usual}).", **values)]
    words += [
        say("Only {dimension} {value} is counted.", dimension=d.replace("_", " "), value=v)
        for d, v in answer.study.only
    ]
    words += [rate_and_mix(answer), reversed_words(answer) or carried(answer)]
    return " ".join(word for word in words if word)


def _usual(answer: SalesResult) -> str:
    """The range of an ordinary change in the unit in which the change is said."""
    total = answer.total
    span = (total.ordinary_low, total.ordinary_high)
    if answer.measure.unit != "share" or np.isnan(span[0]):
        return say("{usual:percents}", usual=span)
    return say("{low:points} – {high:points}", low=total.before * span[0], high=total.before * span[1])


def moved(answer: SalesResult) -> str:
    """How the whole changed, as the end of a sentence."""
    total = answer.total
    kind = "share" if answer.measure.unit == "share" else "sum"
    size = total.change if kind == "share" else total.change_share
    more = say(_MORE[kind, bool(size >= 0)], size=abs(size))
    return say(_THAN[answer.study.compare], more=more, when=answer.before.when)


def carried(answer: SalesResult) -> str:
    """Which part moved the whole, as a sentence; empty where there is nothing to tell apart."""
    if not answer.parted or not answer.total.change or not answer.table.contribution.notna().any():
        return ""
    top = answer.table.contribution.idxmax()
    share = answer.table.contribution[top]
    template = (
        "{part} carries {share:percent} of the change." if share <= 1
        else "{part} alone moved by more than the whole; the others together moved the other way."
    )  # fmt: skip
    return say(template, part=spoken(answer, top), share=share)


def rate_and_mix(answer: SalesResult) -> str:
    """What of a ratio's change is the parts' own doing, and what comes of their weights shifting."""
    total, measure = answer.total, answer.measure
    if not measure.under or not answer.parted or np.isnan(total.rate):
        return ""
    template = (
        "Of the change of {change}, the parts' own values bring {rate} and the shift of weight between them {mix}."
        if not any(total.overlap)
        else "Of the change of {change}, {rate} come of what is spent on a part by those who buy it, and {mix} of how "
        "many do."
    )
    return say(template, change=measure.step(total.change), rate=measure.step(total.rate), mix=measure.step(total.mix))


def reversed_words(answer: SalesResult) -> str:
    """The guard: the whole moved one way, most of what it consists of the other; empty where it did not."""
    found = answer.reversal
    if found is None:
        return ""
    up, ratio = answer.total.change > 0, bool(answer.measure.under)
    values = {
        "weight": found.weight, "against": say("{count:count}", count=len(found.against)),
        "parts": say("{count:count}", count=len(answer.table)), "names": _listed(answer, found.against),
        "others": _listed(answer, found.along),
    }  # fmt: skip
    if ratio:
        template = (
            "Yet it fell in {against} of {parts} parts with {weight:percent} of the weight ({names}): the whole rose "
            "because weight moved to dearer or better parts, not because the parts did better." if up
            else "Yet it rose in {against} of {parts} parts with {weight:percent} of the weight ({names}): the whole "
            "fell because weight moved to cheaper or poorer parts, not because the parts did worse."
        )  # fmt: skip
        if abs(answer.total.rate) > abs(answer.total.mix):  # a few parts outweighed the many
            template = (
                "Yet it fell in {against} of {parts} parts with {weight:percent} of the weight ({names}); {others} "
                "outweighed them." if up
                else "Yet it rose in {against} of {parts} parts with {weight:percent} of the weight ({names}); "
                "{others} outweighed them."
            )  # fmt: skip
        return say(template, **values)
    template = (
        "The whole rose, but {against} of {parts} parts that hold {weight:percent} of it fell ({names}); the rise is "
        "that of {others}." if up
        else "The whole fell, but {against} of {parts} parts that hold {weight:percent} of it rose ({names}); the fall "
        "is that of {others}."
    )  # fmt: skip
    return say(template, **values)


def spoken(answer: SalesResult, row: int) -> str:
    """A part as it is said: a month by its name."""
    if answer.study.by == ("month",):
        from crm_analytics.result.period import Period

        return Period.of(answer.table.month[row]).name
    return answer.names[row]


def _listed(answer: SalesResult, rows: tuple[int, ...]) -> str:
    some = ", ".join(spoken(answer, row) for row in rows[:_NAMED])
    more = len(rows) - _NAMED
    return some if more <= 0 else say("{some} and {more:count} more", some=some, more=more)


def _called(answer: SalesResult) -> str:
    return say(answer.study.measure.replace("_", " "))
