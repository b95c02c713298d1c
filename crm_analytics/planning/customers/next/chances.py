"""Are chances what they say? Of those to whom 30 % was foretold, three in ten should have done it.

A chance is set right by its logarithm of odds, a + b · logit p, as seen on days that were foretold and have passed
(Cox 1958): `a` moves all chances, and a `b` below 1 draws bold ones together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.shares import Z
from crm_analytics.result.chance import share_interval

LEAST_ODDS = 1e-4
"""No chance is said to be smaller, or nearer to 1, than this."""


def logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, LEAST_ODDS, 1 - LEAST_ODDS)
    return np.log(p / (1 - p))


def logistic(columns: np.ndarray, happened: np.ndarray, offset: np.ndarray | float = 0.0) -> tuple:
    """The weights of columns in the log-odds of what happened, by likelihood, and their covariance.

    A touch of ridge (a prior of standard deviation 10) keeps it finite where all or none happened.
    """
    from scipy.special import expit

    weights, ridge = np.zeros(columns.shape[1]), np.eye(columns.shape[1]) / 100
    for _ in range(50):
        p = expit(columns @ weights + offset)
        bend = (columns * (p * (1 - p))[:, None]).T @ columns + ridge
        step = np.linalg.solve(bend, columns.T @ (happened - p) - ridge @ weights)
        weights = weights + step / max(1.0, np.abs(step).max() / 3)
        if np.abs(step).max() < 1e-9:
            break
    return weights, np.linalg.inv(bend)


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """Chances held against what happened: `slope` and `intercept` with their intervals (1 and 0 are calibrated),
    `brier` (mean squared error), and `bins`, tenths of the customers by chance: `foretold`, `happened` (shares),
    `low`, `high`, `customers`."""

    slope: tuple[float, float, float]
    intercept: tuple[float, float, float]
    brier: float
    bins: pd.DataFrame

    @classmethod
    def of(cls, chance: np.ndarray, happened: np.ndarray, *, bins: int = 10) -> Held:
        odds = logit(chance)
        (_, slope), spread = logistic(np.column_stack([np.ones(len(odds)), odds]), happened)
        (level,), level_spread = logistic(np.ones((len(odds), 1)), happened, odds)
        half, level_half = Z * np.sqrt(spread[1, 1]), Z * np.sqrt(level_spread[0, 0])
        order = np.argsort(chance, kind="stable")
        tenth = np.empty(len(order), int)
        tenth[order] = np.arange(len(order)) * bins // max(len(order), 1)
        by = pd.DataFrame({"tenth": tenth, "foretold": chance, "happened": happened}).groupby("tenth")
        table = by.agg(foretold=("foretold", "mean"), count=("happened", "sum"), customers=("happened", "size"))
        low, high = share_interval(table["count"].to_numpy(float), table["customers"].to_numpy(float))
        table = table.assign(happened=table["count"] / table["customers"], low=low, high=high).reset_index(drop=True)
        return cls(
            slope=(float(slope), float(slope - half), float(slope + half)),
            intercept=(float(level), float(level - level_half), float(level + level_half)),
            brier=float(np.mean((chance - happened) ** 2)),
            bins=table[["foretold", "happened", "low", "high", "customers"]],
        )


@dataclass(frozen=True, kw_only=True)
class SetRight:
    """How chances are set right: log-odds a + b · logit p, learned where it is known what happened."""

    a: float
    b: float

    @classmethod
    def learned(cls, chance: np.ndarray, happened: np.ndarray) -> SetRight:
        (a, b), _ = logistic(np.column_stack([np.ones(len(chance)), logit(chance)]), happened)
        return cls(a=float(a), b=float(max(b, 0.0)))

    def __call__(self, chance: np.ndarray) -> np.ndarray:
        from scipy.special import expit

        return expit(self.a + self.b * logit(chance))


def log_loss(chance: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """The surprise of each case; its mean is smallest for the right chances."""
    chance = np.clip(chance, LEAST_ODDS, 1 - LEAST_ODDS)
    return -np.where(happened > 0, np.log(chance), np.log1p(-chance))
