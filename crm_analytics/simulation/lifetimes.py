"""Customers who come and leave, at rates that are known: what survival, and the causes of leaving, are held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from crm_analytics.simulation.demand import FIRST_DAY
from crm_analytics.simulation.draws import stream

DAYS = 1095
EARLY_DAYS, EARLY_TIMES = 90, 2.0
"""In the first quarter customers leave at twice the later rate."""
MONTH = 365 / 12


@dataclass(frozen=True, kw_only=True)
class LivesTruth:
    """What is planted: the share of customers who stay longer than a year, and how many times as fast each leaves."""

    retained_365: float
    hazard_ratio: float
    naive_365: float
    """What a plain count says: of all customers, those not gone within a year of coming."""


def memberships(
    seed: int, *, customers: int = 1500, a_year: float = 0.35, ratio: float = 1.0, earlier: float = 0.3
) -> tuple[pd.DataFrame, LivesTruth]:
    """Members of three years whose leaving is stated, in the columns of `features.memberships`, and what is planted.

    Members by `web` leave `ratio` times as fast as those by `store`, who leave at `a_year` (a rate, after a first
    quarter at twice that). A share `earlier` came in the two years before the records, and is on record only if it was
    still there when they began.
    """
    rng = stream(seed, "memberships")
    web = rng.random(customers) < 0.4
    rate = a_year / 365 * np.where(web, ratio, 1.0)
    before = rng.random(customers) < earlier
    start = np.where(before, -rng.integers(1, 730, customers), rng.integers(0, DAYS, customers))
    life = _lives(rng.exponential(1, customers) / rate)
    there = start + life > 0
    start, life, web = start[there], life[there], web[there]
    seen = np.minimum(life, DAYS - start)
    lost = start + life < DAYS
    last = np.floor(np.where(lost, life, seen)).astype(int)
    count = len(start)
    frame = pd.DataFrame({
        "customer_id": [f"M{i:06d}" for i in range(count)],
        "start": pd.to_datetime(FIRST_DAY) + pd.to_timedelta(start, unit="D"),
        "entered": np.maximum(-start, 0), "last": last, "days": last, "purchases": 1,
        **{f"as_long{end}": np.where(lost, 0.0, 1.0) for end in ("", "_near", "_far")},
        **{f"never{end}": 0.0 for end in ("", "_near", "_far")},
        "from_start": False, "customer_kind": "person", "region": "unknown",
        "acquired_channel": np.where(web, "web", "store"), "acquired_campaign": "unknown",
        "reason_first_purchase": "unknown", "stated": True, "begins": pd.Timestamp(FIRST_DAY),
        "until": pd.Timestamp(FIRST_DAY + timedelta(days=DAYS)),
    })  # fmt: skip
    whole = np.exp(-a_year * (1 + (EARLY_TIMES - 1) * EARLY_DAYS / 365) * np.array([1.0, ratio]))
    truth = LivesTruth(
        retained_365=float(whole @ [0.6, 0.4]), hazard_ratio=ratio,
        naive_365=float(1 - (lost & (life <= 365)).mean()),
    )  # fmt: skip
    return frame, truth


def _lives(exposure: np.ndarray) -> np.ndarray:
    """Days lived, from days lived at the later rate: the first quarter counts double."""
    early = EARLY_DAYS * EARLY_TIMES
    return np.where(exposure < early, exposure / EARLY_TIMES, exposure - early + EARLY_DAYS)


@dataclass(frozen=True, kw_only=True)
class CausesTruth:
    """How many times as fast customers leave with a complaint, and when competitors are a tenth cheaper; and what a
    plain count says of complaints: the share now silent for long among those who complained over that of the others."""

    complaint: float
    competitor: float
    naive: float


def departing(
    seed: int, *, customers: int = 3000, complaint: float = 1.0, competitor: float = 1.0, months: int = 36
) -> tuple[pd.DataFrame, CausesTruth]:
    """Purchases of customers who leave after one of them or come back, in the columns of `features.departures`.

    Customers buy at their own pace (on average every two months) and leave after a purchase with a chance of about 7 %;
    `complaint` times as fast within a fortnight of a complaint, and `competitor` times as fast while competitors are a
    tenth cheaper. Every month has a level of its own, and there is a season.
    """
    rng = stream(seed, "departing")
    index = 1 + 0.08 * np.sin(np.arange(months) * 0.9 + rng.uniform(0, 6)) + rng.normal(0, 0.03, months)
    level = 0.15 * np.cos(2 * np.pi * np.arange(months) / 12) + rng.normal(0, 0.08, months)
    level = level + np.log(competitor) * np.log(index / index.mean()) / np.log(0.9)
    settling, whole = 14.0, months * MONTH
    pace = rng.gamma(3.0, 1 / 180, customers)
    day, here, number, rows = (
        rng.uniform(0, whole - 60, customers),
        np.ones(customers, bool),
        np.zeros(customers, int),
        [],
    )
    while here.any():
        who = np.flatnonzero(here)
        month = (day[who] / MONTH).astype(int)
        met = rng.random(len(who)) < 0.08
        m = np.exp(np.log(0.07) + np.log(complaint) * met + level[month])
        leaves = rng.random(len(who)) < -np.expm1(-m)
        pause = np.where(leaves, np.inf, rng.exponential(1 / pace[who]) + settling)
        number[who] += 1
        back = day[who] + pause < whole
        silence = np.minimum(pause, whole - day[who])
        share = np.round(np.exp(-pace[who] * np.maximum(silence - settling, 0)) * 50) / 50
        old = whole - day[who] >= 120
        rows.append(
            pd.DataFrame(
                {
                    "month": month,
                    "stage": np.minimum(number[who], 6),
                    "complaint": met,
                    "came_back": back,
                    "as_long": np.where(back, np.nan, share),
                }
            )[old]
        )
        day[who] = day[who] + np.where(back, pause, 0)
        here[who] = back
    table = pd.concat(rows, ignore_index=True)
    silent = table["as_long"] < 0.05
    by_cause = silent.groupby(table["complaint"]).mean()
    counted = table.groupby(list(table.columns), dropna=False).size().rename("purchases").reset_index()
    first = pd.Timestamp(FIRST_DAY)
    counted["competitor_index"], counted["price_index"] = index[counted["month"]], np.nan
    counted["month"] = [first + pd.DateOffset(months=int(month)) for month in counted["month"]]
    never = np.where(counted["came_back"], np.nan, 0.07)
    frame = counted.assign(returned=None, addressed=None, never=never, as_long_near=counted["as_long"],
                           as_long_far=counted["as_long"], settling_days=int(settling),
                           until=first + pd.Timedelta(days=round(whole)))  # fmt: skip
    return frame, CausesTruth(complaint=complaint, competitor=competitor, naive=float(by_cause[True] / by_cause[False]))
