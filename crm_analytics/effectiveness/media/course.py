"""The sales that would be there without advertising, and all that is not known about them, as one covariance.

    sales(t) = usual(t) · (1 + x(t)·γ + level(t) + noise(t)) + media(t)

with γ ~ N(0, prior_sd²), the level a random walk, the noise an AR(1), and `usual` either the slow course of the sales
themselves, so that season, prices and noise act in proportion to it, or their mean. All of them are normal, so that
together they are one covariance matrix, and what a channel brings is read beside everything that sales could have done
by themselves. Nothing is read off the curvature of an exponential: what a channel that is always on and saturated adds
day by day cannot be told from sales that are there anyway, and this model does not pretend to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

YEAR = 365.25
WANDERING = 10.0 ** np.arange(-4, 0.01, 0.5)
"""Candidates for the variance of the level's step in a week, as a multiple of the noise's."""
PERSISTENCE = (0.3, 0.5, 0.7)
"""Candidates for the noise's correlation from a week to the next; that of real sales is never nought."""
MOST_KINDS = 6
_PRIOR_SD = {"trend": 0.3, "season": 0.5, "weekday": 1.0, "price": 3.0, "competitor": 3.0, "market": 3.0,
             "holidays": 0.5, "stock-outs": 3.0, "events": 0.5}  # fmt: skip
