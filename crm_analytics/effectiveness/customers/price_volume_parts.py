"""A change of sales taken apart into price, volume and mix, product by product, so that the parts sum exactly.

Bennet's decomposition (1920): a change of price counts at the mean of both quantities, a change of quantity at the mean
of both prices. It is symmetric: told backwards it gives the same parts with the other sign, and nothing is left over,
while the usual base-period variant (Laspeyres) leaves a joint rest that somebody has to put somewhere. Its price index
is that of Marshall and Edgeworth. The logarithmic mean (LMDI) is symmetric, too, but has no answer for returns, gifts
and other values that are not positive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.effectiveness.customers.money import GRAIN

BARS = ("price", "place", "unit_cost", "volume", "mix", "new", "discontinued", "returns", "odd")
"""place: the product moved to where it is dearer or cheaper; odd: lines without a product or quantity."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Sales by product and cell in two periods (first axis: before, now). Money in whole ten-thousandths."""

    product: np.ndarray
    """The product's number by cell."""
    category: np.ndarray
    """The category's number by product."""
    revenue: np.ndarray
    quantity: np.ndarray
    cost: np.ndarray
    """By cell; zeros where the question is of revenue."""
    returned: np.ndarray
    """By product."""
    odd: np.ndarray
    """By product."""

    def scaled(self, without: Cells, factor: float) -> Cells:
        """What remains without some of the sales, brought back to the size of the whole."""
        names = ("revenue", "quantity", "cost", "returned", "odd")
        kept = {name: (getattr(self, name) - getattr(without, name)) * factor for name in names}
        return Cells(product=self.product, category=self.category, **kept)


def parts_of(cells: Cells, sold: np.ndarray) -> dict[str, np.ndarray]:
    """What each bar moved, product by product, in whole ten-thousandths; their sum is each product's change exactly.

    `sold` says of each product in which of the two periods it was sold (before, now × product). Volume and mix are told
    apart within a category, where quantities may be added: volume is what the category's quantity moved at its mean
    price, mix what came of buying other products of it.
    """
    count = len(cells.category)

    def by_product(values: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(cells.product, side, count) for side in values.astype(float)])

    revenue, quantity, cost = (by_product(values) for values in (cells.revenue, cells.quantity, cells.cost))
    both = sold.all(axis=0)
    price, unit_cost = _each(revenue, quantity), _each(cost, quantity)
    middle = quantity.mean(axis=0)
    by_price = np.where(both, (price[1] - price[0]) * middle, 0.0)
    by_cost = np.where(both, -(unit_cost[1] - unit_cost[0]) * middle, 0.0)
    by_cell = np.where(both, _within_cells(cells, quantity, count), 0.0)
    worth = (price - unit_cost).mean(axis=0)
    by_mix = np.where(both, _mix(cells.category, np.where(both, quantity, 0.0), worth), 0.0)

    whole = revenue - cost
    change = np.rint(whole[1]) - np.rint(whole[0])
    price_all, at_cells = np.rint(by_price), np.rint(by_cell)
    costs, mix = np.rint(by_cost), np.rint(by_mix)
    parts = {
        "price": np.where(both, at_cells, 0.0), "place": np.where(both, price_all - at_cells, 0.0), "unit_cost": costs,
        "volume": np.where(both, change - price_all - costs - mix, 0.0), "mix": mix,
        "new": np.where(~sold[0], change, 0.0), "discontinued": np.where(sold[0] & ~sold[1], change, 0.0),
        "returns": cells.returned[1] - cells.returned[0], "odd": cells.odd[1] - cells.odd[0],
    }  # fmt: skip
    return {name: np.rint(np.asarray(values, float)).astype(np.int64) for name, values in parts.items()}


def price_index(cells: Cells, sold: np.ndarray) -> float:
    """By which share the prices of what was sold in both periods changed (Marshall–Edgeworth), products kept apart."""
    count = len(cells.category)
    revenue, quantity = (
        np.stack([np.bincount(cells.product, side, count) for side in values.astype(float)])
        for values in (cells.revenue, cells.quantity)
    )
    both, price = sold.all(axis=0), _each(revenue, quantity)
    middle = np.where(both, quantity.mean(axis=0), 0.0)
    base = float(price[0] @ middle)
    return float(price[1] @ middle) / base - 1 if base else float("nan")


def _each(money: np.ndarray, quantity: np.ndarray) -> np.ndarray:
    """Money a unit; where nothing was sold, what it was in the other period."""
    each = np.divide(money, quantity, out=np.full(money.shape, np.nan), where=quantity > 0)
    return np.nan_to_num(np.where(np.isnan(each), each[::-1], each))


def _within_cells(cells: Cells, quantity: np.ndarray, count: int) -> np.ndarray:
    """The effect of the prices within the cells: what of a product's price did not come of its moving between them."""
    price = _each(cells.revenue.astype(float), cells.quantity.astype(float))
    of = quantity[:, cells.product]
    share = np.divide(cells.quantity, of, out=np.zeros(of.shape), where=of > 0).mean(axis=0)
    return np.bincount(cells.product, share * (price[1] - price[0]), count) * quantity.mean(axis=0)


def _mix(category: np.ndarray, quantity: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """What each product's change of share in its category's quantity is worth, against the category's mean."""
    groups = int(category.max()) + 1 if len(category) else 0
    of = np.stack([np.bincount(category, side, groups) for side in quantity])
    share = np.divide(quantity, of[:, category], out=np.zeros(quantity.shape), where=of[:, category] > 0)
    mean = np.bincount(category, share.mean(axis=0) * worth, groups)
    return (share[1] - share[0]) * (worth - mean[category]) * of.mean(axis=0)[category]


def spread(leaving: np.ndarray) -> np.ndarray:
    """The standard error of each column from the answers without one part of the customers (delete-a-group
    jackknife)."""
    parts = len(leaving)
    return np.sqrt((parts - 1) / parts * ((leaving - leaving.mean(axis=0)) ** 2).sum(axis=0)) / GRAIN
