"""Advertising by channel, week by week, without a whole company: what each channel truly brings is known.

Sales follow the same demand equation as the company; see `demand`. Channels carry over and saturate, each by a curve of
its own kind, and run as channels do: always on, in flights, in bursts, with the season.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.simulation.campaigns import ORDER_WORTH, ORDERS_A_DAY
from crm_analytics.simulation.demand import (
    FIRST_DAY,
    Calendar,
    Elasticity,
    bump,
    market_index,
    pull,
    rhythm,
    steps,
    yearly,
)
from crm_analytics.simulation.draws import autocorrelated, stream

CHANNELS = ("search", "social", "radio", "outdoor")
TRAPS = ("nothing", "season", "price cut", "competitor", "demand", "together", "constant")
_CARRY = {"search": 0.1, "social": 0.3, "radio": 0.5, "outdoor": 0.7}
_FORM = {"search": "exponential", "social": "log", "radio": "hill", "outdoor": "log"}
_SHARE = {"search": 0.08, "social": 0.07, "radio": 0.09, "outdoor": 0.06}
"""What an active week brings, as a share of ordinary weekly sales."""
_RETURN = {"search": 3.0, "social": 1.8, "radio": 2.4, "outdoor": 1.2}
"""Revenue that a unit of money spent in an active week brings."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MediaTruth:
    """What is planted, by channel: revenue `brought` in each week, `roas` of all spend, `marginal` return of the last
    unit of money of the channel's last year, and the share `carried` from a week to the next."""

    brought: dict[str, np.ndarray]
    roas: dict[str, float]
    marginal: dict[str, float]
    carried: dict[str, float]


def media_market(
    seed: int, *, weeks: int = 156, trap: str = "nothing", strength: float = 1.0, idle: str = ""
) -> tuple[pd.DataFrame, MediaTruth]:
    """Weekly sales under four channels, in the columns of `features.media`, and what is planted.

    `trap` is what coincides with advertising: "season" (money follows the season), "price cut" and "competitor" (radio
    runs when own prices are cut, or the competitors' rise), "demand" (search spends more in the week after good sales),
    "together" (outdoor always runs with radio), "constant" (search spends the same every week). `strength` multiplies
    all effects; `idle` names a channel that brings nothing. Raises ValueError for an unknown trap or channel.
    """
    if trap not in TRAPS or idle not in ("", *CHANNELS):
        raise ValueError(f"A trap is one of {TRAPS}, idle one of {CHANNELS}; given were {trap!r} and {idle!r}.")
    rng = stream(seed, "media market")
    calendar = Calendar(FIRST_DAY, 7 * weeks + 3)
    days = slice(3, None)  # the first day is a Friday; weeks begin on Mondays
    price = steps(rng, calendar, a_year=5, depth=(0.05, 0.25), length_days=(7, 20)) * 1.03 ** np.floor(calendar.years)
    competitor = steps(rng, calendar, a_year=4, depth=(0.05, 0.2), length_days=(10, 30))
    competitor = competitor * np.exp(autocorrelated(rng, calendar.count, spread=0.01, memory=0.9))
    market = market_index(rng, calendar)
    season = yearly(calendar, peak=0.37, height=0.15) + bump(calendar, peak=348 / 365.25, height=0.45, width_days=14)
    log = rhythm(calendar) + season + pull(Elasticity(), price=price, competitor=competitor, market=market)
    noise = np.exp(autocorrelated(rng, calendar.count, spread=0.05, memory=0.8))
    orders = rng.poisson(ORDERS_A_DAY * np.exp(log) * noise)
    revenue = orders * ORDER_WORTH * price * np.exp(rng.normal(0, 0.85 / np.sqrt(np.maximum(orders, 1))))

    def weekly(values: np.ndarray) -> np.ndarray:
        return values[days].reshape(weeks, 7)

    sold = weekly(revenue).sum(axis=1)
    cheap = {"price cut": -weekly(price / 1.03 ** np.floor(calendar.years)), "competitor": weekly(competitor)}
    with_radio = cheap[trap].mean(axis=1) if trap in cheap else rng.normal(size=weeks)
    spend = _spend(rng, weeks, trap=trap, season=weekly(season).mean(axis=1), sold=sold, radio=with_radio)
    brought, marginal = {}, {}
    for name in CHANNELS:
        size = strength * (name != idle) * _SHARE[name] * 7 * ORDERS_A_DAY * ORDER_WORTH
        brought[name] = size * _felt(name, spend[name])
        last = np.flatnonzero(spend[name])[-1] + 1
        year = slice(max(0, last - 52), last)
        more = size * _felt(name, 1.001 * spend[name], scale=spend[name])
        marginal[name] = float((more - brought[name])[year].sum() / (0.001 * spend[name][year].sum()))
    names = calendar.holiday[days].reshape(weeks, 7)
    frame = pd.DataFrame(
        {
            "starts": calendar.days[days][::7].astype("datetime64[s]"),
            "revenue": sold + sum(brought.values()),
            "orders": weekly(orders).sum(axis=1).astype(float),
            "price_index": weekly(price).mean(axis=1),
            "competitor_index": weekly(competitor).mean(axis=1),
            "market_retail_turnover": 100 * weekly(market).mean(axis=1),
            "holidays": ["; ".join(name for name in week if name) for week in names],
            **{f"spend_{name}": spend[name].round(2) for name in CHANNELS},
        }
    )
    roas = {name: float(brought[name].sum() / spend[name].sum()) for name in CHANNELS}
    return frame, MediaTruth(brought=brought, roas=roas, marginal=marginal, carried=dict(_CARRY))


