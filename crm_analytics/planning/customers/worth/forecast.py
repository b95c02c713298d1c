"""What each customer will bring: how often (a model of buying) times how much (Gamma-Gamma), and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from crm_analytics.planning.customers.buying.gamma_gamma import GammaGamma
from crm_analytics.planning.customers.buying.likelihood import RESAMPLES
from crm_analytics.planning.customers.worth.drift import Drift
from crm_analytics.planning.customers.worth.histories import Histories

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.buying.buying import Buying
    from crm_analytics.planning.customers.worth.kinds import Kind

FUTURES = 8
"""Futures drawn in each redrawn base for each pair of x and T when the interval of one customer is found."""

WITNESSES = 20_000
"""Of more customers than this a part tells how their sums move from one redrawn base to the next."""

CUSTOMERS_KNOWN = 0.9
"""The least share of customers whose unit costs must be known for the forecast to be in margin."""

NINETEEN_OF_TWENTY = 1.96

Alike = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Customers alike in x and T: the number of each customer's group, and the x and the T of each group."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Witnesses:
    """What some customers are worth in each redrawn base less what they are worth in this one: resamples ×
    customers."""

    rows: np.ndarray
    aside: np.ndarray

    def scatter(self, group: np.ndarray) -> np.ndarray:
        """The standard deviation of each group's total (groups from 0 over all customers).

        Half the way from the 16th to the 84th percentile: a redrawn base that ran away does not count for more than
        one.
        """
        seen, everybody = group[self.rows], np.bincount(group)
        share = np.bincount(seen, minlength=len(everybody)) / everybody
        sums = np.stack([np.bincount(seen, weights=each, minlength=len(everybody)) for each in self.aside])
        low, high = np.quantile(sums, [0.1587, 0.8413], axis=0)
        return (high - low) / 2 / np.maximum(share, 1e-12)


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """Two models fitted to one base of customers, in margin or in revenue.

    `margin_rate` is the margin in a unit of revenue over the base; it stands in for customers without known costs.
    `redrawn` holds the two as they are in other bases that might have come about instead of this one.
    """

    orders: Buying
    money: GammaGamma
    kind: Kind
    basis: Literal["margin", "revenue"]
    margin_rate: float
    drift: Drift
    redrawn: tuple[tuple[Buying, GammaGamma], ...]

    @classmethod
    def fit(cls, people: pd.DataFrame, model: type[Buying], kind: Kind, *, seed: int) -> Forecast:
        """Fit both models to a table of `features.purchases`."""
        known = people["margin"].notna()
        basis = "margin" if known.mean() >= CUSTOMERS_KNOWN else "revenue"
        revenue = people.loc[known, "revenue"].sum()
        rate = float(people["margin"].sum() / revenue) if revenue else 0.0
        drift = Drift.of(people)
        mean_value = drift.today(people, _mean_value(people, basis, rate))
        history = x, _, _ = _history(kind, people)
        paying = (x > 0) & (mean_value > 0)
        histories = Histories.of(*history)
        orders, money = model.of(histories), GammaGamma.fit(x[paying], mean_value[paying])
        others = orders.resampled(histories, seed=seed), money.resampled(x[paying], mean_value[paying], seed=seed)
        redrawn = tuple(zip(*others, strict=True))
        return cls(orders=orders, money=money, kind=kind, basis=basis, margin_rate=rate, drift=drift, redrawn=redrawn)

    def history(self, people: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Each customer's x, t_x and T in the model's own time: days, or occasions."""
        return _history(self.kind, people)

    def ahead(self, horizon_days: float) -> float:
        """So many days in the model's own time."""
        return horizon_days / self.kind.period_days

    def in_basis(self, people: pd.DataFrame) -> np.ndarray:
        """What customers brought, in the forecast's money: margin (estimated where a cost is lacking) or revenue."""
        return _in_basis(people["margin"], people["revenue"], self.basis, self.margin_rate)

    def mean_value(self, people: pd.DataFrame) -> np.ndarray:
        """Each customer's mean value of a purchase after the first, at today's level; 0 for those who made none."""
        return self.drift.today(people, _mean_value(people, self.basis, self.margin_rate))

    def of(self, people: pd.DataFrame, horizon_days: int, *, discount_rate_yearly: float, seed: int) -> pd.DataFrame:
        """One row per customer, in the order of `people`; `low`, `high` and `sd` are of what one customer brings."""
        (x, t_x, T), t = self.history(people), self.ahead(horizon_days)
        alive = self.orders.p_alive(x, t_x, T)
        alike = cell, cell_x, cell_T = _alike(x, T)
        active = self.orders.expected_if_active(cell_x, cell_T, t)
        discount = self._discount(cell_x, cell_T, horizon_days=horizon_days, rate=discount_rate_yearly)[cell]
        mean_value = self.mean_value(people)
        expected, each = alive * active[cell], self.money.expected(x, mean_value)
        scale = self.money.scale(x, mean_value)
        low, high, sd = self._spread(alike, t, alive=alive, scale=scale, seed=seed)
        return people[["customer_id"]].assign(
            p_alive=alive,
            p_buys=alive * self.orders.buys_if_active(cell_x, cell_T, t)[cell],
            expected_orders=expected,
            value_per_order=each,
            value=expected * each * discount,
            low=low * discount,
            high=high * discount,
            sd=sd * discount,
        )

    def witnesses(self, people: pd.DataFrame, horizon_days: int) -> Witnesses:
        """How customers' undiscounted worth moves from one redrawn base to the next."""
        rows = np.arange(0, len(people), max(1, len(people) // WITNESSES))
        some = people.iloc[rows]
        (x, t_x, T), mean_value, t = self.history(some), self.mean_value(some), self.ahead(horizon_days)
        cell, cell_x, cell_T = _alike(x, T)

        def worth(orders: Buying, money: GammaGamma) -> np.ndarray:
            active = orders.expected_if_active(cell_x, cell_T, t)[cell]
            return orders.p_alive(x, t_x, T) * active * money.expected(x, mean_value)

        now = worth(self.orders, self.money)
        aside = [worth(orders, money) - now for orders, money in self.redrawn if money.q > 1]
        return Witnesses(rows=rows, aside=np.stack(aside or [np.full(len(rows), np.inf)]))

    def half_widths(self, sd: np.ndarray, witnesses: Witnesses, group: np.ndarray, scale: float = 1.0) -> np.ndarray:
        """Half the 95 % interval of each group's total (groups from 0): chance and inexact parameters together."""
        chance = np.bincount(group, weights=sd**2)
        return NINETEEN_OF_TWENTY * np.sqrt(chance + (scale * witnesses.scatter(group)) ** 2)

    def _discount(self, x: np.ndarray, T: np.ndarray, *, horizon_days: int, rate: float) -> np.ndarray:
        """What is left of a unit of money on average, given when in the horizon the purchases are expected."""
        if not rate:
            return np.ones(len(x))
        ends = np.linspace(0, horizon_days, 1 + max(1, round(horizon_days / 30)))
        so_far = np.stack([self.orders.expected_if_active(x, T, self.ahead(end)) for end in ends])
        middles = (ends[1:] + ends[:-1]) / 2
        return ((1 + rate) ** (-middles / 365)) @ np.diff(so_far, axis=0) / np.maximum(so_far[-1], 1e-300)

    def _spread(
        self, alike: Alike, t: float, *, alive: np.ndarray, scale: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The 95 % interval and standard deviation of what each customer brings.

        Given that a customer is active, spending is the customer's `scale` times a variable that depends on x and T
        alone; so futures are drawn once for all customers alike in those, not for each; some in every redrawn base.
        """
        cell, x, T = alike
        low, high, sd = (np.zeros(len(cell)) for _ in range(3))
        for some, rows in _batches(cell, len(x)):
            random = np.random.default_rng([seed, int(some[0])])
            each, until = np.repeat(x[some], FUTURES), np.repeat(T[some], FUTURES)
            bought = [base.draw_if_active(each, until, t, random=random) for base, _ in self.redrawn]
            bought = np.stack(bought).reshape(RESAMPLES, len(some), FUTURES)
            drawn = self.money.draw_scaled(x[some][:, None], bought, random=random)
            drawn = np.sort(drawn.transpose(1, 0, 2).reshape(len(some), -1), axis=1)
            at, p, size = cell[rows] - some[0], alive[rows], scale[rows]
            ends = [size * _quantile(drawn, at, (level - (1 - p)) / np.maximum(p, 1e-12)) for level in (0.025, 0.975)]
            low[rows], high[rows] = np.minimum(*ends), np.maximum(*ends)
            first, second = drawn.mean(axis=1)[at], (drawn**2).mean(axis=1)[at]
            sd[rows] = np.abs(size) * np.sqrt(np.maximum(p * second - (p * first) ** 2, 0))
        return low, high, sd


def _history(kind: Kind, people: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return kind.of(*(people[name].to_numpy(float) for name in ("x", "t_x", "T")))


def _in_basis(margin: pd.Series, revenue: pd.Series, basis: str, rate: float) -> np.ndarray:
    money = margin.fillna(revenue * rate) if basis == "margin" else revenue
    return money.fillna(0).to_numpy(float)


def _mean_value(people: pd.DataFrame, basis: str, rate: float) -> np.ndarray:
    return _in_basis(people["mean_repeat_margin"], people["mean_repeat_revenue"], basis, rate)


def _alike(x: np.ndarray, T: np.ndarray) -> Alike:
    pairs, cell = np.unique(x + 1j * T, return_inverse=True)
    return cell, pairs.real, pairs.imag


def _batches(cell: np.ndarray, cells: int, size: int = 4000) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Groups in batches that fit in memory, each with the rows of its customers."""
    by_cell = np.argsort(cell, kind="stable")
    for start in range(0, cells, size):
        some = np.arange(start, min(start + size, cells))
        yield some, by_cell[slice(*np.searchsorted(cell[by_cell], [some[0], some[-1] + 1]))]


def _quantile(drawn: np.ndarray, row: np.ndarray, level: np.ndarray) -> np.ndarray:
    """The value at this level of each row's sorted draws; nothing below level 0, where the customer has left."""
    place = np.clip(np.floor(level * drawn.shape[1]).astype(int), 0, drawn.shape[1] - 1)
    return np.where(level > 0, drawn[row, place], 0.0)
