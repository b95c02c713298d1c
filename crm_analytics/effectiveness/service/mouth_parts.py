"""The numbers behind word of mouth: rates with the scatter of months, money at equal age, answers, and regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.result.chance import share_interval

YEAR = 12
LEAST_EACH, LEAST_GROUPS, LEAST_ANSWERS = 30, 8, 20


@dataclass(frozen=True, kw_only=True)
class Rates:
    """By block of twelve months: the places of its months, `rate` per active customer and year, and its `change` over
    the block before. `scatter` is how much more months scatter than chance makes them (1: no more), `trend` the factor
    of a year with its interval, the season taken out."""

    blocks: list[slice]
    counts: np.ndarray
    rate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    change: np.ndarray
    change_low: np.ndarray
    change_high: np.ndarray
    scatter: float
    trend: tuple[float, float, float]


def rates(came: pd.DataFrame, confidence: float) -> Rates:
    """Months of new customers by source; who is of unknown source is taken to have come like those whose is known."""
    from scipy.stats import t

    n = len(came)
    count = came["recommended"].to_numpy(float)
    known = count + came["other"].to_numpy(float)
    new = known + came["unknown"].to_numpy(float)
    share = np.divide(known, new, out=np.ones(n), where=new > 0)
    exposed = np.maximum(came["active"].to_numpy(float) * np.maximum(share, 1e-6), 1e-9)
    scatter, slope, error, free = _months(count, exposed, came.index.month.to_numpy())
    times = t.ppf((1 + confidence) / 2, free)
    ends = range(n, 0, -YEAR)
    blocks = [slice(max(end - YEAR, 0), end) for end in ends if end >= YEAR or end == n][::-1]
    counts = np.array([count[one].sum() for one in blocks])
    rate = np.array([YEAR * count[one].sum() / exposed[one].sum() for one in blocks])
    half = times * np.sqrt(scatter / np.maximum(counts, 0.5))
    before = np.r_[np.nan, rate[:-1]]
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(before > 0, rate / before, np.nan)
    both = times * np.sqrt(scatter / np.maximum(counts, 0.5) + scatter / np.maximum(np.r_[1, counts[:-1]], 0.5))
    trend = tuple(float(np.exp(YEAR * (slope + side * times * error))) for side in (0, -1, 1))
    return Rates(
        blocks=blocks, counts=counts, rate=rate, low=rate * np.exp(-half), high=rate * np.exp(half), change=change,
        change_low=change * np.exp(-both), change_high=change * np.exp(both), scatter=scatter, trend=trend,
    )  # fmt: skip


def _months(count: np.ndarray, exposed: np.ndarray, month: np.ndarray) -> tuple[float, float, float, int]:
    """A Poisson regression of months on trend and season: their scatter, the slope a month, its error, and freedom."""
    n, angle = len(count), 2 * np.pi * month / YEAR
    at = np.arange(n) - (n - 1) / 2
    waves = [f(k * angle) for k in (1, 2) for f in (np.sin, np.cos)] if n >= YEAR else []
    design = np.column_stack([np.ones(n), at, *waves])
    beta = np.linalg.lstsq(design, np.log((count + 0.5) / exposed), rcond=None)[0]
    for _ in range(50):
        mean = exposed * np.exp(np.clip(design @ beta, -30, 30))
        step = np.linalg.solve((design.T * mean) @ design + 1e-9 * np.eye(len(beta)), design.T @ (count - mean))
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    mean = exposed * np.exp(np.clip(design @ beta, -30, 30))
    free = n - design.shape[1]
    scatter = max(float(((count - mean) ** 2 / np.maximum(mean, 1e-9)).sum() / free), 1.0)
    covariance = np.linalg.inv((design.T * mean) @ design + 1e-9 * np.eye(len(beta)))
    return scatter, float(beta[1]), float(np.sqrt(scatter * covariance[1, 1])), free


@dataclass(frozen=True, kw_only=True)
class Brought:
    """Revenue of a recommended customer's first 180 days: `mean` with its error, and how much `more` that is than
    others of the same kind and quarter brought, with `low` and `high`. `customers` are those recommended who have their
    like; `times` errors make an interval."""

    mean: float
    mean_error: float
    more: float
    low: float
    high: float
    customers: int
    times: float


def brought(kinds: pd.DataFrame, confidence: float) -> Brought | None:
    """None where fewer than 30 recommended customers have others of their kind and quarter beside them."""
    from scipy.stats import norm

    kinds = kinds[kinds["counted"].isin(["recommended", "other"]) & (kinds["observed"] > 0)]
    quarter = kinds["month"].dt.year * 4 + kinds["month"].dt.quarter
    kinds = kinds.assign(quarter=quarter, by=kinds["counted"] == "recommended")
    sums = kinds.groupby(["value", "quarter", "by"], as_index=False)[["observed", "revenue", "revenue_squares"]].sum()
    sums["mean"] = sums["revenue"] / sums["observed"]
    sums["within"] = (sums["revenue_squares"] - sums["observed"] * sums["mean"] ** 2).clip(lower=0)
    sums["free"] = sums["observed"] - 1
    mine, others = (sums[sums["by"] == by].set_index(["value", "quarter"]) for by in (True, False))
    whole = mine[["observed", "revenue", "revenue_squares"]].sum()
    both = mine.index.intersection(others.index)
    n = int(mine.loc[both, "observed"].sum())
    if n < LEAST_EACH or others.loc[both, "observed"].sum() < LEAST_EACH:
        return None
    kind, of_kind = both.get_level_values("value"), sums.groupby("value")[["within", "free"]].sum()
    usual = of_kind["within"] / of_kind["free"].clip(lower=1)
    variance = []
    for arm in (mine, others):
        own = arm.groupby("value")[["within", "free"]].sum()
        # few people hide how far the rarest among them spend apart: never below what both arms together show
        own = np.maximum(own["within"] / own["free"].clip(lower=1), usual.reindex(own.index))
        variance.append(own.reindex(kind).to_numpy())
    mine, others = mine.loc[both], others.loc[both]
    times = float(norm.ppf((1 + confidence) / 2))
    weight = mine["observed"] / n
    more = float(weight @ (mine["mean"] - others["mean"]))
    each = variance[0] / mine["observed"].to_numpy() + variance[1] / others["observed"].to_numpy()
    error = float(np.sqrt(weight.to_numpy() ** 2 @ each))
    mean = float(whole["revenue"] / whole["observed"])
    spread = np.sqrt(max(whole["revenue_squares"] / whole["observed"] - mean**2, 0) / whole["observed"])
    return Brought(mean=mean, mean_error=float(spread), more=more, low=more - times * error,
                   high=more + times * error, customers=n, times=times)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Who would recommend us: shares of promoters, passives and detractors with `low` and `high`, of `asked` people,
    and the `net` share with its interval."""

    shares: pd.DataFrame
    asked: int
    net: tuple[float, float, float]


