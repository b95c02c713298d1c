"""Effects with known errors, explained by what they have in common, as far as their errors allow.

    lift(k) = usual + Σ over kinds of part(kind, level of k) + own(k) + error(k)

with parts of one kind drawn from N(0, σ²) and own from N(0, τ²); the errors' covariance is known. The variances are
averaged over a grid by their marginal likelihood, so that where nothing differs the parts are shrunk to nothing.
A level that does stand out among many that do not is shrunk too far by that; its interval therefore reaches to where it
would stand if levels were taken to differ as much as the grid allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

SPREADS = (1e-4, 0.04, 0.1, 0.2)
"""Candidates for how far campaigns differ, in shares of a day's sales; the first is as good as not at all."""
VAGUE = 1.0
"""How far the usual lift may be from none before any data."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """The usual campaign and the parts of each level, with their joint covariance; and the same hardly shrunk."""

    names: list[tuple[str, str]]
    mean: np.ndarray
    covariance: np.ndarray
    free: tuple[np.ndarray, np.ndarray]
    counts: np.ndarray
    spread: float

    def usual_within(self, confidence: float) -> tuple[float, float, float]:
        """The usual campaign's lift: with each kind's parts as they are mixed among the campaigns."""
        return self._told(self.counts / self.counts[0], confidence)

    @property
    def usual(self) -> tuple[float, float, float]:
        return self.usual_within(0.95)

    def level(self, kind: str, level: str, confidence: float) -> tuple[float, float, float]:
        """The lift of campaigns of this level that are usual otherwise."""
        return self._told(self._weights(kind, level), confidence)

    def against(self, kind: str, level: str, confidence: float) -> tuple[float, float, float]:
        """By how much that is more than the usual campaign's."""
        return self._told(self._weights(kind, level) - self.counts / self.counts[0], confidence)

    def _weights(self, kind: str, level: str) -> np.ndarray:
        weights = self.counts / self.counts[0]
        of_kind = np.array([name[0] == kind for name in self.names])
        weights = np.where(of_kind, 0.0, weights)
        weights[self.names.index((kind, level))] = 1.0
        return weights

    def _told(self, weights: np.ndarray, confidence: float) -> tuple[float, float, float]:
        """The shrunk value, and an interval that holds its own and that of the hardly shrunk one."""
        z, ends = float(stats.norm.ppf((1 + confidence) / 2)), []
        for mean, covariance in ((self.mean, self.covariance), self.free):
            value, error = float(weights @ mean), float(np.sqrt(max(weights @ covariance @ weights, 0.0)))
            ends += [value - z * error, value + z * error]
        return float(weights @ self.mean), min(ends), max(ends)


def fitted(lifts: np.ndarray, errors: np.ndarray, levels: pd.DataFrame) -> Fit:
    """Learn usual lift, parts and variances. `levels` has a row per campaign and a column per kind."""
    designs = {kind: pd.get_dummies(levels[kind]).astype(float) for kind in levels}
    design = np.column_stack([np.ones(len(lifts)), *(part.to_numpy() for part in designs.values())])
    names = [("", ""), *((kind, str(level)) for kind, part in designs.items() for level in part)]
    widths = np.array(list(product(SPREADS, repeat=len(designs))))
    prior = np.column_stack([np.full(len(widths), VAGUE), np.repeat(widths, [d.shape[1] for d in designs.values()], 1)])
    found = [_given(lifts, errors + tau**2 * np.eye(len(lifts)), design, prior) for tau in SPREADS]
    likelihood = np.array([one[0] for one in found])  # own differences × parts' spreads
    weight = np.exp(likelihood - likelihood.max())
    weight /= weight.sum()
    means, covariances = (np.array([one[place] for one in found]) for place in (1, 2))
    mean, covariance = _mixed(weight, means, covariances)
    free = _mixed(weight[:, -1:] / max(weight[:, -1].sum(), 1e-300), means[:, -1:], covariances[:, -1:])
    tau = float(weight.sum(axis=1) @ SPREADS)
    return Fit(names=names, mean=mean, covariance=covariance, free=free, counts=design.sum(axis=0), spread=tau)


def _mixed(weight: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance over candidates of these weights, which sum to one."""
    mean = np.einsum("ab,abk->k", weight, means)
    apart = means - mean
    return mean, np.einsum("ab,abkl->kl", weight, covariances) + np.einsum("ab,abk,abl->kl", weight, apart, apart)


def _given(
    lifts: np.ndarray, total: np.ndarray, design: np.ndarray, prior: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log likelihood, mean and covariance of the parts under each row of prior standard deviations."""
    weighed = np.linalg.solve(total, np.column_stack([design, lifts]))
    gram, onto = design.T @ weighed[:, :-1], design.T @ weighed[:, -1]
    precision = gram + np.einsum("ck,kl->ckl", prior**-2.0, np.eye(len(onto)))
    covariance = np.linalg.inv(precision)
    mean = covariance @ onto
    size = np.linalg.slogdet(precision)[1] + 2 * np.log(prior).sum(axis=1) + np.linalg.slogdet(total)[1]
    return -0.5 * (lifts @ weighed[:, -1] - mean @ onto + size), mean, covariance


def p_value(
    lifts: np.ndarray, errors: np.ndarray, levels: pd.DataFrame, *, shuffles: int, seed: int
) -> dict[str, float]:
    """For each kind, how often levels shuffled among the campaigns explain the lifts as well as they do.

    What the other kinds explain is taken off first. The statistic is the score of the kind's variance, which weighs
    campaigns by how well they are known and by how their errors hang together.
    """
    random = np.random.default_rng(seed)
    orders = np.array([np.arange(len(lifts)), *(random.permutation(len(lifts)) for _ in range(shuffles))])
    found = {}
    for kind in levels:
        fit = fitted(lifts, errors, levels.drop(columns=kind))
        others = [pd.get_dummies(levels[name]).to_numpy(float) for name in levels if name != kind]
        rest = lifts - np.column_stack([np.ones(len(lifts)), *others]) @ fit.mean
        inverse = np.linalg.inv(errors + fit.spread**2 * np.eye(len(lifts)))
        weighed = inverse @ rest
        groups = pd.get_dummies(levels[kind]).to_numpy(float)[orders]  # shuffles × campaigns × levels
        squares = (np.einsum("k,okl->ol", weighed, groups) ** 2).sum(axis=1)
        expected = np.einsum("okl,okl->o", np.matmul(inverse, groups), groups)
        score = squares - expected
        found[kind] = float((score >= score[0] - 1e-9).mean())
    return found
