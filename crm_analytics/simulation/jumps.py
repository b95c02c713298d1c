"""One jump at a time: daily sales in which the causes of a change between two periods are known, one by one.

The series comes from the same demand equation as the company; see `demand`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

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
PLANTED = ("price", "competitor", "campaign", "stock", "assortment", "market", "unknown")
"""What can be planted: a price cut of 15 %, competitors dearer by 12 %, a campaign, a fifth of the shelves empty,
goods worth a tenth of sales added, a market better by 8 %, and something nobody wrote down that adds 15 %."""
PRICE_CUT, COMPETITOR_RISE, EMPTY, NEW_GOODS, MARKET_RISE, UNKNOWN = 0.15, 0.12, 0.2, 0.10, 0.08, 0.15
NEWCOMERS_BRING = 0.6
"""So much of what new goods sell is sold in addition; the rest is taken from the old ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class JumpTruth:
    """Two periods, and what each cause changed between them, in money; the parts sum to the expected change."""

    before: tuple[date, date]
    after: tuple[date, date]
    parts: dict[str, float] = field(default_factory=dict)
    """By cause: price, competitor, campaign, stock, assortment, market, season, trend, holidays; `unknown` is the
    planted secret, without the noise of the days."""


def jump(
    seed: int, *, causes: tuple[str, ...] = (), days: int = 1095, length: int = 28, lift: float = 0.15
) -> tuple[pd.DataFrame, JumpTruth]:
    """Daily sales in the columns of `features.daily_causes`, with a jump some time before their end.

    `causes` are among PLANTED and begin together on the first of `length` days; the earlier period is the same number
    of days just before. The campaign adds `lift` to sales at its height; six others like it, of their own heights, ran
    earlier. Without causes nothing is planted, and season, small price cuts and the market go on as ever.
    Raises ValueError for an unknown cause or a series too short.
    """
    if not set(causes) <= set(PLANTED):
        raise ValueError(f"Causes are among {', '.join(PLANTED)}; given were {', '.join(causes)}.")
    if days < 4 * length + 200:
        raise ValueError(f"{days} days are too few for two periods of {length}; give at least {4 * length + 200}.")
    rng = stream(seed, "jump")
    calendar = Calendar(FIRST_DAY, days)
    start = days - length - int(rng.integers(14, 14 + 3 * length))
    inside = slice(start, start + length)
    price = steps(rng, calendar, a_year=5, depth=(0.05, 0.25), length_days=(5, 20)) * 1.03 ** np.floor(calendar.years)
    rivals = steps(rng, calendar, a_year=4, depth=(0.05, 0.20), length_days=(10, 30)) * 1.03 ** np.floor(calendar.years)
    rivals = rivals * np.exp(autocorrelated(rng, days, spread=0.01, memory=0.9))
    market = market_index(rng, calendar)
    empty = (rng.random(days) < 0.15) * rng.uniform(0.01, 0.06, days)
    for first in rng.integers(0, start - length, 4):
        empty[first : first + 14] += rng.uniform(0.05, 0.2)
    goods = _assortment(rng, days)
    names, campaigns = _campaigns(rng, days, start, length, lift=lift if "campaign" in causes else None)
    for planted, course, factor in (
        ("price", price, 1 - PRICE_CUT),
        ("competitor", rivals, 1 + COMPETITOR_RISE),
        ("market", market, 1 + MARKET_RISE),
        ("assortment", goods, 1 + NEW_GOODS),
    ):
        if planted in causes:
            course[inside] *= factor
    if "stock" in causes:
        empty[inside] = empty[inside] + EMPTY
    usual = Elasticity()
    nothing = dict.fromkeys(("price", "competitor", "market"), np.ones(days))

    def moved(**by: np.ndarray) -> np.ndarray:
        return pull(usual, **(nothing | by))

    course = {
        "trend": 0.08 * calendar.years,
        "weekday": np.array(rhythm(Calendar(FIRST_DAY, days)))
        - 0.08 * calendar.years
        - np.where(calendar.holiday != "", -0.5, 0.0),
        "holidays": np.where(calendar.holiday != "", -0.5, 0.0),
        "season": yearly(calendar, peak=0.37, height=0.15)
        + bump(calendar, peak=348 / 365.25, height=0.45, width_days=14),
        "price": moved(price=price) + np.log(price),
        "competitor": moved(competitor=rivals),
        "market": moved(market=market),
        "stock": np.log1p(-empty),
        "assortment": NEWCOMERS_BRING * np.log(goods),
        "campaign": campaigns,
        "unknown": np.zeros(days),
    }
    if "unknown" in causes:
        course["unknown"][inside] = np.log1p(UNKNOWN)
    expected = ORDERS_A_DAY * ORDER_WORTH * np.exp(sum(course.values()))
    orders = rng.poisson(expected / (ORDER_WORTH * price) * np.exp(autocorrelated(rng, days, spread=0.05, memory=0.5)))
    revenue = orders * ORDER_WORTH * price * np.exp(rng.normal(0, 0.85 / np.sqrt(np.maximum(orders, 1))))
    frame = pd.DataFrame(
        {
            "day": calendar.days.astype("datetime64[s]"),
            "revenue": revenue.round(2),
            "units": np.rint(orders * 3.1),
            "orders": orders.astype(float),
            "price_index": price,
            "competitor_index": rivals,
            "market_retail_turnover": 100 * market,
            "holiday": calendar.holiday.astype(str),
            "stock_out": empty,
            "assortment_index": goods,
            "other_campaigns": names,
        }
    )
    before = slice(start - length, start)
    dates = [FIRST_DAY + timedelta(days=row) for row in (start - length, start - 1, start, start + length - 1)]
    return frame, JumpTruth(
        before=(dates[0], dates[1]), after=(dates[2], dates[3]), parts=_parts(course, expected, before, inside)
    )


