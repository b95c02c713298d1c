"""Cases, satisfaction and later purchases without a company: what settling a case at once changes is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import stream

REASONS = {"delivery": 0.9, "invoice": 0.8, "defect": 0.5}
"""How often each is settled at once; the seldomer, the more it annoys by itself."""


def settled_cases(
    seed: int, *, cases: int = 3000, gain: float = 0.4, worth: float = 10.0, answer: float = 0.4
) -> pd.DataFrame:
    """Two years of cases in the columns of `features.settled_cases`.

    Whoever is settled at once is `gain` steps more satisfied, on a scale from 1 to 5 whose ends cut nothing off, and
    brings `worth` more in half a year. Defects are settled seldom and satisfy a step less whatever is done; who buys
    more is settled more often, and more satisfied. So a plain comparison finds more than there is.
    """
    rng = stream(seed, "settled cases")
    who = rng.integers(0, cases // 2, cases)
    habit, mood = rng.gamma(2.0, 50.0, cases // 2)[who], rng.normal(0, 0.4, cases // 2)[who]
    reason = rng.choice(list(REASONS), cases)
    easy = np.vectorize(REASONS.get)(reason)
    settled = rng.random(cases) < np.clip(easy + (habit - 100) / 1000, 0.02, 0.98)
    felt = 3.0 + 2.5 * (easy - 0.73) + gain * settled + (habit - 100) / 400 + mood + rng.normal(0, 0.7, cases)
    day = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 730, cases), "D")
    after = habit / 2 * rng.gamma(2.0, 0.5, cases) + worth * settled
    return pd.DataFrame({
        "who": who, "month": day.to_period("M").to_timestamp(), "reason": reason, "channel": "phone",
        "settled": settled.astype(int), "satisfaction": np.where(rng.random(cases) < answer, (felt - 1) / 4, np.nan),
        "lowest": 1.0, "highest": 5.0, "before": (habit * rng.gamma(50.0, 0.02, cases)).round(2),
        "after": np.where(day < pd.Timestamp("2024-07-01"), after.round(2), np.nan), "again_days": 7,
        "within_days": 90, "until": pd.Timestamp("2025-01-01"),
    })  # fmt: skip
