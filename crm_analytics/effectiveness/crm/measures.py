"""What a CRM is to change: its measures, how a change of one is told, and all of them judged together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.result import Study
from crm_analytics.result.chance import holm
from crm_analytics.say import say

TIMES = {
    "days to first answer": "leads, and contacts of kind out that are of no campaign, both with their customer",
    "hours to answer": "contacts of kind in, and of kind out that are of no campaign, both with their customer",
    "days to first stage": "leads with their customer, and deal_stages with customer and entered_at",
    "days in a stage": "deal_stages with entered_at",
    "days to win": "deal_stages with entered_at and outcome",
    "days to close": "deal_stages with entered_at and outcome",
}
"""The measures of time, and what has to be on record for each."""
LESS_IS_BETTER = (*TIMES, "cost of contacts")
SHARES = ("came again", "deals won", "enquiries that became deals", "settled at first contact")
FEW = 5
"""Months made of fewer on average are too noisy to be read."""


def figure_of(metric: str, value: float) -> str:
    """A change of this measure in words: in points where it is a share."""
    return say("{x:points}" if metric in SHARES else "{x:number}", x=value)


def span_of(metric: str, low: float, high: float) -> str:
    """An interval of changes of this measure in words."""
    return say("{low} – {high}", low=figure_of(metric, low).removesuffix(" pp"), high=figure_of(metric, high))


def together(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """All measures together, by the study's `alpha`: Holm's chances, verdicts, and what each is worth a year."""
    adjusted = holm(table["p"].fillna(1.0))
    sign = np.where(table["metric"].isin(LESS_IS_BETTER), -1, 1)
    better = sign * table["effect"].to_numpy() > 0
    verdict = np.select([adjusted > study.alpha, better], [say("not enough evidence"), say("better")], say("worse"))
    scale = table["yearly"] * table["worth"]
    cost = table["metric"] == "cost of contacts"  # it is money itself, of each order
    scale = scale.where(~cost, -table["yearly"])
    ends = np.sort(np.column_stack([scale * table["low"], scale * table["high"]]), axis=1)
    table = table.assign(p=adjusted, verdict=verdict, benefit_yearly=scale * table["effect"], benefit_low=ends[:, 0],
                         benefit_high=ends[:, 1], benefit_error=np.abs(scale) * table["error"])  # fmt: skip
    table = table.sort_values(["p", "metric"], ignore_index=True)
    return table[["metric", "verdict", "before", "without", "after", "effect", "low", "high", "plain", "p",
                  "benefit_yearly", "benefit_low", "benefit_high", "benefit_error"]]  # fmt: skip


def proven(table: pd.DataFrame) -> pd.DataFrame:
    """The rows whose change is more than chance."""
    return table[table["verdict"] != say("not enough evidence")]
