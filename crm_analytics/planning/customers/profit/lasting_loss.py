"""Who loses money for good, and who had an unlucky year: what a customer's orders say, seen among all customers.

A customer's return on sales is estimated from its orders by a ratio (profit over what was paid), whose error the orders
tell. How returns on sales are spread over customers is learned from all of them without a shape given beforehand
(nonparametric maximum likelihood, Kiefer and Wolfowitz 1956; by EM, Laird 1978). Bayes' rule then says how likely each
customer's true return is below nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

LOWEST, HIGHEST, STEP = -1.5, 1.0, 0.02
"""Returns on sales that are told apart; beyond them a customer counts as at the end."""

ERRORS = np.geomspace(0.005, 2.0, 40)
PRIOR_ORDERS = 4
"""The error of a customer of few orders leans on that of all others, as if so many of theirs were its own."""

ROUNDS = 300
WILD = 0.95


def chance_of_loss(customers: pd.DataFrame) -> np.ndarray:
    """How likely each customer's trade loses money in the long run, 0 to 1; not known where nothing was bought.

    `customers` holds the sums over all its orders: `orders`, `profit`, `operating` (profit before what is not of
    orders), `revenue`, `profit_squares`, `profit_by_paid`, `paid_squares`.
    """
    chance = np.full(len(customers), np.nan)
    told = ((customers["orders"] > 0) & (customers["revenue"] > 0)).to_numpy()
    if told.sum() < 2:
        return chance
    of = customers[told]
    returns, error = _returns(of)
    grid = np.arange(LOWEST, HIGHEST + STEP / 2, STEP)
    place = np.clip(np.rint((returns - LOWEST) / STEP), 0, len(grid) - 1).astype(int)
    width = np.clip(np.searchsorted(ERRORS, error), 0, len(ERRORS) - 1)
    cells, cell_of, count = np.unique(place * len(ERRORS) + width, return_inverse=True, return_counts=True)
    seen, of_width = grid[cells // len(ERRORS)], ERRORS[cells % len(ERRORS)]
    likely = np.exp(-0.5 * ((seen[:, None] - grid) / of_width[:, None]) ** 2) / of_width[:, None]
    spread = np.full(len(grid), 1 / len(grid))
    for _ in range(ROUNDS):
        held = likely * spread
        held /= held.sum(axis=1, keepdims=True)
        spread = count @ held / count.sum()
    held = likely * spread
    below = held[:, grid < -STEP / 2].sum(axis=1) / held.sum(axis=1)
    chance[told] = below[cell_of]
    return chance


def _returns(customers: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Each customer's return on sales, and its standard error (a ratio estimate; Cochran 1977, ch. 6)."""
    n = customers["orders"].to_numpy(float)
    paid = customers["revenue"].to_numpy(float)
    ratio = customers["operating"].to_numpy(float) / paid
    squares = customers["profit_squares"] - 2 * ratio * customers["profit_by_paid"]
    squares = np.maximum(squares.to_numpy() + ratio**2 * customers["paid_squares"].to_numpy(), 0) / (paid / n) ** 2
    usual = _usual(squares, n - 1)
    variance = (squares + PRIOR_ORDERS * usual) / (n - 1 + PRIOR_ORDERS)
    return customers["profit"].to_numpy(float) / paid, np.sqrt(variance / n)


def _usual(squares: np.ndarray, freedom: np.ndarray) -> float:
    """The variance that orders of one customer usually have, whatever a few wild ones do: the largest twentieth of
    customers count as the one below them."""
    several = freedom > 0
    if not several.any():
        return 1.0
    each, weight = squares[several] / freedom[several], freedom[several]
    return float(np.average(np.minimum(each, np.quantile(each, WILD)), weights=weight))
