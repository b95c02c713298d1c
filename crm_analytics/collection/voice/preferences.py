"""What part-worths say: how much each attribute matters, and which share of people would take an offer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.collection.voice.offers import coded, levels_of
from crm_analytics.collection.voice.partworths import Worths


def table(worths: Worths, confidence: float) -> pd.DataFrame:
    """The table of a ConjointResult: attributes by their importance, with the worth of each level."""
    from scipy import stats

    freedom = max(worths.respondents - 1, 1)
    t = stats.t.ppf(0.5 + confidence / 2, freedom)
    parts = levels_of(worths.beta, worths.attributes)
    importance, low, high = _importance(worths, confidence)
    rows, at = [], 0
    for number, (name, levels) in enumerate(worths.attributes.items()):
        k = len(levels) - 1
        inner = worths.spread[at : at + k, at : at + k]
        se = np.sqrt(np.maximum(np.append(np.diag(inner), inner.sum()), 0.0))
        for place, level in enumerate(levels):
            value = parts[number][place]
            ends = value - t * se[place], value + t * se[place]
            rows.append((name, level, value, *ends, importance[number], low[number], high[number]))
        at += k
    names = ["attribute", "level", "part_worth", "low", "high", "importance", "importance_low", "importance_high"]
    found = pd.DataFrame(rows, columns=names)
    order = found.groupby("attribute").importance.first().sort_values(ascending=False, kind="stable").index
    return found.assign(
        place=found.attribute.map({name: i for i, name in enumerate(order)})
    ).sort_values("place", kind="stable", ignore_index=True).drop(columns="place")  # fmt: skip


def simulated(worths: Worths, offers: pd.DataFrame, *, rule: str, confidence: float) -> pd.DataFrame:
    """Shares of offers; see ConjointResult.simulate."""
    from scipy import stats

    if rule not in ("logit", "first", "share"):
        raise ValueError(f"rule is 'logit', 'first' or 'share', not {rule!r}.")
    x = coded(offers.reset_index(drop=True), worths.attributes)
    named = offers["offer"].tolist() if "offer" in offers else list(range(1, len(x) + 1))
    if worths.own is None:
        rng = np.random.default_rng(1)
        drawn = rng.multivariate_normal(worths.beta, worths.spread, 2000, method="eigh")
        each = _shares(np.vstack([worths.beta, drawn]) @ x.T, rule)
        low, high = np.quantile(each[1:], [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0)
        return pd.DataFrame({"offer": named, "share": each[0], "low": low, "high": high, "utility": x @ worths.beta})
    utility = worths.own @ x.T + worths.intercepts[:, None]
    each = _shares(utility, rule)
    weight = worths.weight / worths.weight.sum()
    value = weight @ each
    se = np.sqrt((((each - value) * weight[:, None]) ** 2).sum(axis=0) * len(each) / (len(each) - 1))
    t = stats.t.ppf(0.5 + confidence / 2, len(each) - 1)
    return pd.DataFrame(
        {
            "offer": named,
            "share": value,
            "low": np.maximum(value - t * se, 0.0),
            "high": np.minimum(value + t * se, 1.0),
            "utility": weight @ utility,
        }
    )


def _shares(utility: np.ndarray, rule: str) -> np.ndarray:
    if rule == "first":
        best = np.isclose(utility, utility.max(axis=1, keepdims=True))
        return best / best.sum(axis=1, keepdims=True)
    if rule == "share":
        worth = np.maximum(utility, 0.0)
        total = worth.sum(axis=1, keepdims=True)
        return np.where(total > 0, worth / np.where(total > 0, total, 1), 1 / utility.shape[1])
    raised = np.exp(utility - utility.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _importance(worths: Worths, confidence: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ranges over the sum of ranges, by respondent and then their mean; of choices, over draws of the coefficients."""
    from scipy import stats

    if worths.own is None:
        drawn = np.random.default_rng(1).multivariate_normal(worths.beta, worths.spread, 2000, method="eigh")
        each = _ranges(drawn, worths.attributes)
        low, high = np.quantile(each, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0)
        value = _ranges(worths.beta[None], worths.attributes)[0]
        return value, np.minimum(low, value), np.maximum(high, value)
    each = _ranges(worths.own, worths.attributes)
    weight = worths.weight / worths.weight.sum()
    value = weight @ each
    se = np.sqrt((((each - value) * weight[:, None]) ** 2).sum(axis=0) * len(each) / (len(each) - 1))
    reach = stats.t.ppf(0.5 + confidence / 2, len(each) - 1) * se
    return value, np.maximum(value - reach, 0.0), np.minimum(value + reach, 1.0)


def _ranges(beta: np.ndarray, attributes: dict[str, list[str]]) -> np.ndarray:
    ranges = np.stack([np.ptp(part, axis=-1) for part in levels_of(beta, attributes)], axis=-1)
    total = ranges.sum(axis=-1, keepdims=True)
    return np.where(total > 0, ranges / np.where(total > 0, total, 1), 1 / ranges.shape[-1])
