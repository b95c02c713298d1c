"""Units beside units left alone, when all sorts of things happen to them in the very weeks; the plain reading takes the
weeks before."""

from __future__ import annotations

from functools import partial

import pandas as pd

from crm_analytics.effectiveness.panel.panel_effect import PanelEffect
from crm_analytics.result import enough
from crm_analytics.simulation.panel import side_by_side
from crm_analytics.trust.trials import Situation, Trial


def _trial(seed: int, *, units: int, treated: int, effect: float, timing: str, coincides_with: str) -> Trial:
    frame, planted = side_by_side(
        seed, units=units, treated=treated, effect=effect, timing=timing, coincides_with=coincides_with
    )
    result = PanelEffect().fit(frame)
    if not enough(result):
        return Trial(truth=float(planted.brought["revenue"].sum()))
    window = frame[frame["day"].between(pd.Timestamp(result.starts), pd.Timestamp(result.until))]
    return Trial(
        truth=planted.within(window), estimate=result.effect, low=result.low, high=result.high,
        naive=float(result.readings["effect"].iloc[0]), scale=result.expected,
    )  # fmt: skip


SITUATIONS = tuple(
    Situation(
        estimator="PanelEffect",
        words=f"{treated} of {units} units, {timing}, {coincides_with} coincides, {_named}",
        draw=partial(_trial, units=units, treated=treated, effect=effect, timing=timing, coincides_with=coincides_with),
    )
    for units, treated, timing, coincides_with in (
        (6, 1, "at once", "nothing"),
        (6, 1, "at once", "all of it"),
        (12, 2, "at once", "price cut"),
        (12, 2, "on and off", "regional shock"),
        (12, 3, "staggered", "competitor"),
    )
    for _named, effect in (("no effect", 0.0), ("15 % more", 0.15))
)
