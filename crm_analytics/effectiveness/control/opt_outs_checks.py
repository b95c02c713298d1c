"""Why to believe what campaigns cost in permissions, and why to doubt it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.opt_outs import OptOutsResult

FEW_ALONE = 5
"""So many of the control are expected to withdraw as others do, before it is odd that none does."""


def checks(result: OptOutsResult) -> tuple[Check, ...]:
    """Whether the control can be heard, and what is not seen at all."""
    return _heard(result), _one_event(result), *_worth(result)


def _heard(result: OptOutsResult) -> Check:
    """Where only the addressed can withdraw on record, each of them counts as caused."""
    sums = result.table[["happened", "treated", "alone", "control"]].sum()
    share = float(sums["alone"] / sums["control"])
    silent = sums["alone"] == 0 and sums["happened"] / sums["treated"] * sums["control"] >= FEW_ALONE
    return Check(
        name=say("Those left alone are heard, too"),
        verdict="weak" if silent else "holds",
        text=say("None of {n:count} customers left alone is on record with one: if only answers to campaigns are "
                 "recorded, those who would have withdrawn anyway are blamed on the campaign.", n=int(sums["control"]))
        if silent
        else say("{share:percent} of those left alone did the same in these weeks: so many are not the campaign's "
                 "doing.", share=share),
    )  # fmt: skip


def _one_event(result: OptOutsResult) -> Check:
    return Check(
        name=say("What is not seen"),
        verdict="weak",
        text=say("Whoever no longer opens a letter, or blocks the sender, is annoyed and on no record: this is the "
                 "least that was lost.")
        if result.study.event == "opt_outs"
        else say("Few who are annoyed complain: this is the least there was."),
    )  # fmt: skip


def _worth(result: OptOutsResult) -> tuple[Check, ...]:
    if result.money is None or result.study.event != "opt_outs":
        return ()
    return (Check(
        name=say("What a permission is worth"), verdict="weak",
        text=say("Reckoned from the average customer who was in these tests. Who withdraws may be worth less, or "
                 "may only be reached another way; between the two figures the company has to choose."),
    ),)  # fmt: skip
