"""The advertising accounts and the market watch: spend, visits, competitors' prices, market indicators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crm_analytics.simulation.assortment import CATEGORIES
from crm_analytics.simulation.columns import CAMPAIGN_IDS, days, ids, moments, money, table, words
from crm_analytics.simulation.costs import costs
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.market import COMPETITORS
from crm_analytics.simulation.plan import running
from crm_analytics.simulation.visits import CLICKED, SOURCES

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

SOURCE = "advertising"


def tables(company: Simulation) -> dict[str, pa.Table]:
    """What this source knows, as canonical tables."""
    return {
        "campaign_costs": campaign_costs(company),
        "touchpoints": touchpoints(company),
        "competitor_prices": competitor_prices(company),
        "market": market(company),
    }


def campaign_costs(company: Simulation) -> pa.Table:
    """What media cost; direct campaigns are paid through the CRM."""
    return costs(company, SOURCE, "media")


def touchpoints(company: Simulation) -> pa.Table:
    visits = company.visits
    campaign = np.full(len(visits.day), -1)
    for origin, name in enumerate(SOURCES):
        channels = [channel for channel, source in CLICKED.items() if source == name]
        campaign = np.where(visits.origin == origin, running(visits.day, *channels), campaign)
    return table(
        "touchpoints",
        SOURCE,
        {
            "visitor_id": ids("V", visits.visitor),
            "at": moments(visits.day, visits.second),
            "source_name": words(list(SOURCES), visits.origin),
            "medium": words([medium for medium, *_ in SOURCES.values()], visits.origin),
            "campaign_id": words(CAMPAIGN_IDS, campaign),
            "converted": visits.converted,
            "value": money(visits.value_cents, empty=visits.value_cents < 0),
        },
    )


def competitor_prices(company: Simulation) -> pa.Table:
    seen = company.market.competitor_prices[:, :, :DAYS]
    who, category, day = (grid.ravel() for grid in np.indices(seen.shape))
    return table(
        "competitor_prices",
        SOURCE,
        {
            "competitor": words(COMPETITORS, who),
            "category": words(CATEGORIES, category),
            "day": days(day),
            "price": money(np.rint(seen.ravel() * 100)),
        },
    )


def market(company: Simulation) -> pa.Table:
    indicators = company.market.indicators
    months = np.flatnonzero(np.diff(company.market.calendar.days[:DAYS].astype("datetime64[M]").astype(int), prepend=0))
    values = np.concatenate([(100 * series[months]).round(2) for series in indicators.values()])
    which = np.repeat(np.arange(len(indicators)), len(months))
    return table(
        "market",
        SOURCE,
        {
            "indicator": words(list(indicators), which),
            "day": days(np.tile(months, len(indicators))),
            "value": values,
        },
    )
