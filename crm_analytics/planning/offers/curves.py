"""What a further sum of money brings: a curve for every part of the budget, learnt from campaigns that had a control.

The curve is a·ln(1 + x/b): the first money works best, later money less. A part has few campaigns, so parts learn
from each other (partial pooling): what money brings in one part is drawn towards the mean of all, the more so the
fewer and the noisier its campaigns. Rubin (1981), Journal of Educational Statistics 6(4), is the model of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

_BENDS = np.geomspace(0.1, 10, 33)
"""How far a curve's b lies from the usual spend of a campaign: at .1 it is nearly flat there, at 10 nearly straight."""
_BEND_BELIEF = np.exp(-0.5 * np.log(_BENDS) ** 2)
"""Before any data: b is near the usual spend, within a factor of 2.7 either way."""
_SCALES = np.geomspace(0.03, 3, 10)
"""How much parts, and campaigns within a part, may differ, as a share of what money brings on average."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """For every part a·ln(1 + x/b), money brought by x money a year, with `draws` of a and b that show how sure we are.

    `a`, `b`, `now` (spent in the last year), `most` (a year's spend at the largest campaign seen), `campaigns` (how
    many taught it) and `bend_seen` (0: the bend is assumed, 1: it is seen) are arrays in the order of `parts`;
    `a_draws` and `b_draws` are draws × parts.
    """

    parts: tuple[str, ...]
    a: np.ndarray
    b: np.ndarray
    a_draws: np.ndarray
    b_draws: np.ndarray
    now: np.ndarray
    most: np.ndarray
    campaigns: np.ndarray
    bend_seen: np.ndarray

    def returns(self, spend: np.ndarray) -> np.ndarray:
        """What a spend a part is expected to bring, part by part."""
        return self.a * np.log1p(spend / self.b)

    def drawn_returns(self, spend: np.ndarray) -> np.ndarray:
        """The same for every draw: draws × parts."""
        return self.a_draws * np.log1p(spend / self.b_draws)

    def marginal(self, spend: np.ndarray) -> np.ndarray:
        """What one more unit of money would bring, part by part."""
        return self.a / (self.b + spend)


def best_split(
    a: np.ndarray, b: np.ndarray, budget: float, *, floors: np.ndarray | None = None, caps: np.ndarray | None = None
) -> np.ndarray:
    """The split of a budget that maximises Σ a·ln(1 + x/b) between floors and caps: equal marginal returns.

    x = a/λ − b where that lies between floor and cap. The sum falls with λ and is simple between the λ at which a part
    meets its floor or cap, so the right stretch is looked up and solved exactly. A part with a ≤ 0 gets money only
    when the others are at their caps. Raises ValueError when floors and caps leave no split of that size.
    """
    floors = np.zeros(len(a)) if floors is None else floors
    caps = np.full(len(a), np.inf) if caps is None else caps
    if (floors > caps).any() or floors.sum() > budget * (1 + 1e-9) or caps.sum() < budget * (1 - 1e-9):
        raise ValueError("No split of this budget lies between the smallest and the largest sums; loosen one of them.")
    works = a > 0
    if floors[~works].sum() + caps[works].sum() < budget or not works.any():
        full = np.where(works, caps, floors).astype(float)
        return full + _evenly(np.minimum(caps, budget) - full, budget - full.sum())
    split = floors.astype(float)
    split[works] = _equal_margins(a[works], b[works], budget - split[~works].sum(), floors[works], caps[works])
    return split


def _equal_margins(a: np.ndarray, b: np.ndarray, budget: float, floors: np.ndarray, caps: np.ndarray) -> np.ndarray:
    def at(price: float) -> np.ndarray:
        return np.clip(a / price - b, floors, caps)

    meets = np.concatenate([a / (b + floors), a / (b + caps)])
    edges = np.concatenate([[0.0], np.unique(meets[meets > 0])])
    last = max(i for i, price in enumerate(edges) if i == 0 or at(price).sum() >= budget)
    if last == len(edges) - 1:
        return floors
    split = at((edges[last] + edges[last + 1]) / 2)
    free = (split > floors) & (split < caps)
    price = a[free].sum() / (budget - split[~free].sum() + b[free].sum())
    split[free] = a[free] / price - b[free]
    return split


def _evenly(room: np.ndarray, rest: float) -> np.ndarray:
    """What is left, spread in proportion to the room that caps leave."""
    return room * (rest / room.sum()) if rest > 0 and room.any() else np.zeros(len(room))


def learn_curves(campaigns: pd.DataFrame, *, parts: pd.Series, draws: int, seed: int) -> Curves:
    """Curves from campaigns with cost, n_treated, n_control, mean_treated, mean_control, var_treated, var_control.

    A campaign of part k that cost x brought y = (e_k + v)·g(x) with a known standard error, where g is the curve scaled
    to the usual spend; e_k ~ N(μ, τ²) between parts, v ~ N(0, φ_k²) between campaigns of a part. μ, τ, φ and the bends
    are integrated on a grid and `draws` taken from the posterior; next year's campaigns vary by φ too.
    """
    names = tuple(sorted(parts.unique()))
    k = parts.map({name: i for i, name in enumerate(names)}).to_numpy()
    cost = campaigns.cost.to_numpy(float)
    lift = (campaigns.mean_treated - campaigns.mean_control).to_numpy(float)
    variance = (campaigns.var_treated / campaigns.n_treated + campaigns.var_control / campaigns.n_control).to_numpy(
        float
    )
    treated = campaigns.n_treated.to_numpy(float)
    usual = np.array([np.median(cost[k == i]) for i in range(len(names))])
    last_year = (campaigns.starts > campaigns.starts.max() - pd.Timedelta(days=365)).to_numpy()
    runs = np.maximum(1, np.bincount(k[last_year], minlength=len(names)))

    posterior = _Posterior(k, cost, lift * treated, np.sqrt(variance) * treated, usual)
    efficiency, bends, between_campaigns = posterior.draw(draws, np.random.default_rng(seed))
    normal = np.random.default_rng(seed + 1).standard_normal(efficiency.shape)
    next_year = efficiency + normal * between_campaigns / np.sqrt(runs)
    bend = np.exp(np.log(bends).mean(axis=0))
    belief = np.sqrt(np.average(np.log(_BENDS) ** 2, weights=_BEND_BELIEF))
    return Curves(
        parts=names,
        a=runs * usual * efficiency.mean(axis=0) / np.log1p(1 / bend),
        b=runs * usual * bend,
        a_draws=runs * usual * next_year / np.log1p(1 / bends),
        b_draws=runs * usual * bends,
        now=np.bincount(k[last_year], weights=cost[last_year], minlength=len(names)),
        most=runs * np.array([cost[k == i].max() for i in range(len(names))]),
        campaigns=np.bincount(k, minlength=len(names)),
        bend_seen=np.clip(1 - np.log(bends).std(axis=0) / belief, 0, 1),
    )


@dataclass(frozen=True)
class _Posterior:
    """What is believed of the parts after their campaigns: part number, cost, return, its error; usual spend a part."""

    part: np.ndarray
    cost: np.ndarray
    brought: np.ndarray
    error: np.ndarray
    usual: np.ndarray

    def draw(self, draws: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draws × parts: what money brings at the usual spend, the bend, and how much campaigns vary (φ)."""
        ratio, weight = self.brought / self.cost, (self.cost / self.error) ** 2
        scale = np.sqrt(np.average(ratio**2, weights=weight))
        taus = phis = scale * _SCALES
        precision, pull, logs = self._evidence(phis)
        belief = np.log(_BEND_BELIEF) + _half_normal(phis, scale / 2)[:, None]
        centre, width = np.average(ratio, weights=weight), 3 * scale
        for _ in range(3):  # narrow the grid of μ down to where the evidence puts it
            mus = np.linspace(centre - width, centre + width, 25)
            evidence = _log_evidence(mus, taus, precision, pull, logs) + belief
            evidence = evidence.reshape(*evidence.shape[:3], -1)
            cells = _log_sum(evidence).sum(axis=-1) + _half_normal(taus, scale)
            chance = np.exp(cells - cells.max())
            chance /= chance.sum()
            centre = chance.sum(axis=1) @ mus
            width = max(5 * np.sqrt(chance.sum(axis=1) @ (mus - centre) ** 2), mus[1] - mus[0])
        drawn = np.unravel_index(rng.choice(chance.size, size=draws, p=chance.ravel()), chance.shape)
        mu, tau = mus[drawn[0]][:, None], taus[drawn[1]][:, None]
        inner = (evidence[drawn] + rng.gumbel(size=(draws, *evidence.shape[2:]))).argmax(axis=-1)
        phi, bend = np.unravel_index(inner, (len(phis), len(_BENDS)))
        part = np.arange(len(self.usual))
        spread = 1 / (precision[part, phi, bend] + tau**-2)
        mean = spread * (pull[part, phi, bend] + mu / tau**2)
        efficiency = mean + np.sqrt(spread) * rng.standard_normal(mean.shape)
        return efficiency, _BENDS[bend], phis[phi]

    def _evidence(self, phis: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For every part, φ and bend: Σ g²/s², Σ g·y/s² and Σ (log s² + y²/s²), with s² the variance of a campaign."""
        usual = self.usual[self.part][:, None]
        shape = usual * np.log1p(self.cost[:, None] / (_BENDS * usual)) / np.log1p(1 / _BENDS)
        variance = self.error[:, None] ** 2 + (phis[:, None, None] * shape) ** 2
        brought = self.brought[:, None]
        member = (self.part == np.arange(len(self.usual))[:, None]).astype(float)
        return tuple(
            np.einsum("ki,pib->kpb", member, term)
            for term in (
                shape**2 / variance, shape * brought / variance, np.log(variance) + brought**2 / variance
            )
        )  # fmt: skip


def _log_evidence(mus, taus, precision, pull, logs) -> np.ndarray:
    """The log likelihood of every μ, τ, part, φ and bend, what money brings in the part integrated out."""
    mu, tau = mus[:, None, None, None, None], taus[:, None, None, None]
    spread = 1 / (precision + tau**-2)
    mean = spread * (pull + mu / tau**2)
    return -0.5 * (logs + np.log1p(tau**2 * precision) + (mu / tau) ** 2 - mean**2 / spread)


def _log_sum(values: np.ndarray) -> np.ndarray:
    top = values.max(axis=-1, keepdims=True)
    return (top + np.log(np.exp(values - top).sum(axis=-1, keepdims=True)))[..., 0]


def _half_normal(scales: np.ndarray, typical: float) -> np.ndarray:
    """The prior of a spread on a grid of equal steps in its logarithm."""
    return -0.5 * (scales / typical) ** 2 + np.log(scales)


def by_part(sums: Mapping[str, float], parts: tuple[str, ...], otherwise: float) -> np.ndarray:
    """Sums given by part name as an array. Raises ValueError for a part that does not exist."""
    unknown = [name for name in sums if name not in parts]
    if unknown:
        raise ValueError(f"There is no part {', '.join(unknown)}; the parts are {', '.join(parts)}.")
    return np.array([float(sums.get(name, otherwise)) for name in parts])
