"""To which product a complaint belongs when several had been bought: rates that add up, found together.

A customer who bought k things and complains does so of one of them, of product p with a chance in proportion to its own
rate. Blame, rates and how alike rates are were drawn in turn (Gibbs sampling of Poisson rates that add up, with a gamma
between products: Clayton & Kaldor, Biometrics 43, 1987), so that goods that only lie in the same baskets as a faulty
one are not blamed for it, and not knowing whose fault it was widens the interval. Some products are not like the
others: a second gamma, far wider, is theirs (DuMouchel, Bayesian data mining in large frequency tables, 1999), else a
faulty one would be drawn towards the good ones and seem better than it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

SWEEPS, FIRST = 700, 200
"""So many draws, and so many of them to forget the start."""
SHAPES = np.geomspace(0.3, 100, 40)
"""How alike the rates of products may be: at .3 a few have all complaints, at 100 all are the same."""
ODD_TIMES, ODD = 5.0, (1.0, 19.0)
"""What is not like the others has up to so many times their rate or more; before any data one in twenty is (a beta)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Blame:
    """Per value: `rates` as they may be (draws × values), `count` (complaints put down to it), `exposed` (orders, at
    the season's usual rate); `weight` is each row's share of its complaint, `shape` that of a gamma as wide as
    all rates are."""

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
    from scipy.special import expit, gammaln

    rng = np.random.default_rng(seed)
    order = np.lexsort((value, case))
    value, number = value[order], pd.factorize(case[order])[0]
    starts = np.flatnonzero(np.r_[True, np.diff(number) > 0]) if len(number) else np.zeros(0, int)
    count_of, mean = len(exposed), len(starts) / max(exposed.sum(), 1e-12)
    rate, shape, scale = np.full(count_of, mean), 1.0, 1 / mean if mean else 1.0
    kept, chosen, odd_share = [], np.zeros(len(value)), ODD[0] / sum(ODD)
    wide = 1 / max(ODD_TIMES * mean, 1e-12)
    for sweep in range(SWEEPS):
        pick = _one_of_each(rng.exponential(size=len(value)) / rate[value], number, starts)
        count = np.bincount(value[pick], minlength=count_of)
        against = _told(count, exposed, 1.0, wide) - _told(count, exposed, shape, scale)
        odd = rng.random(count_of) < expit(np.log(odd_share / (1 - odd_share)) + against)
        odd_share = rng.beta(ODD[0] + odd.sum(), ODD[1] + (~odd).sum())
        rate = rng.gamma(np.where(odd, 1.0, shape) + count) / (np.where(odd, wide, scale) + exposed)
        rate = np.maximum(rate, 1e-12)
        alike = rate[~odd]
        scale = rng.gamma(shape * len(alike) + 0.5) / max(alike.sum() + 0.5 * mean, 1e-12)
        like = len(alike) * (SHAPES * np.log(scale) - gammaln(SHAPES)) + SHAPES * np.log(alike).sum()
        shape = float(SHAPES[int((like + rng.gumbel(size=len(SHAPES))).argmax())])
        if sweep >= FIRST:
            kept.append(rate)
            chosen[pick] += 1
    weight = np.empty(len(value))
    weight[order] = chosen / len(kept)
    counts = np.bincount(value, chosen / len(kept), count_of)
    rates = np.array(kept)
    apart = np.median(rates.var(axis=1) / rates.mean(axis=1) ** 2)
    return Blame(rates=rates, count=counts, exposed=exposed, weight=weight, shape=float(1 / max(apart, 1e-9)))


def _told(count: np.ndarray, exposed: np.ndarray, shape: float, scale: float) -> np.ndarray:
    """The logarithm of how likely so many complaints are where the rate comes from that gamma, up to what all share."""
    from scipy.special import gammaln

    return gammaln(shape + count) - gammaln(shape) + shape * np.log(scale) - (shape + count) * np.log(scale + exposed)


def _one_of_each(waits: np.ndarray, number: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Of each case the row whose wait is the shortest: which of several causes strikes first goes by their rates."""
    if not len(waits):
        return np.zeros(0, int)
    return np.flatnonzero(waits == np.minimum.reduceat(waits, starts)[number])
