"""To which product a complaint belongs when several had been bought: rates that add up, found together.

A customer who bought k things and complains does so of one of them, of product p with a chance in proportion to its own
rate. Blame, rates and how alike rates are were drawn in turn (Gibbs sampling of Poisson rates that add up, with a gamma
between products: Clayton & Kaldor, Biometrics 43, 1987), so that goods that only lie in the same baskets as a faulty
one are not blamed for it, and not knowing whose fault it was widens the interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

SWEEPS, FIRST = 700, 200
"""So many draws, and so many of them to forget the start."""
SHAPES = np.geomspace(0.3, 100, 40)
"""How alike the rates of products may be: at .3 a few have all complaints, at 100 all are the same."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Blame:
    """Per value: `rates` as they may be (draws × values), `count` (complaints put down to it), `exposed` (orders, at
    the season's usual rate); `weight` is each row's share of its complaint, `shape` how alike rates are."""

    rates: np.ndarray
    count: np.ndarray
    exposed: np.ndarray
    weight: np.ndarray
    shape: float

    @property
    def rate(self) -> np.ndarray:
        return self.rates.mean(axis=0)

    def between(self, chance: float) -> np.ndarray:
        """The rate below which the true one lies with this chance, by the gamma that has the draws' mean and spread, so
        that rare chances can be asked for."""
        from scipy.stats import gamma

        variance = self.rates.var(axis=0)
        return gamma.ppf(chance, self.rate**2 / variance, scale=variance / self.rate)


def blame(value: np.ndarray, case: np.ndarray, exposed: np.ndarray, *, seed: int) -> Blame:
    """`value` and `case` are a row for each thing a complaint may be about; `exposed` the orders of each value."""
    from scipy.special import gammaln

    rng = np.random.default_rng(seed)
    order = np.lexsort((value, case))
    value, number = value[order], pd.factorize(case[order])[0]
    starts = np.flatnonzero(np.r_[True, np.diff(number) > 0]) if len(number) else np.zeros(0, int)
    count_of, mean = len(exposed), len(starts) / max(exposed.sum(), 1e-12)
    rate, shape, scale = np.full(count_of, mean), 1.0, 1 / mean if mean else 1.0
    kept, chosen, shapes = [], np.zeros(len(value)), []
    for sweep in range(SWEEPS):
        pick = _one_of_each(rng.exponential(size=len(value)) / rate[value], number, starts)
        count = np.bincount(value[pick], minlength=count_of)
        rate = np.maximum(rng.gamma(shape + count) / (scale + exposed), 1e-12)
        scale = rng.gamma(shape * count_of + 0.5) / (rate.sum() + 0.5 * mean)
        like = count_of * (SHAPES * np.log(scale) - gammaln(SHAPES)) + SHAPES * np.log(rate).sum()
        shape = float(SHAPES[int((like + rng.gumbel(size=len(SHAPES))).argmax())])
        if sweep >= FIRST:
            kept.append(rate)
            chosen[pick] += 1
            shapes.append(shape)
    weight = np.empty(len(value))
    weight[order] = chosen / len(kept)
    counts = np.bincount(value, chosen / len(kept), count_of)
    return Blame(rates=np.array(kept), count=counts, exposed=exposed, weight=weight, shape=float(np.median(shapes)))


def _one_of_each(waits: np.ndarray, number: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Of each case the row whose wait is the shortest: which of several causes strikes first goes by their rates."""
    if not len(waits):
        return np.zeros(0, int)
    return np.flatnonzero(waits == np.minimum.reduceat(waits, starts)[number])
