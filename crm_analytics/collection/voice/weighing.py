"""Estimates from respondents who stand for different numbers of people: means, shares, and weights that mend a sample.

Variances are linearised (Taylor): of a weighted mean, Σw²(y − ȳ)²/(Σw)², as for a sample drawn with replacement. Shares
get Wilson's interval on the effective number of respondents (Korn and Graubard 1998), so that none leaves 0 … 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.say import say

ROUNDS = 200
TRIMMED_AT = 5.0
"""No respondent's weight is raked to more than so many times the mean: one voice must not speak for a town."""


@dataclass(frozen=True)
class Estimate:
    """A number with its interval; `count` respondents answered, as good as `effective` ones with equal weights."""

    value: float
    low: float
    high: float
    se: float
    count: int
    effective: float


def mean(y: np.ndarray, weight: np.ndarray, confidence: float = 0.95) -> Estimate:
    """A weighted mean with its linearised interval (Student, with the effective number of respondents)."""
    centre, se, effective = _mean(y, weight)
    reach = _t(confidence, effective) * se
    return Estimate(centre, centre - reach, centre + reach, se, len(y), effective)


def share(hit: np.ndarray, weight: np.ndarray, confidence: float = 0.95) -> Estimate:
    """A weighted share of people with Wilson's interval on the effective number of respondents."""
    value, se, effective = _mean(np.asarray(hit, float), weight)
    if 0 < value < 1:
        effective = min(value * (1 - value) / se**2, len(hit)) if se > 0 else effective
    t = _t(confidence, effective)
    middle = (value + t**2 / (2 * effective)) / (1 + t**2 / effective)
    reach = t / (1 + t**2 / effective) * np.sqrt(value * (1 - value) / effective + t**2 / (4 * effective**2))
    return Estimate(value, max(middle - reach, 0.0), min(middle + reach, 1.0), se, len(hit), effective)


def effective_number(weight: np.ndarray) -> float:
    """Kish's number: so many respondents of equal weight would say as much."""
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0


def p_value(difference: float, se: float, effective: float) -> float:
    """Two-sided, by Student."""
    from scipy import stats

    return float(2 * stats.t.sf(abs(difference) / se, max(effective - 1, 1))) if se > 0 else 1.0


@dataclass(frozen=True)
class Raked:
    """Weights that make the respondents' groups as large as in the base; `lost` groups of it have no respondent."""

    weight: np.ndarray
    lost: tuple[str, ...]
    settled: bool


def rake(groups: pd.DataFrame, base: dict[str, pd.Series], start: np.ndarray) -> Raked:
    """Rake weights to the base's shares, one column after the other until they hold (Deming and Stephan 1940).

    `base` gives for each column of `groups` the share of each of its values. Values without a respondent are left out
    of the shares and told; weights are trimmed at TRIMMED_AT times their mean.
    """
    weight = start / start.mean()
    lost, targets = [], {}
    for column, shares in base.items():
        here = set(groups[column])
        lost += [say("{column}: {value}", column=column, value=value) for value in shares.index if value not in here]
        kept = shares[[value in here for value in shares.index]]
        targets[column] = kept / kept.sum()
    gap = 0.0
    for _ in range(ROUNDS):
        gap = 0.0
        for column, target in targets.items():
            now = pd.Series(weight).groupby(groups[column].to_numpy()).sum() / weight.sum()
            factor = (target / now).reindex(groups[column]).fillna(1.0).to_numpy()
            gap = max(gap, float(np.abs(factor - 1).max()))
            weight = np.minimum(weight * factor, TRIMMED_AT * weight.mean())
        if gap < 1e-6:
            break
    return Raked(weight / weight.mean(), tuple(lost), gap < 0.02)


def _mean(y: np.ndarray, weight: np.ndarray) -> tuple[float, float, float]:
    total, count = weight.sum(), len(y)
    centre = float(weight @ y / total)
    spread = ((weight * (y - centre)) ** 2).sum() / total**2
    se = float(np.sqrt(spread * count / (count - 1))) if count > 1 else float("nan")
    return centre, se, effective_number(weight)


def _t(confidence: float, effective: float) -> float:
    from scipy import stats

    return float(stats.t.ppf(0.5 + confidence / 2, max(effective - 1, 1)))
