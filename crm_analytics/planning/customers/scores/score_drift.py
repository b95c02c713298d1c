"""Whether people still are who the score was learned from: the population stability index, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.scores.scorecard import Scorecard

NOTICED, LARGE = 0.1, 0.25
"""The rule of thumb of credit scoring: below the first nothing to see, above the second learn again (Siddiqi 2006)."""

SCORE = "the score itself"


def drifted(card: Scorecard, then: pd.DataFrame, now: pd.DataFrame, *, draws: int, seed: int) -> pd.DataFrame:
    """How far each column and the score moved between two groups of people: `column`, `psi`, `low`, `high`.

    Columns that a score does not use do not matter and are not looked at. The largest first.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    scores = [card.log_odds(frame) for frame in (then, now)]
    edges = np.unique(np.quantile(scores[0], np.linspace(0.1, 0.9, 9)))
    rows = [(SCORE, *_index(*(np.searchsorted(edges, s) for s in scores), len(edges) + 1, draws, rng))]
    for one in card.steps:
        grouped = (np.linspace(0, 9.999, one.count - 1)).astype(int) + 1 if one.kind == "number" else None
        codes = [one.of(frame) for frame in (then, now)]
        if grouped is not None and one.count > 11:
            table = np.r_[0, grouped]
            codes = [table[c] for c in codes]
        rows.append((one.column, *_index(*codes, one.count, draws, rng)))
    table = pd.DataFrame(rows, columns=["column", "psi", "low", "high"])
    return table.sort_values(["psi", "column"], ascending=[False, True], ignore_index=True)


def _index(then: np.ndarray, now: np.ndarray, count: int, draws: int, rng: np.random.Generator) -> tuple[float, ...]:
    """Σ (q − p)·ln(q/p) over steps, less what chance alone brings; and where 19 of 20 resamplings lie."""
    p, q = (np.bincount(codes, minlength=count).astype(float) for codes in (then, now))
    drawn = [np.vstack([x, rng.multinomial(int(x.sum()), x / x.sum(), draws)]) + 0.5 for x in (p, q)]
    shares = [x / x.sum(axis=1, keepdims=True) for x in drawn]
    found = ((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum(axis=1)
    used = int(((p + q) > 0).sum())
    chance = (used - 1) * (1 / p.sum() + 1 / q.sum())
    low, high = np.maximum(np.quantile(found[1:] - 2 * chance, (0.025, 0.975)), 0)
    return float(max(found[0] - chance, 0)), float(low), float(high)
