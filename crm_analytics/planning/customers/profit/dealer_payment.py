"""How a dealer pays, as far as its few invoices tell: its mean leans on that of all the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

STRENGTH = 20
"""What is usual among all counts for the risk of a dealer as much as so many of its own invoices."""


def days_late(dealers: pd.DataFrame) -> np.ndarray:
    """The days each dealer pays late on average, shrunk to the mean of all as much as chance demands.

    The spread among dealers comes from the random-effects model of DerSimonian and Laird (1986). Not known where
    nothing fell due yet.
    """
    n = dealers["due"].fillna(0).to_numpy(float)
    mean = dealers["days_late"].to_numpy(float)
    told = (n > 0) & ~np.isnan(mean)
    found = np.full(len(dealers), np.nan)
    if not told.any():
        return found
    n, mean = n[told], mean[told]
    within = np.maximum(dealers["late_squares"].to_numpy(float)[told] - n * mean**2, 0).sum()
    variance = max(within / max(float((n - 1).sum()), 1.0), 1.0)
    weight = n / variance
    centre = (weight * mean).sum() / weight.sum()
    spread = (weight * (mean - centre) ** 2).sum() - (len(n) - 1)
    between = max(0.0, spread / max(weight.sum() - (weight**2).sum() / weight.sum(), 1e-9))
    again = 1 / (between + 1 / weight)
    centre = (again * mean).sum() / again.sum()
    own = between / (between + 1 / weight)
    found[told] = own * mean + (1 - own) * centre
    return found


def default_risk(dealers: pd.DataFrame) -> np.ndarray:
    """The chance that an invoice of the dealer is never paid: its own experience, and that of all."""
    old, lost = (dealers[name].fillna(0).to_numpy(float) for name in ("old", "lost"))
    if not old.sum():
        return np.full(len(dealers), np.nan)
    usual = (lost.sum() + 0.5) / (old.sum() + 1)
    return (lost + STRENGTH * usual) / (old + STRENGTH)
