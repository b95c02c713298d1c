"""What is planted in the company and is a single number: sizes, shares, chances and curves, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.simulation import contacts, deals, demand, plan, sales, survey, voice
from crm_analytics.simulation.assortment import AFTERWARDS, GOODS, ORDINARY, TOGETHER
from crm_analytics.simulation.baskets import SEQUENCE_WIDTH_DAYS
from crm_analytics.simulation.customers import ATTITUDES
from crm_analytics.simulation.demand import FIRST_DAY, Elasticity
from crm_analytics.simulation.effects import LOST_WEEKS
from crm_analytics.simulation.market import SEASONS
from crm_analytics.simulation.segments import KNOWN, SEGMENTS
from crm_analytics.simulation.visits import SEEN, SOURCES

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation


def numbers(company: Simulation) -> dict[str, Any]:
    """As `truth.json` has them: money in its own unit, shares from 0 to 1, times in the unit of their name."""
    usual, lines = Elasticity(), company.lines
    by_segment = np.bincount(company.orders.segment[lines.order], lines.amount, len(SEGMENTS))
    own = float(by_segment @ [s.own_elasticity for s in SEGMENTS] / by_segment.sum())
    return {
        "customers": company.customers,
        "seed": company.seed,
        "first_day": FIRST_DAY.isoformat(),
        "last_day": demand.LAST_DAY.isoformat(),
        "alive": int(company.lives.alive.sum()),
        "elasticity": {
            "own_by_revenue": own,
            "own": {s.name: s.own_elasticity for s in SEGMENTS},
            "competitor": usual.competitor,
            "market": {"retail_turnover": usual.market, "fuel_price": 0.0},
        },
        "trend_per_year": demand.TREND_PER_YEAR,
        "holiday": demand.HOLIDAY,
        "week": demand.WEEK.tolist(),
        "seasons": {c: dict(zip(("peak", "height", "christmas"), v, strict=True)) for c, v in SEASONS.items()},
        "together": [dict(zip(("first", "second", "chance"), pair, strict=True)) for pair in TOGETHER],
        "afterwards": [dict(zip(("first", "second", "days", "chance"), x, strict=True)) for x in AFTERWARDS],
        "sequence_width_days": SEQUENCE_WIDTH_DAYS,
        "curves": plan.CURVES,
        "cost_of_touch": plan.COST_OF_TOUCH,
        "lost_weeks": LOST_WEEKS,
        "attitudes": ATTITUDES,
        "response_rate": contacts.RESPONSE_RATE,
        "faulty_product": {
            "name": contacts.FAULTY, "from": contacts.FAULT_FROM.isoformat(), "complain": contacts.FAULT_CHANCE,
        },
        "answer_rate": contacts.ANSWER_RATE.tolist(),
        "answer_first_hour": contacts.FIRST_HOUR,
        "return_share": sales.RETURN_SHARE,
        "leads_qualified": deals.QUALIFIED,
        "offer_chance": deals.PASS[0],
        "negotiation_chance": deals.PASS[1],
        "win_chance": deals.WIN,
        "reasons_lost": deals.REASONS_LOST,
        "visits": {"seen": SEEN} | {
            name: dict(zip(("idle", "closing", "accompanying"), shares, strict=True))
            for name, (_, *shares) in SOURCES.items()
        },
        "survey": {"stayer_bonus": survey.STAYER_BONUS, "price_slope": survey.PRICE_SLOPE},
        "voice": {
            "weight": dict(zip(voice.FACTORS, voice.WEIGHT.tolist(), strict=True)),
            "penalty": voice.PENALTY,
            "reward": voice.REWARD,
            "offers": voice.OFFERS,
        },
        "made_to_order": list(GOODS.name[ORDINARY:]),
        "known_segments": KNOWN,
    }
