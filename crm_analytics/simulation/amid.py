"""A campaign amid others: daily sales in which a dozen campaigns ran before it, and some in its very days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.simulation.campaigns import MarketTruth, daily_market
from crm_analytics.simulation.demand import carry
from crm_analytics.simulation.draws import stream

LENGTH = 21
EARLIER = 11
USUAL_LIFT, SPREAD = 0.15, 0.05
"""What a campaign besides adds to a day's sales at its height, and by how much they differ."""


def amid_others(seed: int, *, effect: float = 0.0, beside: tuple[int, ...] = (7,)) -> tuple[pd.DataFrame, MarketTruth]:
    """`campaigns.daily_market` with other campaigns of three weeks, named in `other_campaigns`, and what is planted.

    Eleven of them ran over the two years before, each with a height, a delay and a fading of its own; `beside` says
    how many days after the campaign asked about (before it, where negative) each further one begins.
    """
    sales, truth = daily_market(seed, effect=effect)
    rng = stream(seed, "amid others")
    days, first = len(sales), int((sales["day"] < np.datetime64(truth.starts)).sum())
    begins = np.linspace(60, first - 150, EARLIER) + rng.integers(-20, 21, EARLIER)
    begins = np.concatenate([begins.astype(int), first + np.array(beside, int)])
    names, gained = np.full(days, "", dtype=object), np.zeros(days)
    for number, start in enumerate(begins, start=1):
        running = np.zeros(days)
        running[start : start + LENGTH] = 1.0
        names = np.where(running > 0, np.where(names == "", "", names + "; ") + f"Flyer {number}", names)
        shape = carry(float(rng.integers(0, 5)), float(rng.uniform(2, 8)))
        gained += rng.normal(USUAL_LIFT, SPREAD) * np.convolve(running, shape)[:days]
    more = gained * truth.expected_by_day
    return sales.assign(revenue=sales["revenue"] + more, other_campaigns=names), truth
