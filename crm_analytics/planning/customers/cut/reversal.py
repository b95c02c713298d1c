"""Averages that mislead: two groups of which one is ahead in total, and behind wherever like is held against like.

E. H. Simpson (1951), J. R. Stat. Soc. B 13. The total compares whom each group consists of as well as what they do;
the comparison inside each part of an axis (region by region) leaves the first out. It is a reversal only if both
differences are beyond chance, however many pairs and axes were looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

LEAST = 5
"""Of fewer people on either side a part of an axis says nothing about the difference inside it."""


@dataclass(frozen=True)
class Reversal:
    """`ahead` is ahead of `behind` by `total` (of the values, each), and behind by `within` inside parts of `axis`."""

    ahead: str
    behind: str
    axis: str
    total: float
    within: float


def reversals(
    values: np.ndarray, groups: Mapping[str, np.ndarray], axes: pd.DataFrame, *, confidence: float = 0.95
) -> list[Reversal]:
    """Every pair of groups (flags) whose order turns round inside the parts of an axis, the largest turn first.

    Whoever is in both of a pair is left out of it. `axes` has a column of labels for each axis.
    """
    from scipy.stats import norm

    pairs = list(combinations(groups, 2))
    codes = {name: axes[name].astype("category").cat.codes.to_numpy() + 1 for name in axes}  # 0: not on record
    codes = {name: code for name, code in codes.items() if len(np.unique(code)) > 1}
    limit = norm.isf((1 - confidence) / 2 / max(1, len(pairs) * len(codes)))
    found = []
    for one, other in pairs:
        mine, theirs = groups[one] & ~groups[other], groups[other] & ~groups[one]
        total, spread = _difference(values[mine], values[theirs])
        if not abs(total) > limit * spread:
            continue
        for axis, code in codes.items():
            within, spread_within = _inside(values, mine, theirs, code)
            if abs(within) > limit * spread_within and np.sign(within) != np.sign(total):
                pair = (one, other) if total > 0 else (other, one)
                found.append(Reversal(*pair, axis, abs(total), abs(within)))
    return sorted(found, key=lambda one: (-min(one.total, one.within), one.ahead, one.behind, one.axis))


def _difference(mine: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """The difference of the means and its standard error (Welch)."""
    if min(len(mine), len(theirs)) < LEAST:
        return 0.0, np.inf
    spread = np.sqrt(mine.var(ddof=1) / len(mine) + theirs.var(ddof=1) / len(theirs))
    return float(mine.mean() - theirs.mean()), float(spread)


def _inside(values: np.ndarray, mine: np.ndarray, theirs: np.ndarray, code: np.ndarray) -> tuple[float, float]:
    """The mean of the differences inside the parts, each weighted by what it can tell, and its standard error."""
    parts = np.arange(code.max() + 1)
    sums = {}
    for name, flags in (("mine", mine), ("theirs", theirs)):
        n = np.bincount(code[flags], minlength=len(parts)).astype(float)
        mean = np.bincount(code[flags], values[flags], minlength=len(parts)) / np.maximum(n, 1)
        square = np.bincount(code[flags], (values[flags] - mean[code[flags]]) ** 2, minlength=len(parts))
        sums[name] = (n, mean, square / np.maximum(n - 1, 1))
    (n, mean, variance), (m, mean_theirs, variance_theirs) = sums["mine"], sums["theirs"]
    use = (n >= LEAST) & (m >= LEAST)
    if not use.any():
        return 0.0, np.inf
    weight = np.where(use, n * m / np.maximum(n + m, 1), 0.0)
    weight = weight / weight.sum()
    spread = np.sqrt((weight**2 * (variance / np.maximum(n, 1) + variance_theirs / np.maximum(m, 1))).sum())
    return float((weight * (mean - mean_theirs)).sum()), float(spread)
