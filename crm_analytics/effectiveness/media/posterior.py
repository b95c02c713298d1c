"""What is left possible of every channel once the others and the course of sales are heard: draws, not one best fit.

Given how the other channels work, all ways in which one channel may work (`shapes`) are weighed at once: for each, the
coefficient is normal and its evidence known exactly (variable projection, with the course integrated out). One way and
one coefficient are drawn, channel after channel, round after round (Gibbs sampling). So an interval knows of noise, of
a wandering level, of what cannot be told apart, and of curves that the data leave open. A coefficient that comes out
below zero is put at zero: the channel then brought nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from crm_analytics.effectiveness.media.course import Course, Influences, likely
from crm_analytics.effectiveness.media.shapes import Shapes

SPREAD = 0.5
"""Before any data: an active period of a channel brings nothing, give or take half of usual sales."""
COUNTED = 0.75
"""So much of what each period says is counted: sales have weather that no column tells of and no noise model has right
(a power likelihood: Miller & Dunson 2019, Robust Bayesian inference via coarsening). On companies whose truth is known
it brings nineteen of twenty intervals to where they should be."""
ROUNDS = 2
"""So often it is asked anew how sales wander, with what the channels were found to bring taken off."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What an experiment said: this channel brought `brought` usual periods' sales in these periods, give or take."""

    channel: int
    first: int
    stop: int
    brought: float
    se: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """Draws × channels: which shape (`chosen`) and what an active period brings (`worth`, in usual periods' sales).

    `sales` are those of the periods it was learned from; `shapes` and `influences` may reach further, to foretell.
    """

    sales: np.ndarray
    unit: float
    days: int
    shapes: tuple[Shapes, ...]
    influences: Influences
    course: Course
    chosen: np.ndarray
    worth: np.ndarray
    below: np.ndarray
    """For each channel how likely its coefficient would be below zero, were that possible."""
    noise_sd: float

    @classmethod
    def learn(
        cls, sales: np.ndarray, shapes: tuple[Shapes, ...], influences: Influences, *, days: int,
        trials: tuple[Trial, ...] = (), draws: int = 400, seed: int = 1,
    ) -> Posterior:  # fmt: skip
        """From the sales of all periods and the spend in `shapes`; the seed makes the draws repeatable.

        Season, prices and noise act on sales in proportion to their slow course, or by amounts that stay the same:
        whichever makes the sales more likely.
        """
        unit = float(sales.mean())
        slow = _smooth(_smooth(sales / unit, 364 // days), 364 // days)
        ways = Ways.of(shapes, len(sales), trials, days=days)
        random, nothing = np.random.default_rng(seed), (np.zeros(len(shapes), int), np.zeros(len(shapes)))
        settled = [
            _settled(sales / unit, usual, ways, influences, nothing, random) for usual in (slow, np.ones(len(sales)))
        ]
        course, state = max(settled, key=lambda one: one[2])[:2]
        chosen, worth, below, noise_sd = _Chain(sales / unit, course, ways, random).run(*state, draws=draws, thin=2)
        return cls(
            sales=sales, unit=unit, days=days, shapes=shapes, influences=influences, course=course, chosen=chosen,
            worth=worth, below=below, noise_sd=noise_sd,
        )  # fmt: skip

    def then(self, periods: int, *, draws: int, seed: int) -> Posterior:
        """What would have been learned from the first periods alone; it starts from what is known now, and forgets."""
        sales, random = self.sales[:periods], np.random.default_rng(seed)
        unit = float(sales.mean())
        slow = np.ptp(self.course.usual) > 0
        usual = _smooth(_smooth(sales / unit, 364 // self.days), 364 // self.days) if slow else np.ones(periods)
        ways = Ways.of(self.shapes, periods, (), days=self.days)
        start = self.chosen[-1], self.worth.mean(axis=0)
        course, state, _ = _settled(sales / unit, usual, ways, self.influences, start, random)
        chosen, worth, below, noise_sd = _Chain(sales / unit, course, ways, random).run(*state, draws=draws, thin=1)
        return replace(self, sales=sales, unit=unit, course=course, chosen=chosen, worth=worth, below=below,
                       noise_sd=noise_sd)  # fmt: skip

    @cached_property
    def brought(self) -> np.ndarray:
        """What each channel brought in each period, in the measure: draws × channels × periods."""
        felt = [s.felt[self.chosen[:, c]] for c, s in enumerate(self.shapes)]
        return np.stack([self.unit * self.worth[:, c, None] * f for c, f in enumerate(felt)], axis=1)

    @cached_property
    def parts(self) -> dict[str, np.ndarray]:
        """Sales to be expected without advertising, in the measure, part by part; also of periods after those known."""
        media = self.brought.mean(axis=0).sum(axis=0)[: len(self.sales)] / self.unit
        found = self.course.expected(self.influences, media, days=self.days)
        return {name: self.unit * values for name, values in found.items()}

    @property
    def base(self) -> np.ndarray:
        """Their sum, never below nothing."""
        return np.maximum(sum(self.parts.values()), 0.0)

    @property
    def surprises(self) -> np.ndarray:
        """What is left of the response when what the channels bring on average is taken off."""
        media = self.brought.mean(axis=0).sum(axis=0)[: len(self.sales)] / self.unit
        return self.course.response - media / self.course.usual


@dataclass(frozen=True, kw_only=True, eq=False)
class Ways:
    """What may be felt of each channel in the periods that are learned from, its belief, and what was tried."""

    felt: list[np.ndarray]
    belief: list[np.ndarray]
    trials: tuple[Trial, ...]
    days: int

    @classmethod
    def of(cls, shapes: tuple[Shapes, ...], periods: int, trials: tuple[Trial, ...], *, days: int) -> Ways:
        felt = [s.felt[:, :periods].astype(np.float32) for s in shapes]
        return cls(felt=felt, belief=[s.belief for s in shapes], trials=trials, days=days)


def _settled(y: np.ndarray, usual: np.ndarray, ways: Ways, influences: Influences, state, random):
    """The course that fits sales around these usual ones, a state of the channels, and how likely the sales then are.

    Asked anew how sales wander, with what the channels were found to bring taken off.
    """
    known = influences.first(len(y))
    brought = sum(w * f[g] for f, g, w in zip(ways.felt, *state, strict=True))
    for _ in range(ROUNDS):
        course = Course.around(usual, y, brought, known, days=ways.days)
        chosen, worth, *_ = _Chain(y, course, ways, random).run(*state, draws=24, thin=1)
        brought = sum((worth[:, c, None] * f[chosen[:, c]]).mean(axis=0) for c, f in enumerate(ways.felt))
        state = chosen[-1], worth[-1]
    course = Course.around(usual, y, brought, known, days=ways.days)
    return course, state, course.evidence(brought)


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    from scipy.ndimage import uniform_filter1d

    return uniform_filter1d(values, min(width, len(values)), mode="nearest")


class _Chain:
    """A walk through what is possible: a shape and a coefficient for each channel, a course and its noise."""

    def __init__(self, y: np.ndarray, course: Course, ways: Ways, random: np.random.Generator):
        self.rest, self.course, self.random, self.belief = course.response, course, random, ways.belief
        self.columns = [f / course.usual.astype(np.float32) for f in ways.felt]
        self.sizes = np.array([
            [np.einsum("gt,gt->g", f @ p, f) for f in self.columns] for p in course.precision.astype(np.float32)
        ]).astype(float)  # fmt: skip
        quarters = np.minimum(np.arange(len(y)) // (91 // ways.days), len(y) // (91 // ways.days) - 1)
        blocks = (quarters == np.arange(quarters[-1] + 1)[:, None]).astype(np.float32)
        self.sold, self.felt = blocks @ y, [f @ blocks.T for f in ways.felt]
        self.trials = [
            [(f[:, t.first : t.stop].sum(axis=1).astype(float), t) for t in ways.trials if t.channel == c]
            for c, f in enumerate(ways.felt)
        ]

    def run(self, chosen: np.ndarray, worth: np.ndarray, *, draws: int, thin: int):
        """Kept shapes, kept coefficients, the chance of a coefficient below zero, the noise: after warming up."""
        chosen, worth, random = chosen.copy(), worth.copy(), self.random
        n, channels, warm = len(self.rest), len(self.columns), (draws // 4) * thin
        kept = np.zeros((draws, channels), dtype=int), np.zeros((draws, channels))
        below, noise = np.zeros(channels), 0.0
        left = self.rest - sum(w * f[g] for f, g, w in zip(self.columns, chosen, worth, strict=True))
        for step in range(draws * thin + warm):
            errors = (self.course.precision @ left) @ left
            log = likely(errors, self.course.log_size, n)
            node = int(np.argmax(log + random.gumbel(size=len(log))))
            precision = self.course.precision[node]
            variance = errors[node] / random.chisquare(n)
            row = (step - warm) // thin
            for c in random.permutation(channels):
                left += worth[c] * self.columns[c][chosen[c]]
                chosen[c], value, negative = self._draw(c, node, variance, precision @ left)
                worth[c] = min(value, self._most(c, chosen, worth)) if value > 0 else 0.0
                left -= worth[c] * self.columns[c][chosen[c]]
                if row >= 0:
                    below[c] += negative
            if row >= 0:
                noise += np.sqrt(variance)
                kept[0][row], kept[1][row] = chosen, worth
        return *kept, below / (draws * thin), noise / (draws * thin)

    def _draw(self, c: int, node: int, variance: float, pushed: np.ndarray) -> tuple[int, float, float]:
        """One of the channel's shapes, its coefficient, and how likely the coefficient would be below zero."""
        from scipy.special import ndtr

        pull = COUNTED * (self.columns[c] @ pushed.astype(np.float32)) / variance
        weight = COUNTED * self.sizes[node, c] / variance + 1 / SPREAD**2
        for total, trial in self.trials[c]:
            pull, weight = pull + total * trial.brought / trial.se**2, weight + (total / trial.se) ** 2
        log = self.belief[c] + 0.5 * (pull**2 / weight - np.log(weight))
        chance = np.exp(log - log.max())
        summed = np.cumsum(chance)
        g = int(np.searchsorted(summed, self.random.random() * summed[-1]))
        sd = 1 / np.sqrt(weight[g])
        mean = pull[g] * sd**2
        return g, float(mean + sd * self.random.standard_normal()), float(ndtr(-mean / sd))

    def _most(self, c: int, chosen: np.ndarray, worth: np.ndarray) -> float:
        """The largest coefficient with which, over any quarter, advertising brings no more than all that was sold."""
        own = self.felt[c][chosen[c]]
        others = sum(worth[k] * f[chosen[k]] for k, f in enumerate(self.felt) if k != c)
        active = own > 0.05 * own.max()
        return max(float(((self.sold - others)[active] / own[active]).min()), 0.0) if active.any() else np.inf
