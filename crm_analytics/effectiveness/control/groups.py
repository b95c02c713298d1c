"""Many groups with an effect each: whether they differ at all, and what is to be expected of each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.result import Check
from crm_analytics.say import say


def many(table: pd.DataFrame, name: str, said: str) -> Check:
    """How many effects were asked for at once (`said`), and which are beyond noise though their interval holds zero:
    Holm's procedure has fewer left to guard against with each that it finds, intervals guard against all of them."""
    wide = table[table["beyond_noise"] & (table["low"] <= 0) & (table["high"] >= 0)]
    if len(wide):
        said += " " + say(
            "{names} {n:is|are} beyond noise by it, though the interval, which is wider, holds zero: where others are "
            "surely no chance, fewer are left to be.",
            names=", ".join(wide[name].astype(str)), n=len(wide),
        )  # fmt: skip
    return Check(name=say("Many asked at once"), verdict="holds", text=said)


def differ_by_chance(effects: np.ndarray, errors: np.ndarray) -> float:
    """How often groups of one and the same effect would differ this much, by these standard errors (Cochran's Q)."""
    from scipy.stats import chi2

    if len(effects) < 2:
        return 1.0
    weights = errors**-2.0
    unequal = float((weights * (effects - np.average(effects, weights=weights)) ** 2).sum())
    return float(chi2.sf(unequal, len(effects) - 1))


def shrunk(effects: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Each group's effect drawn towards what all have in common, by how much of their spread is chance.

    The spread between groups is that under which Cochran's Q would be what it should (Paule and Mandel 1982), so the
    largest of many effects is no longer the luckiest one's.
    """
    from scipy.optimize import brentq

    def excess(between: float) -> float:
        weights = 1 / (errors**2 + between)
        middle = np.average(effects, weights=weights)
        return float((weights * (effects - middle) ** 2).sum()) - (len(effects) - 1)

    most = float(np.var(effects)) * len(effects) + float((errors**2).max())
    between = brentq(excess, 0.0, most) if len(effects) > 1 and excess(0.0) > 0 > excess(most) else 0.0
    middle = np.average(effects, weights=1 / (errors**2 + between))
    return middle + (effects - middle) * between / (errors**2 + between)
