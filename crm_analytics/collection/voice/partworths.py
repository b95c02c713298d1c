"""Part-worths: of every respondent by least squares, of all by a conditional logit, with what they foretell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

NEWTON_STEPS, NEWTON_SMALL, ENDLESS = 50, 1e-10, 15.0


@dataclass(frozen=True)
class Design:
    """Who judged what: one row of `matrix` (effects coding, no constant) for each judged offer."""

    attributes: dict[str, list[str]]
    """Each attribute and its levels, in a fixed order; the last level is coded −1 throughout."""
    matrix: np.ndarray
    respondent: np.ndarray
    task: np.ndarray
    profile: np.ndarray
    value: np.ndarray
    weight: np.ndarray
    """Of each respondent, by the respondent's number."""
    chosen: bool
    """Whether in every task one offer was taken and the others left."""
    ranked: bool
    tangled: str
    """Levels that the shown offers cannot tell apart; empty where they can."""

    @classmethod
    def of(cls, rows: pd.DataFrame, *, sign: float) -> Design:
        """From the long table of the feature: a row for each respondent, question, profile and attribute."""
        key = ["respondent_id", "question", "profile"]
        wide = rows.pivot_table(index=key, columns="attribute", values="level", aggfunc="first").sort_index()
        wide = wide.dropna()
        judged = rows.groupby(key).agg(value=("value", "first"), weight=("weight", "first")).reindex(wide.index)
        attributes = {name: _in_order(wide[name].unique()) for name in sorted(wide.columns)}
        attributes = {name: levels for name, levels in attributes.items() if len(levels) > 1}
        index = judged.index
        respondent, people = pd.factorize(index.get_level_values("respondent_id"))
        task = pd.factorize(pd.MultiIndex.from_arrays([respondent, index.get_level_values("question")]))[0]
        value = judged.value.to_numpy(float)
        taken, size = np.bincount(task, value == 1), np.bincount(task)
        chosen = bool(set(np.unique(value)) <= {0.0, 1.0} and (taken == 1).all() and (size > 1).all())
        ranks = pd.Series(value).groupby(respondent)
        ranked = bool(not chosen and (ranks.nunique() == ranks.size()).all() and (ranks.max() == ranks.size()).all())
        matrix = coded(wide, attributes)
        weight = judged.weight.groupby(respondent).first().to_numpy(float)
        tangled = _tangled(matrix, attributes, task if chosen else np.zeros(len(task), int))
        return cls(
            attributes=attributes,
            matrix=matrix,
            respondent=respondent,
            task=task,
            profile=index.get_level_values("profile").to_numpy(),
            value=value if chosen else sign * value,
            weight=weight if len(weight) == len(people) else np.ones(len(people)),
            chosen=chosen,
            ranked=ranked,
            tangled=tangled,
        )


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


def coded(wide: pd.DataFrame, attributes: dict[str, list[str]]) -> np.ndarray:
    """Effects coding: a column for each level but the last, which is −1 in all. ValueError for unknown levels."""
    parts = []
    for name, levels in attributes.items():
        if name not in wide:
            raise ValueError(f"The offers have no column {name!r}; they need {', '.join(attributes)}.")
        at = pd.Index(levels).get_indexer(wide[name].astype(str))
        if (at < 0).any():
            unknown = wide[name][at < 0].iloc[0]
            raise ValueError(f"{name} was never shown as {unknown!r}; it was shown as {', '.join(levels)}.")
        parts.append(np.vstack([np.eye(len(levels) - 1), -np.ones(len(levels) - 1)])[at])
    return np.hstack(parts)


def levels_of(beta: np.ndarray, attributes: dict[str, list[str]]) -> list[np.ndarray]:
    """Part-worths of all levels of each attribute, the last level included; `beta` may have rows."""
    parts, at = [], 0
    for levels in attributes.values():
        free = beta[..., at : at + len(levels) - 1]
        parts.append(np.concatenate([free, -free.sum(axis=-1, keepdims=True)], axis=-1))
        at += len(levels) - 1
    return parts


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
        centred = x - _summed(p[:, None] * x, task)[task]
        gradient = centred.T @ (weight * y)
        hessian = (x * (weight * p)[:, None]).T @ centred
        step = np.linalg.lstsq(hessian, gradient, rcond=None)[0]
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < NEWTON_SMALL or np.abs(beta).max() > ENDLESS:
            break
    p = _logit(x @ beta, task)
    centred = x - _summed(p[:, None] * x, task)[task]
    hessian = (x * (weight * p)[:, None]).T @ centred
    pushes = _summed(centred * (weight * y)[:, None], design.respondent)
    inverse = np.linalg.pinv(hessian)
    people = len(design.weight)
    spread = inverse @ (pushes.T @ pushes) @ inverse * people / max(people - 1, 1)
    best = pd.Series(x @ beta).groupby(task).transform("max").to_numpy() == x @ beta
    hit = float((y * best / np.bincount(task, best)[task]).sum() / (task.max() + 1))
    chance = float((1 / np.bincount(task)).mean())
    settled = bool(np.abs(beta).max() <= ENDLESS)
    return Worths(
        design.attributes,
        None,
        design.weight,
        beta,
        spread,
        None,
        0.0,
        people,
        0,
        hit=hit,
        chance=chance,
        settled=settled,
    )


def table(worths: Worths, confidence: float) -> pd.DataFrame:
    """The table of a ConjointResult."""
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
            rows.append(
                (
                    name,
                    level,
                    value,
                    value - t * se[place],
                    value + t * se[place],
                    importance[number],
                    low[number],
                    high[number],
                )
            )
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


def _summed(x: np.ndarray, group: np.ndarray) -> np.ndarray:
    out = np.zeros((group.max() + 1, x.shape[1]))
    np.add.at(out, group, x)
    return out


def _tangled(matrix: np.ndarray, attributes: dict[str, list[str]], task: np.ndarray) -> str:
    """The attributes whose levels the shown offers cannot tell apart, within tasks where there are tasks."""
    within = matrix - (_summed(matrix, task) / np.bincount(task)[:, None])[task]
    if np.linalg.matrix_rank(within) == within.shape[1]:
        return ""
    names = [name for name, levels in attributes.items() for _ in levels[1:]]
    alone = [
        name
        for place, name in enumerate(names)
        if np.linalg.matrix_rank(np.delete(within, place, axis=1)) == np.linalg.matrix_rank(within)
    ]
    return ", ".join(dict.fromkeys(alone))


def _in_order(levels: np.ndarray) -> list[str]:
    """Numbers by size, words by the alphabet."""
    try:
        return sorted(levels, key=lambda level: float(str(level).replace(",", ".").replace(" ", "")))
    except ValueError:
        return sorted(levels)
