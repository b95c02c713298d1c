"""Ways from advertisement to order: what a channel brought, of which no test speaks, beside its last clicks; what a
leak in a funnel costs, beside the plain comparison with the year before; what an enquiry of a source leaves over.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.paths.attribution import Attribution
from crm_analytics.effectiveness.paths.funnel import Funnel
from crm_analytics.effectiveness.paths.lead_profit import LeadProfit
from crm_analytics.result import enough
from crm_analytics.simulation.enquiries import DEAL_WORTH, SOURCES, enquiries
from crm_analytics.simulation.funnels import funnel
from crm_analytics.simulation.paths import ways
from crm_analytics.trust.trials import Situation, Trial

EXPERIMENT_ERROR = 1_000.0
"""The standard error of a test of all advertising together, in money; of one channel half as much."""


def _credit(seed: int, *, channel: str, sells: float) -> Trial:
    """All advertising was tested together, and search alone; of `channel` the ways must tell."""
    frame, truth = ways(seed, visitors=4_000, sells=sells)
    random = np.random.default_rng(seed)
    known = []
    for name, value, error in (
        ("", truth.caused_value, EXPERIMENT_ERROR),
        ("search", truth.caused_value - truth.value_without["social"], EXPERIMENT_ERROR / 2),
    ):
        found = value + error * random.standard_normal()
        known.append((name, found, found - 1.96 * error, found + 1.96 * error, "tested"))
    columns = ["channel", "incremental", "low", "high", "evidence"]
    credited = Attribution(order=1).fit(frame)
    held = credited.against(pd.DataFrame(known, columns=columns))
    row = held.table.set_index("channel").loc[channel]
    return Trial(
        truth=truth.value_without[channel], estimate=row["incremental"], low=row["low"], high=row["high"],
        naive=row["last_touch"], scale=credited.value,
    )  # fmt: skip


def _leak(seed: int, *, leak: float, worse_year: float) -> Trial:
    frame, lost = funnel(seed, leak=leak, worse_year=worse_year)
    result = Funnel().fit(frame)
    if not enough(result):
        return Trial(truth=lost)
    rows = result.table[(result.table["part"] == "source 0") & (result.table["step"] == "lead")].set_index("against")
    found = rows.loc["others"]
    return Trial(
        truth=lost, estimate=found["lost"], low=found["lost_low"], high=found["lost_high"],
        naive=rows.loc["before", "lost"], scale=8_000.0,
    )  # fmt: skip


def _enquiry(seed: int, *, part: str, uneven: float) -> Trial:
    frame, planted = enquiries(seed, uneven=uneven)
    table = LeadProfit().fit(frame).table.set_index("part")
    row = table.loc[part]
    return Trial(
        truth=round(planted[part], 9), estimate=row["each"], low=row["each_low"], high=row["each_high"],
        naive=float(table["profit"].sum() / table["leads"].sum()), scale=DEAL_WORTH * SOURCES[part].chance,
    )  # fmt: skip


SITUATIONS = (
    *(
        Situation(
            estimator="Attribution",
            words=f"{channel}, {_named}",
            draw=partial(_credit, channel=channel, sells=sells),
        )
        for channel in ("social", "price portal")
        for _named, sells in (("advertising sells", 0.03), ("advertising sells nothing", 0.0))
    ),
    *(
        Situation(
            estimator="Funnel",
            words=f"{_named}, {_year}",
            draw=partial(_leak, leak=leak, worse_year=worse_year),
        )
        for _named, leak in (("no leak", 0.0), ("a leak", 0.12))
        for _year, worse_year in (("a year as before", 0.0), ("a worse year for all", 0.1))
    ),
    *(
        Situation(
            estimator="LeadProfit",
            words=f"an enquiry by {part}, {_named}",
            draw=partial(_enquiry, part=part, uneven=uneven),
        )
        for part in SOURCES
        for _named, uneven in (("deals of one size", 0.4), ("few deals bring most of it", 1.5))
    ),
)
