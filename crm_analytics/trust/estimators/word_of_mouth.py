"""Word of mouth: how many come by recommendation, how often customers bring others, whether that changed, and whether
the recommended bring more; the plain reading does without sources unknown, seasons and kinds of customers."""

from __future__ import annotations

from functools import partial
from math import log

import pandas as pd

from crm_analytics.effectiveness.service.word_of_mouth import YEAR, WordOfMouth
from crm_analytics.result import enough
from crm_analytics.simulation.word_of_mouth import recommending
from crm_analytics.trust.trials import Situation, Trial

FORGOTTEN = {"told": (0.9, 0.6), "spread": 0.15, "active": 1200, "months": 36, "regions": 8}
"""In the newest year the source of only six in ten is on record, and months differ for reasons of their own."""


def _trial(seed: int, *, of: str, world: dict) -> Trial:
    frame, planted = recommending(seed, **FORGOTTEN, **world)
    truth = {"share": planted.share, "rate": 100 * planted.rate, "change": log(planted.change),
             "more": planted.brought}[of]  # fmt: skip
    result = WordOfMouth().fit(frame)
    if not enough(result):
        return Trial(truth=truth)
    now, before = result.months.tail(YEAR).sum(numeric_only=True), result.months[-2 * YEAR : -YEAR].sum(
        numeric_only=True)  # fmt: skip
    row = result.table.iloc[-1]
    if of == "more":
        money = result.brought
        return Trial(truth=truth, estimate=money.more, low=money.low, high=money.high, naive=_apart(frame), scale=100.0)
    if of == "change":
        return Trial(truth=truth, estimate=log(row["change"]), low=log(row["change_low"]),
                     high=log(row["change_high"]), naive=log(now["recommended"] / before["recommended"]))  # fmt: skip
    of_all = now["recommended"] / now[["recommended", "other", "unknown"]].sum()
    naive = of_all if of == "share" else 100 * YEAR * now["recommended"] / now["active"]
    return Trial(truth=truth, estimate=row[of], low=row["low" if of == "share" else "rate_low"],
                 high=row["high" if of == "share" else "rate_high"], naive=float(naive), scale=truth)  # fmt: skip


def _apart(frame: pd.DataFrame) -> float:
    """What a recommended customer brought beyond another, whatever their kind."""
    sums = frame[frame["dimension"] == "all"].groupby("counted")[["revenue", "observed"]].sum()
    means = sums["revenue"] / sums["observed"].where(sums["observed"] > 0)
    return float(means["recommended"] - means["other"])


SITUATIONS = tuple(
    Situation(estimator="WordOfMouth", words=words, draw=partial(_trial, of=of, world=world))
    for words, of, world in (
        ("the share of the recommended, sources forgotten", "share", {}),
        ("how many 100 customers bring, sources forgotten", "rate", {}),
        ("a year against the one before, nothing changed", "change", {}),
        ("a year against the one before, a third less", "change", {"change": 2 / 3}),
        ("what the recommended bring more, which is nothing", "more", {"brought": 0.0}),
        ("what the recommended bring more, 40", "more", {"brought": 40.0}),
    )
)
