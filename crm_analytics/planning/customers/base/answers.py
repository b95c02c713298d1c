"""How differently customers answer to prices: by group and one by one, and no more than the records carry.

Empirical Bayes on the sums of features.price_response: U is normal around V times the customer's answer. Answers of a
group are drawn towards nothing by as much as groups differ less than chance allows; a customer's, towards the group.
How much customers differ within groups is read off what each did in two separate halves of the time: only what shows
in both is the customer's own, whatever else makes purchases cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EVIDENCE = 2.326
"""Standard errors beyond which a difference among customers is believed: one time in a hundred by chance."""

LEAST_OF_GROUP = 100
"""Of smaller groups an error is itself too uncertain."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Each customer's answer, more (+) or less (−) than the ordinary customer's: `mean` and `sd` of what is known.

    `recorded`: whether there was anything to answer to. `spread`: standard deviation of answers within groups, 0 where
    none can be told, `spread_error` of its square; `by_group` whether groups differ, and how they do in `groups`
    (group, customers, answer, low, high).
    """

    mean: np.ndarray
    sd: np.ndarray
    recorded: bool
    spread: float
    spread_error: float
    by_group: bool
    groups: list[tuple[str, int, float, float, float]]

    @property
    def told(self) -> bool:
        """Whether customers can be told to differ at all."""
        return self.by_group or self.spread > 0

    @property
    def unseen(self) -> float:
        """The spread of answers within groups that these records could hide: 0 where a spread is told."""
        return 0.0 if self.spread or not self.recorded else float(np.sqrt(EVIDENCE * self.spread_error))

    def hidden(self, material: float) -> float:
        """The share of customers whose answer could be material without these records showing it."""
        from scipy.stats import norm

        return float(norm.sf(material / self.unseen)) if self.unseen else 0.0

    def above(self, material: float) -> np.ndarray:
        """The chance that a customer answers more than the ordinary one, by more than is material."""
        return self._beyond(self.mean - material)

    def below(self, material: float) -> np.ndarray:
        """The chance that a customer answers less than the ordinary one, by more than is material."""
        return self._beyond(-material - self.mean)

    def _beyond(self, gap: np.ndarray) -> np.ndarray:
        from scipy.stats import norm

        if not self.told:
            return np.zeros(len(gap))
        return norm.cdf(gap / np.maximum(self.sd, 1e-9))


def answers(u: np.ndarray, v: np.ndarray, group: np.ndarray, weight: np.ndarray | None = None) -> Answers:
    """From U and V in either half (2 × customers) and each customer's group; `weight` counts customers repeatedly."""
    u, v = np.nan_to_num(u), np.nan_to_num(v)
    w = np.ones(u.shape[1]) if weight is None else weight
    names, code = np.unique(group.astype(str), return_inverse=True)
    whole = float((w * v).sum())
    if whole <= 1e-9:
        nothing = np.zeros(u.shape[1])
        return Answers(
            mean=nothing, sd=nothing, recorded=False, spread=0.0, spread_error=np.nan, by_group=False, groups=[]
        )
    r = u - (w * u).sum() / whole * v
    effect, error, sizes = _of_groups(r.sum(axis=0), v.sum(axis=0), code, w, len(names))
    judged = (sizes >= LEAST_OF_GROUP) & np.isfinite(error) & (error > 0)
    between = _between(effect[judged], error[judged])
    by_group = between > 0
    kept = np.where(judged, between / np.maximum(between + error**2, 1e-300), 0.0) if by_group else np.zeros(len(names))
    kept = np.nan_to_num(kept)
    shrunk, left = np.nan_to_num(kept * effect), np.nan_to_num(kept * error**2)
    left = np.where(judged, left, between)
    rest = r - shrunk[code] * v
    within, noise, wrong = _within(rest, v, w)
    if not within > EVIDENCE * wrong:
        within = 0.0
    both = rest.sum(axis=0), v.sum(axis=0)
    own = within * both[0] / (within * both[1] + noise) if within else np.zeros(len(w))
    variance = left[code] + (within * noise / (within * both[1] + noise) if within else 0.0)
    low, high = effect - 1.96 * error, effect + 1.96 * error
    told = [
        (str(names[i]), int(sizes[i]), float(effect[i]), float(low[i]), float(high[i])) for i in np.flatnonzero(judged)
    ]
    return Answers(
        mean=shrunk[code] + own, sd=np.sqrt(variance), recorded=True, spread=float(np.sqrt(within)),
        spread_error=float(wrong), by_group=by_group, groups=sorted(told, key=lambda one: (-one[2], one[0])),
    )  # fmt: skip


def _of_groups(r: np.ndarray, v: np.ndarray, code: np.ndarray, w: np.ndarray, count: int) -> tuple[np.ndarray, ...]:
    """Effect, robust standard error and size of each group."""
    part, mass = np.bincount(code, w * r, count), np.bincount(code, w * v, count)
    safe = np.where(mass > 0, mass, np.nan)
    effect = part / safe
    error = np.sqrt(np.bincount(code, w * (r - np.nan_to_num(effect)[code] * v) ** 2, count)) / safe
    return effect, error, np.bincount(code, w, count)


def _between(effect: np.ndarray, error: np.ndarray) -> float:
    """By how much groups differ (DerSimonian and Laird 1986), in squares; 0 unless they surely do."""
    from scipy.stats import chi2, norm

    if len(effect) < 2:
        return 0.0
    weight = 1 / error**2
    middle = (weight * effect).sum() / weight.sum()
    excess = float((weight * (effect - middle) ** 2).sum())
    if chi2.sf(excess, len(effect) - 1) > norm.sf(EVIDENCE):
        return 0.0
    return max((excess - len(effect) + 1) / float(weight.sum() - (weight**2).sum() / weight.sum()), 0.0)


def _within(rest: np.ndarray, v: np.ndarray, w: np.ndarray) -> tuple[float, float, float]:
    """By how much customers differ within groups, in squares; the noise of U for one of V; the error of the first."""
    noise = max(float((w * (rest**2)).sum() / (w * v).sum()), 1e-12)
    within = wrong = 0.0
    for _ in range(5):
        care = w / ((noise + within * v[0]) * (noise + within * v[1]))
        mass = float((care * v[0] * v[1]).sum())
        if mass <= 0:
            return 0.0, noise, np.inf
        raw = float((care * rest[0] * rest[1]).sum()) / mass
        wrong = float(np.sqrt((care**2 * (rest[0] * rest[1] - raw * v[0] * v[1]) ** 2 / np.maximum(w, 1)).sum())) / mass
        within = max(raw, 0.0)
        noise = max(float((w * (rest**2 - within * v**2)).sum() / (w * v).sum()), 0.1 * noise)
    return within, noise, wrong
