"""Leads and the deals they become: how far each gets, and why those that are lost are lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.assortment import GOODS, ORDINARY
from crm_analytics.simulation.customers import People
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import shares, stream
from crm_analytics.simulation.segments import SEGMENTS

STAGES = ("qualified", "offer", "negotiation", "closed")
PASS = (0.62, 0.70)
"""Chance that a qualified lead gets an offer, and that an offer is negotiated."""

WIN = {"Anna": 0.62, "Juris": 0.48, "Maris": 0.40, "Ilze": 0.55}
"""Chance that a negotiation is won, by who sells."""

REASONS_LOST = {"price": 0.40, "lead time": 0.25, "competitor": 0.20, "no budget": 0.15}
LEAD_COST = {"web form": 3.0, "trade fair": 18.0, "recommendation": 0.0, "search": 7.5, "phone": 1.5}
LEAD_SHARES = {"web form": 0.35, "trade fair": 0.10, "recommendation": 0.15, "search": 0.25, "phone": 0.15}
QUALIFIED = {"web form": 0.30, "trade fair": 0.45, "recommendation": 0.65, "search": 0.25, "phone": 0.50}
"""Chance that a lead becomes a deal, by where it came from."""

MEDIUM = {"web form": "organic", "trade fair": "event", "recommendation": "referral", "search": "cpc", "phone": "call"}


@dataclass(frozen=True)
class Deals:
    """Leads as columns; `deal` counts the deals among them, −1 where a lead went no further."""

    customer: np.ndarray
    day: np.ndarray
    origin: np.ndarray
    deal: np.ndarray
    won: np.ndarray
    lost: np.ndarray
    reason: np.ndarray
    agent: np.ndarray
    product: np.ndarray
    amount_cents: np.ndarray
    entered: np.ndarray
    """Whether the lead came to that stage within the history, lead × stage."""
    stage_days: np.ndarray
    """Day each stage is entered, lead × stage; the last is the day of closing."""

    @property
    def closed_day(self) -> np.ndarray:
        return self.stage_days[:, -1]


def draw_deals(people: People, *, seed: int) -> Deals:
    """Leads of goods made to measure: one for every eighth private customer, companies five times as often."""
    rng = stream(seed, "deals")
    likely = np.where(np.array([s.kind for s in SEGMENTS])[people.segment] == "company", 0.6, 0.12)
    customer = np.flatnonzero(rng.random(len(people)) < likely).astype(np.int32)
    count = len(customer)
    day = (people.joined[customer] + rng.random(count) * (DAYS - people.joined[customer])).astype(np.int32)
    origin = shares(rng, LEAD_SHARES, count)
    qualified = rng.random(count) < np.array(list(QUALIFIED.values()))[origin]
    agent = rng.integers(0, len(WIN), count)
    offered = rng.random(count) < PASS[0]
    negotiated = offered & (rng.random(count) < PASS[1])
    won = negotiated & (rng.random(count) < np.array(list(WIN.values()))[agent])
    waits = np.stack(
        [rng.integers(1, 6, count), rng.integers(3, 15, count), rng.integers(5, 21, count), rng.integers(5, 31, count)],
        axis=1,
    )
    passed = np.stack([np.ones(count, bool), offered, negotiated, np.ones(count, bool)], axis=1)
    stage_days = day[:, None] + np.cumsum(np.where(passed, waits, 0), axis=1)
    closed = qualified & (stage_days[:, -1] < DAYS)
    product = rng.integers(ORDINARY, len(GOODS), count)
    return Deals(
        customer=customer,
        day=day,
        origin=origin,
        deal=np.where(qualified, np.cumsum(qualified) - 1, -1),
        entered=passed & (stage_days < DAYS) & qualified[:, None],
        won=won & closed,
        lost=closed & ~won,
        reason=shares(rng, REASONS_LOST, count),
        agent=agent,
        product=product,
        amount_cents=np.rint(GOODS.list_cents[product] * rng.uniform(0.8, 1.8, count) / 100).astype(np.int64) * 100,
        stage_days=stage_days,
    )
