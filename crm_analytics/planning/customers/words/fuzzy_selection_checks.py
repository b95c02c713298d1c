"""What near misses are worth beside the others, and the reasons to believe a selection in words or to doubt it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.words.words import SILENCE
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.words.fuzzy_selection import FuzzySelectionResult

GROUPS = ("crisp", "near miss", "below")
DRAWS = 1000
FEW = 10
"""Customers below which the mean of a group gets no interval."""
MOVED = 0.2
"""By how much of its width an edge is moved to see who stays."""


def groups_of(table: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Each group's customers, worth, and mean with a 95 % interval: group, customers, worth, each, low, high."""
    import pandas as pd

    rows = []
    for number, name in enumerate(GROUPS):
        worth = np.sort(table.loc[table["group"] == name, "worth"].dropna().to_numpy(float))
        low, high = _mean_interval(worth, np.random.default_rng([seed, number]))
        rows.append({
            "group": name, "customers": int((table["group"] == name).sum()),
            "worth": float(worth.sum()) if len(worth) or table["worth"].notna().any() else np.nan,
            "each": float(worth.mean()) if len(worth) else np.nan, "low": low, "high": high,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _mean_interval(worth: np.ndarray, random: np.random.Generator) -> tuple[float, float]:
    """Bootstrap-t for the few whose sums are skewed, the normal interval for the many."""
    n = len(worth)
    if n < FEW:
        return np.nan, np.nan
    mean, error = worth.mean(), worth.std(ddof=1) / np.sqrt(n)
    if error == 0:
        return mean, mean
    if n > 2000:
        return mean - 1.96 * error, mean + 1.96 * error
    drawn = worth[random.integers(0, n, (DRAWS, n))]
    spread = drawn.std(axis=1, ddof=1) / np.sqrt(n)
    t = (drawn.mean(axis=1) - mean) / np.where(spread > 0, spread, np.inf)
    low, high = np.quantile(t, [0.025, 0.975])
    return float(mean - high * error), float(mean - low * error)


def reasons(answer: FuzzySelectionResult) -> tuple[Check, ...]:
    """What the words mean, what is unknown, whether other edges would choose others, whether all are chosen."""
    return (_meaning(answer), _unknown(answer), _edges(answer), _size(answer), _alike(answer))


def _meaning(answer: FuzzySelectionResult) -> Check:
    texts = [word.meaning for word in answer.words]
    if any(word.of == SILENCE for word in answer.words):
        texts.append(say("Silence is the days since the last purchase in the customer's usual days between two."))
    return Check(name=say("meaning"), verdict="holds", text=" ".join(texts))


def _unknown(answer: FuzzySelectionResult) -> Check:
    lacking = {word.of: float(answer.people[word.of].isna().mean()) for word in answer.words}
    of, share = max(lacking.items(), key=lambda one: one[1])
    perhaps = int((answer.table["possible"] >= answer.study.at_least).sum() - answer.groups["customers"].iloc[:2].sum())
    if not share:
        text = say("Everything the words are about is known of every customer.")
    else:
        text = say(
            "{of} is unknown for {share:percent} of customers, who count as not selected; {perhaps:count} more "
            "customers might belong.",
            of=of.replace("_", " "),
            share=share,
            perhaps=perhaps,
        )
    return Check(name=say("unknown"), verdict="holds" if share < 0.1 else "weak" if share < 0.5 else "fails", text=text)


def _edges(answer: FuzzySelectionResult) -> Check:
    """How many of the selected stay when every edge is moved both ways: the choice of edges is a person's."""
    chosen = _chosen(answer, 0.0)
    stays = [(chosen & other).sum() / max((chosen | other).sum(), 1) for other in (
        _chosen(answer, MOVED), _chosen(answer, -MOVED))]  # fmt: skip
    least = float(min(stays))
    return Check(
        name=say("edges"),
        verdict="holds" if least >= 0.8 else "weak" if least >= 0.5 else "fails",
        text=say(
            "With every edge moved by {moved:percent} of its width, {least:percent} of the selection is the same.",
            moved=MOVED,
            least=least,
        ),
    )


def _chosen(answer: FuzzySelectionResult, moved: float) -> np.ndarray:
    from crm_analytics.planning.customers.words.fuzzy_selection import TOGETHER

    words = {word.name: word.shifted(moved) for word in answer.words}
    degrees = {name: word.degree(answer.people[word.of].to_numpy(float)) for name, word in words.items()}
    low, _ = answer.said.degree(degrees.__getitem__, both=TOGETHER[answer.study.together])
    return low >= answer.study.at_least


def _size(answer: FuzzySelectionResult) -> Check:
    selected = int(answer.groups["customers"].iloc[:2].sum())
    share = selected / len(answer.people)
    verdict = "weak" if share > 0.5 or selected < 30 else "holds"
    text = (
        "{share:percent} of all customers are selected: that is hardly a selection; say it more strictly (very …)."
        if share > 0.5
        else "{selected:count} customers are few to plan for; say it more softly (rather …)."
        if selected < 30
        else "{share:percent} of all customers are selected."
    )
    return Check(name=say("size"), verdict=verdict, text=say(text, share=share, selected=selected))


def _alike(answer: FuzzySelectionResult) -> Check:
    by_group = answer.groups.set_index("group")
    near, crisp = by_group.loc["near miss"], by_group.loc["crisp"]
    if not (near.customers and crisp.customers) or np.isnan(near.low) or np.isnan(crisp.low):
        text = "There are too few on one side of the crisp rule to compare what they bring."
        return Check(name=say("near misses"), verdict="weak", text=say(text))
    if any(word.of in (answer.study.worth, "mean_order") for word in answer.words):
        text = "The words are about money, so who deserves them less brings less: ask what came after, .against(spend)."
        return Check(name=say("near misses"), verdict="weak", text=say(text))
    return Check(name=say("near misses"), verdict="holds", text=beside(near, crisp))


def beside(near: pd.Series, crisp: pd.Series) -> str:
    """What near misses bring beside those the crisp rule finds, and whether chance alone could make the difference."""
    return say(
        "Each near miss brings {share:percent} of what each of those brings whom the crisp rule finds, and the "
        "difference is within chance."
        if within_chance(near, crisp)
        else "Each near miss brings {share:percent} of what each of those brings whom the crisp rule finds, and that "
        "is no chance.",
        share=near.each / crisp.each if crisp.each else np.nan,
    )


def within_chance(one: pd.Series, other: pd.Series) -> bool:
    """Whether the difference of two means may be nothing, at 95 %, judged by the widths of their intervals."""
    error = np.hypot(one.high - one.low, other.high - other.low) / 2
    return not abs(one.each - other.each) > error  # an unknown width tells nothing apart
