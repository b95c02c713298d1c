"""One unit, or several as one, that a campaign reached, beside units that it left alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """What every method gets: the treated (periods), the others (periods × units), and which periods are which.

    `before` are clean periods to learn from, `window` those to be told; both are flags. `size` is how much each of the
    others counts where all count together, `reached` how many units the treated are.
    """

    treated: np.ndarray
    others: np.ndarray
    before: np.ndarray
    window: np.ndarray
    size: np.ndarray
    reached: int = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Twin:
    """What the treated would have been: a value for every period, and how much each of the others is part of it."""

    path: np.ndarray
    weights: np.ndarray
