"""What the model would have said earlier: quarters foretold and compared, and whether its answer lasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.media.posterior import Posterior

if TYPE_CHECKING:
    from crm_analytics.effectiveness.media.mix import ChannelMix

DRAWS = 100
LEAST_DAYS = 546
"""So much history a quarter is foretold from at least: a year for the season, half of one to see it again."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Refits:
    """`quarters`: each foretold from the periods before it, its spend, prices and market as they came (starts, sold,
    foretold, error, error_year_ago: shares of sales, period by period). `lasting`: for each channel the interval of its
    return as known a quarter ago, and today's answer about the same periods (low, high, now)."""

    quarters: pd.DataFrame
    lasting: pd.DataFrame

    @property
    def errors(self) -> tuple[float, float]:
        """How far the model and the same weeks of the year before were off, over all quarters: shares of sales."""
        weight = self.quarters["sold"] / self.quarters["sold"].sum()
        return float(weight @ self.quarters["error"]), float(weight @ self.quarters["error_year_ago"])


def tried_before(posterior: Posterior, starts: pd.Series, channels: tuple[str, ...], study: ChannelMix) -> Refits:
    """Learn again from what was known at the end of each of the last quarters."""
    sales, days = posterior.sales, posterior.days
    n, quarter, year = len(sales), 91 // days, 364 // days
    rows, lasting = [], pd.DataFrame()
    for back in range(study.hidden_quarters, 0, -1):
        known = n - back * quarter
        if known * days < LEAST_DAYS:
            continue
        then = posterior.then(known, draws=DRAWS, seed=study.seed)
        ahead = slice(known, known + quarter)
        foretold = then.base[ahead] + then.brought.mean(axis=0).sum(axis=0)[ahead]
        sold, before = sales[ahead], sales[known - year : known - year + quarter]
        rows.append((starts.iloc[known], sold.sum(), foretold.sum(), np.abs(foretold - sold).sum() / sold.sum(),
                     np.abs(before - sold).sum() / sold.sum()))  # fmt: skip
        if back == 1:
            lasting = _lasting(posterior, then, channels, known, study.ends())
    columns = ["starts", "sold", "foretold", "error", "error_year_ago"]
    return Refits(quarters=pd.DataFrame(rows, columns=columns), lasting=lasting)


def _lasting(
    now: Posterior, then: Posterior, channels: tuple[str, ...], known: int, ends: tuple[float, float]
) -> pd.DataFrame:
    rows = []
    for c, name in enumerate(channels):
        spend = now.shapes[c].spend[:known].sum()
        if spend > 0:
            low, high = np.quantile(then.brought[:, c, :known].sum(axis=1), ends)
            rows.append((name, low / spend, high / spend, now.brought[:, c, :known].sum(axis=1).mean() / spend))
    return pd.DataFrame(rows, columns=["channel", "low", "high", "now"])
