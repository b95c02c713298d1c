"""How long they stay, where many are still there: survival with censoring and late entry, for groups of customers.

Everything is computed from counts by day (how many of each pattern of traits were watched, how many left), so a million
customers cost no more than a thousand. Kaplan and Meier (1958), Mantel's log-rank test (1966), Cox (1972) with ties
after Efron (1977), and the test of proportional hazards by Grambsch and Therneau (1994).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_TIES = 32
"""Of customers who left on one day in any order, so many orders' steps are added up; more would not change the sum."""


@dataclass(frozen=True, kw_only=True)
class Risk:
    """Who was watched and who left, by day of tenure (rows) and pattern (columns), on the days when somebody left.

    Who has left for certain counts as one; who may have left counts by the chance of it, and `unsure` sums the variance
    of these chances. `relative` is by which share the chances of a pattern's customers may all be wrong together.
    """

    days: np.ndarray
    watched: np.ndarray
    left: np.ndarray
    unsure: np.ndarray
    relative: np.ndarray

    @classmethod
    def of(cls, last: np.ndarray, gone: np.ndarray, *, until: np.ndarray | None = None,
           entered: np.ndarray | None = None, pattern: np.ndarray | None = None) -> Risk:  # fmt: skip
        """From customers: the day on which each left, if it did, the chance that it did (`gone`: 0, 1 or between), the
        last day seen of one who did not, the day it was first watched, and its pattern (numbers from 0). Who was never
        watched for any time does not count; who left on the day of coming does."""
        last, gone = np.asarray(last, np.int64), np.asarray(gone, float)
        until = last if until is None else np.asarray(until, np.int64)
        entered = np.zeros(len(last), np.int64) if entered is None else np.asarray(entered, np.int64)
        pattern = np.zeros(len(last), int) if pattern is None else np.asarray(pattern)
        patterns = int(pattern.max()) + 1 if len(pattern) else 1
        moments = np.unique(last[(gone > 0) & _watched(last, entered)])
        change, left, unsure = (np.zeros((len(moments) + 1, patterns)) for _ in range(3))
        for end, weight in ((last, gone), (until, 1 - gone)):
            counts = _watched(end, entered) & (weight > 0)
            first = np.where(entered == 0, 0, np.searchsorted(moments, entered, side="right"))[counts]
            after = np.searchsorted(moments, end, side="right")[counts]
            some = after > first
            for place, sign in ((first, 1.0), (after, -1.0)):
                np.add.at(change, (place[some], pattern[counts][some]), sign * weight[counts][some])
        leaves = _watched(last, entered) & (gone > 0)
        at = np.searchsorted(moments, last[leaves])
        np.add.at(left, (at, pattern[leaves]), gone[leaves])
        np.add.at(unsure, (at, pattern[leaves]), (gone * (1 - gone))[leaves])
        watched = np.maximum(np.cumsum(change, axis=0)[:-1], 0)
        return cls(days=moments, watched=np.round(watched, 9), left=left[:-1], unsure=unsure[:-1],
                   relative=np.zeros(patterns))  # fmt: skip

    def merged(self, groups: np.ndarray) -> Risk:
        """Patterns of one group as one; `groups` numbers each pattern's group from 0, −1 leaves it out."""
        count = int(groups.max()) + 1
        into = (groups[:, None] == np.arange(count)).astype(float)
        return Risk(days=self.days, watched=self.watched @ into, left=self.left @ into, unsure=self.unsure @ into,
                    relative=np.zeros(count))  # fmt: skip

    def only(self, patterns: np.ndarray) -> Risk:
        """These patterns alone."""
        return Risk(days=self.days, watched=self.watched[:, patterns], left=self.left[:, patterns],
                    unsure=self.unsure[:, patterns], relative=self.relative[patterns])  # fmt: skip


