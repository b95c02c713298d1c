"""Foretold and happened by tenths of customers: whether a forecast orders people rightly and at the right height."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.result import Check, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.diary.diary import Diary

COLUMNS = ("study", "measure", "told_on", "tenth", "customers", "foretold", "happened", "squares")
NINETEEN_OF_TWENTY = 1.96


@dataclass(frozen=True, kw_only=True, eq=False)
class TenthsResult(Result):
    """A tenth of the customers of a forecast a row, the best first: `study`, `measure`, `told_on`, `tenth`,
    `customers`, `foretold`, `happened`, with `low` and `high` of what happened (95 %). `slope` is by how much tenths
    differed for a difference of one foretold, with its interval: 1 is right, below 1 the forecast exaggerates."""

    slopes: pd.DataFrame


def held(study: Diary, tenths: pd.DataFrame) -> Result:
    """Hold forecasts of single customers against what came. Raises ValueError for a table of another kind."""
    missing = [name for name in COLUMNS if name not in tenths]
    if missing:
        raise ValueError(f"against needs the columns {', '.join(missing)}; features.foretold(wh, …) makes them.")
    rows = tenths[tenths["customers"] > 0].sort_values(["study", "told_on", "measure", "tenth"], ignore_index=True)
    if rows.empty:
        return study.refuse(say(
            "Not enough evidence: no forecast of single customers has been kept whose days are over. Keep worth, next "
            "purchases or a score under a day, and ask again after it."))  # fmt: skip
    n, sums = rows["customers"].to_numpy(float), rows["happened"].to_numpy(float)
    variance = np.maximum(rows["squares"].to_numpy(float) - sums**2 / n, 0)
    half = NINETEEN_OF_TWENTY * np.sqrt(variance * n / np.maximum(n - 1, 1))
    rows = rows.assign(low=sums - half, high=sums + half, error=half / NINETEEN_OF_TWENTY)
    slopes = pd.DataFrame([
        {"study": key[0], "measure": key[1], "told_on": key[2], **_slope(group)}
        for key, group in rows.groupby(["study", "measure", "told_on"], sort=True)
    ])
    last = slopes.sort_values(["told_on", "study"]).iloc[-1]
    best = rows[(rows["study"] == last["study"]) & (rows["told_on"] == last["told_on"])].iloc[0]
    figure = "{x:count}" if best["measure"] == "customers" else "{x:money}"
    text = say(
        "{slope:number} ({low:number} – {high:number}) is the slope of {study}, told on {day:date}: 1 is right. Its "
        "best tenth was to make {foretold} and made {happened}.",
        slope=last["slope"], low=last["low"], high=last["high"], study=last["study"], day=last["told_on"],
        foretold=say(figure, x=best["foretold"]), happened=say(figure, x=best["happened"]),
    )  # fmt: skip
    table = rows[["study", "measure", "told_on", "tenth", "customers", "foretold", "happened", "low", "high"]]
    return TenthsResult(study=study, table=table, text=text, checks=tuple(map(_check, slopes.itertuples())),
                        slopes=slopes)  # fmt: skip


def _slope(group: pd.DataFrame) -> dict[str, float]:
    """Weighted least squares through the tenths' means, errors robust to what the weights do not know (HC3)."""
    x = (group["foretold"] / group["customers"]).to_numpy(float)
    y = (group["happened"] / group["customers"]).to_numpy(float)
    order = pd.Series(x).rank().corr(pd.Series(y).rank()) if np.ptp(x) > 0 and np.ptp(y) > 0 else float("nan")
    nothing = {"slope": float("nan"), "low": float("nan"), "high": float("nan"), "order": float(order)}
    if len(group) < 4 or np.ptp(x) == 0:
        return nothing
    error = np.maximum((group["error"] / group["customers"]).to_numpy(float), 1e-9)
    design, w = np.c_[np.ones(len(x)), x], 1 / error**2
    gram = np.linalg.pinv(design.T @ (w[:, None] * design))
    beta = gram @ design.T @ (w * y)
    hat = np.einsum("ij,jk,ik,i->i", design, gram, design, w)
    meat = design.T @ ((w * (y - design @ beta) / np.maximum(1 - hat, 0.05))[:, None] ** 2 * design)
    robust = gram @ meat @ gram
    spread = max(float(np.sqrt(robust[1, 1])), float(np.sqrt(gram[1, 1])))
    from scipy.stats import t

    half = float(t.ppf(0.975, len(x) - 2)) * spread
    return nothing | {"slope": float(beta[1]), "low": float(beta[1]) - half, "high": float(beta[1]) + half}


def _check(row) -> Check:
    right = row.low <= 1 <= row.high
    template = (
        "{study} of {day:date}: differences between tenths were as large as foretold (slope {slope:number})." if right
        else "{study} of {day:date}: differences between tenths were {slope:number} of what was foretold; "
        "it exaggerates." if row.slope < 1 else
        "{study} of {day:date}: differences between tenths were {slope:number} times what was foretold; it is timid."
    )  # fmt: skip
    return Check(
        name=say("Tenths of customers"),
        verdict="holds" if right else "weak" if row.order > 0.8 else "fails",
        text=say(template, study=row.study, day=row.told_on, slope=row.slope),
    )
