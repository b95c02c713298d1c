"""What a channel would bring with more or less money: its last year scaled up and down, in every draw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crm_analytics.effectiveness.media.posterior import Posterior
from crm_analytics.effectiveness.media.shapes import Shapes

TIMES = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0])
"""The multiples of the last year's spend at which a curve is known exactly; between them it is read off."""
_BENDS = np.geomspace(0.03, 30, 49)


@dataclass(frozen=True, kw_only=True, eq=False)
class Response:
    """One channel: `spend` of its last year (the year that ends with its last money) and what scaling it would change.

    The timing of the spend stays as it was; only its size changes. All in money (or the measure) of that year.
    """

    shapes: Shapes
    chosen: np.ndarray
    worth: np.ndarray
    year: slice

    @classmethod
    def of(cls, posterior: Posterior, channel: int) -> Response:
        shapes, seen = posterior.shapes[channel], len(posterior.sales)
        last = int(np.flatnonzero(shapes.spend[:seen])[-1]) + 1
        return cls(
            shapes=shapes, chosen=posterior.chosen[:, channel], worth=posterior.unit * posterior.worth[:, channel],
            year=slice(max(0, last - round(364 / posterior.days)), last),
        )  # fmt: skip

    @property
    def spend(self) -> float:
        return float(self.shapes.spend[self.year].sum())

    def brought(self, times: float) -> np.ndarray:
        """What the year would have brought with so many times its spend: a number for each draw."""
        return self.worth * self.shapes.scaled(self.chosen, times, self.year).sum(axis=1)

    @cached_property
    def marginal(self) -> np.ndarray:
        """What one more unit of money brings, spread over the year as its spend is: a number for each draw."""
        return self.worth * self.shapes.steepness(self.chosen, self.year).sum(axis=1) / self.spend

    @cached_property
    def curve(self) -> np.ndarray:
        """What the year brings at the multiples `TIMES` of its spend: draws × multiples."""
        return np.column_stack([self.brought(times) for times in TIMES])

    @cached_property
    def logarithmic(self) -> tuple[float, float, float]:
        """a and b of a·ln(1 + x/b) that is nearest to the curve, for a year; and the spread of ln b over the draws."""
        positive = self.curve[self.curve[:, 4] > 0]
        bends = np.array([_nearest(row)[1] for row in positive]) if len(positive) else np.ones(1)
        a, b = _nearest(self.curve.mean(axis=0))
        return a, b * self.spend, float(np.log(bends).std())


def _nearest(curve: np.ndarray) -> tuple[float, float]:
    """a, and b as a multiple of the year's spend, of the logarithmic curve with the least squares to this one."""
    basis = np.log1p(TIMES / _BENDS[:, None])
    a = basis @ curve / (basis**2).sum(axis=1)
    best = int(((curve - a[:, None] * basis) ** 2).sum(axis=1).argmin())
    return float(a[best]), float(_BENDS[best])
