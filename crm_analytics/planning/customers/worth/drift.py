"""What was paid long ago, at today's level: prices rise and baskets grow, and a mean over years lags behind both."""

from __future__ import annotations

from dataclasses import dataclass
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
