"""Campaigns that annoy, without a company: how many more withdraw because they were addressed is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import stream

STARTS = pd.Timestamp("2024-03-04")


def opted_out(
    seed: int, *, customers: int = 4000, campaigns: int = 4, usual: float = 0.01, caused: float = 0.01,
    addressed: float = 0.8, worse_in: float = 0.0,
) -> pd.DataFrame:  # fmt: skip
    """Several campaigns on customers of one list, in the columns of `features.campaign_opt_outs`.

    `usual` of the customers withdraw in any four weeks, restless ones again and again; being addressed makes `caused`
    more of them do so, in the region «north» `worse_in` more. Each takes part in three campaigns of four, `addressed`
    of those who do are addressed and buy for 2 more. Four in a thousand complain, addressed or not.
    """
    rng = stream(seed, "opted out")
    restless = rng.gamma(2.0, 0.5, customers)
    north = rng.random(customers) < 0.3
    parts = []
    for number in range(campaigns):
        who = np.flatnonzero(rng.random(customers) < 0.75)
        treated = rng.random(len(who)) < addressed
        chance = usual * restless[who] + treated * (caused + worse_in * north[who])
        spent = rng.gamma(0.3, 60.0, (2, len(who)))
        parts.append(pd.DataFrame({
            "campaign_id": f"T{number + 1}", "campaign": f"Test {number + 1}",
            "starts": STARTS + pd.Timedelta(weeks=5 * number), "days": 28,
            "customer_id": [f"N{i:07d}" for i in who], "arm": np.where(treated, "treated", "control"),
            "outcome_revenue": (spent[0] + 2.0 * treated).round(2), "before_revenue": spent[1].round(2),
            "opted_out": (rng.random(len(who)) < chance).astype(int),
            "complained": (rng.random(len(who)) < 0.004).astype(int),
            "channel": "email", "region": np.where(north[who], "north", "south"),
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)