def answers(whole: pd.DataFrame, confidence: float) -> Answers | None:
    """None where fewer than 20 have said whether they would; weighted as the survey weights its respondents."""
    from scipy.stats import norm

    names = ["promoter", "passive", "detractor"]
    sums = whole.groupby("counted")[["customers", "weight", "weight_squares"]].sum().reindex(names).fillna(0)
    asked, weight = int(sums["customers"].sum()), float(sums["weight"].sum())
    if asked < LEAST_ANSWERS or not weight > 0:
        return None
    effective = weight**2 / float(sums["weight_squares"].sum())
    share = sums["weight"] / weight
    low, high = share_interval(share * effective, effective, confidence=confidence)
    shares = pd.DataFrame({"answer": names, "share": share.to_numpy(), "low": low, "high": high})  # fmt: skip
    net = float(share["promoter"] - share["detractor"])
    spread = max(float(share["promoter"] + share["detractor"]) - net**2, 0)
    half = float(norm.ppf((1 + confidence) / 2) * np.sqrt(spread / effective))
    return Answers(shares=shares, asked=asked, net=(net, max(net - half, -1.0), min(net + half, 1.0)))


def by_groups(regions: pd.DataFrame, newest: pd.DatetimeIndex, scatter: float, confidence: float) -> pd.DataFrame:
    """Regions with 20 answers or more: `group`, `promoters` (share), `rate` (recommended per active and year).

    `attrs["slope"]` is the factor of the rate for ten points more of promoters, with its interval (quasi-Poisson over
    regions); None where fewer than 8 regions can be compared.
    """
    from scipy.stats import t

    said = regions.pivot_table(index="value", columns="counted", values="weight", aggfunc="sum")
    people = regions.pivot_table(index="value", columns="counted", values="customers", aggfunc="sum")
    names = ["promoter", "passive", "detractor"]
    said, people = (one.reindex(columns=names).fillna(0) for one in (said, people))
    late = regions[regions["month"].isin(newest)]
    late = late.pivot_table(index="value", columns="counted", values="customers", aggfunc="sum")
    late = late.reindex(index=said.index, columns=["recommended", "active"]).fillna(0)
    keep = (people.sum(axis=1) >= LEAST_ANSWERS) & (late["active"] > 0) & (said.index != "unknown")
    said, late = said[keep], late[keep]
    share = (said["promoter"] / said.sum(axis=1)).to_numpy(float)
    count, years = late["recommended"].to_numpy(float), late["active"].to_numpy(float) / YEAR
    table = pd.DataFrame({"group": said.index, "promoters": share, "rate": count / np.maximum(years, 1e-9)})
    table.attrs["slope"] = None
    if len(table) < LEAST_GROUPS or np.ptp(share) < 1e-9 or count.sum() < LEAST_ANSWERS:
        return table
    x = (share - share.mean()) / 0.1
    design, beta = np.column_stack([np.ones(len(x)), x]), np.array([np.log(count.sum() / years.sum()), 0.0])
    for _ in range(50):
        mean = years * np.exp(np.clip(design @ beta, -30, 30))
        step = np.linalg.solve((design.T * mean) @ design, design.T @ (count - mean))
        beta = beta + np.clip(step, -2, 2)
    free = len(x) - 2
    wide = max(float(((count - mean) ** 2 / np.maximum(mean, 1e-9)).sum() / free), scatter, 1.0)
    half = t.ppf((1 + confidence) / 2, free) * np.sqrt(wide * np.linalg.inv((design.T * mean) @ design)[1, 1])
    table.attrs["slope"] = tuple(float(np.exp(beta[1] + side * half)) for side in (0, -1, 1))
    return table
