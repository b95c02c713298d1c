"""A service desk without a company: cases of known difficulty, and agents of known skill who do not get alike ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import stream

REASONS = {"delivery": 0.9, "invoice": 0.8, "defect": 0.55}
"""How often each is settled at the first contact by a usual agent."""


def first_contacts(
    seed: int, *, agents: int = 8, spread: float = 0.0, monthly: int = 300, months: int = 24
) -> tuple[pd.DataFrame, pd.Series]:
    """Cases in the columns of `features.first_contacts`, and how far each agent truly is from the mean of all.

    Agents differ by `spread` (standard deviation of the share they settle); half of them get three times as many of the
    hardest cases, so that a plain count puts them last, whatever they can. In the last quarter everybody settles fewer.
    """
    rng = stream(seed, "first contacts")
    names = [f"Agent {chr(65 + i)}" for i in range(agents)]
    skill = rng.normal(0, spread, agents) if spread else np.zeros(agents)
    weight = np.ones((agents, len(REASONS)))
    weight[: agents // 2, -1] = 3.0
    weight /= weight.sum(axis=1, keepdims=True)
    size = rng.dirichlet(np.full(agents, 8.0))
    cases = rng.poisson(monthly * size[None, :, None] * weight[None], (months, agents, len(REASONS)))
    easy = np.array(list(REASONS.values()))
    late = np.where(np.arange(months) >= months - 3, -0.05, 0.0)
    chance = np.clip(easy[None, None, :] + skill[None, :, None] + late[:, None, None], 0.01, 0.99)
    settled = rng.binomial(cases, chance)
    days = pd.date_range("2023-01-01", periods=months, freq="MS")
    index = pd.MultiIndex.from_product([days, names, list(REASONS)], names=["month", "agent", "reason"])
    frame = pd.DataFrame({"cases": cases.ravel(), "settled": settled.ravel()}, index=index).reset_index()
    frame = frame[frame["cases"] > 0].assign(channel="phone", region="", again_days=7,
                                            until=days[-1] + pd.offsets.MonthBegin(1))  # fmt: skip
    return frame.reset_index(drop=True), pd.Series(skill - skill.mean(), index=names)
