"""BG/NBD on a million simulated customers: this package beside `lifetimes`, on the same data in the same run.

    python benchmarks/bench_value.py [--customers N] [--runs N]

Both start from the columns x, t_x and T as they are and end with fitted parameters and their standard errors. The
runs alternate, so that a busy machine slows both; medians are compared.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from statistics import median

import numpy as np

from crm_analytics.planning.customers.bg_nbd import BGNBD

PLANTED = {"r": 0.2426, "alpha": 30.9, "a": 0.7929, "b": 2.4259}
"""The CDNOW customers, in days."""

HISTORY_DAYS = 730


def simulated(customers: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Histories in whole days of customers who joined evenly over two years: repeat purchases, last one, days seen."""
    random = np.random.default_rng(seed)
    T = random.integers(1, HISTORY_DAYS + 1, customers).astype(float)
    rate = random.gamma(PLANTED["r"], 1 / PLANTED["alpha"], customers)
    leaving = random.beta(PLANTED["a"], PLANTED["b"], customers)
    x, t_x, now = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    buying = np.arange(customers)
    while len(buying):
        now[buying] += random.exponential(1 / rate[buying])
        buying = buying[now[buying] < T[buying]]
        x[buying] += 1
        t_x[buying] = np.floor(now[buying])
        buying = buying[random.random(len(buying)) > leaving[buying]]
    return x, t_x, T


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    print(compared(chosen.customers, chosen.runs))
