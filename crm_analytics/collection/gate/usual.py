"""What is usual: the next number of a series as its past lets one expect it, and how far such guesses went wrong.

Three simple guesses are tried on the past, each as if it had not happened yet: the same as last time, the middle of the
last weeks, and the middle of the last week set right for the weekday. The one that did best speaks. Its spread is read
from its own errors, at their eighth decile, so that a few odd days neither hide the next nor set off alarms for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

LEAST = 5
"""With fewer former loads nothing is usual yet."""
WEEKS = 4
RECENT = 7 * WEEKS
LIMIT = 3.0
"""So many spreads away is unusual."""
DECILE, NORMAL = 0.8, 1.2816
"""Four in five normal errors are smaller than so many standard deviations."""


@dataclass(frozen=True)
class Usual:
    """What a number should be about, and the spread of such guesses."""

    value: float
    spread: float


def usual(past: Sequence[float], weekdays: Sequence[int], weekday: int) -> Usual | None:
    """What is to be expected after `past` (oldest first, with its weekdays) on a weekday; None when it is too early."""
    if len(past) < LEAST:
        return None
    if min(past) == max(past):
        return Usual(past[-1], 0.0)
    guesses = (_last, _level, *([_weekday] if len(past) >= 2 * 7 else []))
    errors = {guess: _errors(guess, past, weekdays) for guess in guesses}
    best = min(guesses, key=lambda guess: sum(errors[guess]))
    missed = sorted(errors[best])
    few = 1 + 2 / len(missed)
    spread = few * missed[min(len(missed) - 1, int(DECILE * len(missed)))] / NORMAL
    return Usual(best(past, weekdays, weekday), spread)


def unusual(now: float, expected: Usual, noise: float, *, limit: float = LIMIT) -> bool:
    """Whether a number lies farther off than guesses did before, and than chance (`noise`) alone would take it."""
    return abs(now - expected.value) > limit * max(expected.spread, noise)


Guess = Callable[[Sequence[float], Sequence[int], int], float]


def _errors(guess: Guess, past: Sequence[float], weekdays: Sequence[int]) -> list[float]:
    """How far the guess would have been off, each time of late."""
    tried = range(max(2, len(past) - RECENT), len(past))
    return [abs(past[i] - guess(past[:i], weekdays[:i], weekdays[i])) for i in tried]


def _last(past: Sequence[float], weekdays: Sequence[int], weekday: int) -> float:
    return past[-1]


def _level(past: Sequence[float], weekdays: Sequence[int], weekday: int) -> float:
    return median(past[-RECENT:])


def _weekday(past: Sequence[float], weekdays: Sequence[int], weekday: int) -> float:
    days = range(max(7, len(past) - RECENT), len(past))
    away = [past[i] - median(past[i - 7 : i]) for i in days if weekdays[i] == weekday]
    return median(past[-7:]) + (median(away) if away else 0.0)
