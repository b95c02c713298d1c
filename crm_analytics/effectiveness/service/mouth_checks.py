"""Why to believe or doubt what is said of word of mouth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.service.word_of_mouth import WordOfMouthResult


def checks(result: WordOfMouthResult, twice: float) -> tuple[Check, ...]:
    """Whether the source is known, alike in both years, how months scatter, who the recommended are, and who would."""
    return (*_recorded(result, twice), _course(result), _money(result), _willing(result), _regions(result))


def _recorded(result: WordOfMouthResult, twice: float) -> list[Check]:
    table = result.table
    known = (table["known"] / table["new"]).to_numpy(float)
    moved = len(known) > 1 and abs(known[-1] - known[-2]) > 0.1
    found = [
        Check(
            name=say("Source on record"), verdict="holds" if known[-1] >= 0.8 and not moved else "weak",
            text=say("The source of {now:percent} of the newest year's customers is on record, and of {before:percent} "
                     "the year before; the others are taken to have come alike.", now=known[-1], before=known[-2])
            if len(known) > 1 else
            say("The source of {now:percent} of new customers is on record; the others are taken to have come alike.",
                now=known[-1]),
        ),
    ]  # fmt: skip
    if twice > 0:
        found.append(Check(
            name=say("Two records of it"), verdict="holds" if twice >= 0.5 else "weak",
            text=say("Of {share:percent} of the recommended both the channel and the reason say so, of the others one "
                     "of them; with says=\"channel\" or \"reason\" only that one counts.", share=twice),
        ))  # fmt: skip
    return found


def _course(result: WordOfMouthResult) -> Check:
    scatter, (trend, low, high) = result.rates.scatter, result.rates.trend
    long = len(result.months) >= 24
    text = say("Months scatter {scatter:number} times as much as chance alone makes them; intervals are as much wider.",
               scatter=scatter)  # fmt: skip
    text += " " + say(
        "With the season out, the rate goes by {trend:percent} a year ({low:percent} – {high:percent}).",
        trend=trend - 1, low=low - 1, high=high - 1,
    ) if long else " " + say("Two whole years would be needed to tell a trend from the season.")  # fmt: skip
    return Check(name=say("Course"), verdict="holds" if long and scatter < 4 else "weak", text=text)


def _money(result: WordOfMouthResult) -> Check:
    money = result.brought
    if money is None:
        return Check(name=say("Other people"), verdict="weak", text=say(
            "Too few who came 180 days ago have others of their kind and quarter beside them; what the recommended "
            "bring cannot be compared."))  # fmt: skip
    differs = money.low > 0 or money.high < 0
    return Check(
        name=say("Other people"), verdict="weak",
        text=say("A recommended customer brought {more:money} ({low:money} – {high:money}) {than} in 180 days than "
                 "others of the same kind and quarter; these are other people, and some would have come anyway.",
                 more=abs(money.more), low=min(abs(money.low), abs(money.high)), high=max(abs(money.low),
                 abs(money.high)), than=say("more") if money.more > 0 else say("less")) if differs else
        say("What a recommended customer brought in 180 days cannot be told from what others of the same kind and "
            "quarter did ({low:money} – {high:money} more); some would have come anyway.", low=money.low,
            high=money.high),
    )  # fmt: skip


def _willing(result: WordOfMouthResult) -> Check:
    said = result.answers
    if said is None:
        return Check(name=say("Would they recommend?"), verdict="weak", text=say(
            "Too few customers, or none, were asked on a scale to ten, or with yes and no, whether they would "
            "recommend us."))  # fmt: skip
    row = said.shares.set_index("answer")
    spans = {name: (row.loc[name, "low"], row.loc[name, "high"]) for name in row.index}
    return Check(
        name=say("Would they recommend?"), verdict="holds" if said.asked >= 100 else "weak",
        text=say("Of {asked:count} asked {yes:percent} ({yes_span:percents}) are promoters, {passive:percent} "
                 "({passive_span:percents}) passive and {no:percent} ({no_span:percents}) detractors: a net score of "
                 "{net:number} ({low:number} – {high:number}).", asked=said.asked, yes=row.loc["promoter", "share"],
                 passive=row.loc["passive", "share"], no=row.loc["detractor", "share"], yes_span=spans["promoter"],
                 passive_span=spans["passive"], no_span=spans["detractor"],
                 **dict(zip(("net", "low", "high"), 100 * np.array(said.net), strict=True))),
    )  # fmt: skip


def _regions(result: WordOfMouthResult) -> Check:
    slope, name = result.groups.attrs["slope"], say("Do words become deeds?")
    if slope is None:
        return Check(name=name, verdict="weak", text=say(
            "Not enough regions to tell whether those with more promoters gain more by recommendation: {n:count} have "
            "{least:count} answers, 8 would be enough.", n=len(result.groups), least=20))  # fmt: skip
    times, low, high = slope
    return Check(
        name=name, verdict="holds" if low > 1 else "weak",
        text=say("Among {n:count} regions, ten points more of promoters go with {times:number} ({low:number} – "
                 "{high:number}) times as many customers by recommendation.", n=len(result.groups), times=times,
                 low=low, high=high),
    )  # fmt: skip
