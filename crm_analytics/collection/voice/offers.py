"""Offers as people judged them: attributes in effects coding, and whether what was shown can tell levels apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


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


def summed(x: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The sum of rows by group."""
    out = np.zeros((group.max() + 1, x.shape[1]))
    np.add.at(out, group, x)
    return out


def _tangled(matrix: np.ndarray, attributes: dict[str, list[str]], task: np.ndarray) -> str:
    """The attributes whose levels the shown offers cannot tell apart, within tasks where there are tasks."""
    within = matrix - (summed(matrix, task) / np.bincount(task)[:, None])[task]
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
