"""What each of many stores would have sold without a campaign: all of them here, beside what a user would otherwise
take for one store after the other (statsmodels' UnobservedComponents with the same influences, and Prophet).

    python benchmarks/bench_baseline.py [--stores N] [--peers N]

The peers are timed on a few stores, whose time is multiplied up; every one starts from the same table and ends with the
effect on the campaign's days and its interval. Coverage is of the planted effect, on those stores.
"""

from __future__ import annotations

import argparse
import logging
import time
import warnings

import numpy as np
import pandas as pd

from crm_analytics import LocalEffects
from crm_analytics.effectiveness.unlinked.influences import Series
from crm_analytics.simulation.panel import side_by_side


def unobserved_components(series: Series) -> tuple[float, float]:
    """A local level with a regression, fitted by maximum likelihood, as ports of CausalImpact do."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    start, ahead = series.start, len(series.actual) - series.start
    known = series.influences[:, series.influences[:start].std(axis=0) > 1e-9]
    model = UnobservedComponents(series.actual[:start], level="local level", exog=known[:start])
    fitted = model.fit(disp=False, maxiter=50)
    paths = fitted.simulate(ahead, anchor="end", exog=known[start:], repetitions=200, rng=np.random.default_rng(1))
    paths = np.asarray(paths).reshape(ahead, -1)
    gains = series.actual[start:].sum() - paths.sum(axis=0)
    return tuple(np.quantile(gains, [0.025, 0.975]))


def prophet(series: Series) -> tuple[float, float]:
    """Prophet with the same prices as regressors, and its own weeks and years."""
    from prophet import Prophet

    frame = pd.DataFrame({"ds": pd.to_datetime(series.days), "y": series.actual / series.unit})
    model = Prophet(seasonality_mode="multiplicative", uncertainty_samples=500)
    for place, name in enumerate(series.names):
        if name in ("price_index", "competitor_index", "holiday"):
            frame[name] = series.influences[:, place]
            model.add_regressor(name)
    model.fit(frame[: series.start])
    paths = model.predictive_samples(frame[series.start :])["yhat"]
    gains = series.actual[series.start :].sum() - series.unit * paths.sum(axis=0)
    return tuple(np.quantile(gains, [0.025, 0.975]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stores", type=int, default=200)
    parser.add_argument("--peers", type=int, default=3)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    for noisy in ("cmdstanpy", "prophet"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    sales, planted = side_by_side(1, units=asked.stores, treated=asked.stores // 2, effect=0.1)
    began, busy = time.perf_counter(), time.process_time()
    result = LocalEffects().fit(sales)
    took, busy = time.perf_counter() - began, time.process_time() - busy
    inside = planted.brought[planted.brought["day"] <= pd.Timestamp(result.until)]
    brought = inside.groupby("unit")["revenue"].sum()
    table = result.table.set_index("unit")
    covered = [row.low <= brought.get(unit, 0.0) <= row.high for unit, row in table.iterrows()]
    print(f"{asked.stores} stores, {sales['day'].nunique()} days each")
    print(f"here                    {took:8.1f} s  ({busy:.1f} s of processor)  covers {np.mean(covered):.0%}")
    start = int((sales["day"].drop_duplicates() < pd.Timestamp(result.starts)).sum())
    end = int((sales["day"].drop_duplicates() <= pd.Timestamp(result.until)).sum())
    some = list(table.index[:: max(1, len(table) // asked.peers)][: asked.peers])
    series = {u: Series.of(sales[sales["unit"] == u].iloc[:end].reset_index(drop=True), "revenue", start) for u in some}
    for name, peer in (("UnobservedComponents", unobserved_components), ("Prophet", prophet)):
        began, covered = time.perf_counter(), []
        for unit, one in series.items():
            low, high = peer(one)
            covered.append(low <= brought.get(unit, 0.0) <= high)
        each = (time.perf_counter() - began) / len(some)
        print(f"{name:20} {each * asked.stores:11.1f} s  ({each:.2f} s a store)  covers {sum(covered)} of {len(some)}")


if __name__ == "__main__":
    main()
