"""Regions or stores side by side, some reached by a campaign, with all that may happen to them in the same weeks.

Each comes from the same demand equation as the company (see `demand`), at its own size, with a season, elasticities and
weather of its own; what a campaign truly brought is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.simulation.campaigns import ORDER_WORTH
from crm_analytics.simulation.demand import (
    FIRST_DAY,
    Calendar,
    Elasticity,
    bump,
    carry,
    market_index,
    rhythm,
    steps,
    yearly,
)
from crm_analytics.simulation.draws import autocorrelated, stream

TIMINGS = ("at once", "on and off", "staggered")
TROUBLES = ("nothing", "season", "price cut", "competitor", "regional shock", "all of it")
REGIONS = 4
"""So many neighbourhoods share their weather."""
LAG_DAYS, HALF_LIFE_DAYS = 3.0, 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class PanelTruth:
    """What is planted: which units were reached and when, and what the campaign brought each on each day."""

    treated: tuple[str, ...]
    spells: tuple[tuple[str, date, date], ...]
    """A unit, the first and the last day of one time it was on."""
    brought: pd.DataFrame
    """unit, day, revenue, orders: the campaign's."""
    cost: float

    @property
    def starts(self) -> date:
        return min(first for _, first, _ in self.spells)

    @property
    def ends(self) -> date:
        return max(last for _, _, last in self.spells)

    def within(self, days: pd.DataFrame, measure: str = "revenue") -> float:
        """What the campaign brought in these cells (unit, day)."""
        return float(self.brought.merge(days[["unit", "day"]], on=["unit", "day"])[measure].sum())


def side_by_side(
    seed: int,
    *,
    units: int = 20,
    treated: int = 3,
    effect: float = 0.0,
    timing: str = "at once",
    coincides_with: str = "nothing",
) -> tuple[pd.DataFrame, PanelTruth]:
    """Three years of so many units in the columns of `features.panel`, of which `treated` had a campaign of six weeks.

    `effect` is the share of ordinary revenue that the campaign adds in each spell, all of it told. "on and off" is
    three spells of three weeks, three weeks apart; "staggered" starts in every further treated unit two weeks later.
    Units differ in size by a factor of ten, in season (by a tenth each way), elasticities (by a quarter) and drift, and
    share the weather of the country and of their neighbourhood. In the very weeks, and in treated units only: "price
    cut" takes 12 % off the price; "competitor" raises the competitors' prices by 12 % in the treated units'
    neighbourhood; "season" starts on the last first of December, "regional shock" adds bad weather of an ordinary size
    and of six weeks to half of all units; "all of it" is all of these.
    Raises ValueError for what it does not know, or fewer than two units left alone.
    """
    if timing not in TIMINGS or coincides_with not in TROUBLES:
        raise ValueError(f"timing is one of {TIMINGS} and coincides_with one of {TROUBLES}.")
    if not 1 <= treated <= units - 2:
        raise ValueError(f"Of {units} units at least one is treated and two are left alone, not {treated} treated.")
    rng, calendar = stream(seed, "side by side"), Calendar(FIRST_DAY, 1095)
    on = _on(units, treated, timing, calendar, december=coincides_with in ("season", "all of it"))
    begins = int(np.flatnonzero(on.any(axis=0))[0])
    now = slice(begins, int(np.flatnonzero(on.any(axis=0))[-1]) + 1)
    size = 40 * np.exp(rng.uniform(-1.15, 1.15, units))
    near = np.arange(units) % REGIONS
    near[:treated] = np.arange(treated) % 2
    price, rivals = _prices(rng, calendar, units), _rivals(rng, calendar, near)
    if coincides_with in ("price cut", "all of it"):
        price[:treated, now] = price[:treated, [begins - 1]] * 0.88
    if coincides_with in ("competitor", "all of it"):
        rivals[np.isin(near, near[:treated]), now] *= 1.12
    usual = Elasticity()
    own = usual.own * rng.uniform(0.75, 1.25, (units, 1))
    season = yearly(calendar, peak=0.37, height=0.15) + bump(calendar, peak=348 / 365.25, height=0.45, width_days=14)
    log = (
        rhythm(calendar)
        + season * rng.uniform(0.9, 1.1, (units, 1))
        + own * np.log(price)
        + usual.competitor * np.log(rivals)
        + usual.market * np.log(market_index(rng, calendar))
        + _weather(rng, calendar, units, near)
    )
    if coincides_with in ("regional shock", "all of it"):
        hit = rng.random(units) < 0.5
        log[hit, now] += rng.normal(0, 0.03, (units, 1))[hit]
    wanted = size[:, None] * np.exp(log)
    orders = rng.poisson(wanted)
    ordinary = wanted * ORDER_WORTH * price
    revenue = orders * ORDER_WORTH * price * np.exp(rng.normal(0, 0.85 / np.sqrt(np.maximum(orders, 1))))
    brought = _brought(on, ordinary, effect)
    extra = np.rint(brought / (ORDER_WORTH * price))
    cost = np.zeros_like(brought)
    cost[on] = 0.05 * ordinary.mean()
    names = np.array([f"U{i + 1:03d}" for i in range(units)])
    frame = pd.DataFrame({
        "unit": np.repeat(names, calendar.count),
        "day": np.tile(calendar.days.astype("datetime64[s]"), units),
        "revenue": (revenue + brought).ravel(), "orders": (orders + extra).ravel(),
        "units": np.rint((orders + extra) * 3.1).ravel(),
        "price_index": price.ravel(), "competitor_index": rivals.ravel(),
        "holiday": np.tile(calendar.holiday.astype(str), units),
        "campaign": np.where(on, "Campaign", "").ravel(),
        "reached": np.repeat(np.where(on.any(axis=1), "treated", "left alone"), calendar.count),
        "cost": cost.ravel(),
    })  # fmt: skip
    gave = pd.DataFrame({"unit": frame["unit"], "day": frame["day"], "revenue": brought.ravel(),
                         "orders": extra.ravel()})  # fmt: skip
    truth = PanelTruth(
        treated=tuple(names[:treated]), spells=tuple(_spells(names, on)), brought=gave, cost=float(cost.sum())
    )
    return frame, truth


