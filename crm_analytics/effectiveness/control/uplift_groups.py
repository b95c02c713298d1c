"""Fifths of the customers by what a campaign is foretold to change, and what each of them is, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.uplift_trial import Trial, mean
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.uplift import Uplift

GROUPS = 5
WON, SURE, LOST, HARMED, UNCLEAR = "won over", "sure thing", "lost cause", "put off", "unclear"
HARDLY = 0.25
"""A change that stays below so much of what a customer brings anyway is hardly one."""


def groups(study: Uplift, trial: Trial, *, cost: float, outcome: np.ndarray, treated: np.ndarray) -> pd.DataFrame:
    """Each fifth of those judged, as the test itself sees it; the intervals hold for all five together (Bonferroni).

    Who gains beyond noise is won over, who loses is put off. Where the whole interval is close to nothing, who brings
    more than the average when left alone is a sure thing, who brings less a lost cause; where it is wide, nobody knows.
    """
    group = np.where(trial.judged, np.minimum(np.nan_to_num(trial.place) * GROUPS, GROUPS - 1).astype(int), -1)
    together = 1 - (1 - study.confidence) / GROUPS
    usual = outcome[~treated].mean()
    rows = []
    for number in range(GROUPS):
        mine = group == number
        if mine.sum() < 2:  # all foretold alike
            continue
        effect = mean(trial.change[mine])
        low, high = effect.interval(together)
        alone = outcome[mine & ~treated].mean() if (mine & ~treated).any() else np.nan
        nothing = max(abs(low), abs(high)) < HARDLY * abs(usual)
        same = (SURE if alone > usual else LOST) if nothing else UNCLEAR
        kind = WON if low > 0 else HARMED if high < 0 else same
        rows.append({
            "group": number + 1, "customers": int(mine.sum()), "foretold": trial.foretold[mine].mean(),
            "effect": effect.value, "low": low, "high": high, "alone": alone,
            "profit": study.worth * effect.value - cost, "kind": say(kind),
        })  # fmt: skip
    return pd.DataFrame(rows)


def kinds_in_words(table: pd.DataFrame) -> str:
    """How many customers are of each kind."""
    named = {
        WON: "{n:count} are in fifths that are won over", SURE: "{n:count} in fifths of sure things, who buy anyway",
        LOST: "{n:count} in fifths of lost causes, who hardly buy either way",
        HARMED: "{n:count} in fifths that are put off and should be left alone",
        UNCLEAR: "{n:count} in fifths of which this test cannot tell",
    }  # fmt: skip
    counts = table.groupby("kind")["customers"].sum()
    told = [say(words, n=counts[say(kind)]) for kind, words in named.items() if say(kind) in counts]
    return say("Of {n:count} who were judged, {told}.", n=counts.sum(), told="; ".join(told)) if told else ""
