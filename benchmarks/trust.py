"""How far the effects can be trusted: coverage, false alarms, power and speed on simulated campaigns of known effect.

    python benchmarks/trust.py [campaigns]        # 200 without an argument; a few minutes on one core
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.lift import Lift
from crm_analytics.effectiveness.unlinked.baseline import Baseline, BaselineResult
from crm_analytics.simulation.campaigns import COINCIDENCES, daily_market, experiment


def trust_in_lift(campaigns: int) -> pd.DataFrame:
    """Randomised campaigns: arms of several sizes, and effects from harm to good."""
    rows = []
    for customers, share in ((10_000, 0.5), (2_000, 0.5), (2_000, 0.9), (1_000, 0.9)):
        for effect in (0.0, 3.0, -2.0):
            answers = []
            for seed in range(campaigns):
                people, truth = experiment(seed, customers=customers, effect=effect, treated_share=share)
                result = Lift().fit(people)
                plain = people.groupby("arm")["outcome_revenue"].mean()
                answers.append((
                    result.low <= truth.effect <= result.high, result.low > 0 or result.high < 0,
                    result.effect - truth.effect, plain["treated"] - plain["control"] - truth.effect,
                ))
            covered, called, error, plain_error = np.array(answers, dtype=float).T
            rows.append({
                "customers": customers, "addressed": share, "effect": effect, "covered": covered.mean(),
                "called": called.mean(), "bias": error.mean(), "error": error.std(), "plain_error": plain_error.std(),
            })
    return pd.DataFrame(rows)


def trust_in_baseline(campaigns: int) -> pd.DataFrame:
    """Campaigns without a link, alone and beside a season, a price cut, a competitor's move; effect 0 and 10 %.

    Errors are shares of what was to be expected; `before_after` is that of the weeks before, the usual plain look.
    """
    rows = []
    for coincides_with in COINCIDENCES:
        for effect in (0.0, 0.1):
            answers = []
            for seed in range(campaigns):
                sales, truth = daily_market(seed, effect=effect, coincides_with=coincides_with)
                began = time.perf_counter()
                result = Baseline(starts=truth.starts, ends=truth.ends).fit(sales)
                seconds = time.perf_counter() - began
                true = _true_effect(truth, sales, result)
                answers.append((
                    result.low <= true <= result.high, result.low > 0 or result.high < 0,
                    (result.effect - true) / result.expected, (result.plain.before_after - true) / result.expected,
                    seconds,
                ))
            covered, called, error, plain_error, seconds = np.array(answers, dtype=float).T
            rows.append({
                "coincides_with": coincides_with, "effect": effect, "covered": covered.mean(), "called": called.mean(),
                "bias": error.mean(), "error": error.std(), "before_after_error": np.sqrt(np.mean(plain_error**2)),
                "seconds": np.median(seconds),
            })
    return pd.DataFrame(rows)


def _true_effect(truth, sales: pd.DataFrame, result: BaselineResult) -> float:
    first = int((sales["day"] < np.datetime64(truth.starts)).sum())
    return truth.within(first, first + len(result.table) - 1)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for title, trust in (("Lift", trust_in_lift), ("Baseline", trust_in_baseline)):
        print(f"{title}, {count} campaigns a row\n{trust(count).round(3).to_string(index=False)}\n", flush=True)
