"""What customers answer when asked, and how it hangs together with what they do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.customers import People
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.orders import Lives
from crm_analytics.simulation.segments import KNOWN, SEGMENTS

QUESTIONS = ("recommend", "satisfaction", "price_matters", "range_matters")
WORDED = {
    "recommend": "How likely are you to recommend us to a friend?",
    "satisfaction": "Overall, how satisfied are you with Nordhaus?",
    "price_matters": "Do low prices matter to you?",
    "range_matters": "Does a wide range matter to you?",
}
"""The questions as they were put."""

POLL = "Spring 2025"
ANSWERED_SHARE = 0.08
STAYER_BONUS = 2.0
"""Customers who are still with us recommend the company by so many points (of ten) more than those who have left."""

PRICE_SLOPE = -0.9
"""Points (of five) by which the price matters more with each unit of own elasticity."""


@dataclass(frozen=True)
class Survey:
    """Respondents as columns; `answers` is respondent × question."""

    customer: np.ndarray
    day: np.ndarray
    answers: np.ndarray
    weight: np.ndarray


def draw_survey(people: People, lives: Lives, *, seed: int) -> Survey:
    """A survey in the last spring: companies answer twice as often, which the weights make up for."""
    rng = stream(seed, "survey")
    company = np.array([s.kind != "person" for s in SEGMENTS[:KNOWN]])[people.segment]
    chance = np.where(company, 2 * ANSWERED_SHARE, ANSWERED_SHARE)
    day = DAYS - 60
    customer = np.flatnonzero((rng.random(len(people)) < chance) & (people.joined < day)).astype(np.int32)
    count = len(customer)
    elasticity = np.array([s.own_elasticity for s in SEGMENTS[:KNOWN]])[people.segment[customer]]
    stays = lives.alive[customer]
    recommend = np.clip(np.rint(6.0 + STAYER_BONUS * stays + rng.normal(0, 1.6, count)), 0, 10)
    satisfaction = np.clip(np.rint(3.0 + 0.7 * stays + rng.normal(0, 0.8, count)), 1, 5)
    price = np.clip(np.rint(1.9 + PRICE_SLOPE * elasticity + rng.normal(0, 0.7, count)), 1, 5)
    variety = np.clip(np.rint(rng.normal(3.3, 0.9, count)), 1, 5)
    return Survey(
        customer,
        np.full(count, day) + rng.integers(0, 21, count),
        np.stack([recommend, satisfaction, price, variety], axis=1).astype(int),
        (1 / chance)[customer].round(2),
    )
