"""A million ways from advertisement to order: the exact Markov chain of this package beside `ChannelAttribution`, which
simulates it, on the same data in the same run; then the whole question, every rule and every interval included.

    pip install ChannelAttribution
    python benchmarks/bench_attribution.py [--ways N] [--channels N] [--runs N]

Both start from the same frame with a way a row and end with the conversions of each channel (first order). The runs
alternate, so that a busy machine slows both; medians are compared. The largest difference between the two is chance in
the peer's simulation.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pandas as pd

from crm_analytics import Attribution
from crm_analytics.effectiveness.paths.markov import Chain
from crm_analytics.effectiveness.paths.ways import Ways


def simulated(ways: int, channels: int, seed: int = 1) -> pd.DataFrame:
    """So many ways of 1 to 12 touches, one in ten with an order, each channel with followers of its own."""
    random = np.random.default_rng(seed)
    names = np.array([f"channel {i:02d}" for i in range(channels)])
    follows = random.dirichlet(np.full(channels, 0.5), channels).cumsum(axis=1)
    length = random.geometric(0.25, ways).clip(max=12)
    touches = np.empty((ways, 12), dtype=np.int64)
    touches[:, 0] = random.integers(0, channels, ways)
    for place in range(1, 12):
        spin = random.random(ways)
        touches[:, place] = (follows[touches[:, place - 1]] < spin[:, None]).sum(axis=1).clip(max=channels - 1)
    path = [" > ".join(names[row[:n]]) for row, n in zip(touches, length, strict=True)]
    won = (random.random(ways) < 0.05 + 0.1 * (touches[:, 0] % 3 == 0)).astype(np.int64)
    value = np.where(won > 0, random.gamma(2.0, 40.0, ways).round(2), 0.0)
    return pd.DataFrame({"path": path, "conversions": won, "value": value, "lost": 1 - won})


def with_this_package(frame: pd.DataFrame) -> dict[str, float]:
    ways = Ways.of(frame)
    share, _ = Chain.of(ways, 1).removal(ways.conversions, ways.value, ways.lost)
    return dict(zip(ways.names, share * ways.conversions.sum(), strict=True))


def with_channel_attribution(frame: pd.DataFrame) -> dict[str, float]:
    import ChannelAttribution

    told = ChannelAttribution.markov_model(
        frame, "path", "conversions", var_null="lost", order=1, sep=">", verbose=False, flg_pro=False
    )
    told = told["result"] if isinstance(told, dict) else told
    return dict(zip(told["channel_name"], told["total_conversions"], strict=True))


def timed(model: Callable[[pd.DataFrame], dict[str, float]], frame: pd.DataFrame) -> tuple[float, dict[str, float]]:
    began = time.perf_counter()
    found = model(frame)
    return time.perf_counter() - began, found


def compared(frame: pd.DataFrame, runs: int) -> str:
    """The table: seconds of both, and how far apart their credits are."""
    models = {"crm_analytics": with_this_package, "ChannelAttribution": with_channel_attribution}
    seconds, found = {name: [] for name in models}, {}
    for name, model in models.items():
        try:
            model(frame.head(1000))  # imports and first calls are not what is measured
        except ImportError:
            print(f"{name} is not installed: it is left out.")
    for _ in range(runs):
        for name, model in models.items():
            try:
                took, found[name] = timed(model, frame)
            except ImportError:
                continue
            seconds[name].append(took)
    lines = [f"First-order Markov chain on {len(frame):,} ways, median of {runs} runs"]
    lines += [f"{name:<20}{median(took):>9.2f} s" for name, took in seconds.items() if took]
    if len(found) == 2:
        ours, theirs = found.values()
        apart = max(abs(ours[name] - theirs[name]) / ours[name] for name in ours)
        lines.append(f"largest difference of a channel's credit: {100 * apart:.2f} %")
        lines.append(
            f"crm_analytics takes {median(seconds['crm_analytics']) / median(seconds['ChannelAttribution']):.2f} times "
            "as long"
        )
    return "\n".join(lines)


def whole(frame: pd.DataFrame) -> str:
    """Time and memory of the whole question."""
    Attribution().fit(frame.head(5_000))
    before, began = _peak_gb(), time.perf_counter()
    result = Attribution().fit(frame)
    took = time.perf_counter() - began
    return (
        f"The whole of Attribution, eight models with intervals and the choice of the chain's memory, on "
        f"{len(frame):,} ways: {took:.1f} s, {_peak_gb():.2f} GB at most ({before:.2f} GB before it began)\n"
        f"{result.text}"
    )


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ways", type=int, default=1_000_000)
    parser.add_argument("--channels", type=int, default=12)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    table = simulated(chosen.ways, chosen.channels)
    print(compared(table, chosen.runs))
    print(whole(table))
