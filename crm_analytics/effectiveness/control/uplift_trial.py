"""An order of customers tried on customers who had no part in it: the Qini curve, its coefficient, and calibration.

Customers come in by lot, an eighth at a time, and each eighth is judged by what was learned from those before it.
Were everybody judged by everybody else, each pair of customers would speak twice, and noise would pass for knowledge
far more often than the interval says (Sverdrup, Petukhova and Wager 2024).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.effectiveness.control.arms import Estimate
from crm_analytics.effectiveness.control.uplift_learners import LEARNERS, means

POINTS = 41


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """`change` is what the test itself says of each customer: far too noisy for one, and without bias for a mean of
    many, whatever a learner thinks (the doubly robust score of Robins and Rotnitzky). `judged` are those who came after
    others had taught; of these `place` is where each stands in the order, from 0, whom the campaign changes most, to 1,
    and `foretold` the change that was expected, by the learner and with the caution that did best before."""

    change: np.ndarray
    judged: np.ndarray
    foretold: np.ndarray
    place: np.ndarray
    slope: Estimate
    """How much more customers differ by one unit more of what is foretold: 1 if it is to be taken at its word."""
    chosen: str
    by_learner: dict[str, Estimate]

    @property
    def qini(self) -> Estimate:
        return qini(self.change[self.judged], self.place[self.judged])

    def curve(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What addressing the first share of the order brings, per customer of all: shares, gains, standard errors."""
        shares = np.linspace(0, 1, POINTS)
        change, place = self.change[self.judged], self.place[self.judged]
        gains = [mean(change * (place < share)) for share in shares[1:]]
        return shares, np.array([0.0, *(g.value for g in gains)]), np.array([0.0, *(g.se for g in gains)])


def mean(values: np.ndarray) -> Estimate:
    """The mean of independent values, with its standard error."""
    return Estimate(
        value=float(values.mean()), se=float(values.std(ddof=1) / len(values) ** 0.5), freedom=len(values) - 1
    )


def qini(change: np.ndarray, place: np.ndarray) -> Estimate:
    """The area between the Qini curve (Radcliffe 2007) and that of an order by lot, per customer.

    It is what addressing in this order gains a customer, on average over all numbers that could be addressed. Written
    as a weighted mean of changes (Yadlowsky et al. 2021), so that its error is that of a mean.
    """
    return mean((change - change.mean()) * (0.5 - place))


def tried(x: np.ndarray, y: np.ndarray, w: np.ndarray, *, learners: tuple[str, ...], folds: int, seed: int) -> Trial:
    """The first quarter of the folds only teaches; in it two halves judge each other, to choose a learner by."""
    fold = _folds(w, folds, seed)
    block = np.where(fold < folds // 4, fold % 2 - 2, fold)
    foretold = {name: np.empty(len(y)) for name in learners}
    for k in np.unique(block):
        there, here = block < k if k >= 0 else (block == -3 - k), block == k
        for name in learners:
            foretold[name][here] = LEARNERS[name](x[there], y[there], w[there], seed)(x[here])
    change, judged = _change(x, y, w, fold), block >= 0
    places = {name: _places(foretold[name], block) for name in learners}
    believed, place = np.full(len(y), np.nan), np.full(len(y), np.nan)
    for k in np.unique(block[judged]):
        before, here = block < k, block == k
        name = max(learners, key=lambda one: qini(change[before], places[one][before]).value)
        slope = _slope(change[before], foretold[name][before], block[before]).value
        mine = foretold[name][here]
        believed[here] = change[before].mean() + np.clip(slope, 0, 1) * (mine - mine.mean())
        place[here] = places[name][here]
    by_learner = {name: qini(change[judged], places[name][judged]) for name in learners}
    chosen = max(learners, key=lambda one: by_learner[one].value)
    return Trial(
        change=change, judged=judged, foretold=believed, place=place, chosen=chosen, by_learner=by_learner,
        slope=_slope(change[judged], foretold[chosen][judged], block[judged]),
    )  # fmt: skip


def _change(x: np.ndarray, y: np.ndarray, w: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """What each customer says of the campaign's effect, with what others let expect of it taken out."""
    change = np.empty(len(y))
    for k in np.unique(fold):
        there, here = fold != k, fold == k
        one, none = (mean_of(x[here]) for mean_of in means(x[there], y[there], w[there]))
        share = w[here].mean()
        left = np.where(w[here], (y[here] - one) / share, -(y[here] - none) / (1 - share))
        change[here] = one - none + left
    return change


def _folds(w: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Each arm dealt out evenly."""
    rng, fold = np.random.default_rng(seed), np.empty(len(w), int)
    for arm in (w, ~w):
        fold[arm] = rng.permutation(np.arange(arm.sum()) % folds)
    return fold


def _places(foretold: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Where each stands within the own fold, the most changed first; those foretold alike share the middle."""
    from scipy.stats import rankdata

    place = np.empty(len(foretold))
    for k in np.unique(fold):
        here = fold == k
        place[here] = (rankdata(-foretold[here]) - 0.5) / here.sum()
    return place


def _slope(change: np.ndarray, foretold: np.ndarray, fold: np.ndarray) -> Estimate:
    """The best linear prediction of the change by what was foretold (Chernozhukov et al. 2018), folds apart."""
    middle = np.zeros(len(change))
    for k in np.unique(fold):
        middle[fold == k] = foretold[fold == k].mean()
    apart = foretold - middle
    weight = float((apart**2).sum())
    if weight < 1e-12 * max(float((foretold**2).sum()), 1e-300):
        return Estimate(value=0.0, se=float("inf"), freedom=len(change) - 2)
    slope = float((apart * change).sum()) / weight
    left = change - change.mean() - slope * apart
    return Estimate(value=slope, se=float(((apart * left) ** 2).sum() ** 0.5) / weight, freedom=len(change) - 2)
