"""How well it is known that something was a cause: its days, its earlier moves, its error, and what moved with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.effectiveness.causes.split import CALENDAR, Split
from crm_analytics.effectiveness.unlinked.influences import YEAR

STRONG, FAIR, WEAK, STILL = "strong", "fair", "weak", "did not move"
ORDINARY, UNUSUAL = "ordinary", "unusual"
SMALL = 0.003
"""A cause whose money, at the end of its interval, is less than this share of the earlier period did not move."""
APART, TIGHTER = -0.7, 0.65
"""Two causes cannot be told apart where their errors go against each other and their sum is so much better known."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Why to believe one cause.

    `days` is the share of the later days on which it was where it is said to have been; `earlier` how often it had
    moved half as far before (of a campaign: how many others ran; of the calendar: years); `learned` the share of what
    was open about its money that the history settled, 0 to 1; `differs` by how many standard errors both halves of the
    history disagree (NaN where one is silent).
    """

    days: float
    earlier: int
    learned: float
    differs: float
    grade: str


@dataclass(frozen=True, kw_only=True)
class Together:
    """Two causes that this history cannot tell apart, and what both changed together."""

    keys: tuple[str, str]
    change: float
    low: float
    high: float


def weighed(split: Split, bounds: np.ndarray, mixed: list[Together]) -> dict[str, Evidence]:
    """The evidence for each cause; `bounds` are the ends of their intervals (causes × 2), `mixed` who is not told
    apart."""
    still = np.abs(bounds).max(axis=1) < SMALL * max(split.was, split.now)
    sure = (bounds[:, 0] > 0) | (bounds[:, 1] < 0)
    learned = 1 - np.diagonal(split.covariance) / np.maximum(np.square(split.beforehand), 1e-12)
    sd = np.sqrt(np.maximum(np.diagonal(split.covariance), 1e-18))
    related = np.abs(split.covariance / np.outer(sd, sd)) * (sd > 0.01 * max(split.was, split.now))
    np.fill_diagonal(related, 0.0)
    inseparable = {key for pair in mixed for key in pair.keys}
    found = {}
    for place, key in enumerate(split.keys):
        days, earlier, differs = _present(split, place), _earlier(split, place), _halves(split, place)
        known = 1.0 if key == CALENDAR else float(np.clip(learned[place], 0, 1))
        if still[place]:
            grade = STILL
        elif not sure[place] or known < 0.5 or earlier == 0 or key in inseparable:
            grade = WEAK
        elif (
            key != "price_paid_index"
            and known >= 0.9
            and earlier >= 2
            and not differs > 2.5
            and days >= 0.5
            and related[place].max() < 0.5
        ):
            grade = STRONG
        else:
            grade = FAIR
        found[key] = Evidence(days=days, earlier=earlier, learned=known, differs=differs, grade=grade)
    return found


def told_together(split: Split, z: float) -> list[Together]:
    """The pairs of causes that cannot be told apart, the largest first; each cause in one pair at most."""
    covariance, change = split.covariance, split.change
    sd = np.sqrt(np.maximum(np.diagonal(covariance), 1e-18))
    candidates = []
    for i in range(len(change)):
        for j in range(i):
            both = float(np.sqrt(max(covariance[i, i] + covariance[j, j] + 2 * covariance[i, j], 0.0)))
            material = min(sd[i], sd[j]) > 0.01 * max(split.was, split.now)
            if material and covariance[i, j] < APART * sd[i] * sd[j] and both < TIGHTER * max(sd[i], sd[j]):
                candidates.append((-max(sd[i], sd[j]), j, i, float(change[i] + change[j]), both))
    found, used = [], set()
    for _, i, j, change_of_both, both in sorted(candidates):
        if not {i, j} & used:
            used |= {i, j}
            found.append(
                Together(
                    keys=(split.keys[i], split.keys[j]),
                    change=change_of_both,
                    low=change_of_both - z * both,
                    high=change_of_both + z * both,
                )
            )
    return found


def _course(split: Split, place: int) -> np.ndarray:
    """What the cause makes of every day, in logarithms."""
    used = split.weights[place] != 0
    return split.learned.influences[:, used] @ split.learned.whole[0][used]


def _present(split: Split, place: int) -> float:
    """The share of later days on which the cause was on the side where it is said to be, at least a quarter as far."""
    course = _course(split, place)
    away = course[split.periods.later_open] - float(split.periods.weight @ course[split.periods.earlier_open]) / float(
        split.periods.weight.sum()
    )
    move = away.mean()
    return float((away * np.sign(move) >= 0.25 * abs(move)).mean()) if move else 0.0


def _earlier(split: Split, place: int) -> int:
    """How often at other times it moved at least a fifth as far, from one stretch of this length to the next."""
    key, learned = split.keys[place], split.learned
    if key in (CALENDAR, "season", "holidays"):
        return int(len(learned.series.actual) / YEAR)
    if key.startswith("campaign"):
        return _runs(split)
    course, later = _course(split, place), split.periods.later
    length = max(later.stop - later.start, 1)
    move = abs(course[later].mean() - course[split.periods.earlier].mean())
    outside = np.r_[course[: split.periods.earlier.start], course[later.stop :]]
    blocks = outside[: len(outside) // length * length].reshape(-1, length).mean(axis=1)
    return int((np.abs(np.diff(blocks)) >= 0.2 * move).sum()) if move > 0 else 0


def _runs(split: Split) -> int:
    """How many times campaigns came to be felt outside both periods: what such a campaign does is known from these."""
    felt = split.learned.influences[:, split.learned.names.index("campaigns")]
    on = felt - felt.min() > 0.3 * (felt.max() - felt.min())
    on[split.periods.earlier], on[split.periods.later] = False, False
    return int((np.diff(on.astype(int), prepend=0) == 1).sum())


def _halves(split: Split, place: int) -> float:
    """By how many standard errors both halves of the history disagree on the cause's money; NaN if one is silent."""
    weights, open_before = split.weights[place], split.beforehand[place]
    (first, sure_first), (second, sure_second) = split.learned.halves
    variances = [float(weights @ sure @ weights) for sure in (sure_first, sure_second)]
    if open_before == 0 or max(variances) > 0.5 * open_before**2:
        return float("nan")
    return float(abs(weights @ (first - second)) / np.sqrt(sum(variances)))
