"""One campaign at a time, without a whole company: series and experiments whose true effect is known, by the hundred.

The daily series comes from the same demand equation as the company; see `demand`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.simulation.assortment import REGION_SHARES, REGIONS
from crm_analytics.simulation.demand import (
    FIRST_DAY,
    Calendar,
    Elasticity,
    bump,
    carry,
    market_index,
    pull,
    rhythm,
    steps,
    yearly,
)
from crm_analytics.simulation.draws import autocorrelated, stream

ORDERS_A_DAY, ORDER_WORTH = 400.0, 60.0
MARGIN_SHARE = 0.42
COINCIDENCES = ("nothing", "season", "price cut", "competitor")


@dataclass(frozen=True, kw_only=True, eq=False)
class MarketTruth:
    """What is planted in a daily series. `effect_by_day` is the campaign's revenue on each day of the series."""

    starts: date
    ends: date
    effect_by_day: np.ndarray
    expected_by_day: np.ndarray
    """Revenue to be expected without the campaign and without noise."""
    elasticity: Elasticity
    lag_days: float
    half_life_days: float

    @property
    def incremental_revenue(self) -> float:
        """All revenue the campaign brought, in the campaign and after it."""
        return float(self.effect_by_day.sum())

    def within(self, first: int, last: int) -> float:
        """The campaign's revenue from one row of the series to another, both included."""
        return float(self.effect_by_day[first : last + 1].sum())


def daily_market(
    seed: int, *, days: int = 1095, effect: float = 0.0, weeks: int = 5, coincides_with: str = "nothing"
) -> tuple[pd.DataFrame, MarketTruth]:
    """Three years of daily sales with one campaign, in the columns of `features.daily_sales`, and what is planted.

    `effect` is the campaign's whole effect as a share of ordinary revenue in its weeks: 0.1 in five weeks of about
    24,000 a day is 84,000. It starts three weeks and its own length before the end of the series, or with
    `coincides_with="season"` on the last first of December; with "price cut" own prices fall by 15 % just then, with
    "competitor" the competitors' rise by 12 %. It is felt after 3 days and fades with a half-life of 5.
    Raises ValueError for an unknown coincidence or a series too short to hold the campaign.
    """
    if coincides_with not in COINCIDENCES:
        raise ValueError(f"A campaign coincides with one of {COINCIDENCES}, not with {coincides_with!r}.")
    length = 7 * weeks
    if days < 2 * length + 200:
        raise ValueError(f"{days} days are too few for a campaign of {weeks} weeks; give at least {2 * length + 200}.")
    rng = stream(seed, "daily market")
    calendar = Calendar(FIRST_DAY, days)
    start = _last_december(calendar, length) if coincides_with == "season" else days - length - 21
    inside = slice(start, start + length)
    price = steps(rng, calendar, a_year=5, depth=(0.05, 0.25), length_days=(5, 20)) * 1.03 ** np.floor(calendar.years)
    competitor = steps(rng, calendar, a_year=4, depth=(0.05, 0.20), length_days=(10, 30))
    competitor = (
        competitor * 1.03 ** np.floor(calendar.years) * np.exp(autocorrelated(rng, days, spread=0.01, memory=0.9))
    )
    if coincides_with == "price cut":
        price[inside] = price[start - 1] * 0.85
    if coincides_with == "competitor":
        competitor[inside] *= 1.12
    market = market_index(rng, calendar)
    out = (rng.random(days) < 0.15) * rng.uniform(0.01, 0.06, days)
    elasticity = Elasticity()
    log = (
        rhythm(calendar)
        + yearly(calendar, peak=0.37, height=0.15)
        + bump(calendar, peak=348 / 365.25, height=0.45, width_days=14)
        + pull(elasticity, price=price, competitor=competitor, market=market)
    )
    wanted = ORDERS_A_DAY * np.exp(log) * (1 - out)
    noise = np.exp(autocorrelated(rng, days, spread=0.05, memory=0.5))
    orders = rng.poisson(wanted * noise)
    revenue = orders * ORDER_WORTH * price * np.exp(rng.normal(0, 0.85 / np.sqrt(np.maximum(orders, 1))))
    lag_days, half_life_days = 3.0, 5.0
    ordinary = wanted * ORDER_WORTH * price
    touches = np.zeros(days)
    touches[inside] = 1 / length
    brought = np.convolve(touches, carry(lag_days, half_life_days))[:days]
    brought *= effect * ordinary[inside].sum() / brought.sum()
    extra_orders = np.rint(brought / (ORDER_WORTH * price)).astype(int)
    frame = pd.DataFrame(
        {
            "day": calendar.days.astype("datetime64[s]"),
            "revenue": revenue + brought,
            "units": np.rint((orders + extra_orders) * 3.1),
            "orders": (orders + extra_orders).astype(float),
            "price_index": price,
            "competitor_index": competitor,
            "market_retail_turnover": 100 * market,
            "holiday": calendar.holiday.astype(str),
            "stock_out": out,
        }
    )
    truth = MarketTruth(
        starts=FIRST_DAY + timedelta(days=start),
        ends=FIRST_DAY + timedelta(days=start + length - 1),
        effect_by_day=brought,
        expected_by_day=ordinary,
        elasticity=elasticity,
        lag_days=lag_days,
        half_life_days=half_life_days,
    )
    return frame, truth