"""How far, before any data, an influence may reach: share of usual sales per unit of the influence."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Influences:
    """What is known to move sales: periods × columns against their mean, the group each belongs to, prior spreads."""

    values: np.ndarray
    groups: tuple[str, ...]
    prior_sd: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame, days: int) -> Influences:
        """From a table with `starts` and, where they are known, the columns of `features.media`."""
        starts, n = frame["starts"], len(frame)
        years = (starts - starts.iloc[0]).dt.days.to_numpy() / YEAR
        columns: list[tuple[str, np.ndarray, float]] = []
        if years[-1] > 1:
            columns.append(("trend", years - years.mean(), 1.0))
        middle = (starts + pd.Timedelta(days=days // 2)).dt.day_of_year.to_numpy()
        for wave in range(1, 1 + _waves(years[-1] + days / YEAR)):
            angle = 2 * np.pi * wave * middle / YEAR
            columns += [("season", np.sin(angle), wave**-1.5), ("season", np.cos(angle), wave**-1.5)]
        if days == 1:
            columns += [("weekday", (starts.dt.day_of_week == i).to_numpy(float), 1.0) for i in range(6)]
        for name in frame:
            group = _group(name)
            if group in ("price", "competitor", "market"):
                columns.append((group, _relative(frame[name]), 1.0))
            elif group in ("stock-outs", "events"):
                columns.append((group, frame[name].fillna(0).to_numpy(float), 1.0))
        if "holidays" in frame:
            columns += _holidays(frame["holidays"].fillna("").astype(str), days)
        values = np.column_stack([np.zeros(n), *(v for _, v, _ in columns)])[:, 1:]
        return cls(
            values=values - values.mean(axis=0), groups=tuple(g for g, _, _ in columns),
            prior_sd=np.array([_PRIOR_SD[g] * s for g, _, s in columns]),
        )  # fmt: skip

    def first(self, periods: int) -> Influences:
        """The same of the first periods alone."""
        return replace(self, values=self.values[:periods])


def _group(name: str) -> str:
    if name in ("price_index", "competitor_index"):
        return name.removesuffix("_index")
    if name.startswith("market_"):
        return "market"
    return "stock-outs" if name == "stock_out" else "events" if name.startswith("event_") else ""


def _waves(years: float) -> int:
    """How fine a yearly season so many years can teach."""
    return 0 if years < 1.2 else 4 if years < 2 else 12


def _relative(values: pd.Series) -> np.ndarray:
    """Logarithms where they exist; the first value known stands for the periods before it."""
    filled = values.astype(float).ffill().bfill().fillna(1.0)
    if (filled > 0).all():
        return np.log(filled).to_numpy()
    return ((filled - filled.mean()) / (filled.std() or 1.0)).to_numpy() / 10


def _holidays(names: pd.Series, days: int) -> list[tuple[str, np.ndarray, float]]:
    """A column for a usual holiday, one more for each name that came at least twice: a share of the period's days."""
    each = names.str.split("; ").map(lambda found: [name for name in found if name])
    columns = [("holidays", each.map(len).to_numpy(float) / days, 2.0)]
    every = pd.Series([name for found in each for name in found]).value_counts()
    for name in sorted(every[every >= 2].index):
        columns.append(("holidays", each.map(lambda found, name=name: name in found).to_numpy(float) / days, 1.0))
    return [(group, value, spread * (1 if days == 1 else 3)) for group, value, spread in columns if value.any()]


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """What is believed of sales without media around the usual ones, for the pairs of wandering and persistence
    (`kinds`) under which the sales are likely.

    `response` is sales/usual − 1; `precision` holds an inverse covariance for each kind, in units of the noise
    variance, and `log_size` the log determinant of the covariance.
    """

    usual: np.ndarray
    response: np.ndarray
    noise_sd: float
    kinds: tuple[tuple[float, float], ...]
    precision: np.ndarray
    log_size: np.ndarray

    @classmethod
    def around(
        cls, usual: np.ndarray, y: np.ndarray, media: np.ndarray, influences: Influences, *, days: int
    ) -> Course:
        """Around these usual sales, with the kinds that are likely when media brought as much."""
        from scipy.linalg import cho_factor, cho_solve

        response = y / usual - 1
        rest = response - media / usual
        noise_sd = max(float(np.std(np.diff(rest))) / np.sqrt(2), 1e-4)
        tried = []
        for kind in product(WANDERING if days > 1 else WANDERING[::2], PERSISTENCE):
            factor = cho_factor(sum(_covariances(influences, kind, noise_sd, days=days)), lower=True)
            size = 2 * float(np.log(np.diagonal(factor[0])).sum())
            tried.append((likely(float(rest @ cho_solve(factor, rest)), size, len(rest)), kind, factor, size))
        tried.sort(key=lambda one: -one[0])
        kept = [one for one in tried if one[0] > tried[0][0] - 4][: MOST_KINDS if days > 1 else 2]
        eye = np.eye(len(rest))
        return cls(
            usual=usual, response=response, noise_sd=noise_sd, kinds=tuple(kind for _, kind, _, _ in kept),
            precision=np.array([cho_solve(factor, eye) for _, _, factor, _ in kept]),
            log_size=np.array([size for *_, size in kept]),
        )  # fmt: skip

    def evidence(self, media: np.ndarray) -> float:
        """How likely the sales are, for one choice of the usual ones against another."""
        return float(np.logaddexp.reduce(self._likely(media)) - np.log(self.usual).sum())

    def _likely(self, media: np.ndarray) -> np.ndarray:
        rest = self.response - media / self.usual
        return likely(np.einsum("i,kij,j->k", rest, self.precision, rest), self.log_size, len(rest))

    def expected(self, influences: Influences, media: np.ndarray, *, days: int) -> dict[str, np.ndarray]:
        """What is to be expected without advertising, in usual periods' sales, noise left out, part by part.

        A part for each group of influences and `level`, all the rest. The influences may reach beyond the periods that
        were learned from; the usual sales then stay where they were last.
        """
        log = self._likely(media)
        weights = np.exp(log - np.logaddexp.reduce(log))
        rest = self.response - media / self.usual
        ahead = len(influences.values) - len(rest)
        usual = np.r_[self.usual, np.full(ahead, self.usual[-1])]
        groups = sorted({*influences.groups})
        parts = dict.fromkeys(groups, 0.0) | {"level": usual}
        for weight, kind, precision in zip(weights, self.kinds, self.precision, strict=True):
            pushed = weight * (precision @ rest)
            course = _covariances(influences, kind, self.noise_sd, days=days)[0][:, : len(rest)] @ pushed
            scaled = influences.values * (influences.prior_sd / self.noise_sd) ** 2
            each = scaled * (influences.values[: len(rest)].T @ pushed)
            for group in groups:
                one = each[:, [g == group for g in influences.groups]].sum(axis=1)
                parts[group] = parts[group] + usual * one
            parts["level"] = parts["level"] + usual * (course - each.sum(axis=1))
        return parts


def _covariances(
    influences: Influences, kind: tuple[float, float], noise_sd: float, *, days: int
) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of course and of noise over the periods, in units of the noise variance: two matrices."""
    wandering, persistence = kind
    t = np.arange(len(influences.values))
    z = influences.values * (influences.prior_sd / noise_sd)
    walk = wandering * days / 7 * (np.minimum.outer(t, t) + 1.0)
    lags = np.abs(np.subtract.outer(t, t))
    return z @ z.T + walk + (3.0 / noise_sd) ** 2, np.where(lags, (persistence ** (days / 7)) ** lags, 1.0)


def likely(error: ArrayLike, size: ArrayLike, n: int) -> np.ndarray:
    """The log likelihood of a squared error under a covariance of that log determinant, the scale integrated out."""
    return -0.5 * size - 0.5 * n * np.log(error)
