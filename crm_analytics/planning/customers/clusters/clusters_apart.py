"""Are groups of points really apart? Between two that are, there is a valley; a continuum that was cut has none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VALLEY = 0.7
"""The density between two groups, as a share of that of the thinner one, above which they are one."""
_SURE = 1e-3
_BORDER = 0.1
_GRID = 256


@dataclass(frozen=True)
class Valley:
    """Between two groups: how dense the thinnest place is (1: no valley), and how likely so few there are by chance."""

    pair: tuple[int, int]
    depth: float
    chance: float

    @property
    def apart(self) -> bool:
        return self.depth < VALLEY and self.chance < _SURE


def valleys(points: np.ndarray, labels: np.ndarray) -> list[Valley]:
    """The valley between every two groups that border on each other, by pair."""
    groups = np.unique(labels)
    return [_valley(points, labels, pair) for pair in _bordering(points, labels, groups)]


def _bordering(points: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of which one is second nearest to many of the other: only these could be two halves of one group."""
    centres = np.array([points[labels == group].mean(axis=0) for group in groups])
    spread = np.array([points[labels == group].var(axis=0).mean() + 1e-9 for group in groups])
    distance = ((points[:, None, :] - centres[None]) ** 2).sum(axis=2) / spread
    own = np.searchsorted(groups, labels)
    distance[np.arange(len(points)), own] = np.inf
    second = distance.argmin(axis=1)
    pairs = set()
    for i in range(len(groups)):
        counts = np.bincount(second[own == i], minlength=len(groups)) / max((own == i).sum(), 1)
        pairs |= {tuple(sorted((i, int(j)))) for j in np.flatnonzero(counts >= _BORDER)}
    return sorted((int(groups[i]), int(groups[j])) for i, j in pairs)


def _valley(points: np.ndarray, labels: np.ndarray, pair: tuple[int, int]) -> Valley:
    """Both groups seen along the line that tells them apart best (Fisher, 1936), and how dense they lie on it."""
    one, other = (points[labels == group] for group in pair)
    within = sum(len(g) * np.cov(g.T, bias=True).reshape(points.shape[1], -1) for g in (one, other))
    within = within / (len(one) + len(other))
    within = within + np.eye(len(within)) * (0.05 * np.trace(within) / len(within) + 1e-9)
    line = np.linalg.solve(within, other.mean(axis=0) - one.mean(axis=0))
    a, b = np.sort(one @ line), np.sort(other @ line)
    both = np.concatenate([a, b])
    left, right = np.median(a), np.median(b)
    narrow = min(_robust(a), _robust(b))
    width = max(1.06 * narrow * len(both) ** -0.2, 0.02 * abs(right - left), 1e-9)
    grid = np.linspace(left, right, _GRID)
    density = _density(both, grid, width)
    # the thinner side's peak against the thinnest place between both peaks
    lowest = int(np.argmin(density[_GRID // 20 : -_GRID // 20])) + _GRID // 20
    peaks = int(np.argmax(density[: lowest + 1])), lowest + int(np.argmax(density[lowest:]))
    thin = min(peaks, key=lambda place: density[place])
    depth = float(density[lowest] / max(density[thin], 1e-300))
    reach = max(1.5 * width, 0.1 * abs(right - left))
    between, beside = (int(np.sum(np.abs(both - grid[place]) <= reach)) for place in (lowest, thin))
    return Valley(pair, min(depth, 1.0), _by_chance(between, between + beside))


def _robust(values: np.ndarray) -> float:
    quarter, most = np.quantile(values, [0.25, 0.75])
    return float((most - quarter) / 1.349) or float(values.std())


def _density(values: np.ndarray, grid: np.ndarray, width: float) -> np.ndarray:
    """A Gaussian kernel over counts in fine bins: as exact as is needed, and quick for many."""
    edges = np.linspace(values.min() - 1e-9, values.max() + 1e-9, 2049)
    counts, _ = np.histogram(values, edges)
    centres = (edges[:-1] + edges[1:]) / 2
    return np.exp(-0.5 * ((grid[:, None] - centres[None]) / width) ** 2) @ counts


def _by_chance(between: int, together: int) -> float:
    """How likely so few would lie between, were it nearly as dense there as beside it."""
    from scipy.stats import binom

    return float(binom.cdf(between, together, 0.85 / 1.85)) if together else 1.0
