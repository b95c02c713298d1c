"""Why to believe or doubt where complaints come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.service.complaints import ComplaintsResult


def checks(result: ComplaintsResult, unlinked: int, shape: float) -> tuple[Check, ...]:
    """Whether complaints have something to be about, whether rates differ at all, what changed, and what is counted."""
    table = result.table
    linked = float(table["complaints"].sum())
    share = linked / max(linked + unlinked, 1)
    found = [
        Check(
            name=say("About what was bought"), verdict="holds" if share >= 0.7 else "weak",
            text=say("{share:percent} of complaints came within 30 days of a purchase and can be about it; {n:count} "
                     "had nothing before them and are left out.", share=share, n=unlinked),
        ),
        Check(
            name=say("Do they differ?"), verdict="holds" if shape < 30 else "weak",
            text=say("Beyond chance, rates scatter by {spread:percent} of their mean; the plain rate of a seldom "
                     "bought one says little and is drawn towards it.", spread=1 / np.sqrt(shape)),
        ),
    ]  # fmt: skip
    known = table[np.isfinite(table["change"])]
    rising = known[known["change_low"] > 1]
    limit = 0.025 * len(known)
    found.append(Check(
        name=say("Against the year before"),
        verdict="weak" if len(rising) > limit + 2 * np.sqrt(limit + 1) else "holds",
        text=say("{n:count} of {all:count} {n:is|are} complained of more than a year before, each judged for itself; "
                 "chance alone would show {chance:number}.", all=len(known), n=len(rising), chance=limit),
    ))  # fmt: skip
    found.append(Check(
        name=say("What is counted"), verdict="holds" if result.cost is not None else "weak",
        text=say("Money is what excess returns take back and what excess complaints cost afterwards."
                 if result.cost is not None else
                 "Money is only what excess returns take back; what a complaint costs afterwards comes on top."),
    ))  # fmt: skip
    return tuple(found)
