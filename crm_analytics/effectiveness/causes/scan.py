"""Which parts of a company moved otherwise than the rest: all cuts of it are scanned, and few are named.

A cut is a value of one dimension or of several together. Were a cut's share of the whole as before, it would hold so
much; the likelihood ratio against that is largest where the cut is just the part that moved: a larger one is
diluted, a smaller one leaves out what belongs to it. So the most likely cut is already the shortest description,
and no tree of children is needed (the scan statistic: Kulldorff 1997; cuts as in HotSpot, Sun et al. 2018, and
Squeeze, Li et al. 2019).

How far a share moves without any cause differs from cut to cut. It is learned from placebo periods, neighbours of the
same lengths in the same history, and the largest of all cuts is held against the largest in each of those, so that
scanning thousands of cuts is paid for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

SMALLEST = 0.005
"""A cut with a smaller share of the whole in both periods is not looked at."""
PRIOR_PLACEBOS = 4
"""A cut's own placebo periods count against so many of all cuts together when its noise is judged."""
NEARLY = 0.6
"""Of cuts that stand out nearly as far as the first, the one that the data make most likely is named: it holds most of
what moved."""
ALIKE = 0.9
"""Of cuts that are so nearly as likely as it, the one of the fewest dimensions."""


@dataclass(frozen=True, kw_only=True)
class Spans:
    """Two periods as rows of days (first, one after the last), later and earlier."""

    earlier: tuple[int, int]
    later: tuple[int, int]

    @property
    def stretch(self) -> float:
        """By what the earlier period's sums are brought to the later one's number of days."""
        return (self.later[1] - self.later[0]) / (self.earlier[1] - self.earlier[0])

    def shifted(self, days: int) -> Spans:
        return Spans(earlier=tuple(d + days for d in self.earlier), later=tuple(d + days for d in self.later))

    def placebos(self, days: int, most: int) -> list[Spans]:
        """Neighbours of the same lengths and weekdays that share no day with the later period, the nearest first."""
        length = self.later[1] - self.later[0]
        step = max(7, length // 14 * 7)
        back = [self.shifted(-by) for by in range(-(-length // 7) * 7, self.earlier[0] + 1, step)]
        ahead = -(-(self.later[1] - self.earlier[0]) // 7) * 7
        on = [self.shifted(by) for by in range(ahead, days - self.later[1] + 1, step)]
        return (back + on)[:most]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """All cuts by the same dimensions: for each, what it sums to on each day, run up from the first."""

    dimensions: tuple[str, ...]
    codes: np.ndarray
    values: list[tuple[str, ...]]
    above: np.ndarray
    under: np.ndarray | None

    def sums(self, span: tuple[int, int]) -> tuple[np.ndarray, np.ndarray | None]:
        """What the cells had in the days from the first to before the last: above, and under where it is a
        ratio."""
        first, last = span
        below = None if self.under is None else self.under[:, last] - self.under[:, first]
        return self.above[:, last] - self.above[:, first], below


@dataclass(frozen=True, kw_only=True, eq=False)
class Cube:
    """Rows of a day and some dimensions, with a measure or the two parts of a ratio."""

    day: np.ndarray
    days: int
    labels: pd.DataFrame
    above: np.ndarray
    under: np.ndarray | None
    depth: int

    @cached_property
    def cells(self) -> list[Cells]:
        """Every combination of up to `depth` dimensions."""
        names = [name for name in self.labels if self.labels[name].nunique() > 1]
        sets = [some for depth in range(1, self.depth + 1) for some in combinations(names, depth)]
        return [self._cells(some) for some in sets]

    def _cells(self, dimensions: tuple[str, ...]) -> Cells:
        grouped = self.labels.groupby(list(dimensions), observed=True, sort=True)
        codes = grouped.ngroup().to_numpy()
        values = [key if isinstance(key, tuple) else (key,) for key in grouped.size().index]
        place = codes * self.days + self.day

        def run(of: np.ndarray) -> np.ndarray:
            by_day = np.bincount(place, of, len(values) * self.days).reshape(len(values), self.days)
            return np.c_[np.zeros(len(values)), np.cumsum(by_day, axis=1)]

        under = None if self.under is None else run(self.under)
        return Cells(dimensions=dimensions, codes=codes, values=values, above=run(self.above), under=under)

    def placebos(self, spans: Spans, most: int) -> list[Spans]:
        """The placebo periods in which anything was sold."""
        sold = np.r_[0.0, np.cumsum(np.bincount(self.day, self.above, self.days))]

        def alive(span: tuple[int, int]) -> bool:
            return sold[span[1]] - sold[span[0]] > 0

        return [one for one in spans.placebos(self.days, most) if alive(one.earlier) and alive(one.later)]

    def inside(self, span: tuple[int, int]) -> np.ndarray:
        return (self.day >= span[0]) & (self.day < span[1])


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A part that moved otherwise: its values by dimension, how likely, and by what factor against the rest."""

    part: tuple[tuple[str, str], ...]
    score: float
    factor: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What a scan says: the cuts that are named, the best one in any case, and how often chance makes one as good."""

    cuts: tuple[Cut, ...]
    best: Cut | None
    false_alarms: float
    placebos: int


def scan(cube: Cube, spans: Spans, *, most: int, false_alarms: float, placebos: int) -> Found | None:
    """Name up to `most` cuts. None where there are fewer than four placebo periods to know the ordinary by."""
    tried = cube.placebos(spans, placebos)
    if len(tried) < 4:
        return None
    noise = np.array([np.concatenate([_between(cells, other) for cells in cube.cells]) for other in tried])
    usual = max(float(np.nanmean(noise)), 1e-12)
    count, known = len(tried), np.nansum(noise, axis=0)
    tops = [
        np.nanmax(
            noise[k] / ((known - np.nan_to_num(noise[k]) + PRIOR_PLACEBOS * usual) / (count - 1 + PRIOR_PLACEBOS))
        )
        for k in range(count)
    ]
    scale = (known + PRIOR_PLACEBOS * usual) / (count + PRIOR_PLACEBOS)
    logs = np.log(np.maximum(tops, 1e-12))
    from scipy import stats

    spread = max(float(logs.std(ddof=1)), 0.1) * np.sqrt(1 + 1 / count)
    limit = float(logs.mean() + stats.t.ppf(1 - false_alarms, count - 1) * spread)
    cuts, best, chance, left = [], None, 1.0, np.ones(len(cube.day), bool)
    while len(cuts) < most:
        cut, rows = _best(cube, spans, scale, left)
        if best is None and cut is not None:
            best, chance = cut, float(stats.t.sf((np.log(cut.score) - logs.mean()) / spread, count - 1))
        if cut is None or np.log(cut.score) <= limit:
            break
        cuts.append(cut)
        left &= ~rows
    return Found(cuts=tuple(cuts), best=best, false_alarms=chance, placebos=count)


def _likelihood(
    now: np.ndarray, then: np.ndarray, under_now: np.ndarray | None, under_then: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The log likelihood ratio of each cut against moving like the rest (NaN where too small), and its factor.

    `then` is brought to the later period's number of days, and so is what stands below the line.
    """
    if under_now is not None:  # of a ratio: what the cut's own rate would make of what stands below the line now
        then = np.where(under_then > 0, then / np.maximum(under_then, 1e-12), 0.0) * under_now
    now, then = np.maximum(now, 0.0), np.maximum(then, 0.0)
    whole, before = now.sum(), then.sum()
    if whole <= 0 or before <= 0:
        return np.full(len(now), np.nan), np.ones(len(now))
    expected = np.clip(then * whole / before, 1e-9 * whole, whole * (1 - 1e-9))
    now = np.minimum(now, whole * (1 - 1e-12))
    ratio = np.where(now > 0, now * np.log(np.maximum(now, 1e-300) / expected), 0.0)
    ratio += (whole - now) * np.log((whole - now) / (whole - expected))
    small = (now < SMALLEST * whole) & (expected < SMALLEST * whole)
    most = (now > (1 - SMALLEST) * whole) & (expected > (1 - SMALLEST) * whole)
    factor = (now / np.maximum(then, 1e-12)) / ((whole - now) / np.maximum(before - then, 1e-12))
    return np.where(small | most, np.nan, np.maximum(ratio, 0.0)), factor


def _between(cells: Cells, spans: Spans) -> np.ndarray:
    now, under_now = cells.sums(spans.later)
    then, under_then = cells.sums(spans.earlier)
    if under_then is not None:
        under_then = spans.stretch * under_then
    return _likelihood(now, spans.stretch * then, under_now, under_then)[0]


def _best(cube: Cube, spans: Spans, scale: np.ndarray, left: np.ndarray) -> tuple[Cut | None, np.ndarray]:
    """The cut of the rows that are left that is most likely to have moved otherwise, and its rows."""
    here, there = cube.inside(spans.later) & left, cube.inside(spans.earlier) & left
    ratios, factors, changes = [], [], []
    for cells in cube.cells:

        def summed(rows: np.ndarray, of: np.ndarray, cells: Cells = cells) -> np.ndarray:
            return np.bincount(cells.codes[rows], of[rows], minlength=len(cells.values))

        under = None if cube.under is None else (summed(here, cube.under), spans.stretch * summed(there, cube.under))
        now, then = summed(here, cube.above), spans.stretch * summed(there, cube.above)
        ratio, factor = _likelihood(now, then, *(under or (None, None)))
        changes.append(now - then)
        ratios.append(ratio)
        factors.append(factor)
    ratio = np.nan_to_num(np.concatenate(ratios), nan=0.0) if ratios else np.zeros(0)
    score = ratio / scale
    if not len(score) or score.max() <= 0:
        return None, left
    depth = np.concatenate([np.full(len(part), len(c.dimensions)) for part, c in zip(ratios, cube.cells, strict=True)])
    moved = np.abs(np.concatenate(changes))
    likely = np.where(score >= NEARLY * score.max(), ratio, 0.0)
    fewest = np.where(likely >= ALIKE * likely.max(), -depth, -99)
    close = np.round(likely / likely.max(), 6)  # all but the part itself moved otherwise, too: it is as likely
    place = int(np.lexsort((np.arange(len(likely)), -moved, -close, -fewest))[0])
    at = int(np.searchsorted(np.cumsum([len(part) for part in ratios]), place, side="right"))
    cells, inner = cube.cells[at], place - sum(len(part) for part in ratios[:at])
    part = tuple(zip(cells.dimensions, map(str, cells.values[inner]), strict=True))
    cut = Cut(part=part, score=float(score[place]), factor=float(factors[at][inner]))
    return cut, cells.codes == inner
