"""Three years of weeks, four channels: the channel mix beside what a user would else write, least squares by scipy with
a residual bootstrap, on the same simulated companies in the same run; time, and how often intervals hold the truth.

    python benchmarks/bench_mix.py [--companies N] [--draws N]

The peer is told that carry-over is geometric and saturation logistic, and gets the same season, trend, prices and
market as regressors; each redraw starts from the first fit. Samplers of a full posterior take minutes.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd
from scipy.optimize import least_squares
from scipy.signal import lfilter

from crm_analytics import ChannelMix
from crm_analytics.effectiveness.media.course import Influences
from crm_analytics.simulation.media import CHANNELS, TRAPS, media_market


def by_least_squares(sales: pd.DataFrame, draws: int, seed: int) -> dict[str, tuple[float, float]]:
    """Intervals of each channel's return by a residual bootstrap of a non-linear least squares fit."""
    y = sales["revenue"].to_numpy() / sales["revenue"].mean()
    known = np.column_stack([np.ones(len(y)), Influences.of(sales, 7).values])
    spend = sales[[f"spend_{name}" for name in CHANNELS]].to_numpy().T
    scaled = spend / spend.mean(axis=1, keepdims=True)

    def felt(shape: np.ndarray) -> np.ndarray:
        carried = [lfilter([1 - a], [1, -a], x) for a, x in zip(shape[:4], scaled, strict=True)]
        return np.array([np.tanh(k * s) for k, s in zip(shape[4:8], carried, strict=True)])

    def missed(guess: np.ndarray, target: np.ndarray) -> np.ndarray:
        return guess[8:12] @ felt(guess) + known @ guess[12:] - target

    start = np.r_[np.full(4, 0.3), np.full(4, 0.7), np.full(4, 0.05), np.zeros(known.shape[1])]
    low = np.r_[np.zeros(12), np.full(known.shape[1], -np.inf)]
    high = np.r_[np.full(4, 0.95), np.full(4, 20.0), np.full(4, 2.0), np.full(known.shape[1], np.inf)]

    def fitted(target: np.ndarray, guess: np.ndarray) -> np.ndarray:
        return least_squares(missed, np.clip(guess, low + 1e-6, high - 1e-6), bounds=(low, high), args=(target,)).x

    best = fitted(y, start)
    rest, random = -missed(best, y), np.random.default_rng(seed)
    unit, returns = sales["revenue"].mean() / spend.sum(axis=1), []
    for _ in range(draws):
        drawn = fitted(y - rest + random.choice(rest, len(y)), best)
        returns.append(drawn[8:12] * felt(drawn).sum(axis=1) * unit)
    ends = np.quantile(returns, [0.025, 0.975], axis=0)
    return dict(zip(CHANNELS, ends.T, strict=True))


def by_this_package(sales: pd.DataFrame, draws: int, seed: int) -> dict[str, tuple[float, float]]:
    table = ChannelMix(draws=draws, hidden_quarters=0, seed=seed).fit(sales).table.set_index("channel")
    return {name: (table.roas_low[name], table.roas_high[name]) for name in CHANNELS}


def compared(companies: int, draws: int) -> str:
    peers = {"crm_analytics": by_this_package, "least squares, bootstrap": by_least_squares}
    seconds, held = dict.fromkeys(peers, 0.0), dict.fromkeys(peers, 0)
    ChannelMix(draws=100).fit(media_market(99)[0])
    for seed in range(companies):
        sales, truth = media_market(seed, trap=TRAPS[seed % 4])
        for name, peer in peers.items():
            began = time.perf_counter()
            told = peer(sales, draws, seed)
            seconds[name] += time.perf_counter() - began
            held[name] += sum(low <= truth.roas[c] <= high for c, (low, high) in told.items())
    lines = [f"156 weeks, 4 channels, {draws} draws, {companies} companies: seconds a company, intervals that hold"]
    lines += [f"{n:<26}{seconds[n] / companies:>8.2f} s{held[n] / 4 / companies:>9.0%}" for n in peers]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--companies", type=int, default=4)
    parser.add_argument("--draws", type=int, default=100)
    chosen = parser.parse_args()
    print(compared(chosen.companies, chosen.draws))
