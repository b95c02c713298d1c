"""What was paid long ago, at today's level: prices rise and baskets grow, and a mean over years lags behind both."""

from __future__ import annotations

from dataclasses import dataclass
"""Whether people still are who the score was learned from: the population stability index, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("age_days", "drift_yearly", "drift_error")
"""The columns of `features.habits` that tell of it."""

TWO_YEARS = 730
"""In less, the season of a year passes for a drift."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """By which share (as a logarithm) one and the same customer spends more at a time with every year, and its error.

    `counted` is the share that is counted with: none where it may be chance or the history is too short to tell. Past
    purchases are brought to today's level; that the drift goes on is not foretold.
    """

    yearly: float = 0.0
    error: float = np.inf
    history_days: int = 0

    @classmethod
    def of(cls, people: pd.DataFrame) -> Drift:
        if not set(COLUMNS) <= set(people.columns) or people["drift_error"].isna().all():
            return cls()
        first = people[list(COLUMNS)].iloc[0]
        return cls(
            yearly=float(first["drift_yearly"]), error=float(first["drift_error"]), history_days=int(people["T"].max())
        )

    @property
    def counted(self) -> float:
        sure = abs(self.yearly) > 2 * self.error and self.history_days >= TWO_YEARS
        return self.yearly if sure else 0.0

    def today(self, people: pd.DataFrame, mean_value: np.ndarray) -> np.ndarray:
        """Customers' mean value of a purchase as it would be at today's level."""
        if not self.counted or "age_days" not in people.columns:
            return mean_value
        return mean_value * np.exp(self.counted * people["age_days"].fillna(0).to_numpy(float) / 365)

    def check(self) -> Check:
        """What was found, and what was done about it."""
        if not np.isfinite(self.error):
            text = say("Whether customers spend more at a time than they did, this table does not tell.")
        elif self.history_days < TWO_YEARS:
            text = say(
                "Whether customers spend more at a time than they did cannot be told from less than two years of "
                "history: a season would pass for a rise."
            )
        elif self.counted:
            ends = (np.expm1(self.counted - 2 * self.error), np.expm1(self.counted + 2 * self.error))
            text = say(
                "One and the same customer spends {change:percent} more at a time with every year ({span:percents}): "
                "past purchases are counted at today's level, and no further rise is foretold."
                if self.counted > 0
                else "One and the same customer spends {change:percent} less at a time with every year "
                "({span:percents}): past purchases are counted at today's level, and no further fall is foretold.",
                change=abs(np.expm1(self.counted)),
                span=tuple(sorted(map(abs, ends))),
            )
        else:
            text = say("Customers spend as much at a time as they did, as far as can be told.")
        steady = np.isfinite(self.error) and self.history_days >= TWO_YEARS and not self.counted
        return Check(name=say("level"), verdict="holds" if steady else "weak", text=text)
if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.scorecard import Scorecard

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
