"""Whether what the stages of life foretold came true, and what their names cannot carry."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from crm_analytics.planning.customers.base.stages import ACTIVE
from crm_analytics.result import Check
from crm_analytics.result.chance import share_interval
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd


def checks_of(was: pd.DataFrame, proof: pd.DataFrame, period: int, history: int) -> tuple[Check, ...]:
    return (_foretold(proof, period), _came_back(proof, period), _seasons(history), _by_chance(was))


def _foretold(proof: pd.DataFrame, period: int) -> Check:
    active = proof.loc[list(ACTIVE)].sum(numeric_only=True)
    rows = [(active["again"], active["then"]), *proof.loc[["dormant", "lost"], ["again", "then"]].to_numpy()]
    rows = [row for row in rows if row[1] > 0]
    shares = [again / then for again, then in rows]
    spans = [share_interval(*row) for row in rows]
    apart = all(higher[0] > lower[1] for higher, lower in pairwise(spans))
    upside_down = any(higher[1] < lower[0] for higher, lower in pairwise(spans))
    names = [say(name) for name in ("active", "dormant", "lost")]
    told = [say("{name} {share:percent} ({span:percents})", name=name, share=share, span=span)
            for name, share, span in zip(names, shares, spans, strict=False)]  # fmt: skip
    return Check(
        name=say("foretold"),
        verdict="holds" if len(rows) > 1 and apart else "fails" if upside_down else "weak",
        text=say(
            "Judged {period:count} days ago by what was known then, these bought since: {told}.",
            period=period, told=", ".join(told),
        ),
    )  # fmt: skip


def _came_back(proof: pd.DataFrame, period: int) -> Check:
    lost = proof.loc["lost"]
    if lost["then"] == 0:
        text = say("Nobody was called lost {period:count} days ago, so none can have come back.", period=period)
        return Check(name=say("called lost wrongly"), verdict="weak", text=text)
    return Check(
        name=say("called lost wrongly"),
        verdict="holds" if lost["bought_high"] <= 0.1 else "weak",
        text=say(
            "{again:count} of {then:count} who were called lost bought all the same within {period:count} days: "
            "{share:percent} ({span:percents}).",
            again=lost["again"], then=lost["then"], period=period, share=lost["bought_next"],
            span=(lost["bought_low"], lost["bought_high"]),
        ),
    )  # fmt: skip


def _seasons(history: int) -> Check:
    return Check(
        name=say("seasons"),
        verdict="holds" if history >= 730 else "weak",
        text=say(
            "{history:count} days of records were there to judge by, two of every season."
            if history >= 730
            else "Only {history:count} days of records were there to judge by: who comes once a year, in one season, "
            "may be called dormant.",
            history=history,
        ),
    )


def _by_chance(was: pd.DataFrame) -> Check:
    called = float(was["stage"].isin(["growing", "declining"]).mean())
    return Check(
        name=say("pace"),
        verdict="holds" if called <= 0.25 else "weak",
        text=say(
            "{called:percent} were called growing or declining a period ago; of customers who never change, chance "
            "alone would call some, so take these as whom to look at first.",
            called=called,
        ),
    )
