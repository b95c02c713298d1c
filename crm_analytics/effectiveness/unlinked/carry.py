"""How a campaign is felt in the days after it touched somebody, when nobody knows how fast that goes.

A touch is felt after some days and then fades. Which days and how fast is not known beforehand, so that the effect of a
known campaign is not one column but a few: the course to be expected of it over all delays and half-lives within
reason, and the ways in which such courses differ most. The first is known up to its size, the others say how much of it
comes early or late. Averaged over, not guessed.
"""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np

DELAYS_DAYS = (0, 1, 2, 4, 6, 9)
HALF_LIVES_DAYS = (1.5, 3.0, 5.0, 8.0, 12.0)
"""What campaigns are taken to differ by, before any data: each pair is as likely as another."""
HORIZON_DAYS = 60
WAYS = 2
"""So many ways of coming early or late are told apart; a third would change a course by less than a fiftieth."""


def fading(delay_days: float, half_life_days: float, *, days: int = HORIZON_DAYS) -> np.ndarray:
    """The shares of one touch's effect that fall on the days 0, 1, … after it; they sum to one.

    Nothing before the delay, then it halves every `half_life_days`; a delay between two days is spread over both.
    """
    day = np.arange(days)
    whole, part = int(delay_days), delay_days - int(delay_days)
    early, late = (np.where(day >= d, 0.5 ** ((day - d) / half_life_days), 0.0) for d in (whole, whole + 1))
    shares = (1 - part) * early / early.sum() + part * late / late.sum()
    return shares / shares.sum()


@cache
def _shapes() -> tuple[np.ndarray, np.ndarray]:
    """All courses of a touch's effect that are within reason: courses × days. And their mean."""
    courses = np.array([fading(delay, half) for delay, half in product(DELAYS_DAYS, HALF_LIVES_DAYS)])
    return courses, courses.mean(axis=0)


def felt(touches: np.ndarray) -> np.ndarray:
    """How strongly a campaign is to be felt on each day, given how strongly it ran on each: the mean over courses."""
    return np.convolve(touches, _shapes()[1])[: len(touches)]


def ways(touches: np.ndarray) -> np.ndarray:
    """How the course may differ from that mean: days × WAYS, each scaled to the size it usually has."""
    courses, mean = _shapes()
    spread = np.array([np.convolve(touches, course - mean)[: len(touches)] for course in courses])
    _, size, directions = np.linalg.svd(spread / np.sqrt(len(courses)), full_matrices=False)
    return (size[:WAYS, None] * directions[:WAYS]).T