def _on(units: int, treated: int, timing: str, calendar: Calendar, *, december: bool) -> np.ndarray:
    """Which unit is on, on which day: units × days."""
    on = np.zeros((units, calendar.count), bool)
    start = calendar.position(date(2024, 12, 1)) if december else calendar.count - 160
    for unit in range(treated):
        if timing == "on and off":
            for wave in range(3):
                on[unit, start + 42 * wave : start + 42 * wave + 21] = True
        else:
            first = start + (14 * unit if timing == "staggered" else 0)
            on[unit, first : first + 42] = True
    return on[:, : calendar.count]


def _prices(rng: np.random.Generator, calendar: Calendar, units: int) -> np.ndarray:
    """Own prices: cuts that all units share, one or two a year of their own, and a rise each year."""
    shared = steps(rng, calendar, a_year=4, depth=(0.05, 0.2), length_days=(5, 20)) * 1.03 ** np.floor(calendar.years)
    own = [steps(rng, calendar, a_year=1.5, depth=(0.05, 0.15), length_days=(7, 28)) for _ in range(units)]
    return shared * np.array(own)


def _rivals(rng: np.random.Generator, calendar: Calendar, near: np.ndarray) -> np.ndarray:
    """Competitors' prices: moves that everybody sees, and some in one neighbourhood only."""
    shared = steps(rng, calendar, a_year=3, depth=(0.05, 0.2), length_days=(10, 30))
    local = np.array([steps(rng, calendar, a_year=2, depth=(0.05, 0.15), length_days=(10, 40)) for _ in range(REGIONS)])
    return shared * local[near]


def _weather(rng: np.random.Generator, calendar: Calendar, units: int, near: np.ndarray) -> np.ndarray:
    """What nobody can explain, in logarithms: shared by the country, by neighbours, and each unit's own and drift."""
    days = calendar.count
    country = autocorrelated(rng, days, spread=0.05, memory=0.5)
    region = np.array([autocorrelated(rng, days, spread=0.03, memory=0.9) for _ in range(REGIONS)])
    own = np.array([autocorrelated(rng, days, spread=0.03, memory=0.8) for _ in range(units)])
    drift = np.cumsum(rng.normal(0, 0.0025, (units, days)), axis=1)
    return country + region[near] + own + drift


def _brought(on: np.ndarray, ordinary: np.ndarray, effect: float) -> np.ndarray:
    """The campaign's revenue: `effect` of what is ordinary on its days, felt later and fading."""
    kernel = carry(LAG_DAYS, HALF_LIFE_DAYS)
    pushed = effect * ordinary * on
    felt = np.array([np.convolve(unit, kernel)[: on.shape[1]] for unit in pushed])
    return felt * (pushed.sum() / felt.sum() if felt.sum() else 0.0)


def _spells(names: np.ndarray, on: np.ndarray) -> list[tuple[str, date, date]]:
    found = []
    for name, row in zip(names, on, strict=True):
        edges = np.flatnonzero(np.diff(np.r_[False, row, False]))
        for first, after in edges.reshape(-1, 2):
            found.append((str(name), FIRST_DAY + timedelta(int(first)), FIRST_DAY + timedelta(int(after) - 1)))
    return found
