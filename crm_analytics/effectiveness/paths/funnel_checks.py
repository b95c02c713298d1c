"""Why to believe or doubt a leak: what is still open, what could be compared, and how many comparisons were made."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from crm_analytics.result import Check
from crm_analytics.say import say

ALL = "(all)"


def checks(steps: pd.DataFrame, table: pd.DataFrame) -> tuple[Check, ...]:
    """Open fates, comparisons, the time before, unnamed parts, money."""
    whole = steps[(steps["period"] == "now") & (steps["part"] == ALL)]
    return (
        _open(whole),
        _comparisons(table),
        *_before(steps, whole),
        *_unnamed(steps),
        *_worth(whole),
    )


def _open(whole: pd.DataFrame) -> Check:
    share = whole["undecided"] / whole["entered"].where(whole["entered"] > 0)
    worst = whole.loc[share.fillna(0).idxmax()]
    most = float(share.max())
    return Check(
        name=say("Open fates"),
        verdict="holds" if most <= 0.2 else "weak" if most <= 0.5 else "fails",
        text=say(
            "Of those who came to «{step}» it is not known of {share:percent} yet whether they will go on; they are "
            "left out. At no step are there more such.",
            step=worst["step"],
            share=most,
        ),
    )


def _comparisons(table: pd.DataFrame) -> Check:
    if table.empty:
        return Check(
            name=say("Comparisons"),
            verdict="weak",
            text=say("There is one part and no time before it with enough people: nothing to compare it with."),
        )
    found = int(table["leak"].sum())
    return Check(
        name=say("Comparisons"),
        verdict="holds",
        text=say(
            "{n:count} {n:comparison was|comparisons were} made at once; {found:count} {found:is a leak|are leaks} "
            "beyond what chance shows among so many.",
            n=len(table),
            found=found,
        ),
    )


def _before(steps: pd.DataFrame, whole: pd.DataFrame) -> Iterator[Check]:
    before = steps[(steps["period"] == "before") & (steps["part"] == ALL)]
    came = float(before["entered"].max()) if len(before) else 0.0
    if came < 0.5 * float(whole["entered"].max()):
        yield Check(
            name=say("The time before"),
            verdict="weak",
            text=say("The records do not reach back far enough to compare these days with as many before them.")
            if not came
            else say(
                "In the days before only {n:count} came in, so what changed since can hardly be told.",
                n=came,
            ),
        )


def _unnamed(steps: pd.DataFrame) -> Iterator[Check]:
    now = steps[(steps["period"] == "now") & (steps["step_no"] == steps["step_no"].min())].set_index("part")["entered"]
    if "(unknown)" in now and now["(unknown)"] > 0.05 * now[ALL]:
        yield Check(
            name=say("Unknown part"),
            verdict="weak",
            text=say(
                "{share:percent} of those who came in belong to no known part.", share=now["(unknown)"] / now[ALL]
            ),
        )


def _worth(whole: pd.DataFrame) -> Iterator[Check]:
    ended, amount = float(whole["ended"].iloc[0]), float(whole["amount"].iloc[0])
    if not ended or not amount:
        yield Check(
            name=say("Money"),
            verdict="weak",
            text=say("Nobody of these days has reached the end with an amount, so a loss cannot be told in money."),
        )
        return
    yield Check(
        name=say("Money"),
        verdict="holds" if ended >= 30 else "weak",
        text=say(
            "One who reached the end brought {mean:money} on average ({ended:count} did).",
            mean=amount / ended,
            ended=ended,
        ),
    )
