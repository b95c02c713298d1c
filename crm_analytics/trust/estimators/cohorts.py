"""Are later customers better than those of a year before, at equal age; the plain reading takes all that each have done
so far, however long they have been there."""

from __future__ import annotations

from functools import partial

import pandas as pd

from crm_analytics.effectiveness.customers.cohorts import Cohorts
from crm_analytics.result import enough
from crm_analytics.simulation.cohorts import USUAL_SHARE, cohort_lives
from crm_analytics.trust.trials import Situation, Trial

ASKED = "2023-Q4"
"""The last cohort but one has been there for some months; the one it is compared with, for a year more."""


def _trial(seed: int, *, of: str, world: dict) -> Trial:
    frame, planted = cohort_lives(seed, **world)
    result = Cohorts().fit(frame)
    if not enough(result):
        return Trial(truth=0.0)
    row = result.table.set_index("cohort").loc[ASKED]
    months = int(row["months"])
    truth, scale = {
        "active": (planted.active_gap(months), USUAL_SHARE),
        "per_head": (planted.per_head_gap(months), USUAL_SHARE * planted.worth * (months + 1)),
    }[of]
    return Trial(
        truth=truth, estimate=float(row[f"{of}_gap"]), low=float(row[f"{of}_low"]), high=float(row[f"{of}_high"]),
        naive=_so_far(frame, ASKED, of) - _so_far(frame, str(row["against"]), of), scale=scale,
    )  # fmt: skip


def _so_far(frame: pd.DataFrame, cohort: str, of: str) -> float:
    """The share that bought in a mean month after the first, or the money that a customer has brought."""
    rows = frame[frame["cohort"] == cohort]
    if of == "active":
        later = rows[rows["age"] >= 1]
        return float(later["active"].sum() / later["customers"].sum())
    return float(rows["revenue"].sum() / rows.drop_duplicates("part")["of"].sum())


SITUATIONS = tuple(
    Situation(estimator="Cohorts", words=f"{words}: {asked}", draw=partial(_trial, of=of, world=world))
    for words, world in (
        ("500 a quarter, alike", {"fading": 0.95}),
        ("500 a quarter, the last buy in 8 more months of 100", {"fading": 0.95, "better": 0.08}),
        ("60 a quarter, alike", {"fading": 0.95, "size": 60}),
    )
    for of, asked in (("active", "who buys in a month"), ("per_head", "money a head"))
)
