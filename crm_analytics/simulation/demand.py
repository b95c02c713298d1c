"""How demand moves from day to day: one equation, for the whole company as for one simulated campaign.

Demand on a day, relative to an ordinary day =
    trend × week × year × holiday × own price^own × competitor price^competitor × market^market × noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property

import numpy as np

from crm_analytics.simulation.draws import autocorrelated

FIRST_DAY = date(2022, 7, 1)
LAST_DAY = date(2025, 6, 30)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
AHEAD = 365
"""Days after the history for which demand is known too, so that what is foretold can be compared."""

WEEK = np.array([0.88, 0.86, 0.90, 0.97, 1.16, 1.40, 0.83])
"""Monday to Sunday, mean one."""

TREND_PER_YEAR = 0.08
HOLIDAY = -0.5
"""What a year, and a public holiday, adds to demand in logarithms."""


@dataclass(frozen=True, kw_only=True)
class Elasticity:
    """By how many percent demand moves when the price, the competitors' price or the market moves by one."""

    own: float = -1.6
    competitor: float = 0.5
    market: float = 0.8


@cache
def _public_holidays(first_year: int, last_year: int) -> dict[date, str]:
    import holidays

    return dict(holidays.country_holidays("LV", years=range(first_year, last_year + 1), language="en_US"))


@dataclass(frozen=True)
class Calendar:
    """The days of a history, in order."""

    first: date = FIRST_DAY
    count: int = DAYS

    @cached_property
    def days(self) -> np.ndarray:
        return np.datetime64(self.first) + np.arange(self.count)

    @cached_property
    def weekday(self) -> np.ndarray:
        return (self.first.weekday() + np.arange(self.count)) % 7

    @cached_property
    def year_phase(self) -> np.ndarray:
        """How far the year has gone, 0 to 1."""
        starts = self.days.astype("datetime64[Y]").astype("datetime64[D]")
        return (self.days - starts).astype(float) / 365.25

    @cached_property
    def years(self) -> np.ndarray:
        """Years since the first day."""
        return np.arange(self.count) / 365.25

    @cached_property
    def holiday(self) -> np.ndarray:
        """The name of the public holiday in Latvia, or an empty text."""
        names = _public_holidays(self.first.year, (self.first + timedelta(days=self.count)).year)
        found = np.full(self.count, "", dtype=object)
        for day, name in names.items():
            if 0 <= self.position(day) < self.count:
                found[self.position(day)] = name
        return found

    def position(self, day: date) -> int:
        return (day - self.first).days


def yearly(calendar: Calendar, *, peak: float, height: float) -> np.ndarray:
    """A season with one peak a year at phase `peak` (0.37 is mid-May), `height` above the mean in logarithms."""
    return height * np.cos(2 * np.pi * (calendar.year_phase - peak))


def bump(calendar: Calendar, *, peak: float, height: float, width_days: float) -> np.ndarray:
    """A short season, such as the weeks before Christmas, in logarithms."""
    distance = (calendar.year_phase - peak + 0.5) % 1 - 0.5
    return height * np.exp(-0.5 * (distance * 365.25 / width_days) ** 2)


def rhythm(calendar: Calendar) -> np.ndarray:
    """Trend, week and public holidays, in logarithms: what moves all goods alike."""
    return (
        TREND_PER_YEAR * calendar.years
        + np.log(WEEK)[calendar.weekday]
        + np.where(calendar.holiday != "", HOLIDAY, 0.0)
    )


def pull(elasticity: Elasticity, *, price: np.ndarray, competitor: np.ndarray, market: np.ndarray) -> np.ndarray:
    """What own price, competitors' price and market (each an index with base 1) do to demand, in logarithms."""
    return (
        elasticity.own * np.log(price) + elasticity.competitor * np.log(competitor) + elasticity.market * np.log(market)
    )


def market_index(rng: np.random.Generator, calendar: Calendar) -> np.ndarray:
    """The market's own slow movement, published monthly: an index with base 1 that wanders by some percent."""
    month = calendar.days.astype("datetime64[M]").astype(int)
    month -= month[0]
    walk = autocorrelated(rng, month[-1] + 1, spread=0.05, memory=0.9)
    return np.exp(walk - walk[0])[month]


def steps(
    rng: np.random.Generator,
    calendar: Calendar,
    *,
    a_year: float,
    depth: tuple[float, float],
    length_days: tuple[int, int],
) -> np.ndarray:
    """A price that is cut now and then: an index of base 1, so many cuts a year, each so deep and so long."""
    index = np.ones(calendar.count)
    for _ in range(rng.poisson(a_year * calendar.count / 365.25)):
        start = rng.integers(0, calendar.count)
        index[start : start + rng.integers(length_days[0], length_days[1] + 1)] = 1 - round(rng.uniform(*depth), 2)
    return index


def carry(lag_days: float, half_life_days: float, *, horizon_days: int = 120) -> np.ndarray:
    """How a campaign's effect spreads over the days after a touch: nothing before the lag, then it halves and halves.

    Shares of the whole effect, day by day; they sum to one.
    """
    day = np.arange(horizon_days)
    weight = np.where(day >= lag_days, 0.5 ** ((day - lag_days) / half_life_days), 0.0)
    return weight / weight.sum()


def response(spend: np.ndarray | float, *, a: float, b: float) -> np.ndarray | float:
    """Revenue a spend brings: a·ln(1 + spend/b), so that each further euro brings less."""
    return a * np.log1p(np.asarray(spend) / b)
