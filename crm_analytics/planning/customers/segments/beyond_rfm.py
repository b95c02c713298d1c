"""What recency, frequency and money leave open, and how much of that a trait tells: measured on people one by one.

Each customer's later behaviour is foretold from the purchases alone; what is left is the residual. A trait tells
something when the residuals of the others in one's group foretell one's own: the share of explained variance, each
left out of the mean that foretells it, so that a trait with many values gains nothing by having them. Chance is what
comes out when residuals change places among customers whose purchases were alike.

Sources: leave-one-out (jackknife) prediction as in Stone (1974), "Cross-validatory choice and assessment"; permutation
within strata of a prognostic score, Rosenbaum (2002), "Covariance adjustment in randomized experiments"; shrinkage of
group means by Searle, Casella & McCulloch (1992), "Variance Components".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

FOLDS = 5
KNOTS = (0.2, 0.4, 0.6, 0.8)
ALIKE = 10
"""Strata of one class of purchases: tenths of what was foretold."""
FEWEST_ALIKE = 50
EXTREME = 0.995
"""Amounts beyond this share of customers are taken as large as there: one wholesaler is no habit of a group."""
CHUNK = 64


def residuals(
    purchases: np.ndarray, orders: np.ndarray, outcome: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """What purchases alone do not foretell of an outcome, each customer left out of its own forecast; and the stratum
    of each: customers with as many purchases and as large a forecast. In a stratum the residuals sum to zero."""
    folds = np.random.default_rng(seed).permutation(len(outcome)) % FOLDS
    foretold = np.empty(len(outcome))
    for fold in range(FOLDS):
        out = folds == fold
        foretold[out] = purchases[out] @ _ridge(purchases[~out], outcome[~out])
    strata = _strata(orders, foretold)
    return centred(outcome - foretold, strata), strata


def centred(left: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Residuals without the mean of their stratum."""
    counts = np.maximum(np.bincount(strata), 1)
    return left - (np.bincount(strata, left) / counts)[strata]


def purchases_of(frame: pd.DataFrame) -> np.ndarray:
    """Recency, frequency, money and age of the customer: logarithms, their knees at the fifths, and their products."""
    names = ("recency_days", "orders", "revenue", "known_days")
    logs = [np.log1p(frame[name].fillna(0).clip(lower=0).to_numpy(float)) for name in names]
    columns = [np.ones(len(frame)), *logs]
    for one in logs:
        columns += [np.maximum(one - knot, 0) for knot in np.unique(np.quantile(one, KNOTS))]
    columns += [logs[i] * logs[j] for i in range(len(logs)) for j in range(i, len(logs))]
    basis = np.column_stack(columns)
    spread = basis.std(axis=0)
    mean = np.where(spread > 0, basis.mean(axis=0), 0.0)
    return (basis - mean) / np.where(spread > 0, spread, 1.0)


def _ridge(basis: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    penalty = 1e-2 * len(basis) ** 0.5 * np.eye(basis.shape[1])
    penalty[0, 0] = 0.0
    return np.linalg.solve(basis.T @ basis + penalty + 1e-9 * np.eye(len(penalty)), basis.T @ outcome)


def _strata(orders: np.ndarray, foretold: np.ndarray) -> np.ndarray:
    often = np.searchsorted([2, 3, 5], orders, side="right")
    found = np.zeros(len(orders), dtype=np.int64)
    for level in np.unique(often):
        mine = np.flatnonzero(often == level)
        tenths = max(1, min(ALIKE, len(mine) // FEWEST_ALIKE))
        place = np.argsort(np.argsort(foretold[mine], kind="stable"), kind="stable")
        found[mine] = level * ALIKE + place * tenths // len(mine)
    return np.unique(found, return_inverse=True)[1]


@dataclass(frozen=True, kw_only=True)
class Told:
    """How much of the residuals a trait tells (shares of their variance), and the probability of as much by chance."""

    gain: float
    error: float
    p: float


def told(left: np.ndarray, group: np.ndarray, null: np.ndarray) -> Told:
    """The share of the residuals' variance that groups tell, each customer left out of the mean of its own group.

    `null`: the same measure after each of many exchanges (see `by_chance`). The error joins that of chance to that of
    the groups' own effects, so an interval of two errors covers where nothing is told and where something is.
    """
    total = float(left @ left)
    if total <= 0:
        return Told(gain=0.0, error=0.0, p=1.0)
    gain = _told_of(left, group) / total
    null = null / total
    own = left * shrunken(left, group)[0][group]
    spread = 2 * float(own.std()) * np.sqrt(len(left)) / total
    p = (1 + int((null >= gain - 1e-15).sum())) / (1 + len(null))
    return Told(gain=gain, error=float(np.hypot(null.std(), spread)), p=p)


def by_chance(left: np.ndarray, group: np.ndarray, exchanges: np.ndarray) -> np.ndarray:
    """What the groups tell after residuals change places within strata, once for each row of `exchanges`."""
    order = np.argsort(group, kind="stable")
    starts, weights = _grouping(group[order])
    parts = (exchanges[at : at + CHUNK] for at in range(0, len(exchanges), CHUNK))
    return np.concatenate([_of_rows(left[part[:, order]], starts, weights) for part in parts])


def exchanges(strata: np.ndarray, times: int, seed: int) -> np.ndarray:
    """So many orders of the customers in which each stands in the place of one of its own stratum."""
    rng = np.random.default_rng(seed)
    home = np.argsort(strata, kind="stable")
    found = np.empty((times, len(strata)), dtype=np.int32)
    for start in range(0, times, CHUNK):
        rows = found[start : start + CHUNK]
        rows[:, home] = np.argsort(strata + rng.random(rows.shape), axis=1)
    return found


def _told_of(left: np.ndarray, group: np.ndarray) -> float:
    """Residuals times the mean of the others of their group, summed."""
    order = np.argsort(group, kind="stable")
    return float(_of_rows(left[None, order], *_grouping(group[order]))[0])


def _grouping(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each group starts, and by what a product of two of its residuals is divided."""
    starts = np.flatnonzero(np.r_[True, np.diff(group) != 0])
    counts = np.diff(np.r_[starts, len(group)])
    return starts, (counts > 1) / np.maximum(counts - 1, 1)


def _of_rows(left: np.ndarray, starts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    sums = np.add.reduceat(left, starts, axis=1)
    own = np.add.reduceat(left * left, starts, axis=1)
    return (sums * sums - own) @ weights


def shrunken(left: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each group's effect and its standard error, drawn towards nothing as far as chance could have made it."""
    counts = np.bincount(group)
    means = np.bincount(group, left) / np.maximum(counts, 1)
    within = float(((left - means[group]) ** 2).sum()) / max(len(left) - len(counts), 1)
    between = _told_of(left, group) / len(left)  # unbiased for the variance of the effects
    between = max(between, 0.0)
    noise = within / np.maximum(counts, 1)
    kept = between / (between + noise) if between > 0 else np.zeros(len(counts))
    return kept * means, np.sqrt(kept * noise)