def _last_december(calendar: Calendar, length: int) -> int:
    firsts = np.flatnonzero(np.char.endswith(calendar.days.astype(str), "-12-01"))
    return int(firsts[firsts + length + 21 <= calendar.count][-1])


@dataclass(frozen=True, kw_only=True)
class ExperimentTruth:
    """What is planted in a randomised campaign: revenue a customer more by being addressed."""

    effect: float
    """On average over all such customers: what an interval should cover."""
    realised: float
    """On average over those who were in fact addressed: what this draw brought."""
    incremental_revenue: float
    """In all, of those addressed."""


def experiment(
    seed: int, *, customers: int = 10_000, effect: float = 0.0, treated_share: float = 0.5
) -> tuple[pd.DataFrame, ExperimentTruth]:
    """One randomised campaign, a customer a row in the columns of `features.campaign_outcomes`, and what is planted.

    `effect` is revenue a customer more, on average, over four weeks, in which an ordinary customer brings about 17;
    seven in ten customers do not care, a fifth are glad, a tenth are put off and cancel a third of their orders.
    Spend is skewed, most customers buy nothing, and the twelve weeks before foretell some of it.
    Raises ValueError for an effect so bad that customers could not buy less.
    """
    rng = stream(seed, "experiment")
    rate = rng.gamma(0.9, 1 / 0.9, customers) * 0.28
    taste = rng.gamma(4.0, 0.25, customers)
    before, coming = rng.poisson(3 * rate), rng.poisson(rate)
    treated = rng.random(customers) < treated_share
    usual = 0.28 * ORDER_WORTH
    mood = rng.random(customers)
    glad, put_off = mood < 0.2, mood > 0.9
    if effect > 0:
        lost, more = 1 / 3, (effect + 0.1 * usual / 3) / (0.2 * ORDER_WORTH)
    else:
        put_off, lost, more = np.ones(customers, bool), -effect / usual, 0.0
    if lost > 1:
        raise ValueError(f"Customers bring {usual:.1f} each, so no campaign can cost {-effect:.1f} of it.")
    cancelled = np.where(treated & put_off, rng.binomial(coming, lost), 0)
    brought = np.where(treated & glad, rng.poisson(more, customers), 0)
    value_before, value_kept, value_lost, value_more = (
        _values(rng, count, taste) for count in (before, coming - cancelled, cancelled, brought)
    )
    outcome = value_kept + value_more
    margin = MARGIN_SHARE * np.exp(rng.normal(0, 0.15, customers) - 0.01125)
    frame = pd.DataFrame(
        {
            "customer_id": [f"N{i:07d}" for i in range(customers)],
            "arm": np.where(treated, "treated", "control"),
            "outcome_revenue": outcome.round(2),
            "outcome_orders": (coming - cancelled + brought).astype(float),
            "outcome_margin": (outcome * margin).round(2),
            "before_revenue": value_before.round(2),
            "before_orders": before.astype(float),
            "region": np.array(REGIONS)[rng.choice(len(REGIONS), customers, p=REGION_SHARES)],
            "kind": np.where(rng.random(customers) < 0.05, "company", "person"),
        }
    )
    incremental = float((value_more - value_lost)[treated].sum())
    truth = ExperimentTruth(
        effect=effect, realised=incremental / max(int(treated.sum()), 1), incremental_revenue=incremental
    )
    return frame, truth


def _values(rng: np.random.Generator, count: np.ndarray, taste: np.ndarray) -> np.ndarray:
    """What so many orders of each customer are worth together; one order has mean 60 and is skewed."""
    owner = np.repeat(np.arange(len(count)), count)
    each = ORDER_WORTH * taste[owner] * np.exp(rng.normal(0, 0.7, len(owner)) - 0.245)
    return np.bincount(owner, each, minlength=len(count))
