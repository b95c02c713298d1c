"""The advertising accounts and the market watch as they write: commas and ISO dates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crm_analytics.simulation.exports.file import SAME_LINE_TWICE, Defect, SourceFile, Style, of_table
from crm_analytics.simulation.sources import advertising as known

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

STYLE = Style()


def files(company: Simulation) -> Iterable[SourceFile]:
    """What these accounts export."""
    spent, visits = known.campaign_costs(company), known.touchpoints(company)
    seen, index = known.competitor_prices(company), known.market(company)
    return [
        of_table(
            "advertising_costs.csv",
            STYLE,
            {
                "campaign": spent["campaign_id"],
                "date": spent["day"],
                "item": spent["kind"],
                "cost_eur": spent["amount"],
            },
        ),
        of_table(
            "advertising_visits.csv",
            STYLE,
            {
                "visitor": visits["visitor_id"],
                "time": visits["at"],
                "source": visits["source_name"],
                "medium": visits["medium"],
                "campaign": visits["campaign_id"],
                "order": visits["converted"],
                "value_eur": visits["value"],
            },
            key="visitor",
            defects=(
                SAME_LINE_TWICE,
                Defect("an impossible date", {"time": "2024-02-31 12:00:00"}),
                Defect("a visit without a visitor", {"visitor": ""}),
                Defect("garbage in a number", {"value_eur": "n/a", "order": "yes"}),
            ),
        ),
        of_table(
            "market_competitors.csv",
            STYLE,
            {
                "competitor": seen["competitor"],
                "category": seen["category"],
                "date": seen["day"],
                "average_price_eur": seen["price"],
            },
            key="competitor",
            defects=(
                SAME_LINE_TWICE,
                Defect("garbage in a number", {"average_price_eur": "24.9.0"}),
                Defect("an unknown category", {"category": "Gardn"}),
            ),
        ),
        of_table(
            "market_index.csv",
            STYLE,
            {
                "indicator": index["indicator"],
                "from": index["day"],
                "value": index["value"],
            },
        ),
    ]
