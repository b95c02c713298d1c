"""Where did it jump: the stretch of days that differs most from what weekday, season and holidays lead to expect.

Every stretch of some lengths is tried as a step up and down again in the structural model of the series, and the
largest standardised size is held against the largest in histories whose surprises are the same but come in another
order, so that trying thousands of stretches costs nothing: the false-alarm rate is that of the whole search.
In simulations without a jump, a limit of 5 % called one in 5 % of series with normal noise and in 13 % where the noise
has heavy tails (Student's t with five degrees of freedom): what is found at the limit is worth a second look.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from crm_analytics.effectiveness.causes.learned import Learned

LENGTHS_DAYS = (1, 3, 7, 14, 28)
ORDERS = 400
"""So many histories are shuffled; the false-alarm rate is known to about a percent."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The largest stretch: its rows in the series, how much of a factor it is, and how often chance makes one as large.

    `false_alarms` is the share of histories without any jump in which some stretch looks at least as large.
    """

    days: slice
    first: date
    factor: float
    standard_errors: float
    false_alarms: float

    @property
    def before(self) -> slice:
        """What it is to be compared with: as many whole weeks just before, or four weeks for a few days."""
        length = self.days.stop - self.days.start
        return slice(max(self.days.start - (length if length >= 7 else 28), 0), self.days.start)


def largest(learned: Learned, *, seed: int) -> Found:
    """The stretch that stands out most, four weeks after the first day at the earliest."""
    steps = learned.whitened_steps()
    beta, _ = learned.whole
    left = learned.white[:, 0] - learned.white[:, 1:] @ beta
    left = left / np.sqrt(np.mean(np.square(left)))
    random = np.random.default_rng(seed)
    shuffled = np.column_stack([left, *(random.permutation(left) for _ in range(ORDERS))])
    projected = steps.T @ shuffled
    rows = np.flatnonzero(learned.series.open)
    first = int(np.searchsorted(rows, rows[0] + 28))
    best, tops = None, np.zeros(ORDERS)
    for length in LENGTHS_DAYS:
        begins = np.arange(first, len(rows) - length)
        ends = begins + length
        size = np.sqrt(np.square(steps[:, begins] - steps[:, ends]).sum(axis=0))
        found = (projected[begins] - projected[ends]) / size[:, None]
        tops = np.maximum(tops, np.abs(found[:, 1:]).max(axis=0))
        place = int(np.abs(found[:, 0]).argmax())
        if best is None or abs(found[place, 0]) > abs(best[0]):
            at = begins[place]
            best = (
                float(found[place, 0]),
                slice(int(rows[at]), int(rows[at + length - 1]) + 1),
                float(found[place, 0] / size[place] * learned.structure.noise_sd),
            )
    errors, days, height = best
    return Found(
        days=days,
        first=learned.series.days.iloc[days.start].date(),
        factor=float(np.exp(height)),
        standard_errors=errors,
        false_alarms=float((1 + (tops >= abs(errors)).sum()) / (1 + ORDERS)),
    )
