"""What some people share and others do not: every column asked, chance allowed for, said in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.scores.steps import as_number, is_day, is_number
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

FEWEST = 20
"""A word that fewer people have is not compared."""


def shared(people: pd.DataFrame, columns: list[str], *, false_share: float) -> pd.DataFrame:
    """Where those with `target` 1 differ from the rest: `what`, `column`, `theirs`, `others`, `times`, `low`, `high`,
    `told`; the clearest first.

    A word: the share who have it; a number: the share above the middle of all. `times` is the one share over the
    other. Kept are the differences of which at most `false_share` are chance (Benjamini, Hochberg 1995).
    """
    import pandas as pd

    best = people["target"].to_numpy(float) == 1
    rows = []
    for column in columns:
        values = people[column]
        if is_day(values):  # the days since then say it
            continue
        if is_number(values):
            numbers = as_number(values, people)
            known = ~np.isnan(numbers)
            if known.sum() < 2 * FEWEST or len(np.unique(numbers[known])) < 2:
                continue
            middle = float(np.median(numbers[known]))
            above = numbers > middle
            if not 0 < above[known].sum() < known.sum():
                continue
            told = [float(np.median(numbers[known & side])) for side in (best, ~best) if (known & side).any()]
            rows.append((say("{column} above {x:number}", column=_plain(column), x=middle), column,
                         *_times(above[known], best[known]), told))  # fmt: skip
        else:
            known = values.notna().to_numpy()
            texts = values.astype("str")
            for word, count in texts[known].value_counts().items():
                if FEWEST <= count <= known.sum() - FEWEST:
                    has = (texts == word).to_numpy()
                    rows.append((say("{column}: {word}", column=_plain(column), word=word), column,
                                 *_times(has[known], best[known]), None))  # fmt: skip
    names = ["what", "column", "theirs", "others", "times", "low", "high", "p", "medians"]
    table = pd.DataFrame(rows, columns=names)
    if table.empty:
        return table.assign(told=[]).drop(columns=["p", "medians"])
    table = table.sort_values(["p", "what"], ignore_index=True)
    passed = np.flatnonzero(table["p"] <= false_share * (np.arange(len(table)) + 1) / len(table))
    table = table.head(int(passed[-1]) + 1 if len(passed) else 0)
    table = table.assign(told=[_told(row) for row in table.itertuples()])
    return table.drop(columns=["p", "medians"])


def _times(has: np.ndarray, best: np.ndarray) -> tuple[float, float, float, float, float, float]:
    """Both shares, their ratio with its interval, and how surprising it is by chance (log ratio, one half added)."""
    from scipy.special import ndtr

    n, m = max(best.sum(), 1), max((~best).sum(), 1)
    a, b = has[best].sum(), has[~best].sum()
    theirs, others = (a + 0.5) / (n + 1), (b + 0.5) / (m + 1)
    ratio = np.log(theirs / others)
    error = np.sqrt((1 - theirs) / (a + 0.5) + (1 - others) / (b + 0.5))
    p = 2 * ndtr(-abs(ratio / max(error, 1e-9)))
    low, high = np.exp(ratio - 1.96 * error), np.exp(ratio + 1.96 * error)
    return a / n, b / m, float(np.exp(ratio)), float(low), float(high), float(p)


def _told(row: object) -> str:
    said = say("{theirs:percent} of them, {others:percent} of the others", theirs=row.theirs, others=row.others)
    if isinstance(row.medians, list) and len(row.medians) == 2:
        said += say(" (middle {a:number} against {b:number})", a=row.medians[0], b=row.medians[1])
    return said


def _plain(column: str) -> str:
    return column.replace("_", " ")
