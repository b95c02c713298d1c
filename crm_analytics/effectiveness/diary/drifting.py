"""Whether errors change with time: a model that was right once and is so no longer.

The errors of spells of days that do not overlap, in units of the forecast's own uncertainty, in order of time. Two
cumulative sums look for a change of their mean (the model has come to lean) and of their size (it has come to miss by
more): S = max |Σ (e − ē)| / (s √n) (Brown, Durbin & Evans 1975; Inclán & Tiao 1994). How large S gets by chance is told
by putting the same errors in random order, which is exact where order does not matter: of models that do not drift one
in twenty is accused at α = 5 %, however errors are distributed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

SHUFFLES = 1999


@dataclass(frozen=True, kw_only=True)
class Change:
    """The chance `p` of so large a change where there is none (nan: too few spells to tell), the day `since` which
    errors are others, and the mean error `before` and `after` it in units of the forecast's uncertainty."""

    p: float
    since: date | None = None
    before: float = float("nan")
    after: float = float("nan")


def change(scored: pd.DataFrame, *, enough: int, seed: int) -> Change:
    """The largest change in the errors of the claims of one Study and measure."""
    from scipy.stats import norm

    from crm_analytics.effectiveness.diary.trusted import spells

    z = norm.ppf(0.5 + scored["confidence"].to_numpy(float) / 2)
    sigma = ((scored["high"] - scored["low"]) / 2).to_numpy(float) / z
    spell = spells(scored).to_numpy()
    errors = pd.Series((scored["actual"] - scored["value"]).to_numpy(float) / sigma).groupby(spell).mean()
    days = scored["first"].groupby(spell).min()
    errors = errors.to_numpy()
    if len(errors) < enough or np.ptp(errors) == 0:
        return Change(p=float("nan"))
    sizes = np.abs(errors - np.median(errors))
    leaning, leaps = _largest(errors[None])
    growing, grows = _largest(sizes[None])
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(np.arange(len(errors)), (SHUFFLES, 1)), axis=1)
    # One p for both sums together: the larger of them, each against what it is by chance.
    by_chance = [_largest(values[orders])[0] for values in (errors, sizes)]
    scale = [max(float(np.median(one)), 1e-12) for one in by_chance]
    both = np.maximum(by_chance[0] / scale[0], by_chance[1] / scale[1])
    seen = max(leaning[0] / scale[0], growing[0] / scale[1])
    at = int((leaps if leaning[0] / scale[0] >= growing[0] / scale[1] else grows)[0])
    return Change(
        p=float((1 + (both >= seen * (1 - 1e-9)).sum()) / (SHUFFLES + 1)), since=days.iloc[at].date(),
        before=float(errors[:at].mean()), after=float(errors[at:].mean()),
    )  # fmt: skip


def _largest(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest cumulative sum of each row, scaled, and the place of the first value after it."""
    aside = values - values.mean(axis=1, keepdims=True)
    spread = np.maximum(values.std(axis=1, keepdims=True), 1e-12)
    sums = np.abs(np.cumsum(aside, axis=1))[:, :-1] / (spread * np.sqrt(values.shape[1]))
    return sums.max(axis=1), sums.argmax(axis=1) + 1
