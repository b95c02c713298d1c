"""Models whose every answer is a sum of points, one for each column: what a reason can honestly be read from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.scores.steps import MISSING, Steps, cut, matrix

if TYPE_CHECKING:
    import pandas as pd

SMOOTH, STEPPED = "smooth", "stepped"
"""A regularised logistic regression on splines and words; boosted trees that each look at one column."""

KINDS = (SMOOTH, STEPPED)
"""From the simplest on."""

RIDGE = 0.02
"""How free the smooth card is (the C of a penalised regression): held back enough to stand on other days."""


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """Log-odds of a success as a sum: `base` (the average person's) and the points of each column's step."""

    kind: str
    steps: tuple[Steps, ...]
    base: float
    points: tuple[np.ndarray, ...]

    @classmethod
    def fit(cls, frame: pd.DataFrame, columns: list[str], *, kind: str = SMOOTH, seed: int = 0) -> Scorecard:
        """From rows whose `target` is known. Points are centred: an average person has none."""
        steps = cut(frame, columns)
        codes, y = matrix(frame, steps), frame["target"].to_numpy(int)
        if not steps:
            rate = float(np.clip(y.mean(), 1e-4, 1 - 1e-4))
            return cls(kind=kind, steps=(), base=float(np.log(rate / (1 - rate))), points=())
        points, base = _stepped(codes, y, steps, seed) if kind == STEPPED else _smooth(codes, y, steps)
        means = [float(p[codes[:, j]].mean()) for j, p in enumerate(points)]
        centred = tuple(p - mean for p, mean in zip(points, means, strict=True))
        return cls(kind=kind, steps=steps, base=base + sum(means), points=centred)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(one.column for one in self.steps)

    def parts(self, frame: pd.DataFrame) -> np.ndarray:
        """The points of each row for each column; with `base` they sum to its log-odds."""
        found = np.empty((len(frame), len(self.steps)), np.float32, order="F")
        for j, (one, points) in enumerate(zip(self.steps, self.points, strict=True)):
            found[:, j] = points[one.of(frame)]
        return found

    def log_odds(self, frame: pd.DataFrame) -> np.ndarray:
        total = np.full(len(frame), self.base)
        for one, points in zip(self.steps, self.points, strict=True):
            total += points[one.of(frame)]
        return total

    def moved(self, intercept: float, slope: float) -> Scorecard:
        """The same card after a calibration: reasons still sum to the score."""
        return replace(self, base=intercept + slope * self.base, points=tuple(slope * p for p in self.points))


def _smooth(codes: np.ndarray, y: np.ndarray, steps: tuple[Steps, ...]) -> tuple[list[np.ndarray], float]:
    """Linear splines with knots at the quarters, words one by one, held towards nothing.

    Rows meet only as counts of pairs of steps, so an iteration of Newton's costs no more for wide splines.
    """
    bases = [_basis(codes[:, j], one) for j, one in enumerate(steps)]
    ends = np.cumsum([0, *(basis.shape[1] for basis in bases)])
    keep = np.r_[np.full(ends[-1], 1 / RIDGE), 0.0]
    rate = np.clip(y.mean(), 1e-4, 1 - 1e-4)
    beta = np.r_[np.zeros(ends[-1]), np.log(rate / (1 - rate))]
    for _ in range(25):
        points = [b @ beta[s:e] for b, s, e in zip(bases, ends, ends[1:], strict=False)]
        log_odds = np.full(len(y), beta[-1])
        for j, own in enumerate(points):
            log_odds += own[codes[:, j]]
        p = 1 / (1 + np.exp(-log_odds))
        hessian = _pairs(codes, bases, ends, p * (1 - p))
        hessian[np.diag_indices_from(hessian)] += keep + 1e-9
        slope = np.r_[
            np.concatenate([b.T @ np.bincount(codes[:, j], y - p, len(b)) for j, b in enumerate(bases)]), (y - p).sum()
        ]
        change = np.linalg.solve(hessian, slope - keep * beta)
        beta = beta + change / max(1.0, np.abs(change).max() / 5)
        if np.abs(change).max() < 1e-7:
            break
    return [b @ beta[s:e] for b, s, e in zip(bases, ends, ends[1:], strict=False)], float(beta[-1])


def _pairs(codes: np.ndarray, bases: list[np.ndarray], ends: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The design's weighted products, from how much weight stands on each pair of steps."""
    whole = np.empty((ends[-1] + 1, ends[-1] + 1))
    wide = codes.astype(np.int64)
    for j, own in enumerate(bases):
        mine = slice(ends[j], ends[j + 1])
        whole[mine, -1] = whole[-1, mine] = own.T @ np.bincount(codes[:, j], weight, len(own))
        for k in range(j + 1):
            other = bases[k]
            both = np.bincount(wide[:, j] * len(other) + wide[:, k], weight, len(own) * len(other))
            block = own.T @ both.reshape(len(own), len(other)) @ other
            whole[mine, ends[k] : ends[k + 1]] = block
            whole[ends[k] : ends[k + 1], mine] = block.T
    whole[-1, -1] = weight.sum()
    return whole


def _basis(codes: np.ndarray, steps: Steps) -> np.ndarray:
    """A row for each step: what the regression sees of it."""
    if steps.kind == "word":
        return np.eye(steps.count)
    share = np.bincount(codes, minlength=steps.count)[1:].astype(float)
    rank = (np.cumsum(share) - share / 2) / max(share.sum(), 1.0)
    columns = [rank - 0.5, *(np.maximum(rank - knot, 0) for knot in (0.25, 0.5, 0.75))]
    known = np.vstack([2 * column for column in columns]).T
    return np.vstack([np.r_[np.zeros(known.shape[1]), 1.0], np.column_stack([known, np.zeros(len(known))])])


def _stepped(codes: np.ndarray, y: np.ndarray, steps: tuple[Steps, ...], seed: int) -> tuple[list[np.ndarray], float]:
    """Boosting without interactions: each tree moves the points of one column (Lou, Caruana, Gehrke 2012)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    words = np.array([one.kind == "word" for one in steps])
    model = HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.08,
        max_leaf_nodes=4,
        min_samples_leaf=max(20, len(y) // 500),
        l2_regularization=5.0,
        interaction_cst="no_interactions",
        categorical_features=words if words.any() else None,
        early_stopping=False,
        random_state=seed,
    ).fit(_seen(codes, words), y)
    usual = codes[:1] * 0
    rows, owner = [np.zeros(len(steps), np.uint8)], [-1]
    for j, one in enumerate(steps):
        for step in range(one.count):
            row = usual[0].copy()
            row[j] = step
            rows.append(row)
            owner.append(j)
    raw = model.decision_function(_seen(np.array(rows), words))
    owner = np.array(owner)
    return [raw[owner == j] - raw[0] for j in range(len(steps))], float(raw[0])


def _seen(codes: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Steps as the trees take them: missing numbers are missing, words are categories."""
    seen = codes.astype(float)
    seen[(codes == MISSING) & ~words] = np.nan
    return seen
