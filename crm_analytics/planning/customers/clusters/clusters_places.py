"""Where each cluster lies, so that any customer can be placed: a Gaussian for each, learned once, asked in batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.clusters.clusters_traits import Scaling

_BATCH = 100_000
_FAR = 25.0
"""To tell who is unlike any, values are drawn in only where they are absurd."""
_BEYOND = 1.25
"""So many times as far as 99 of 100 members of a cluster: unlike them."""


@dataclass(frozen=True, eq=False)
class Places:
    """Middle, spread and share of each cluster, and how far its own customers lie from its middle."""

    middles: np.ndarray
    inverses: np.ndarray
    sizes: np.ndarray
    shares: np.ndarray
    limits: np.ndarray

    @classmethod
    def of(cls, points: np.ndarray, labels: np.ndarray) -> Places:
        """Learned from points with their labels; those of no group (-1) are left out."""
        groups, width = int(labels.max()) + 1, points.shape[1]
        pooled = np.cov(points.T).reshape(width, width)
        middles, inverses, sizes, limits = [], [], [], []
        for group in range(groups):
            own = points[labels == group]
            little = (width + 1) / (len(own) + width + 1)  # a small cluster leans on what all have in common
            spread = (1 - little) * np.cov(own.T, bias=True).reshape(width, width) + little * pooled
            spread += np.eye(width) * 0.02
            middles.append(own.mean(axis=0))
            inverses.append(np.linalg.inv(spread))
            sizes.append(np.linalg.slogdet(spread)[1])
            limits.append(_BEYOND * np.quantile(_far(own - middles[-1], inverses[-1]), 0.99))
        counts = np.bincount(labels[labels >= 0], minlength=groups)
        return cls(*map(np.array, (middles, inverses, sizes, counts / counts.sum(), limits)))

    @property
    def groups(self) -> int:
        return len(self.shares)

    def in_order(self, order: np.ndarray) -> Places:
        return Places(*(part[order] for part in (self.middles, self.inverses, self.sizes, self.shares, self.limits)))

    def of_people(self, people: pd.DataFrame, scaling: Scaling) -> pd.DataFrame:
        """Each customer's `cluster` (from 0), `degree`, `distance` and `unlike`, in batches of bounded memory."""
        batches = [
            self._placed(people.iloc[start : start + _BATCH], scaling) for start in range(0, len(people), _BATCH)
        ]
        return pd.concat(batches, ignore_index=True)

    def _placed(self, people: pd.DataFrame, scaling: Scaling) -> pd.DataFrame:
        points = scaling.points(people)
        far = np.column_stack([_far(points - m, i) for m, i in zip(self.middles, self.inverses, strict=True)])
        likely = np.log(self.shares) - 0.5 * (self.sizes + far**2)
        cluster = likely.argmax(axis=1)
        rows = np.arange(len(points))
        degree = 1 / np.exp(likely - likely[rows, cluster][:, None]).sum(axis=1)
        outer = scaling.points(people, far=_FAR)
        beyond = np.column_stack([
            _far(outer - m, i) > limit for m, i, limit in zip(self.middles, self.inverses, self.limits, strict=True)
        ])  # fmt: skip
        return pd.DataFrame(
            {
                "customer_id": people.customer_id.to_numpy(),
                "cluster": cluster,
                "degree": degree,
                "distance": far[rows, cluster],
                "unlike": beyond.all(axis=1),
            }
        )


def _far(away: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Mahalanobis distance."""
    return np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", away, inverse, away), 0))
