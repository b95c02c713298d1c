"""How many groups there are, if any: many cuts are tried; only what is apart and comes again is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from crm_analytics.planning.customers.clusters.clusters_apart import valleys

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = ("k-means", "mixture", "density")
STABLE = 0.8
"""The adjusted Rand index (Hubert & Arabie, 1985) under resampling below which a cut is chance."""
_RESAMPLED, _SHARE_RESAMPLED = 8, 0.7
_REFERENCES = 6
_SEEN = 1500
"""Points for the silhouette and the gap: both look at pairs or at many references."""
_DENSE_SHARES = (0.01, 0.03)


@dataclass(frozen=True, eq=False)
class Cutting:
    """One way of cutting: a label for each point (-1: no group of its own), and what speaks for it.

    `depth` is the density in the shallowest valley between two bordering groups, as a share of the thinner group's;
    `agreed` the adjusted Rand index with the same cutting of each of several parts of the points (none: not tried).
    """

    method: str
    knob: float
    labels: np.ndarray
    depth: float
    apart: bool
    silhouette: float
    agreed: tuple[float, ...] = ()

    @property
    def stability(self) -> float:
        return float(np.mean(self.agreed)) if self.agreed else float("nan")

    @property
    def groups(self) -> int:
        return int(self.labels.max()) + 1

    @property
    def believed(self) -> bool:
        return self.apart and self.stability >= STABLE


@threadpool_limits.wrap(limits=1)  # the points are few: more threads only wait for one another
def cuttings(points: np.ndarray, *, methods: tuple[str, ...], most: int, smallest: int, seed: int) -> list[Cutting]:
    """Every way of cutting that was tried; those whose groups are apart were tried on parts of the points, too."""
    found = []
    for method, knob in _tries(methods, most, len(points), smallest):
        labels = cut(points, method, knob, seed=seed)
        sizes = np.bincount(labels[labels >= 0]) if (labels >= 0).any() else np.zeros(0, int)
        if len(sizes) < 2 or len(sizes) > most or sizes.min() < smallest or (labels < 0).mean() > 0.5:
            continue
        if any(np.array_equal(labels, known.labels) for known in found):
            continue
        inside = labels >= 0
        between = valleys(points[inside], labels[inside])
        apart = all(valley.apart for valley in between)
        found.append(
            Cutting(
                method, knob, labels, max(valley.depth for valley in between), apart,
                _silhouette(points[inside], labels[inside], seed),
                _agreed(points, labels, method, knob, seed) if apart else (),
            )
        )  # fmt: skip
    return found


def best(found: list[Cutting]) -> Cutting | None:
    """As many groups as are really there: the most that are all apart and come again; then the deepest valleys."""
    believed = [cutting for cutting in found if cutting.believed]
    return max(believed, key=lambda c: (c.groups, -round(c.depth, 3), c.stability), default=None)


def cut(points: np.ndarray, method: str, knob: float, *, seed: int) -> np.ndarray:
    """Labels of groups by one method: `knob` is their number, or for density the least size of one."""
    from sklearn.cluster import HDBSCAN, KMeans
    from sklearn.mixture import GaussianMixture

    if method == "k-means":
        return KMeans(int(knob), n_init=3, random_state=seed).fit_predict(points)
    if method == "mixture":
        model = GaussianMixture(int(knob), reg_covar=1e-2, max_iter=60, random_state=seed)
        _, labels = np.unique(_quiet(model.fit_predict, points), return_inverse=True)
        return labels
    return HDBSCAN(min_cluster_size=max(int(knob), 5), min_samples=10, copy=True).fit_predict(points)


@threadpool_limits.wrap(limits=1)
def gaps(points: np.ndarray, *, most: int, seed: int) -> pd.DataFrame:
    """The gap statistic (Tibshirani, Walther & Hastie, 2001) of k-means: `groups`, and against points spread evenly in
    the box of the principal axes and against one Gaussian of the same spread `gap`, `gap_error`, `gap_gaussian`."""
    random = np.random.default_rng(seed)
    points = points[:_SEEN]
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes.T
    low, high, spread = turned.min(axis=0), turned.max(axis=0), turned.std(axis=0)
    even = [random.uniform(low, high, turned.shape) for _ in range(_REFERENCES)]
    one = [random.normal(0, spread, turned.shape) for _ in range(_REFERENCES)]
    numbers = range(1, most + 1)
    own, boxes, bells = (
        np.array([[_within(cloud, k, seed) for k in numbers] for cloud in clouds]) for clouds in ([turned], even, one)
    )
    return pd.DataFrame(
        {
            "groups": list(numbers),
            "gap": boxes.mean(axis=0) - own[0],
            "gap_error": boxes.std(axis=0) * np.sqrt(1 + 1 / _REFERENCES),
            "gap_gaussian": bells.mean(axis=0) - own[0],
        }
    )


def gap_says(table: pd.DataFrame) -> int:
    """The smallest number whose gap the next one does not exceed by more than its error."""
    gap, error = table.gap.to_numpy(), table.gap_error.to_numpy()
    enough = np.flatnonzero(gap[:-1] >= gap[1:] - error[1:])
    return int(table.groups[enough[0]]) if len(enough) else int(table.groups.iloc[-1])


def _tries(methods: tuple[str, ...], most: int, points: int, smallest: int) -> Iterator[tuple[str, float]]:
    for method in methods:
        if method == "density":
            yield from ((method, size) for size in sorted({max(smallest, round(s * points)) for s in _DENSE_SHARES}))
        else:
            yield from ((method, groups) for groups in range(2, most + 1))


def _agreed(points: np.ndarray, labels: np.ndarray, method: str, knob: float, seed: int) -> tuple[float, ...]:
    from sklearn.metrics import adjusted_rand_score

    random, agreed = np.random.default_rng(seed), []
    for again in range(_RESAMPLED):
        part = np.sort(random.choice(len(points), int(_SHARE_RESAMPLED * len(points)), replace=False))
        fewer = knob * _SHARE_RESAMPLED if method == "density" else knob
        found = cut(points[part], method, fewer, seed=seed + again + 1)
        both = (found >= 0) & (labels[part] >= 0)
        agreed.append(adjusted_rand_score(labels[part][both], found[both]) if both.any() else 0.0)
    return tuple(map(float, agreed))


def _silhouette(points: np.ndarray, labels: np.ndarray, seed: int) -> float:
    from sklearn.metrics import silhouette_score

    seen = np.sort(np.random.default_rng(seed).permutation(len(points))[:_SEEN])
    if len(np.unique(labels[seen])) < 2:
        return float("nan")
    return float(silhouette_score(points[seen], labels[seen]))


def _within(points: np.ndarray, groups: int, seed: int) -> float:
    from sklearn.cluster import KMeans

    return float(np.log(KMeans(groups, n_init=1, random_state=seed).fit(points).inertia_ + 1e-12))


def _quiet(fit, points: np.ndarray) -> np.ndarray:
    """A mixture that has not quite settled is judged by its valleys like any other."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fit(points)
