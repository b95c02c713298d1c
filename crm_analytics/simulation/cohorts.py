"""Customers who came together and buy less and less: how much better the later ones are at equal age is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import stream

PARTS, AGES = 32, 13
ORDER_WORTH = 40.0
FIRST_QUARTER = pd.Timestamp("2022-01-01")
USUAL_SHARE = 0.3
"""So many customers buy in their first month."""


@dataclass(frozen=True, kw_only=True)
class CohortTruth:
    """By how much the last two cohorts are better: the share of them that buys in a month, at each age from 0; and
    what one of these months' purchases comes to."""

    gap: np.ndarray
    worth: float = ORDER_WORTH

    def active_gap(self, upto: int) -> float:
        """In a mean month from the first to this age, in points of share."""
        return float(self.gap[1 : upto + 1].mean())

    def per_head_gap(self, upto: int) -> float:
        """Money over all of them, the first one included."""
        return float(self.worth * self.gap[: upto + 1].sum())


def cohort_lives(
    seed: int, *, better: float = 0.0, size: int = 500, quarters: int = 9, fading: float = 1.0
) -> tuple[pd.DataFrame, CohortTruth]:
    """Quarterly cohorts in the columns of `features.cohorts`, and by how much the last two are better.

    Customers buy in three of ten months (the last two cohorts' in `better` more), each at a rate of its own, and in
    `fading` times as many each month later: who has been there for a shorter time looks better to a plain count.
    """
    rng, age = stream(seed, "cohort lives"), np.arange(AGES)
    rows = []
    for number in range(quarters):
        share = USUAL_SHARE + better * (number >= quarters - 2)
        loyal = rng.beta(3 * share, 3 * (1 - share), size)
        part = rng.integers(0, PARTS, size)
        seen = 3 * (quarters - 1 - number) + rng.integers(0, 3, size) + 1
        there = seen[:, None] > age
        active = there & (rng.random((size, AGES)) < loyal[:, None] * fading**age)
        money = active * ORDER_WORTH * rng.gamma(2.0, 0.5, active.shape)
        came = FIRST_QUARTER + pd.DateOffset(months=3 * number)
        sums = [np.array([values[part == place].sum(axis=0) for place in range(PARTS)])
                for values in (there, active, money)]  # fmt: skip
        rows.append(pd.DataFrame({
            "cohort": f"{came.year}-Q{came.quarter}", "came": came, "part": np.repeat(np.arange(PARTS), AGES),
            "age": np.tile(age, PARTS),
            **{name: values.ravel() for name, values in zip(("customers", "active", "revenue"), sums, strict=True)},
            "of": np.repeat(np.bincount(part, minlength=PARTS), AGES),
        }))  # fmt: skip
    frame = pd.concat(rows, ignore_index=True)
    frame = frame[(frame["customers"] > 0) | ((frame["age"] == 0) & (frame["of"] > 0))]
    until = FIRST_QUARTER + pd.DateOffset(months=3 * quarters, days=14)
    frame = frame.assign(kind="quarter", begins=FIRST_QUARTER - pd.DateOffset(years=1), until=until)
    return frame.reset_index(drop=True), CohortTruth(gap=better * fading**age)
