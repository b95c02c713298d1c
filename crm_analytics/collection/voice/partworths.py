"""Part-worths: of every respondent by least squares, of all by a conditional logit, and how well they foretell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.collection.voice.offers import Design, summed

NEWTON_STEPS, NEWTON_SMALL, ENDLESS = 50, 1e-10, 15.0


@dataclass(frozen=True)
class Worths:
    """Part-worths in effects coding: of each respondent (`own`), or one for all with their covariance (`spread`)."""

    attributes: dict[str, list[str]]
    own: np.ndarray | None
    weight: np.ndarray
    beta: np.ndarray
    spread: np.ndarray
    """Covariance of `beta`."""
    intercepts: np.ndarray | None
    intercept: float
    respondents: int
    dropped: int
    pearson: float = float("nan")
    kendall: float = float("nan")
    """Correlations of what people said of each offer with what the other offers foretell of it."""
    hit: float = float("nan")
    chance: float = float("nan")
    """The share of choices that fell on the offer foretold as best, and what chance would find."""
    settled: bool = True
    """Whether Newton's method ended: it does not where a level was always, or never, chosen."""


def ratings(design: Design) -> Worths:
    """Least squares for each respondent; the total is their weighted mean, which is also the pooled regression's where
    all judged the same offers. Respondents with too few offers, or who liked all alike, are dropped and counted."""
    own, intercepts, who = [], [], []
    unknowns = design.matrix.shape[1] + 1
    starts = np.flatnonzero(np.diff(design.respondent, prepend=-1))
    for number, rows in enumerate(np.split(np.arange(len(design.value)), starts[1:])):
        x = np.column_stack([np.ones(len(rows)), design.matrix[rows]])
        y = design.value[rows]
        if np.ptp(y) == 0 or np.linalg.matrix_rank(x) < unknowns:
            continue
        found = np.linalg.lstsq(x, y, rcond=None)[0]
        intercepts.append(found[0])
        own.append(found[1:])
        who.append(number)
    people = len(design.weight)
    if len(who) < 2:
        none = np.zeros(unknowns - 1)
        return Worths(design.attributes, None, design.weight, none, np.eye(unknowns - 1), None, 0.0, len(who),
                      people - len(who))  # fmt: skip
    own, intercepts, weight = np.array(own), np.array(intercepts), design.weight[who]
    share = weight / weight.sum()
    beta = share @ own
    apart = (own - beta) * share[:, None]
    spread = apart.T @ apart * len(own) / (len(own) - 1)
    pearson, kendall = _foretold(design)
    return Worths(design.attributes, own, weight, beta, spread, intercepts, float(share @ intercepts), len(own),
                  people - len(own), pearson, kendall)  # fmt: skip


def choices(design: Design) -> Worths:
    """Conditional logit by Newton's method, weighted; errors clustered by respondent (sandwich)."""
    x, y, task = design.matrix, design.value, design.task
    weight = design.weight[design.respondent]
    beta = np.zeros(x.shape[1])
    for _ in range(NEWTON_STEPS):
        p = _logit(x @ beta, task)
        centred = x - summed(p[:, None] * x, task)[task]
        gradient = centred.T @ (weight * y)
        hessian = (x * (weight * p)[:, None]).T @ centred
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < NEWTON_SMALL or np.abs(beta).max() > ENDLESS:
            break
    p = _logit(x @ beta, task)
    centred = x - summed(p[:, None] * x, task)[task]
    hessian = (x * (weight * p)[:, None]).T @ centred
    pushes = summed(centred * (weight * y)[:, None], design.respondent)
    inverse = np.linalg.pinv(hessian)
    people = len(design.weight)
    spread = inverse @ (pushes.T @ pushes) @ inverse * people / max(people - 1, 1)
    best = pd.Series(x @ beta).groupby(task).transform("max").to_numpy() == x @ beta
    hit = float((y * best / np.bincount(task, best)[task]).sum() / (task.max() + 1))
    chance = float((1 / np.bincount(task)).mean())
    settled = bool(np.abs(beta).max() <= ENDLESS)
    return Worths(design.attributes, None, design.weight, beta, spread, None, 0.0, people, 0, hit=hit, chance=chance,
                  settled=settled)  # fmt: skip


def _foretold(design: Design) -> tuple[float, float]:
    """Pearson's and Kendall's correlation of each offer's mean with what the other offers foretell of it."""
    from scipy import stats

    frame = pd.DataFrame(design.matrix).assign(y=design.value - _centre(design), profile=design.profile)
    means = frame.groupby("profile").mean()
    x = np.column_stack([np.ones(len(means)), means.drop(columns="y").to_numpy()])
    y = means.y.to_numpy()
    if len(y) <= x.shape[1] or np.ptp(y) == 0:
        return float("nan"), float("nan")
    hat = x @ np.linalg.pinv(x)
    leverage = np.diag(hat)
    outside = leverage < 1 - 1e-9
    told = y - (y - hat @ y) / np.where(outside, 1 - leverage, 1)
    if outside.sum() < 3 or np.ptp(told[outside]) == 0:
        return float("nan"), float("nan")
    return (
        float(stats.pearsonr(told[outside], y[outside])[0]),
        float(stats.kendalltau(told[outside], y[outside])[0]),
    )


def _centre(design: Design) -> np.ndarray:
    return pd.Series(design.value).groupby(design.respondent).transform("mean").to_numpy()


def _logit(utility: np.ndarray, task: np.ndarray) -> np.ndarray:
    top = pd.Series(utility).groupby(task).transform("max").to_numpy()
    raised = np.exp(utility - top)
    return raised / np.bincount(task, raised)[task]
