"""What is usual: the next number of a series as its past lets one expect it, and how far such guesses went wrong.

Three simple guesses are tried on the past, each as if it had not happened yet: the same as last time, the middle of the
last weeks, and the middle of the same weekdays. The one that did best speaks. Its spread is read from its own errors,
by their middle and by their ninth decile, so that one odd day neither hides the next nor sets off an alarm for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

LEAST = 5
"""With fewer former loads nothing is usual yet."""
WEEKS = 4
RECENT = 7 * WEEKS
LIMIT = 3.5
"""So many spreads away is unusual."""
NORMAL_MIDDLE, NORMAL_NINTH = 1.4826, 1 / 1.645
"""What makes a standard deviation of the middle, and of the ninth decile, of absolute errors that are normal."""


@dataclass(frozen=True)
class Usual:
    """What a number should be about, and the spread of such guesses."""

    value: float
    spread: float


def usual(past: Sequence[float], weekdays: Sequence[int], weekday: int) -> Usual | None:
    """What is to be expected after `past` (oldest first, with its weekdays) on a weekday; None when it is too early."""
    if len(past) < LEAST:
        return None
    guesses = (_last, _level, *([_weekday] if len(past) >= 2 * 7 else []))
    return min((_tried(guess, past, weekdays, weekday) for guess in guesses), key=lambda one: one.spread)


def unusual(now: float, expected: Usual, noise: float) -> bool:
    """Whether a number lies farther off than guesses did before, and than chance (`noise`) alone would take it."""
    return abs(now - expected.value) > LIMIT * max(expected.spread, noise)


Guess = Callable[[Sequence[float], Sequence[int], int], float]


def _tried(guess: Guess, past: Sequence[float], weekdays: Sequence[int], weekday: int) -> Usual:
    tried = range(max(2, len(past) - RECENT), len(past))
    errors = sorted(abs(past[i] - guess(past[:i], weekdays[:i], weekdays[i])) for i in tried)
    ninth = errors[min(len(errors) - 1, round(0.9 * len(errors)))]
    few = 1 + 2 / len(errors)
    spread = few * max(NORMAL_MIDDLE * median(errors), NORMAL_NINTH * ninth)
    return Usual(guess(past, weekdays, weekday), spread)


def _last(past: Sequence[float], weekdays: Sequence[int], weekday: int) -> float:
    return past[-1]


def _level(past: Sequence[float], weekdays: Sequence[int], weekday: int) -> float:
    return median(past[-RECENT:])


def _weekday(past: Sequence[float], weekdays: Sequence[int], weekday: int) -> float:
    same = [value for value, day in zip(past, weekdays, strict=True) if day == weekday][-WEEKS:]
    return median(same) if len(same) >= 2 else _level(past, weekdays, weekday)
