"""What changed between two periods, part by part: shares, contributions, and of a ratio what is rate and what mix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.cut.sales_cut import GRAIN
from crm_analytics.planning.customers.cut.sales_measures import DISTINCT

if TYPE_CHECKING:
    from crm_analytics.planning.customers.cut.sales_measures import Measure

SIDES = ("before", "now")


@dataclass(frozen=True, kw_only=True)
class Total:
    """The whole that the parts are of, and the range in which its change would be ordinary.

    `rate` and `mix` split the change of a ratio, to the last digit: what the parts' own values brought, and what came
    of their weights shifting. `overlap` is by how much the parts together exceed the whole, in each period, where one
    customer or order is counted in several parts; else 0.
    """

    before: float
    now: float
    change: float
    change_share: float
    rate: float = float("nan")
    mix: float = float("nan")
    overlap: tuple[float, float] = (0.0, 0.0)
    ordinary_low: float = float("nan")
    ordinary_high: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class Reversal:
    """A whole that moved one way while the parts that hold most of it moved the other: `weight` is their share."""

    weight: float
    against: tuple[int, ...]
    along: tuple[int, ...]


def compared(parts: pd.DataFrame, whole: pd.DataFrame, measure: Measure) -> tuple[pd.DataFrame, Total]:
    """Parts and whole (one row each, columns `<sum>_before` and `<sum>_now`) as values, changes and contributions."""
    if measure.under:
        return _ratios(parts, whole, measure)
    (before, now), (all_before, all_now) = _sums(parts, measure.top), _sums(whole, measure.top)
    change, all_change = now - before, int(all_now[0] - all_before[0])
    scale = _scale(measure.top)
    table = pd.DataFrame(
        {
            "before": before / scale,
            "now": now / scale,
            "change": change / scale,
            "change_share": _over(change, np.where(before > 0, before, 0)),
            "share_before": _over(before, all_before[0]),
            "share_now": _over(now, all_now[0]),
            "contribution": _over(change, all_change),
        }
    )
    total = Total(
        before=all_before[0] / scale, now=all_now[0] / scale, change=all_change / scale,
        change_share=all_change / all_before[0] if all_before[0] > 0 else np.nan,
        overlap=_overlap(parts, whole, measure.top),
    )  # fmt: skip
    return table, total


def value_of(sums: pd.DataFrame, measure: Measure) -> np.ndarray:
    """What the sums of each row come to."""
    top = _real(sums[measure.top].to_numpy(), measure.top)
    if not measure.under:
        return top
    under = _real(sums[measure.under].to_numpy(), measure.under)
    return _over(top, np.where(under > 0, under, 0))


def reversal(table: pd.DataFrame, total: Total) -> Reversal | None:
    """The parts that moved against the whole, where they hold more than half of it (Simpson, 1951)."""
    direction = np.sign(table.change.fillna(0).to_numpy()) * np.sign(total.change)
    weight = (table.share_before.abs() + table.share_now.abs()).to_numpy() / 2
    if not total.change or not np.isfinite(weight).all() or not weight.sum():
        return None
    held = float(weight[direction < 0].sum() / weight.sum())
    if held <= 0.5:
        return None
    largest = np.argsort(-weight, kind="stable")
    return Reversal(
        weight=held,
        against=tuple(int(i) for i in largest if direction[i] < 0),
        along=tuple(int(i) for i in largest if direction[i] > 0),
    )


def _ratios(parts: pd.DataFrame, whole: pd.DataFrame, measure: Measure) -> tuple[pd.DataFrame, Total]:
    """A ratio's change split as Bennet (1920) does: w̄·Δr is rate, Δw·(r̄ − R̄) is mix, and their sum is the change.

    w is a part's share in the denominator, r its own ratio, R that of the whole, a bar the mean of both periods.
    """
    tops = [_real(sums, measure.top) for sums in _sums(parts, measure.top)]
    unders = [_real(sums, measure.under) for sums in _sums(parts, measure.under)]
    all_tops = [_real(sums, measure.top)[0] for sums in _sums(whole, measure.top)]
    all_unders = [_real(sums, measure.under)[0] for sums in _sums(whole, measure.under)]
    own = [_over(top, np.where(under > 0, under, 0)) for top, under in zip(tops, unders, strict=True)]
    weights = [under / (of or np.nan) for under, of in zip(unders, all_unders, strict=True)]
    ratio = [top / under if under > 0 else np.nan for top, under in zip(all_tops, all_unders, strict=True)]
    overlap = _overlap(parts, whole, measure.under)
    middle = 0.0 if any(overlap) else (ratio[0] + ratio[1]) / 2  # where parts overlap the weights have no fixed sum
    filled = [np.where(np.isnan(own[i]), np.nan_to_num(own[1 - i]), own[i]) for i in (0, 1)]
    shift = weights[1] - weights[0]
    effect = tops[1] / (all_unders[1] or np.nan) - tops[0] / (all_unders[0] or np.nan)
    carried = shift * (filled[0] + filled[1]) / 2
    change = ratio[1] - ratio[0]
    mix = carried - shift * middle
    table = pd.DataFrame(
        {
            "before": own[0],
            "now": own[1],
            "change": own[1] - own[0],
            "change_share": _over(own[1] - own[0], np.where(own[0] > 0, own[0], 0)),
            "share_before": weights[0],
            "share_now": weights[1],
            "rate": effect - carried,
            "mix": mix,
            "contribution": _over(effect - shift * middle, change),
        }
    )
    total = Total(
        before=ratio[0], now=ratio[1], change=change, change_share=change / ratio[0] if ratio[0] > 0 else np.nan,
        rate=float((effect - carried).sum()), mix=float(mix.sum()), overlap=overlap,
    )  # fmt: skip
    return table, total


def _sums(parts: pd.DataFrame, name: str) -> list[np.ndarray]:
    return [parts[f"{name}_{side}"].to_numpy() for side in SIDES]


def _overlap(parts: pd.DataFrame, whole: pd.DataFrame, name: str) -> tuple[float, float]:
    before, now = (
        int(part.sum() - of[0]) / _scale(name) for part, of in zip(_sums(parts, name), _sums(whole, name), strict=True)
    )
    return before, now


def _scale(name: str) -> int:
    return 1 if name in DISTINCT else GRAIN


def _real(sums: np.ndarray, name: str) -> np.ndarray:
    return sums / _scale(name)


def _over(top: np.ndarray, under: np.ndarray | float) -> np.ndarray:
    under = np.asarray(under, dtype=float)
    return np.asarray(top, dtype=float) / np.where(under == 0, np.nan, under)
