"""What campaigns cost, and what their plans promised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crm_analytics.simulation.columns import CAMPAIGN_IDS, days, money, table, words
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.effects import expected_revenue, position
from crm_analytics.simulation.plan import CAMPAIGNS, COST_OF_TOUCH

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

SETTING_UP_CENTS = 200_00
"""What a direct campaign costs before anybody has been addressed."""


def spend_cents(company: Simulation) -> np.ndarray:
    """What each campaign cost: so much a touch for direct ones, the spend of their plan for mass ones."""
    cents = [c.spend * 100 * company.customers / 2000 for c in CAMPAIGNS]
    for group in company.arms:
        touch = COST_OF_TOUCH[CAMPAIGNS[group.campaign].channel]
        cents[group.campaign] = SETTING_UP_CENTS + 100 * touch * int(group.treated.sum())
    return np.rint(cents).astype(np.int64)


def plans(company: Simulation) -> tuple[np.ndarray, np.ndarray]:
    """Budget and promised revenue of each campaign in cents: plans are near the truth, more often above it."""
    rng = stream(company.seed, "plans")
    spend = spend_cents(company)
    hoped = np.array(
        [3.0 * spend[i] if c.direct else 100 * expected_revenue(i, company.customers) for i, c in enumerate(CAMPAIGNS)]
    )
    budget = spend * rng.uniform(0.9, 1.2, len(CAMPAIGNS))
    promised = hoped * rng.uniform(0.8, 1.6, len(CAMPAIGNS))
    return tuple(np.rint(cents / 100_00).astype(np.int64) * 100_00 for cents in (budget, promised))


def costs(company: Simulation, source: str, kind: str) -> pa.Table:
    """The costs of all direct campaigns (kind `postage and calls`) or of all mass campaigns (kind `media`):
    a fifth is for making it and falls due on the first day, the rest week by week."""
    rows = []
    for number, (campaign, cents) in enumerate(zip(CAMPAIGNS, spend_cents(company).tolist(), strict=True)):
        if campaign.direct == (kind == "media"):
            continue
        weeks = range(position(campaign.starts), position(campaign.ends) + 1, 7)
        share = (cents - cents // 5) // len(weeks)
        rows.append((number, weeks[0], "production", cents - share * len(weeks)))
        rows += [(number, day, kind, share) for day in weeks]
    which, day, kinds, amount = zip(*rows, strict=True)
    return table(
        "campaign_costs",
        source,
        {
            "campaign_id": words(CAMPAIGN_IDS, np.array(which)),
            "day": days(np.array(day)),
            "kind": kinds,
            "amount": money(np.array(amount)),
        },
    )
