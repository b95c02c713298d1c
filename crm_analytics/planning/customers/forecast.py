"""What each customer will bring: how often (BG/NBD) times how much (Gamma-Gamma), and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from crm_analytics.planning.customers.bg_nbd import BGNBD
from crm_analytics.planning.customers.gamma_gamma import GammaGamma

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 500
"""Futures drawn for each pair of x and T when the interval of one customer is found."""

CUSTOMERS_KNOWN = 0.9
"""The least share of customers whose unit costs must be known for the forecast to be in margin."""

NINETEEN_OF_TWENTY = 1.96

Alike = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Customers alike in x and T: the number of each customer's group, and the x and the T of each group."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """Two models fitted to one base of customers, in margin or in revenue. Time is in days.

    `margin_rate` is the margin in a unit of revenue over the base; it stands in for customers without known costs.
    """

    orders: BGNBD
    money: GammaGamma
    basis: Literal["margin", "revenue"]
    margin_rate: float

    @classmethod
    def fit(cls, people: pd.DataFrame) -> Forecast:
        """Fit both models to a table of `features.purchases`."""
        known = people["margin"].notna()
        basis = "margin" if known.mean() >= CUSTOMERS_KNOWN else "revenue"
        revenue = people.loc[known, "revenue"].sum()
        rate = float(people["margin"].sum() / revenue) if revenue else 0.0
        mean_value = _mean_value(people, basis, rate)
        paying = (people["x"] > 0).to_numpy() & (mean_value > 0)
        x, t_x, T = (people[name].to_numpy(float) for name in ("x", "t_x", "T"))
        return cls(
            orders=BGNBD.fit(x, t_x, T),
            money=GammaGamma.fit(x[paying], mean_value[paying]),
            basis=basis,
            margin_rate=rate,
        )

    def in_basis(self, people: pd.DataFrame) -> np.ndarray:
        """What customers brought, in the forecast's money: margin (estimated where a cost is lacking) or revenue."""
        return _in_basis(people["margin"], people["revenue"], self.basis, self.margin_rate)

    def mean_value(self, people: pd.DataFrame) -> np.ndarray:
        """Each customer's mean value of a purchase after the first; 0 for those who made none."""
        return _mean_value(people, self.basis, self.margin_rate)

    def of(self, people: pd.DataFrame, horizon_days: int, *, discount_rate_yearly: float, seed: int) -> pd.DataFrame:
        """One row per customer, in the order of `people`; `low`, `high` and `sd` are of what one customer brings."""
        x, t_x, T = (people[name].to_numpy(float) for name in ("x", "t_x", "T"))
        alive = self.orders.p_alive(x, t_x, T)
        alike = cell, cell_x, cell_T = _alike(x, T)
        active = self.orders.expected_if_active(cell_x, cell_T, horizon_days)
        discount = self._discount(cell_x, cell_T, horizon_days=horizon_days, rate=discount_rate_yearly)[cell]
        mean_value = self.mean_value(people)
        expected, each = alive * active[cell], self.money.expected(x, mean_value)
        scale = self.money.scale(x, mean_value)
        low, high, sd = self._spread(alike, horizon_days=horizon_days, alive=alive, scale=scale, seed=seed)
        return people[["customer_id"]].assign(
            p_alive=alive,
            expected_orders=expected,
            value_per_order=each,
            value=expected * each * discount,
            low=low * discount,
            high=high * discount,
            sd=sd * discount,
        )

    def sensitivity(self, people: pd.DataFrame, horizon_days: int) -> np.ndarray:
        """How each customer's undiscounted value moves with the logarithm of each parameter: customers × 7."""
        x, t_x, T = (people[name].to_numpy(float) for name in ("x", "t_x", "T"))
        mean_value, (cell, cell_x, cell_T) = self.mean_value(people), _alike(x, T)

        def orders(model: BGNBD) -> np.ndarray:
            return model.p_alive(x, t_x, T) * model.expected_if_active(cell_x, cell_T, horizon_days)[cell]

        def money(model: GammaGamma) -> np.ndarray:
            return model.expected(x, mean_value)

        often, much = orders(self.orders), money(self.money)
        by_orders = [much * slope for slope in _slopes(orders, self.orders)]
        by_money = [often * slope for slope in _slopes(money, self.money)]
        return np.column_stack([*by_orders, *by_money])

    def half_widths(self, sd: np.ndarray, sensitivity: np.ndarray, group: np.ndarray) -> np.ndarray:
        """Half the 95 % interval of each group's total (groups from 0): chance and inexact parameters together."""
        chance = np.bincount(group, weights=sd**2)
        moves = np.column_stack([np.bincount(group, weights=column) for column in sensitivity.T])
        by_orders, by_money = moves[:, :4], moves[:, 4:]
        inexact = ((by_orders @ self.orders.peak.log_covariance) * by_orders).sum(axis=1)
        inexact += ((by_money @ self.money.peak.log_covariance) * by_money).sum(axis=1)
        return NINETEEN_OF_TWENTY * np.sqrt(chance + inexact)

    def _discount(self, x: np.ndarray, T: np.ndarray, *, horizon_days: int, rate: float) -> np.ndarray:
        """What is left of a unit of money on average, given when in the horizon the purchases are expected."""
        if not rate:
            return np.ones(len(x))
        ends = np.linspace(0, horizon_days, 1 + max(1, round(horizon_days / 30)))
        so_far = np.stack([self.orders.expected_if_active(x, T, end) for end in ends])
        middles = (ends[1:] + ends[:-1]) / 2
        return ((1 + rate) ** (-middles / 365)) @ np.diff(so_far, axis=0) / so_far[-1]

    def _spread(
        self, alike: Alike, *, horizon_days: int, alive: np.ndarray, scale: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The 95 % interval and standard deviation of what each customer brings, the parameters taken as known.

        Given that a customer is active, spending is the customer's `scale` times a variable that depends on x and T
        alone; so futures are drawn once for all customers alike in those, not for each.
        """
        cell, x, T = alike
        low, high, sd = (np.zeros(len(cell)) for _ in range(3))
        for some, rows in _batches(cell, len(x)):
            random = np.random.default_rng([seed, int(some[0])])
            each = np.repeat(x[some], DRAWS)
            bought = self.orders.draw_if_active(each, np.repeat(T[some], DRAWS), horizon_days, random=random)
            drawn = np.sort(self.money.draw_scaled(each, bought, random=random).reshape(len(some), DRAWS), axis=1)
            at, p, size = cell[rows] - some[0], alive[rows], scale[rows]
            ends = [size * _quantile(drawn, at, (level - (1 - p)) / np.maximum(p, 1e-12)) for level in (0.025, 0.975)]
            low[rows], high[rows] = np.minimum(*ends), np.maximum(*ends)
            first, second = drawn.mean(axis=1)[at], (drawn**2).mean(axis=1)[at]
            sd[rows] = np.abs(size) * np.sqrt(np.maximum(p * second - (p * first) ** 2, 0))
        return low, high, sd


def _in_basis(margin: pd.Series, revenue: pd.Series, basis: str, rate: float) -> np.ndarray:
    money = margin.fillna(revenue * rate) if basis == "margin" else revenue
    return money.fillna(0).to_numpy(float)


def _mean_value(people: pd.DataFrame, basis: str, rate: float) -> np.ndarray:
    return _in_basis(people["mean_repeat_margin"], people["mean_repeat_revenue"], basis, rate)


def _alike(x: np.ndarray, T: np.ndarray) -> Alike:
    pairs, cell = np.unique(x + 1j * T, return_inverse=True)
    return cell, pairs.real, pairs.imag


def _slopes(of: object, model: BGNBD | GammaGamma, step: float = 1e-4) -> Iterator[np.ndarray]:
    """Central differences of a customer-wise number along the logarithm of each parameter of a model."""
    for k in range(len(model.parameters)):
        nudge = np.ones(len(model.parameters))
        nudge[k] = np.exp(step)
        yield (of(model.at(model.parameters * nudge)) - of(model.at(model.parameters / nudge))) / (2 * step)


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
