"""Why to believe what is said of first contacts, and why to doubt it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.service.first_contact import FirstContactResult


def checks(result: FirstContactResult, left_out: int) -> tuple[Check, ...]:
    """`left_out` cases belong to those of whom there are too few to be compared."""
    table, frame = result.table, result.frame
    unknown = float(frame.loc[(frame["reason"] == "not recorded") | (frame[result.study.dimension] == ""),
                              "cases"].sum() / frame["cases"].sum())  # fmt: skip
    apart = table["plain"].max() - table["plain"].min()
    fair = table["rate"].max() - table["rate"].min()
    found = [
        Check(
            name=say("Compared fairly"), verdict="holds",
            text=say("As counted, {plain:points} part the first from the last; at the same kinds of cases, and with "
                     "chance taken off, {fair:points}.", plain=apart, fair=fair),
        ),
        Check(
            name=say("On record"), verdict="holds" if unknown < 0.1 else "weak",
            text=say("Of {share:percent} of cases the reason, or whose they were, is not on record.", share=unknown),
        ),
        Check(
            name=say("Settled, or given up"), verdict="weak",
            text=say("Settled means that the customer did not turn to the company again within {days:count} days; "
                     "whoever gave up counts as settled, too. `satisfaction(…)` asks what they say.",
                     days=result.again_days),
        ),
        Check(
            name=say("Not by lot"), verdict="weak",
            text=say("Cases were not dealt by lot: who gets the hard ones within a reason is not known, so look into "
                     "cases before anybody is praised or blamed."),
        ),
    ]  # fmt: skip
    if left_out:
        found.append(
            Check(
                name=say("Too few to be judged"),
                verdict="weak",
                text=say("{n:count} cases belong to those with too few of them to be compared.", n=left_out),
            )
        )
    if result.study.dimension == "agent":
        found.append(
            Check(
                name=say("No names"),
                verdict="holds",
                text=say(
                    "Agents are numbered by the alphabet; who leads them finds the names at the desk, no page has them."
                ),
            )
        )
    return tuple(found)