def _assortment(rng: np.random.Generator, days: int) -> np.ndarray:
    """What the goods on offer would sell if each sold as usual: it goes up and down as goods come and go."""
    steps_of = np.zeros(days)
    at = rng.choice(days, max(days // 45, 1), replace=False)
    steps_of[at] = rng.normal(0, 0.05, len(at))
    return np.exp(np.cumsum(steps_of))


def _campaigns(
    rng: np.random.Generator, days: int, start: int, length: int, *, lift: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Names of what ran on each day, and what it added in logarithms: each with a delay and a fading of its own."""
    names, effect = np.full(days, "", dtype=object), np.zeros(days)
    earlier = rng.integers(30, start - 2 * length - 30, 6)
    planted = [
        (f"Campaign {number + 1}", int(first), float(rng.normal(0.1, 0.06)))
        for number, first in enumerate(sorted(earlier))
    ]
    if lift is not None:
        planted.append(("The campaign", start, lift))
    for name, first, height in planted:
        on = slice(first, first + length)
        names[on] = [f"{known}; {name}" if known else name for known in names[on]]
        running = np.zeros(days)
        running[on] = 1.0
        shape = carry(float(rng.integers(0, 4)), float(rng.uniform(1, 6)), horizon_days=60)
        effect += np.log1p(height) * np.convolve(running, shape)[:days]
    return names, effect


def _parts(course: dict[str, np.ndarray], expected: np.ndarray, before: slice, inside: slice) -> dict[str, float]:
    """What each cause changed: every later day against every earlier one of its weekday, by logarithmic means."""
    there, here = np.arange(before.start, before.stop), np.arange(inside.start, inside.stop)
    pairs = (here[:, None] - there) % 7 == 0
    weight = pairs / pairs.sum(axis=1, keepdims=True)
    later, earlier = expected[here][:, None], expected[there]
    apart = np.log(later / earlier)
    mean = np.where(np.abs(apart) < 1e-9, later, (later - earlier) / np.where(apart == 0, 1, apart))
    return {
        name: float((weight * mean * (values[here][:, None] - values[there])).sum())
        for name, values in course.items()
        if name != "weekday"
    }
