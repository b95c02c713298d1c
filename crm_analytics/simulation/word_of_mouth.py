"""A company with a planted rate at which active customers bring others, month by month, light enough for hundreds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import stream

SEASON = 0.4
"""By this share more people than usual come in spring, recommended or not."""


@dataclass(frozen=True)
class MouthTruth:
    """`rate` of customers brought by each active customer in the newest year, `change` of it over the year before,
    `share` of the recommended among all who came then, and how much more one `brought` in 180 days than others."""

    rate: float
    change: float
    share: float
    brought: float


def recommending(
    seed: int, *, rate: float = 0.15, change: float = 1.0, brought: float = 20.0, spread: float = 0.0,
    told: tuple[float, float] = (0.9, 0.9), months: int = 48, active: int = 2400, regions: int = 12, pull: float = 0.0,
) -> tuple[pd.DataFrame, MouthTruth]:  # fmt: skip
    """In the columns of `features.word_of_mouth`. `spread` is by how much months differ beyond chance (standard
    deviation of the factor), `told` the share whose source is on record before the newest year and in it, `pull` by
    how much the logarithm of a region's rate rises with its share of promoters. There are persons and companies, of
    whom the latter bring ten times as much and are recommended half as often."""
    rng = stream(seed, "word of mouth")
    month = pd.date_range("2021-01-01", periods=months, freq="MS")
    newest = np.arange(months) >= months - 12
    season = 1 + SEASON * np.cos(2 * np.pi * (np.arange(months) - 3) / 12)
    there = np.rint(active * np.linspace(0.8, 1.2, months) / regions).astype(int) * regions
    rates = np.where(newest, rate, rate / change)
    burst = rng.gamma(1 / spread**2, spread**2, months) if spread else np.ones(months)
    likes = rng.uniform(0.2, 0.6, regions)
    lift = np.exp(pull * (likes - likes.mean()))
    lift /= lift.mean()
    came = rng.poisson(there * rates / 12 * season * burst)
    others = rng.poisson(there * 0.5 / 12 * season)
    known = np.where(newest, told[1], told[0])
    of_month = np.repeat(np.arange(months), came + others)
    told_of = np.concatenate([np.repeat([True, False], (came[i], others[i])) for i in range(months)])
    n = len(of_month)
    company = rng.random(n) < np.where(told_of, 0.05, 0.1)
    whole = of_month < months - 6
    money = (np.where(company, 1000.0, 100.0) + brought * told_of) * rng.gamma(1.0, 1.0, n) * whole
    at = np.where(told_of, rng.choice(regions, n, p=lift / regions), rng.integers(0, regions, n))
    source = np.where(rng.random(n) < known[of_month], np.where(told_of, "recommended", "other"), "unknown")
    people = pd.DataFrame({
        "month": of_month, "counted": source, "region": at, "kind": np.where(company, "company", "person"),
        "customers": 1, "observed": whole * 1, "revenue": money, "revenue_squares": money**2,
    })  # fmt: skip
    answer = np.repeat((there // 60 // regions)[:, None] + 1, regions, axis=1)
    yes = rng.binomial(answer, likes)
    each = np.repeat((there // regions)[:, None], regions, axis=1)
    grid = {"month": np.repeat(np.arange(months), regions), "region": np.tile(np.arange(regions), months)}
    people = pd.concat([people, *(
        pd.DataFrame({**grid, "counted": name, "kind": "person", "customers": count.ravel(), "observed": 0,
                      "revenue": 0.0, "revenue_squares": 0.0})
        for name, count in (("promoter", yes), ("detractor", answer - yes), ("active", each))
    )], ignore_index=True)  # fmt: skip
    people = people.assign(all="all", region="R" + people["region"].astype(str), month=month[people["month"]], twice=0,
                           weight=people["customers"] * 1.0, weight_squares=people["customers"] * 1.0)  # fmt: skip
    sums = ["customers", "twice", "observed", "revenue", "revenue_squares", "weight", "weight_squares"]
    frame = pd.concat([
        people.groupby([name, "month", "counted"])[sums].sum().rename_axis(["value", "month", "counted"]).reset_index()
        .assign(dimension=name) for name in ("all", "kind", "region")
    ], ignore_index=True)  # fmt: skip
    until = month[-1] + pd.DateOffset(months=1)
    frame = frame.assign(until=until, begins=month[0])
    share = rate / (rate + 0.5)
    return frame, MouthTruth(rate=rate, change=change, share=share, brought=brought)
