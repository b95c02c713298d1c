"""Why to believe a survey's satisfaction, or to doubt it: its weights, its changes, and who answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.collection.voice.weighing import effective_number
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.collection.voice.satisfaction import SatisfactionResult

COSTLY_DESIGN, THIN, SKEWED = 1.5, 0.5, 0.10


def checks_of(
    people: pd.DataFrame, table: pd.DataFrame, before: tuple[str, float, float, float] | None
) -> Iterator[Check]:
    """What the weights cost, whether the change since the survey before and the differences of groups are more than
    chance."""
    cost = len(people) / effective_number(people.weight.to_numpy(float))
    yield Check(
        name=say("weights"),
        verdict="weak" if cost > COSTLY_DESIGN else "holds",
        text=say(
            "Unequal weights make {answers:count} answers as good as {effective:count} of equal weight (design effect "
            "{cost:number}).",
            answers=len(people),
            effective=table.effective.iloc[0],
            cost=cost,
        ),
    )
    if before:
        name, change, low, high = before
        clear = low > 0 or high < 0
        yield Check(
            name=say("change"),
            verdict="holds" if clear else "weak",
            text=say(
                "{change:number} ({low:number} – {high:number}) since {name}: the change is more than chance."
                if clear
                else "{change:number} ({low:number} – {high:number}) since {name}: no change that chance would not "
                "make.",
                change=change,
                low=low,
                high=high,
                name=name or say("the survey before"),
            ),
        )
    if len(table) > 2:
        apart = table[table.differs].sort_values("p")
        yield Check(
            name=say("groups"),
            verdict="holds",
            text=say(
                "{name} differs from all others ({mean:number}); {count:count} of {groups:count} groups do, compared "
                "all at once."
                if len(apart)
                else "None of the {groups:count} groups differs from the others by more than chance, compared all at "
                "once.",
                name=apart.group.iloc[0] if len(apart) else "",
                mean=apart["mean"].iloc[0] if len(apart) else 0,
                count=len(apart),
                groups=len(table) - 1,
            ),
        )


def response_checks(
    result: SatisfactionResult,
    known: pd.DataFrame,
    shares: dict[str, pd.Series],
    weight: np.ndarray,
    start: np.ndarray,
) -> Iterator[Check]:
    """Whether those who answered are like the base, and how many answers are left once they are weighted to it."""
    gaps = []
    for column, target in shares.items():
        here = pd.Series(start).groupby(known[column].to_numpy()).sum() / start.sum()
        gap = here.reindex(target.index).fillna(0.0) - target
        gaps += [(abs(size), column, value, here.get(value, 0.0), target[value]) for value, size in gap.items()]
    size, column, value, mine, base = max(gaps, key=lambda one: (one[0], str(one[2])))
    yield Check(
        name=say("who answered"),
        verdict="weak" if size > SKEWED else "holds",
        text=say(
            "{value} ({column}) are {mine:percent} of the answers and {base:percent} of the base, which is the largest "
            "difference; {known:percent} of the respondents are known customers.",
            value=value,
            column=column,
            mine=mine,
            base=base,
            known=len(known) / len(result.people),
        ),
    )
    left = effective_number(weight) / len(known)
    yield Check(
        name=say("effective sample"),
        verdict="weak" if left < THIN else "holds",
        text=say(
            "Weighted to the base, {count:count} answers are as good as {effective:count}; who stays silent for "
            "reasons that the groups do not show is not mended.",
            count=len(known),
            effective=effective_number(weight),
        ),
    )


def unheard(lost: tuple[str, ...], settled: bool) -> tuple[Check, ...]:
    """Groups of the base for which no weight can speak."""
    if lost:
        text = say("Nobody answered from {lost}; the weights cannot speak for them.", lost=", ".join(lost[:3]))
        return (Check(name=say("nobody there"), verdict="weak", text=text),)
    if not settled:
        text = say("The weights do not reach the base's groups without making single voices too loud.")
        return (Check(name=say("nobody there"), verdict="weak", text=text),)
    return ()
