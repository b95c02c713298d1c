"""What is won by contacting the best first: gains, profit, the order's quality, and how sure each is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

GRID = np.linspace(0, 1, 101)


def auc(score: np.ndarray, happened: np.ndarray) -> float:
    """The chance that of two people, one with and one without a success, the score puts the former higher."""
    return float(Curves.of(score, happened).aucs(np.ones((1, len(score))))[0])


def alone(steps: np.ndarray, happened: np.ndarray, count: int) -> float:
    """How well one column's steps order people by themselves: AUC, learned on one half and tried on the other."""
    half, rate, found = halves(len(happened)), happened.mean(), []
    for side in (half, ~half):
        yes = np.bincount(steps[side], weights=happened[side], minlength=count)
        everybody = np.bincount(steps[side], minlength=count)
        found.append(auc(((yes + 2 * rate) / (everybody + 2))[steps[~side]], happened[~side]))
    return float(np.mean(found))


def halves(count: int) -> np.ndarray:
    """Every other row."""
    return np.arange(count) % 2 == 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Rows in the order of their score, the highest first; rows of equal score stand together."""

    order: np.ndarray
    ends: np.ndarray
    happened: np.ndarray

    @classmethod
    def of(cls, score: np.ndarray, happened: np.ndarray) -> Curves:
        order = np.lexsort((np.arange(len(score)), -score))
        ranked = score[order]
        ends = np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True])
        return cls(order=order, ends=ends, happened=np.asarray(happened, float)[order])

    def _sums(self, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cumulative weight of all and of successes at the end of each run of equals, from nothing on."""
        weight = weight[self.order]
        everybody, yes = np.cumsum(weight)[self.ends], np.cumsum(weight * self.happened)[self.ends]
        return np.r_[0.0, everybody], np.r_[0.0, yes]

    def aucs(self, weights: np.ndarray) -> np.ndarray:
        found = []
        for weight in weights:
            everybody, yes = self._sums(weight)
            no = everybody - yes
            area = np.sum((yes[1:] + yes[:-1]) / 2 * np.diff(no))
            found.append(area / max(yes[-1] * no[-1], 1e-12))
        return np.array(found)

    def gains(self, weights: np.ndarray) -> np.ndarray:
        """The share of all successes among the best share of people, on GRID: a row for each weighting."""
        found = []
        for weight in weights:
            everybody, yes = self._sums(weight)
            found.append(np.interp(GRID, everybody / everybody[-1], yes / max(yes[-1], 1e-12)))
        return np.array(found)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """What was foretold of people whose outcome the score did not know, and what happened.

    `weights` are resamplings of customers: the first counts everybody once.
    """

    log_odds: np.ndarray
    happened: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, log_odds: np.ndarray, happened: np.ndarray, customers: np.ndarray, *, draws: int, seed: int) -> Trial:
        _, who = np.unique(customers, return_inverse=True)
        rng = np.random.default_rng(seed)
        count = int(who.max()) + 1
        times = np.stack([np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(draws)])
        weights = np.vstack([np.ones(len(who)), times[:, who]]).astype(np.float32)
        return cls(log_odds=log_odds, happened=happened, weights=weights)

    @cached_property
    def curves(self) -> Curves:
        return Curves.of(self.log_odds, self.happened)

    @cached_property
    def auc(self) -> tuple[float, float, float]:
        return spanned(self.curves.aucs(self.weights))

    @cached_property
    def gains(self) -> np.ndarray:
        """Draws × GRID; the first row is what was found."""
        return self.curves.gains(self.weights)

    @property
    def top_half(self) -> tuple[float, float, float]:
        return spanned(self.gains[:, len(GRID) // 2])

    @cached_property
    def rates(self) -> np.ndarray:
        return self.weights @ self.happened / self.weights.sum(axis=1)

    def profit(self, *, cost: float, gain: float) -> np.ndarray:
        """Money a person of the base brings when the best share is contacted: draws × GRID."""
        return gain * self.rates[:, None] * self.gains - cost * GRID

    def better_than(self, other: np.ndarray) -> tuple[float, float, float]:
        """By how much this order is better than another of the same people, in AUC."""
        return spanned(self.curves.aucs(self.weights) - Curves.of(other, self.happened).aucs(self.weights))


def spanned(draws: np.ndarray) -> tuple[float, float, float]:
    """What was found, and between what 19 of 20 resamplings lie."""
    low, high = np.quantile(draws[1:], (0.025, 0.975))
    return float(draws[0]), float(low), float(high)
