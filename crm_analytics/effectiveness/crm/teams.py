"""Teams that got something one after another: what it changed, against the teams that did not have it yet.

What a team would have been without it is told by its own level and by what each month did to the teams still without
(imputation: Borusyak, Jaravel and Spiess, 2024; the comparison with those not yet treated is that of Callaway and
Sant'Anna, 2021). A team that has it already is never held against another that gets it, which is what makes the usual
two-way regression go wrong where effects grow.

Teams are few, so the interval asks no formula: the same days of beginning are dealt to the teams in every other way
there is, and those changes are kept that would not stand out among the ways (Fisher's test turned round). Small teams
swing more; each way is measured in what swings its own teams would make (Ferman and Pinto, 2019).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import factorial, prod

import numpy as np

MOST_WAYS = 600
"""Where there are more ways to deal the days, so many of them are drawn."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Teams:
    """A measure by team and month: `level`, `cases` (how many it is made of; none where nothing is known), `starts`
    (the place of the first month with it; the number of months where it has not come), and `gap`, how many months
    before are of neither side, because their cases were still watched."""

    level: np.ndarray
    cases: np.ndarray
    starts: np.ndarray
    gap: int = 0
    seed: int = 1

    @cached_property
    def ways(self) -> np.ndarray:
        """All ways, or many, in which these days could have been dealt to the teams; the one that happened first."""
        days, times = np.unique(self.starts, return_counts=True)
        rng = np.random.default_rng(self.seed)
        if factorial(len(self.starts)) // prod(factorial(int(n)) for n in times) <= 4 * MOST_WAYS:
            others = np.array(list(_dealt(tuple(zip(days.tolist(), times.tolist(), strict=True)))))
        else:
            others = np.unique([rng.permutation(self.starts) for _ in range(2 * MOST_WAYS)], axis=0)
        others = others[(others != self.starts).any(axis=1)]
        return np.vstack([self.starts[None], others[rng.permutation(len(others))[: MOST_WAYS - 1]]])

    @property
    def least_p(self) -> float:
        """The smallest chance that these few teams can show."""
        return 1 / len(self.ways)

    @cached_property
    def pulls(self) -> np.ndarray:
        """How each cell enters the effect, for each way: ways × teams × months."""
        month = np.arange(self.level.shape[1])
        begins = self.ways[:, :, None]
        without = self.cases * (month < begins - self.gap)
        told_by = without.sum(axis=1)  # ways × months: who is still without it in this month
        known = (told_by > 0)[:, None, :] & (without.sum(axis=2) > 0)[:, :, None]
        on = self.cases * (month >= begins) * known
        share = on / np.maximum(on.sum(axis=(1, 2), keepdims=True), 1e-300)
        back = np.divide(1.0, told_by, out=np.zeros_like(told_by), where=told_by > 0)
        shrunk = without * back[:, None, :]
        gram = np.eye(len(begins[0])) * without.sum(axis=2)[:, None, :] - shrunk @ without.transpose(0, 2, 1)
        of_month = share.sum(axis=1)
        right = share.sum(axis=2) - (shrunk @ of_month[:, :, None])[:, :, 0]
        team = (np.linalg.pinv(gram, rcond=1e-9, hermitian=True) @ right[:, :, None])[:, :, 0]
        each = back * (of_month - np.einsum("wnt,wn->wt", without, team))
        return share - without * (team[:, :, None] + each[:, None, :])

    @cached_property
    def on(self) -> np.ndarray:
        """The cells with it in which the effect is seen, teams × months, and what share of it each is."""
        months = np.arange(self.level.shape[1])
        known = (self.cases * (months < self.starts[:, None] - self.gap)).sum(axis=0) > 0
        on = self.cases * (months >= self.starts[:, None]) * known
        return on / max(on.sum(), 1e-300)

    @cached_property
    def effect(self) -> float:
        return float((self.pulls[0] * self._level).sum())

    @property
    def _level(self) -> np.ndarray:
        return np.where(self.cases > 0, self.level, 0.0)

    @cached_property
    def _told(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each way: its effect, how much of a true effect would stand in it, and how far it swings by chance."""
        had = (self.on > 0).astype(float)
        effects = np.einsum("wnt,nt->w", self.pulls, self._level)
        caught = np.einsum("wnt,nt->w", self.pulls, had)
        return effects, caught, np.sqrt(np.einsum("wnt,nt->w", self.pulls**2, self._swing()))

    def _swing(self) -> np.ndarray:
        """The variance of each cell: what all share, and what is due to being made of few cases."""
        from scipy.optimize import nnls

        gaps = self.residual()
        quiet = (self.cases > 0) & (np.arange(self.level.shape[1]) < self.starts[:, None] - self.gap)
        few = np.divide(1.0, self.cases, out=np.zeros_like(self.cases), where=self.cases > 0)
        common, of_cases = nnls(np.column_stack([np.ones(quiet.sum()), few[quiet]]), gaps[quiet] ** 2)[0]
        return np.where(self.cases > 0, common + of_cases * few, 0.0) + 1e-300

    def residual(self) -> np.ndarray:
        """What each team was beyond what its own level and the month's others say, teams × months."""
        return self._level - self.without()

    def without(self) -> np.ndarray:
        """What each team would have been without it; not a number where nobody was left to tell."""
        months = np.arange(self.level.shape[1])
        weight = self.cases * (months < self.starts[:, None] - self.gap)
        team = np.average(self._level, axis=1, weights=np.where(weight.sum(axis=1, keepdims=True) > 0, weight, 1.0))
        month = np.zeros(len(months))
        told_by = weight.sum(axis=0)
        for _ in range(200):  # two-way means in turn: the same as the regression, and it needs no design
            before = month
            rest = (weight * (self._level - team[:, None])).sum(axis=0)
            month = np.divide(rest, told_by, out=np.zeros(len(months)), where=told_by > 0)
            rest = (weight * (self._level - month)).sum(axis=1)
            team = np.divide(rest, weight.sum(axis=1), out=team, where=weight.sum(axis=1) > 0)
            if np.abs(month - before).max() < 1e-10 * (np.abs(self._level).max() + 1e-12):
                break
        return np.where(told_by > 0, team[:, None] + month, np.nan)

    def chance(self, of: float | np.ndarray = 0.0) -> np.ndarray:
        """In which share of the ways the change would stand out as much as it does, were `of` the true one."""
        effects, caught, swing = self._told
        true = np.atleast_1d(np.asarray(of, float))
        out = np.abs(effects[:, None] - caught[:, None] * true) / swing[:, None]
        return (out >= out[0] * (1 - 1e-9) - 1e-12).mean(axis=0)

    @cached_property
    def p(self) -> float:
        return float(self.chance(0.0)[0])

    def between(self, confidence: float) -> tuple[float, float]:
        """The changes that do not stand out; endless where teams are too few for this confidence."""
        effects, caught, swing = self._told
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.concatenate([
                (effects * swing[0] + sign * effects[0] * swing) / (caught * swing[0] + sign * swing)
                for sign in (1, -1)
            ])  # fmt: skip
        ends = np.unique(np.append(ends[np.isfinite(ends)], effects[0]))
        far = 10 * (np.abs(ends - effects[0]).max() + 1e-12)
        tries = np.concatenate([[effects[0] - far], ends, (ends[1:] + ends[:-1]) / 2, [effects[0] + far]])
        tries.sort()
        stays = tries[self.chance(tries) > 1 - confidence + 1e-9]
        low, high = min(stays.min(), effects[0]), max(stays.max(), effects[0])
        return (-np.inf if low <= tries[0] else float(low)), (np.inf if high >= tries[-1] else float(high))


def _dealt(left: tuple[tuple[int, int], ...]) -> Iterator[tuple[int, ...]]:
    """Every order of these days, each of which is there so many times."""
    if not left:
        yield ()
    for day, _ in left:
        rest = tuple((other, n - (other == day)) for other, n in left if n > (other == day))
        for others in _dealt(rest):
            yield (day, *others)
