"""Two periods of days made comparable: which earlier days each later day is held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ALIKE = 1.25
"""Periods whose lengths differ by no more than this factor are compared as they are; else the earlier one is brought
to the later one's days."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Periods:
    """An earlier and a later period, as rows of a daily series, and how their open days are paired.

    Each open day of the later period is held against the open days of the earlier one that fall on its weekday, in
    equal parts (`pairing`: later × earlier, rows sum to one); where the earlier period has none, against all of them.
    """

    earlier: slice
    later: slice
    earlier_open: np.ndarray
    later_open: np.ndarray
    pairing: np.ndarray

    @classmethod
    def of(cls, earlier: slice, later: slice, *, is_open: np.ndarray, weekday: np.ndarray) -> Periods:
        """Raises ValueError where one of them has no day on which the company sells."""
        there, here = (np.arange(part.start, part.stop)[is_open[part]] for part in (earlier, later))
        if not len(there) or not len(here):
            raise ValueError("Each period needs a day on which the company sells; choose longer ones.")
        pairs = (weekday[here][:, None] == weekday[there]).astype(float)
        pairs[pairs.sum(axis=1) == 0] = 1.0
        return cls(
            earlier=earlier,
            later=later,
            earlier_open=there,
            later_open=here,
            pairing=pairs / pairs.sum(axis=1, keepdims=True),
        )

    @property
    def weight(self) -> np.ndarray:
        """How many later days each earlier open day stands for."""
        return self.pairing.sum(axis=0)

    @property
    def alike(self) -> bool:
        """Whether the two are about equally long, so that their totals can be compared."""
        before, after = (part.stop - part.start for part in (self.earlier, self.later))
        return max(before, after) <= ALIKE * min(before, after)

    def totals(self, actual: np.ndarray) -> tuple[float, float, float]:
        """What there was, what there is, and how much of the change lies in the number of days, weekdays and closings.

        Where the periods are not alike, the first is what the later one's days sold at the earlier one's pace.
        """
        now = float(actual[self.later].sum())
        at_pace = float(self.weight @ actual[self.earlier_open])
        closed = now - float(actual[self.later_open].sum())
        if not self.alike:
            return at_pace, now, closed
        was = float(actual[self.earlier].sum())
        return was, now, at_pace + closed - was


def logarithmic_mean(later: np.ndarray, earlier: np.ndarray) -> np.ndarray:
    """L(a, b) = (a − b) / ln(a / b), and a where both are the same: what turns a difference of logarithms into
    money."""
    apart = np.log(later / earlier)
    near = np.abs(apart) < 1e-6
    return np.where(near, (later + earlier) / 2, (later - earlier) / np.where(near, 1.0, apart))
