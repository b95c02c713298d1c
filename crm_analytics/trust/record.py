"""The record of all trials: sums a situation, so that a page can show what hundreds of simulated companies came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from crm_analytics.trust.trials import Situation, Trial

RECORD = Path(__file__).with_name("record.csv")
"""What `make trust` last found, a situation a row; it is part of the package."""
PROCESSES = 2
DIGITS = 6


def record(
    situations: Iterable[Situation], trials: int, progress: Callable[[str], None] = lambda _: None
) -> pd.DataFrame:
    """Try each situation so many times, with the seeds from 0: a row each, see `summed`."""
    rows = []
    with ProcessPoolExecutor(PROCESSES) as processes:
        for situation in situations:
            progress(f"{situation.estimator}: {situation.words}")
            drawn = list(processes.map(situation.draw, range(trials), chunksize=max(trials // 20, 1)))
            rows.append(summed(situation, drawn))
    return pd.DataFrame(rows)


def summed(situation: Situation, trials: list[Trial]) -> dict[str, object]:
    """A situation's row: estimator, situation, randomised; trials, refused; truth (mean); covered and called (how many
    intervals held the truth, and how many left zero behind on the truth's side, or on either where the truth is zero);
    bias, error and naive_error (mean, and roots of mean squares, as shares of the scale); and seed 0's answer, by which
    a reader can tell whether the record is of the code at hand."""
    told = pd.DataFrame([vars(trial) for trial in trials])
    said = told[told["estimate"].notna()]
    error, naive = ((said[c] - said["truth"]) / said["scale"] for c in ("estimate", "naive"))
    up, down = (said["low"] > 0) & (said["truth"] >= 0), (said["high"] < 0) & (said["truth"] <= 0)
    first = told.iloc[0]
    return {
        "estimator": situation.estimator, "situation": situation.words, "randomised": situation.randomised,
        "trials": len(told), "refused": len(told) - len(said),
        "truth": _rounded((told["truth"] / told["scale"]).mean()),
        "covered": int(((said["low"] <= said["truth"]) & (said["truth"] <= said["high"])).sum()),
        "called": int((up | down).sum()), "bias": _rounded(error.mean()), "error": _rounded(_root_mean_square(error)),
        "naive_error": _rounded(_root_mean_square(naive)),
        **{f"first_{name}": _rounded(first[name] / first["scale"]) for name in ("estimate", "low", "high")},
    }  # fmt: skip


def _root_mean_square(values: pd.Series) -> float:
    return float(np.sqrt((values**2).mean()))


def _rounded(value: float) -> float:
    return round(float(value), DIGITS)
