"""Enquiries of several sources, some of which bring many and some of which bring profit; what one leaves is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import stream

PARTS = 40
DEAL_WORTH = 400.0


class Source(NamedTuple):
    """How many enquiries, the chance that one is won, and what each costs."""

    leads: int
    chance: float
    cost: float

    @property
    def each(self) -> float:
        """What an enquiry leaves over on average."""
        return DEAL_WORTH * self.chance - self.cost


SOURCES = {
    "web form": Source(800, 0.06, 3.0),
    "recommendation": Source(200, 0.25, 0.0),
    "fair": Source(150, 0.15, 20.0),
}


def enquiries(
    seed: int, *, sources: dict[str, Source] | None = None, uneven: float = 0.7
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Enquiries in the columns of `features.lead_money`, and what one of each source leaves over, expected.

    A deal leaves `DEAL_WORTH` on average, and scatters about it by `uneven` times as much (a gamma distribution).
    """
    rng, sources = stream(seed, "enquiries"), sources or SOURCES
    rows = []
    for part, source in sources.items():
        won = rng.random(source.leads) < source.chance
        margin = np.where(won, DEAL_WORTH * rng.gamma(uneven**-2, uneven**2, source.leads), 0.0)
        each = pd.DataFrame({"leads": 1, "cost": source.cost, "deals": won, "won": won, "revenue": 2 * margin,
                             "margin": margin})  # fmt: skip
        sums = each.groupby(np.arange(source.leads) % PARTS).sum()
        rows.append(sums.assign(part=part, deal_out=sums.index, priced=sums["leads"]))
    frame = pd.concat(rows, ignore_index=True).assign(days=365, until=pd.Timestamp("2025-03-01"))
    return frame, {part: source.each for part, source in sources.items()}