def _watched(end: np.ndarray, entered: np.ndarray) -> np.ndarray:
    return (end > entered) | ((end == 0) & (entered == 0))


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The share who stay longer than each day, with its interval; `watched` just before it."""

    days: np.ndarray
    stay: np.ndarray
    low: np.ndarray
    high: np.ndarray
    watched: np.ndarray
    spread: np.ndarray
    """The variance of the logarithm of `stay`: Greenwood's sum, and what unsure leavings add to it."""

    @classmethod
    def of(cls, risk: Risk, confidence: float) -> Curve:
        """Kaplan and Meier's product with intervals on the log-log scale, which keeps them within 0 and 1."""
        from scipy.stats import norm

        watched, left = risk.watched.sum(axis=1), risk.left.sum(axis=1)
        some = watched > 0
        days, watched, left, unsure = risk.days[some], watched[some], np.minimum(left, watched)[some], risk.unsure[some]
        stay = np.cumprod(1 - left / watched)
        room = watched - left
        spread = np.cumsum(np.divide(left, watched * room, out=np.full(len(left), np.inf), where=room > 0))
        spread = spread + np.cumsum(unsure.sum(axis=1) / watched**2)
        spread = spread + ((np.cumsum(unsure / watched[:, None], axis=0) * risk.relative) ** 2).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(stay)
            reach = norm.ppf((1 + confidence) / 2) * np.sqrt(spread) / np.abs(log)
            low, high = stay ** np.exp(reach), stay ** np.exp(-reach)
        certain = (left.cumsum() == 0) | (stay <= 0)
        low, high = np.where(certain, stay, low), np.where(certain, stay, high)
        return cls(days=days, stay=stay, low=low, high=high, watched=watched, spread=spread)

    def at(self, day: float) -> tuple[float, float, float]:
        """The share who stay longer than that day, low and high."""
        place = int(np.searchsorted(self.days, day, side="right")) - 1
        if place < 0:
            return 1.0, 1.0, 1.0
        return float(self.stay[place]), float(self.low[place]), float(self.high[place])

    def watched_at(self, day: float) -> float:
        """How many were still watched on the first day after it on which anybody left."""
        place = int(np.searchsorted(self.days, day, side="right"))
        return float(self.watched[place]) if place < len(self.days) else 0.0

    @property
    def half_life(self) -> float:
        """The day by which half have left; NaN where fewer have."""
        gone = np.flatnonzero(self.stay <= 0.5)
        return float(self.days[gone[0]]) if len(gone) else float("nan")


def log_rank(risk: Risk) -> tuple[float, float]:
    """Whether the patterns leave alike: chi-square and how often it would be as large if they did."""
    from scipy.stats import chi2

    n, d = risk.watched.sum(axis=1), risk.left.sum(axis=1)
    some = n > 1
    n, d, share = n[some], d[some], risk.watched[some] / n[some, None]
    gap = (risk.left[some] - d[:, None] * share).sum(axis=0)
    weight = d * np.maximum(n - d, 0) / (n - 1)
    cover = np.diag((weight[:, None] * share).sum(axis=0)) - (share * weight[:, None]).T @ share
    cover = cover + _doubt(risk.unsure[some], np.eye(share.shape[1]), share)
    free = risk.watched.shape[1] - 1
    if free < 1:
        return float("nan"), float("nan")
    value = float(gap[:-1] @ np.linalg.pinv(cover[:-1, :-1]) @ gap[:-1])
    return value, float(chi2.sf(value, free))


@dataclass(frozen=True, kw_only=True)
class Hazards:
    """Cox's model: by how much the logarithm of the rate of leaving rises with each column of the patterns."""

    coefficients: np.ndarray
    cover: np.ndarray
    events: float
    proportional: np.ndarray
    """For each column, how often its effect would seem to change so much with tenure if it did not."""

    @property
    def errors(self) -> np.ndarray:
        return np.sqrt(np.diag(self.cover))

    def ratio(self, column: int, confidence: float) -> tuple[float, float, float]:
        """How many times as fast who has it leaves, with the interval."""
        from scipy.stats import norm

        reach = norm.ppf((1 + confidence) / 2) * self.errors[column]
        middle = self.coefficients[column]
        return float(np.exp(middle)), float(np.exp(middle - reach)), float(np.exp(middle + reach))