def _spend(rng: np.random.Generator, weeks: int, *, trap: str, season, sold, radio) -> dict[str, np.ndarray]:
    """Money by channel and week: search always on, social in bursts, radio and outdoor in flights of some weeks."""
    usual = {name: _SHARE[name] * 7 * ORDERS_A_DAY * ORDER_WORTH / _RETURN[name] for name in CHANNELS}
    pace = {"search": np.exp(autocorrelated(rng, weeks, spread=0.4, memory=0.6))}
    pace["social"] = (autocorrelated(rng, weeks, spread=1, memory=0.5) > 0.3) * rng.lognormal(0, 0.5, weeks)
    pace["radio"] = (radio > np.quantile(radio, 0.75)) * rng.lognormal(0, 0.4, weeks)
    flights = np.zeros(weeks)
    for start in rng.choice(weeks - 4, size=max(3, weeks // 16), replace=False):
        flights[start : start + 4] = rng.lognormal(0, 0.4)
    pace["outdoor"] = flights
    if trap == "season":
        pace = {name: path * np.exp(2.5 * (season - season.mean())) for name, path in pace.items()}
    if trap == "demand":
        surprise = np.r_[0, np.diff(np.log(sold))]
        pace["search"] = np.exp(5 * np.r_[0, surprise[:-1]] + rng.normal(0, 0.1, weeks))
    if trap == "together":
        pace["outdoor"] = pace["radio"]
    if trap == "constant":
        pace["search"] = np.ones(weeks)
    return {name: usual[name] * path / path[path > 0].mean() for name, path in pace.items()}


def _felt(name: str, spend: np.ndarray, *, scale: np.ndarray | None = None) -> np.ndarray:
    """What is felt of a spend in each week, one in a usual active week; the curve is fixed by `scale`."""
    scale = spend if scale is None else scale
    weights = _CARRY[name] ** np.arange(40)
    weights /= weights.sum()

    def bent(money: np.ndarray) -> np.ndarray:
        stock = np.convolve(money, weights)[: len(money)] / scale[scale > 0].mean()
        if _FORM[name] == "log":
            return np.log1p(stock / 0.7)
        return 1 - np.exp(-1.2 * stock) if _FORM[name] == "exponential" else stock / (stock + 0.8)

    return bent(spend) / bent(scale)[scale > 0].mean()
