"""A million simulated customers: BG/NBD in this package beside `lifetimes`, on the same data in the same run; then the
whole question, from the table of habits to the interval of every customer, with its time and memory.

    python benchmarks/bench_value.py [--customers N] [--runs N]

Both fits start from the columns x, t_x and T as they are and end with fitted parameters and their standard errors. The
runs alternate, so that a busy machine slows both; medians are compared.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from collections.abc import Callable
from statistics import median

import numpy as np
import pandas as pd

from crm_analytics import CustomerValue
from crm_analytics.planning.customers.buying.bg_nbd import BGNBD

PLANTED = {"r": 0.2426, "alpha": 30.9, "a": 0.7929, "b": 2.4259}
"""The CDNOW customers, in days."""

HISTORY_DAYS = 730
HIDDEN_DAYS = 365


def simulated(customers: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Histories in whole days of customers who joined evenly over two years: repeat purchases, last one, days seen."""
    x, t_x, T, _, _ = _lives(customers, seed)
    return x, t_x, T


def habits(customers: int, seed: int = 1) -> pd.DataFrame:
    """The same customers as a table of `features.habits`, with money."""
    x, t_x, T, x_before, t_x_before = _lives(customers, seed)
    random = np.random.default_rng(seed + 1)
    each = random.standard_gamma(6 * np.maximum(x, 1)) / np.maximum(x, 1) * 15 / random.standard_gamma(3.7, customers)
    known = T > HIDDEN_DAYS
    money = {name: np.where(x > 0, each, np.nan) for name in ("mean_repeat_revenue", "mean_repeat_margin")}
    return pd.DataFrame(
        {
            "customer_id": np.arange(customers),
            **{"x": x, "t_x": t_x, "T": T, "revenue": each * (x + 1), "margin": each * (x + 1), **money},
            "hidden_days": HIDDEN_DAYS,
            "x_before": np.where(known, x_before, np.nan),
            "t_x_before": np.where(known, t_x_before, np.nan),
        }
    )


def _lives(customers: int, seed: int) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(seed)
    T = random.integers(1, HISTORY_DAYS + 1, customers).astype(float)
    rate = random.gamma(PLANTED["r"], 1 / PLANTED["alpha"], customers)
    leaving = random.beta(PLANTED["a"], PLANTED["b"], customers)
    x, t_x, now, x_before, t_x_before = (np.zeros(customers) for _ in range(5))
    buying = np.arange(customers)
    while len(buying):
        now[buying] += random.exponential(1 / rate[buying])
        buying = buying[now[buying] < T[buying]]
        x[buying] += 1
        t_x[buying] = np.floor(now[buying])
        early = buying[now[buying] < T[buying] - HIDDEN_DAYS]
        x_before[early], t_x_before[early] = x[early], t_x[early]
        buying = buying[random.random(len(buying)) > leaving[buying]]
    return x, t_x, T, x_before, t_x_before


def with_this_package(x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
    return BGNBD.fit(x, t_x, T).parameters


def with_lifetimes(x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
    from lifetimes import BetaGeoFitter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return BetaGeoFitter().fit(x, t_x, T).params_.to_numpy()


def timed(fit: Callable[..., np.ndarray], histories: tuple[np.ndarray, ...]) -> tuple[float, np.ndarray]:
    began = time.perf_counter()
    parameters = fit(*histories)
    return time.perf_counter() - began, parameters


def compared(customers: int, runs: int) -> str:
    """The table: seconds, parameters and log-likelihood of both, and how many times faster the one is."""
    few, histories = simulated(1_000), simulated(customers)
    fits = {"crm_analytics": with_this_package, "lifetimes": with_lifetimes}
    for fit in fits.values():
        fit(*few)  # imports and first calls are not what is measured
    seconds, found = {name: [] for name in fits}, {}
    for _ in range(runs):
        for name, fit in fits.items():
            took, found[name] = timed(fit, histories)
            seconds[name].append(took)
    lines = [
        f"BG/NBD on {customers:,} customers ({int((histories[0] > 0).sum()):,} came back), median of {runs} runs",
        f"{'':<14}{'seconds':>9}{'r':>9}{'alpha':>9}{'a':>9}{'b':>9}{'log-likelihood':>18}",
        f"{'planted':<14}{'':>9}" + "".join(f"{value:>9.4f}" for value in PLANTED.values()),
    ]
    for name in fits:
        likelihood = BGNBD.at(found[name]).log_likelihood(*histories)
        numbers = "".join(f"{value:>9.4f}" for value in found[name])
        lines.append(f"{name:<14}{median(seconds[name]):>9.3f}{numbers}{likelihood:>18,.2f}")
    ratio = median(seconds["lifetimes"]) / median(seconds["crm_analytics"])
    return "\n".join([*lines, f"crm_analytics is {ratio:.1f} times as fast"])


def whole(customers: int) -> str:
    """Time and memory of the whole question; the table it reads is there before the clock starts."""
    people = habits(customers)
    CustomerValue().fit(people.head(2_000))
    before, began = _peak_gb(), time.perf_counter()
    value = CustomerValue().fit(people)
    took = time.perf_counter() - began
    return (
        f"The whole of CustomerValue, an interval for each of {customers:,} customers included: {took:.1f} s, "
        f"{_peak_gb():.2f} GB at most ({before:.2f} GB before it began)\n{value.text}\n{value.choice.text}"
    )


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    print(whole(chosen.customers))
    print(compared(chosen.customers, chosen.runs))
