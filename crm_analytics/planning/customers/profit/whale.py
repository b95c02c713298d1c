"""The whale curve: cumulative profit of customers from the best to the worst; it rises above the profit there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

POINTS = 200
MOST_DRAWN = 50_000_000
"""So many customers × draws at most: of a million customers fewer draws tell as much."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Whale:
    """`customers` (share, from 0) and `profit` (cumulative, in money) are the curve; its `peak` is what the profitable
    earn as a share of the `total`, reached by the best `peak_at` of customers. With intervals of 95 % over which
    customers a company happens to have (Efron 1979)."""

    customers: np.ndarray
    profit: np.ndarray
    total: float
    total_low: float
    total_high: float
    peak: float
    peak_low: float
    peak_high: float
    peak_at: float


def whale(profits: np.ndarray, *, draws: int, seed: int) -> Whale:
    """The curve of these profits, which come sorted, the best first."""
    count = len(profits)
    so_far = np.concatenate([[0.0], np.cumsum(profits)])
    shown = np.unique(np.concatenate([np.linspace(0, count, POINTS + 1).round(), [np.argmax(so_far)]]).astype(int))
    total, earned = float(profits.sum()), float(profits[profits > 0].sum())
    totals, peaks = _again(profits, draws=max(50, min(draws, MOST_DRAWN // count)), seed=seed)
    low, high = np.quantile(totals, [0.025, 0.975])
    peak_low, peak_high = np.quantile(peaks, [0.025, 0.975], method="nearest")
    return Whale(
        customers=shown / count,
        profit=so_far[shown],
        total=total,
        total_low=float(low),
        total_high=float(high),
        peak=earned / total if total else float("nan"),
        peak_low=float(peak_low),
        peak_high=float(peak_high),
        peak_at=float((profits >= 0).mean()),
    )


def _again(profits: np.ndarray, *, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The total, and the peak as a share of it, had other customers of the same kind come."""
    rng = np.random.default_rng(seed)
    gains = profits.clip(min=0)
    totals, peaks = np.empty(draws), np.empty(draws)
    for draw in range(draws):
        times = rng.poisson(1.0, len(profits))
        totals[draw] = times @ profits
        peaks[draw] = (times @ gains) / totals[draw] if totals[draw] > 0 else np.inf
    return totals, peaks
