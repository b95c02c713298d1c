"""How far the forecasts of one Study may be trusted: how often facts lay within, how far off they were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm_analytics.result.chance import share_interval
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.diary.diary import Diary
    from crm_analytics.effectiveness.diary.drifting import Change

LEVEL = 0.95
"""Of the diary's own intervals."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What became of the forecasts of one Study, measure and kind; the columns of the Result, and what to do."""

    kind: str
    study: str
    measure: str
    forecasts: int
    spells: int
    inside: float
    low: float
    high: float
    promised: float
    bias: float
    bias_low: float
    bias_high: float
    width: float
    needed: float
    error: float
    naive_error: float
    drift_p: float
    changed: Change
    first: date
    last: date
    verdict: str
    advice: str
    broken: bool
    """Whether it is beyond chance that they promise what they do not keep, lean to one side, or grow worse."""

    @property
    def stretch(self) -> float:
        return self.needed / self.width if self.width else float("nan")

    def row(self) -> dict[str, Any]:
        """As a row of the Result's table."""
        names = ("kind", "study", "measure", "verdict", "forecasts", "spells", "inside", "low", "high", "promised",
                 "bias", "bias_low", "bias_high", "width", "needed", "stretch", "error", "naive_error",
                 "drift_p")  # fmt: skip
        return {name: getattr(self, name) for name in names}


def spells(scored: pd.DataFrame) -> pd.Series:
    """To which spell of days each claim belongs: claims that share more than half of their days are of one spell.

    What moved sales in those days moved all of them, so a spell, not a claim, is what counts as one more proof.
    """
    order = scored.sort_values(["first", "last"], kind="stable")
    numbers, number, until = [], -1, None
    for first, last in zip(order["first"], order["last"], strict=True):
        if until is None or (until - first).days + 1 <= ((last - first).days + 1) / 2:
            number, until = number + 1, last
        numbers.append(number)
    return pd.Series(numbers, index=order.index).reindex(scored.index)


def covered(scored: pd.DataFrame) -> tuple[float, float, float]:
    """The share of facts within, and its interval: Wilson's, on as many claims as the spells are worth."""
    inside = scored["inside"].to_numpy(float)
    n, share = len(inside), float(inside.mean())
    sums = pd.Series(inside - share).groupby(spells(scored).to_numpy()).sum()
    worth = len(sums)  # where all lay within, nothing shows how far claims of a spell go together: a spell counts once
    if 0 < share < 1:
        worth = float(np.clip(n * n * share * (1 - share) / (sums**2).sum(), len(sums), n))
    low, high = share_interval(share * worth, worth, confidence=LEVEL)
    return share, float(low), float(high)


def record(scored: pd.DataFrame, *, study: Diary, changed: Change, drift_p: float) -> Record:
    """Everything about the forecasts of one Study, measure and kind."""
    inside, low, high = covered(scored)
    promised = float(scored["confidence"].mean())
    each = spells(scored)
    value, actual = scored["value"].to_numpy(float), scored["actual"].to_numpy(float)
    size = np.maximum(np.abs(actual), np.abs(value)).clip(min=1e-12)
    off = (value - actual) / size
    bias = _mean(pd.Series(off).groupby(each.to_numpy()).mean().to_numpy())
    half = ((scored["high"] - scored["low"]) / 2).to_numpy(float)
    naive = scored["year_before"].to_numpy(float) if "year_before" in scored else np.full(len(scored), np.nan)
    known = np.isfinite(naive)
    missed = np.abs(value - actual)
    stretch = _kept_promise(missed / half, promised)
    width = float(np.median(half / np.maximum(np.abs(value), 1e-12)))
    row = {
        "forecasts": len(scored), "spells": int(each.nunique()), "inside": inside, "low": low, "high": high,
        "promised": promised, "bias": bias[0], "bias_low": bias[1], "bias_high": bias[2], "width": width,
        "needed": width * stretch, "error": float(np.median(missed / size)),
        "naive_error": float(np.median(np.abs(naive - actual)[known] / size[known])) if known.any() else np.nan,
    }  # fmt: skip
    verdict, advice, broken = _judged(row, study, changed, drift_p)
    return Record(
        kind=str(scored["kind"].iloc[0]), study=str(scored["study"].iloc[0]), measure=str(scored["measure"].iloc[0]),
        drift_p=drift_p, changed=changed, first=scored["first"].min().date(), last=scored["last"].max().date(),
        verdict=verdict, advice=advice, broken=broken, **row,
    )  # fmt: skip


def _mean(values: np.ndarray) -> tuple[float, float, float]:
    """The mean of a few spells and its interval (Student's); without one where there is but one spell."""
    from scipy.stats import t

    mean = float(values.mean())
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    half = float(t.ppf(0.5 + LEVEL / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return mean, mean - half, mean + half


def _kept_promise(misses: np.ndarray, promised: float) -> float:
    """How many times as wide the intervals would have had to be: the miss that a promised share of them stays below
    (split conformal: Vovk et al., Algorithmic Learning in a Random World, 2005). Few misses cannot tell a rare one:
    then the largest."""
    place = int(np.ceil(promised * (len(misses) + 1))) - 1
    return float(np.sort(misses)[min(place, len(misses) - 1)])


def _judged(row: dict[str, Any], study: Diary, changed: Change, drift_p: float) -> tuple[str, str, bool]:
    """What is to be thought of these forecasts, and what to do about them."""
    if row["spells"] < study.enough:
        return say(
            "not enough evidence: {have:count} of {need:count} spells of days", have=row["spells"], need=study.enough
        ), "", False
    stretch = row["needed"] / row["width"] if row["width"] else float("nan")
    if np.isfinite(drift_p) and drift_p <= study.alpha:
        return (
            say("errors change since {day:date}", day=changed.since),
            say("Learn the model again on the days since {day:date} before using its next forecast.",
                day=changed.since), True,
        )  # fmt: skip
    leans = row["bias_low"] > 0 or row["bias_high"] < 0
    if row["high"] < row["promised"]:
        said = say("intervals too narrow: take them {x:number} times as wide", x=stretch)
        return said, say("Take its intervals {x:number} times as wide.", x=stretch), True
    if leans:
        more = say("too much" if row["bias"] > 0 else "too little")
        return (
            say("foretells {bias:percent} {more}", bias=abs(row["bias"]), more=more),
            say("Correct its next forecast: it foretold {bias:percent} {more}.", bias=abs(row["bias"]), more=more),
            True,
        )  # fmt: skip
    if row["low"] > row["promised"]:
        return say("intervals wider than they need be"), "", False
    return say("may be trusted as it says"), "", False
