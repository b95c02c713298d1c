"""Who stays: retention of members whose leaving is stated, and causes of leaving where only silence tells."""

from __future__ import annotations

from functools import partial
from math import log

from crm_analytics.effectiveness.customers.departures import Departures
from crm_analytics.effectiveness.customers.retention import Retention
from crm_analytics.result import enough
from crm_analytics.simulation.lifetimes import departing, memberships
from crm_analytics.trust.trials import Situation, Trial


def _retained(seed: int) -> Trial:
    frame, truth = memberships(seed, ratio=1.6)
    result = Retention(by=None).fit(frame)
    if not enough(result):
        return Trial(truth=truth.retained_365, naive=truth.naive_365)
    row = result.table.iloc[0]
    return Trial(truth=truth.retained_365, estimate=row["retained"], low=row["low"], high=row["high"],
                 naive=truth.naive_365)  # fmt: skip


def _faster(seed: int, ratio: float) -> Trial:
    frame, _ = memberships(seed, ratio=ratio)
    result = Retention().fit(frame)
    if not enough(result):
        return Trial(truth=log(ratio))
    rows = result.table.set_index("group")
    row, lost = rows.loc["web"], rows["lost"] / rows["customers"]
    return Trial(truth=log(ratio), estimate=log(row["hazard_ratio"]), low=log(row["hazard_low"]),
                 high=log(row["hazard_high"]), naive=log(lost["web"] / lost["store"]))  # fmt: skip


def _complaints(seed: int, ratio: float) -> Trial:
    frame, truth = departing(seed, customers=2500, complaint=ratio, competitor=ratio)
    result = Departures().fit(frame)
    if not enough(result):
        return Trial(truth=log(ratio), naive=log(truth.naive))
    row = result.table.set_index("cause").loc["a complaint"]
    return Trial(truth=log(ratio), estimate=log(row["hazard_ratio"]), low=log(row["low"]), high=log(row["high"]),
                 naive=log(truth.naive))  # fmt: skip


SITUATIONS = (
    Situation(
        estimator="Retention",
        words="members of three years, a third of them from before the records: how many stay",
        draw=_retained,
    ),
    Situation(
        estimator="Retention", words="two channels whose customers leave alike", draw=partial(_faster, ratio=1.0)
    ),
    Situation(
        estimator="Retention",
        words="two channels, one of which leaves 1.6 times as fast",
        draw=partial(_faster, ratio=1.6),
    ),
    Situation(estimator="Departures", words="complaints that drive nobody away", draw=partial(_complaints, ratio=1.0)),
    Situation(
        estimator="Departures",
        words="complaints and cheaper competitors that do, 1.8 times as fast",
        draw=partial(_complaints, ratio=1.8),
    ),
)
