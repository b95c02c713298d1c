"""What it is worth to keep customers better: the money that a few points of yearly retention more would bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.result import Check, NotEnough, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.planning.customers.buying.buying import Buying
    from crm_analytics.planning.customers.buying.gamma_gamma import GammaGamma
    from crm_analytics.planning.customers.worth.forecast import Forecast
    from crm_analytics.planning.customers.worth.value import ValueResult

YEAR_DAYS = 365
YEARS = (1, 2, 3, 5)


@dataclass(frozen=True, kw_only=True, eq=False)
class BetterKeptResult(Result):
    """What better keeping brings, a horizon a row: `horizon_days`, `value` (of all customers as things are), `better`
    (as they would be), `gain`, and its 95 % interval `low`–`high`; not discounted.

    `retention` is the share of today's active customers who are still active a year later, `wanted` what it would be.
    """

    retention: float
    wanted: float
    gain: float
    low: float
    high: float


def better_kept(value: ValueResult, retention_points: float) -> BetterKeptResult | NotEnough:
    """So many points of yearly retention more: every customer's chance of leaving shrinks in the one proportion that
    does it. Raises ValueError for points that are no share; refuses where hardly anybody is seen to leave."""
    if not 0 < retention_points < 1:
        raise ValueError(f"retention_points is {retention_points}; give a share above 0, such as 0.05.")
    forecast, people, days = value.forecast, value.people, value.study.horizon_days
    base = _Base.of(forecast, people)
    retention = base.retention(forecast.orders)
    wanted = retention + retention_points
    if wanted >= 1:
        return value.study.refuse(
            say(
                "{retention:percent} of active customers stay a year as far as {history:count} days of history tell: "
                "there are not {points:points} more to keep. In a longer history customers would be seen to leave.",
                retention=retention,
                history=people["T"].max(),
                points=retention_points,
            )
        )
    horizons = sorted({days, *(YEAR_DAYS * years for years in YEARS)})
    now, better = base.worth(forecast.orders, forecast.money, retention_points, horizons)
    others = [base.worth(*models, retention_points, horizons) for models in forecast.redrawn if models[1].q > 1]
    spread = np.quantile([then - here for here, then in others], [0.1587, 0.8413], axis=0)
    half = 1.96 * (spread[1] - spread[0]) / 2
    gain = better - now
    table = pd.DataFrame(
        {
            "horizon_days": horizons,
            "value": now,
            "better": better,
            "gain": gain,
            "low": gain - half,
            "high": gain + half,
        }
    )
    row = table[table["horizon_days"] == days].iloc[0]
    return BetterKeptResult(
        study=value.study,
        table=table,
        text=_told(table, row, forecast, retention, wanted),
        checks=(_meaning(retention, wanted), _who(value)),
        retention=retention,
        wanted=wanted,
        gain=float(row["gain"]),
        low=float(row["low"]),
        high=float(row["high"]),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Base:
    """A base of customers, or a part of it that stands for all: histories, mean values, and how many each row
    counts."""

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    mean_value: np.ndarray
    counts: float
    forecast: Forecast

    @classmethod
    def of(cls, forecast: Forecast, people: pd.DataFrame, most: int = 20_000) -> _Base:
        some = people.iloc[:: max(1, len(people) // most)]
        x, t_x, T = forecast.history(some)
        return cls(
            x=x,
            t_x=t_x,
            T=T,
            mean_value=forecast.mean_value(some),
            counts=len(people) / len(some),
            forecast=forecast,
        )

    def retention(self, orders: Buying, leaving: float = 1.0) -> float:
        """The share of active customers who stay a year."""
        alive = orders.p_alive(self.x, self.t_x, self.T)
        return float(alive @ orders.retained(self.x, self.T, self.forecast.ahead(YEAR_DAYS), leaving) / alive.sum())

    def worth(
        self, orders: Buying, money: GammaGamma, points: float, horizons: list[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """What all customers are worth over each horizon as things are, and better kept."""
        alive, each = orders.p_alive(self.x, self.t_x, self.T), money.expected(self.x, self.mean_value)
        cells, cell = np.unique(self.x + 1j * self.T, return_inverse=True)
        x, T, weight = cells.real, cells.imag, np.bincount(cell, weights=alive)
        leaving = _leaving(orders, (x, T, weight), self.forecast.ahead(YEAR_DAYS), points)
        weight = np.bincount(cell, weights=alive * each)
        worths = [
            [weight @ orders.expected_if_active(x, T, self.forecast.ahead(days), share) for days in horizons]
            for share in (1.0, leaving)
        ]
        now, better = self.counts * np.array(worths)
        return now, better


def _leaving(orders: Buying, active: tuple[np.ndarray, ...], year: float, points: float) -> float:
    """How many times as likely as now customers may leave, so that so many points more of them stay a year."""
    from scipy.optimize import brentq

    x, T, weight = active

    def stay(leaving: float) -> float:
        return float(weight @ orders.retained(x, T, year, leaving) / weight.sum())

    wanted = min(stay(1.0) + points, 1 - 1e-6)
    return float(brentq(lambda leaving: stay(leaving) - wanted, 1e-9, 1.0, xtol=1e-3))


def _told(table: pd.DataFrame, row: pd.Series, forecast: Forecast, retention: float, wanted: float) -> str:
    longest = table.iloc[-1]
    return say(
        "{gain:money} ({low:money}–{high:money}) more {money} over {days:count} days, {more:percent} of all, if "
        "{wanted:percent} instead of {retention:percent} of active customers stayed a year; over {years:count} years "
        "{later:money} ({later_low:money}–{later_high:money}).",
        gain=row["gain"],
        low=row["low"],
        high=row["high"],
        money=say(forecast.basis),
        days=row["horizon_days"],
        more=row["gain"] / row["value"],
        wanted=wanted,
        retention=retention,
        years=longest["horizon_days"] / YEAR_DAYS,
        later=longest["gain"],
        later_low=longest["low"],
        later_high=longest["high"],
    )


def _meaning(retention: float, wanted: float) -> Check:
    return Check(
        name=say("what is meant"),
        verdict="holds",
        text=say(
            "Retention is the share of customers active today who are still active in a year. For {points:points} more "
            "everybody's chance of leaving shrinks in one proportion; how often they buy and for how much stays.",
            points=wanted - retention,
        ),
    )


def _who(value: ValueResult) -> Check:
    return Check(
        name=say("today's customers"),
        verdict="weak",
        text=say(
            "It is the worth of today's {customers:count} customers alone, before what keeping them costs; those who "
            "will be won later would stay longer, too.",
            customers=len(value.people),
        ),
    )
