"""Classes of products: ABC by what they bring, XYZ by how steadily; how many would change class by chance alone."""

from __future__ import annotations

import numpy as np

from crm_analytics.result.chance import share_interval

A, B, C, ABSENT = 0, 1, 2, 3
PERIODS_FOR_STEADINESS = 4


def abc(values: np.ndarray, *, present: np.ndarray, shares: tuple[float, float]) -> np.ndarray:
    """The class of each product: A for the largest that together first reach a share of the whole, then B, the rest C.

    `values` in whatever unit, `shares` where A and B end. Who brings nothing, or less, is C. Ties go by position.
    """
    worth = np.where(present, np.maximum(values, 0), 0)
    order = np.argsort(-worth, kind="stable")
    worth = worth[order]
    reached, whole = np.cumsum(worth) - worth, worth.sum()
    classes = np.empty(len(values), dtype=np.int8)
    classes[order] = np.select([worth <= 0, reached < shares[0] * whole, reached < shares[1] * whole], [C, A, B], C)
    return np.where(present, classes, ABSENT)


def falls_by_chance(
    values: np.ndarray, *, lines_worth: np.ndarray, shares: tuple[float, float], draws: int, seed: int
) -> np.ndarray:
    """How many products leave class A between two periods in which demand is the same, in each of `draws` draws.

    `values` is products × 2, what each brought before and now (0: not sold); `lines_worth` is, per product, the
    squared revenue of both periods over its lines' summed squares: how many equal lines it rests on. Each product
    sold in both periods has one true level, drawn from what is known of it; each period's value is then drawn from
    the gamma distribution with the mean and variance of a compound Poisson sum of such lines. Others stay as they were.
    """
    random = np.random.default_rng(seed)
    whole = np.maximum(values, 0).sum(axis=0)
    weight = whole / (whole.sum() or 1)
    drawn = (values > 0).all(axis=1) & np.isfinite(lines_worth) & (lines_worth > 0)
    pooled, lines = values[drawn].sum(axis=1), lines_worth[drawn]
    level, doubt = _true_levels(np.log(pooled), variance=1 / lines)
    again, present = values.astype(float), values != 0
    falls = np.empty(draws, dtype=int)
    for i in range(draws):
        mean = np.exp(random.normal(level, np.sqrt(doubt)))
        again[drawn] = random.gamma((lines * mean / pooled)[:, None] * weight) * (pooled / lines)[:, None]
        before, now = (abc(again[:, t], present=present[:, t], shares=shares) for t in (0, 1))
        falls[i] = np.sum((before == A) & ((now == B) | (now == C)))
    return falls


def _true_levels(seen: np.ndarray, *, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each product's true log level, given what was seen of all (empirical Bayes; Morris, 1983).

    Products differ less in truth than they seem to: what they have in common is how far noise alone spreads them. The
    variance between them is that of DerSimonian & Laird (1986).
    """
    if len(seen) < 2:
        return seen, np.zeros(len(seen))
    weight = 1 / variance
    spread = np.sum(weight * (seen - np.average(seen, weights=weight)) ** 2) - (len(seen) - 1)
    between = max(spread / (weight.sum() - np.sum(weight**2) / weight.sum()), 0.0)
    centre = np.average(seen, weights=1 / (variance + between))
    trust = between / (between + variance)
    return centre + trust * (seen - centre), trust * variance


def still_a(classes: np.ndarray, *, lag: int) -> tuple[float, float, float]:
    """The share of A products that are A again `lag` periods later, and its 95 % interval (Wilson, 1927).

    `classes` is products × periods in order of time; every pair of periods that far apart counts.
    """
    first, later = classes[:, :-lag] == A, classes[:, lag:] == A
    n, kept = int(first.sum()), int((first & later).sum())
    low, high = share_interval(kept, n)
    return kept / n, float(low), float(high)


def half_life(kept: float, *, lag: int) -> float:
    """Periods until half of the A products have changed, when `kept` of them are left after `lag` periods."""
    return np.inf if kept >= 1 else lag * np.log(0.5) / np.log(max(kept, 1e-9))


def steadiness(units: np.ndarray, *, limits: tuple[float, float]) -> np.ndarray:
    """X, Y or Z by the coefficient of variation of the units sold, from a product's first period on; '' if too short.

    `units` is products × periods, 0 where nothing was sold. A period without a sale counts as unsteady, as it should.
    """
    alive = np.cumsum(units != 0, axis=1) > 0
    n = alive.sum(axis=1)
    mean = units.sum(axis=1) / np.maximum(n, 1)
    squares = (np.where(alive, units - mean[:, None], 0) ** 2).sum(axis=1)
    variation = np.sqrt(squares / np.maximum(n - 1, 1)) / np.where(mean > 0, mean, np.nan)
    letters = np.select([variation <= limits[0], variation <= limits[1]], ["X", "Y"], default="Z")
    return np.where(n >= PERIODS_FOR_STEADINESS, letters, "")