def cox(risk: Risk, columns: np.ndarray) -> Hazards:
    """Fit the patterns' `columns` (pattern × column) by Newton's method on the partial likelihood."""
    columns = np.asarray(columns, float)
    middle = columns.mean(axis=0)
    x, beta = columns - middle, np.zeros(columns.shape[1])
    best = -np.inf
    step = np.zeros_like(beta)
    for _ in range(50):
        value, slope, curve = _partial(risk, x, beta + step)
        if not value >= best - 1e-9:
            step = step / 2
            continue
        beta, best = beta + step, value
        step = np.linalg.lstsq(curve, slope, rcond=None)[0]
        if np.abs(step).max(initial=0.0) < 1e-9:
            break
    _, _, curve = _partial(risk, x, beta)
    known = np.linalg.pinv(curve)
    weight = risk.watched * np.exp(np.clip(x @ beta, -50, 50))
    mean = weight @ x / np.maximum(weight.sum(axis=1), 1e-300)[:, None]
    cover = known + known @ _doubt(risk.unsure, x, mean) @ known
    return Hazards(coefficients=beta, cover=cover, events=float(risk.left.sum()),
                   proportional=_proportional(risk, x, beta, cover))  # fmt: skip


def _doubt(unsure: np.ndarray, x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """What the slope varies by because some have left only perhaps: rows are days, `x` is that of the patterns."""
    counts, of_day = unsure.sum(axis=0), unsure.sum(axis=1)
    cross = x.T @ (unsure.T @ mean)
    return (x * counts[:, None]).T @ x - cross - cross.T + (mean * of_day[:, None]).T @ mean


def _partial(risk: Risk, x: np.ndarray, beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """The logarithm of Efron's partial likelihood, its slope and its curvature."""
    weight = np.exp(np.clip(x @ beta, -50, 50))
    d = risk.left.sum(axis=1)
    some = d > 0
    left, watched, d = risk.left[some], risk.watched[some], d[some]
    steps = np.minimum(np.ceil(d - 1e-9), MOST_TIES).astype(int)
    row = np.repeat(np.arange(len(d)), steps)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(steps) - steps, steps)
    part = np.maximum((nth + 0.5) / steps[row] - 0.5 / np.maximum(d[row], 1), 0)
    counts = d[row] / steps[row]
    there = (watched[row] - part[:, None] * left[row]) * weight
    s0 = there.sum(axis=1)
    s1 = there @ x
    mean = s1 / s0[:, None]
    value = float((left @ (x @ beta)).sum() - counts @ np.log(s0))
    slope = left.sum(axis=0) @ x - counts @ mean
    share = (there * (counts / s0)[:, None]).sum(axis=0)
    curve = (x * share[:, None]).T @ x - (mean * counts[:, None]).T @ mean
    return value, slope, curve


def _proportional(risk: Risk, x: np.ndarray, beta: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Grambsch and Therneau's test against the Kaplan–Meier share of those who have left, column by column."""
    from scipy.stats import chi2

    weight = np.exp(np.clip(x @ beta, -50, 50))
    there = risk.watched * weight
    s0 = there.sum(axis=1)
    some = (s0 > 0) & (risk.left.sum(axis=1) > 0)
    there, s0, left = there[some], s0[some], risk.left[some]
    mean, d = there @ x / s0[:, None], left.sum(axis=1)
    residual = left @ x - d[:, None] * mean
    watched = risk.watched[some].sum(axis=1)
    clock = 1 - np.concatenate(([1.0], np.cumprod(1 - d / watched)[:-1]))
    clock = clock - float(d @ clock) / d.sum()
    events, squares = d.sum(), float(d @ clock**2)
    if squares <= 0 or not len(beta):
        return np.full(len(beta), np.nan)
    pull = (clock @ residual) @ cover
    with np.errstate(divide="ignore", invalid="ignore"):
        value = pull**2 / (np.diag(cover) * squares / events)
    return chi2.sf(value, 1)
