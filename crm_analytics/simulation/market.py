"""The market day by day: own prices and promotions, competitors' prices, empty shelves, and each segment's demand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crm_analytics.simulation.assortment import CATEGORIES, GOODS, ORDINARY
from crm_analytics.simulation.demand import (
    AHEAD,
    DAYS,
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
from crm_analytics.simulation.segments import SEGMENTS

COMPETITORS = ("Majoland", "Depo Home")

SEASONS = {
    "Garden": (0.36, 0.75, 0.0),
    "Kitchen": (0.95, 0.10, 0.45),
    "Tableware": (0.95, 0.12, 0.60),
    "Textiles": (0.90, 0.20, 0.50),
    "Lighting": (0.92, 0.25, 0.55),
    "Storage": (0.05, 0.10, 0.0),
    "Tools": (0.38, 0.25, 0.15),
    "Grill & terrace": (0.44, 0.95, 0.0),
}
"""For each category: the phase of the year when it peaks, how high, and how high the weeks before Christmas rise."""

CHRISTMAS = 348 / 365.25

CUTS = (
    ("PR-BF23", None, "2023-11-20", 8, 0.15),
    ("PR-BF24", None, "2024-11-25", 7, 0.12),
    ("PR-SPRING24", "Garden", "2024-04-15", 14, 0.12),
)
"""Price cuts that are always there: name, category (None: all), first day, days, depth. The first one is there to
be mistaken for the effect of a campaign."""

COMPETITOR_MOVE = ("2024-05-06", 42, 1.12)
"""Competitors raise all prices for six weeks, just while the spring campaign in social media runs."""


@dataclass(frozen=True)
class Market:
    """Prices, competitors, stock-outs and demand for every day of the history and a year beyond it."""

    seed: int

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(FIRST_DAY, DAYS + AHEAD)

    @cached_property
    def promotions(self) -> list[tuple[str, int | None, int, int, float]]:
        """Price cuts: name, category, first day, days, depth."""
        rng = stream(self.seed, "promotions")
        found = [
            (name, None if category is None else CATEGORIES.index(category), self._position(day), length, depth)
            for name, category, day, length, depth in CUTS
        ]
        for year in range(3):
            for category in range(len(CATEGORIES)):
                first = 365 * year + int(rng.integers(20, 330))
                length, depth = int(rng.integers(7, 22)), float(rng.choice([0.1, 0.15, 0.2, 0.25]))
                if first + length < DAYS:
                    found.append((f"PR-{year + 1}{category + 1:02d}", category, first, length, depth))
        return found

    def _position(self, day: str) -> int:
        return int((np.datetime64(day) - np.datetime64(FIRST_DAY)).astype(int))

    @cached_property
    def depth(self) -> np.ndarray:
        """Share off the list price, category × day; where two cuts overlap the deeper one counts."""
        depth = np.zeros((len(CATEGORIES), self.calendar.count))
        for _, category, first, length, cut in self.promotions:
            rows = slice(None) if category is None else category
            depth[rows, first : first + length] = np.maximum(depth[rows, first : first + length], cut)
        return depth

    @cached_property
    def inflation(self) -> np.ndarray:
        """List prices against the first day, category × day: they rise each year in mid-January, by 2–5 %."""
        rng = stream(self.seed, "inflation")
        rises = np.zeros((len(CATEGORIES), self.calendar.count))
        for day in ("2023-01-16", "2024-01-15", "2025-01-13", "2026-01-12"):
            rises[:, self._position(day)] = np.log1p(rng.uniform(0.02, 0.05, len(CATEGORIES)).round(3))
        return np.exp(np.cumsum(rises, axis=1))

    @cached_property
    def list_cents(self) -> np.ndarray:
        """List price in cents, product × day of the history; goods to measure keep their first price."""
        factor = np.vstack([self.inflation, np.ones(self.calendar.count)])[GOODS.category, :DAYS]
        return np.rint(GOODS.list_cents[:, None] * factor).astype(np.int32)

    @cached_property
    def shelf_cents(self) -> np.ndarray:
        """Price on the shelf in cents, product × day of the history."""
        depth = np.vstack([self.depth, np.zeros(self.calendar.count)])[GOODS.category, :DAYS]
        return np.rint(self.list_cents * (1 - depth)).astype(np.int32)

    @cached_property
    def cost_cents(self) -> np.ndarray:
        """What a unit costs the company in cents, product × day: it follows half of the list prices' rise."""
        rise = np.sqrt(np.vstack([self.inflation, np.ones(self.calendar.count)]))[GOODS.category, :DAYS]
        return np.rint(GOODS.list_cents[:, None] * GOODS.cost_share[:, None] * rise).astype(np.int32)

    @cached_property
    def price(self) -> np.ndarray:
        """Own price index with base 1 on the first day, category × day."""
        return self.inflation * (1 - self.depth)

    @cached_property
    def competitor_prices(self) -> np.ndarray:
        """Average price in euros, competitor × category × day."""
        rng = stream(self.seed, "competitors")
        first, length, rise = COMPETITOR_MOVE
        move = np.ones(self.calendar.count)
        move[self._position(first) : self._position(first) + length] = rise
        out = np.empty((len(COMPETITORS), len(CATEGORIES), self.calendar.count))
        for k in range(len(COMPETITORS)):
            level = rng.uniform(0.95, 1.06)
            for c in range(len(CATEGORIES)):
                base = GOODS.list_cents[GOODS.category == c].mean() / 100 * level
                cuts = steps(rng, self.calendar, a_year=1.5, depth=(0.05, 0.18), length_days=(10, 30))
                wobble = np.exp(autocorrelated(rng, self.calendar.count, spread=0.01, memory=0.9))
                out[k, c] = np.round(base * np.roll(self.inflation[c], 20 + 10 * k) * cuts * wobble * move, 2)
                out[k, c, : 20 + 10 * k] = np.round(base * cuts[: 20 + 10 * k] * wobble[: 20 + 10 * k], 2)
        return out

    @cached_property
    def competitor(self) -> np.ndarray:
        """Competitors' price index, category × day: the mean over competitors, each against its own mean."""
        prices = self.competitor_prices
        return (prices / prices[:, :, :DAYS].mean(axis=2, keepdims=True)).mean(axis=0)

    @cached_property
    def indicators(self) -> dict[str, np.ndarray]:
        """What the market watch publishes monthly; only the first one moves demand."""
        rng = stream(self.seed, "market")
        return {
            "retail_turnover": market_index(rng, self.calendar),
            "fuel_price": market_index(rng, self.calendar),
        }

    @cached_property
    def out_of_stock(self) -> np.ndarray:
        """Whether a product is sold out, product × day of the history."""
        rng = stream(self.seed, "stock")
        out = np.zeros((len(GOODS), DAYS), bool)
        for product in range(ORDINARY):
            for first in rng.integers(0, DAYS, rng.poisson(2.0)):
                out[product, first : first + rng.integers(4, 15)] = True
        return out

    @cached_property
    def popularity(self) -> np.ndarray:
        """Share of each product in its category, product × quarter of the history: some rise, some fade."""
        rng = stream(self.seed, "popularity")
        quarters = np.arange(DAYS // 91 + 1)
        start = np.exp(rng.normal(0, 0.7, ORDINARY))
        drift = rng.choice([-0.5, 0.0, 0.0, 0.0, 0.5], ORDINARY)
        weight = start[:, None] * np.exp(drift[:, None] * quarters / 4)
        out = np.empty_like(weight)
        for category in range(len(CATEGORIES)):
            rows = np.flatnonzero(GOODS.category == category)
            out[rows] = weight[rows] / weight[rows].sum(axis=0)
        return out

    @cached_property
    def available(self) -> np.ndarray:
        """Share of a category's demand that finds its product on the shelf, category × day; the rest is lost."""
        share = np.ones((len(CATEGORIES), self.calendar.count))
        quarter = np.arange(DAYS) // 91
        missed = self.popularity[:, quarter] * self.out_of_stock[:ORDINARY]
        for category in range(len(CATEGORIES)):
            share[category, :DAYS] -= missed[GOODS.category[:ORDINARY] == category].sum(axis=0)
        return share

    @cached_property
    def noise(self) -> np.ndarray:
        """What nobody can explain, common to all goods, in logarithms."""
        rng = stream(self.seed, "noise")
        noise = autocorrelated(rng, self.calendar.count, spread=0.06, memory=0.5)
        noise[DAYS:] = 0.0
        return noise

    @cached_property
    def season(self) -> np.ndarray:
        """Season in logarithms, category × day."""
        return np.stack(
            [
                yearly(self.calendar, peak=peak, height=height)
                + bump(self.calendar, peak=CHRISTMAS, height=christmas, width_days=14)
                for peak, height, christmas in SEASONS.values()
            ]
        )

    def demand(self, segment: int) -> np.ndarray:
        """Orders of a segment relative to an ordinary day, split by category: category × day, with the year ahead."""
        of = SEGMENTS[segment]
        moved = pull(
            Elasticity(own=of.own_elasticity),
            price=self.price,
            competitor=self.competitor,
            market=self.indicators["retail_turnover"],
        )
        log = rhythm(self.calendar) + self.season + moved + self.noise
        return np.array(of.tastes)[:, None] / sum(of.tastes) * np.exp(log) * self.available
