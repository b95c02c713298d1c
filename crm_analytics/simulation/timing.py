"""Many campaigns in one series, whose delay, fading and dependence on start and length are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.simulation.campaigns import daily_market
from crm_analytics.simulation.demand import carry
from crm_analytics.simulation.draws import stream

BEST_WEEKDAY, BEST_MONTHS = 3, (3, 4, 5)
"""Where start and length matter, campaigns that begin on Thursdays (Monday is 0) and in spring do best."""
LENGTHS_DAYS = (5, 10, 20)


@dataclass(frozen=True, kw_only=True, eq=False)
class TimingTruth:
    """What is planted: how one touch's effect is spread, and each campaign's lift of sales on a usual day of it."""

    lag_days: float
    half_life_days: float
    campaigns: pd.DataFrame
    """A campaign a row: name, starts, days, lift (of the logarithm of sales on a usual day of it)."""

    @property
    def come(self) -> np.ndarray:
        """The share of one touch's effect that has come by the end of the day it is on, a day later, …"""
        return np.cumsum(carry(self.lag_days, self.half_life_days))


def campaigns_in_time(
    seed: int,
    *,
    campaigns: int = 16,
    lift: float = 0.15,
    differ: float = 0.05,
    lag_days: float = 3.0,
    half_life_days: float = 5.0,
    matters: float = 0.0,
) -> tuple[pd.DataFrame, TimingTruth]:
    """Three years of daily sales with so many campaigns, in the columns of `features.daily_sales`, and what is planted.

    A campaign lifts the logarithm of sales by `lift` on average, with a standard deviation of `differ` between
    campaigns, and lasts 5, 10 or 20 days. With `matters` campaigns that begin on a Thursday, and those that begin in
    spring, lift it by so much more each, and those of 20 days by so much less. They begin about as far apart as so many
    can, so that they overlap now and then.
    """
    sales, _ = daily_market(seed)
    rng = stream(seed, "campaigns in time")
    count = len(sales)
    usual = sales["revenue"].rolling(29, center=True, min_periods=1).mean().to_numpy()
    shares = carry(lag_days, half_life_days)
    rows, columns, running, felt = [], {}, [[] for _ in range(count)], np.zeros(count)
    every = (count - 110) // campaigns
    starts = 60 + every * np.arange(campaigns) + rng.integers(0, every, campaigns)
    for number, start in enumerate(starts):
        days, name = int(rng.choice(LENGTHS_DAYS)), f"Campaign {number + 1:02d}"
        day = pd.Timestamp(sales["day"].iloc[start])
        best = (day.day_of_week == BEST_WEEKDAY) + (day.month in BEST_MONTHS) - (days == max(LENGTHS_DAYS))
        strength = lift + differ * rng.standard_normal() + matters * best
        touches = np.zeros(count)
        touches[start : start + days] = 1.0
        columns[f"touches: {name}"] = touches
        for place in np.flatnonzero(touches):
            running[place].append(name)
        felt += strength * np.convolve(touches, shares)[:count]
        rows.append({"name": name, "starts": day, "days": days, "lift": strength})
    sales["revenue"] += np.expm1(felt) * usual
    sales["other_campaigns"] = ["; ".join(names) for names in running]
    truth = TimingTruth(lag_days=lag_days, half_life_days=half_life_days, campaigns=pd.DataFrame(rows))
    return pd.concat([sales, pd.DataFrame(columns)], axis=1), truth


def answers_in_time(
    seed: int, *, campaigns: int = 8, mean_days: float = 6.0, differ: float = 0.2, each: int = 150
) -> tuple[pd.DataFrame, np.ndarray]:
    """Linked answers in the columns of `features.response_delays`, and which share of all answers within 90 days has
    truly come by the end of each day, over campaigns like these.

    Delays are exponential; their mean differs between campaigns by a factor (standard deviation `differ` in
    logarithms). Campaigns are answered by more or fewer, and a third of them began within the last three weeks, so that
    late answers to them are not on record: a plain count takes campaigns for quicker than they are.
    """
    rng = stream(seed, "answers in time")
    day, until = np.arange(91), pd.Timestamp("2025-07-01")
    rows = []
    for number in range(campaigns):
        watched = int(rng.integers(3, 21)) if number % 3 == 2 else 90
        mean = mean_days * np.exp(rng.normal(0, differ))
        delays = np.floor(rng.exponential(mean, rng.poisson(each * rng.uniform(0.4, 1.6)))).astype(int)
        counts = np.bincount(delays[delays <= watched], minlength=91)
        rows.append(pd.DataFrame({"campaign": f"Campaign {number + 1:02d}", "day": day, "watched": watched,
                                  "answered": counts, "last_touch": until - pd.Timedelta(days=watched + 1),
                                  "until": until}))  # fmt: skip
    frame = pd.concat(rows, ignore_index=True)
    means = mean_days * np.exp(differ * np.linspace(-3, 3, 121))
    weight = np.exp(-0.5 * np.linspace(-3, 3, 121) ** 2)
    come = (1 - np.exp(-(day[:, None] + 1) / means)) @ weight / weight.sum()
    return frame[frame["answered"] > 0].reset_index(drop=True), come / come[-1]
