"""What customers say in the autumn survey: what moves their satisfaction, who stays silent, what they write.

Every customer has an answer to every question; only some are asked, fewer answer, and the active sooner than the rest.
So the truth knows what the whole base would have said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.customers import People
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.orders import Lives, Orders
from crm_analytics.simulation.segments import KNOWN, SEGMENTS

ASKED_DAY = DAYS - 270
FIELD_DAYS = 21

FACTORS = ("Delivery", "Prices", "Range", "Staff", "Web shop", "Returns")
LEVEL = np.array([2.75, 3.1, 3.9, 4.1, 3.6, 3.4])
"""What customers think of each factor on average, of five."""

WEIGHT = np.array([0.50, 0.28, 0.0, 0.05, 0.16, 0.0])
"""Points of overall satisfaction that a point of each factor brings. The range brings nothing: it only goes with the
others, because whoever likes the shop likes all of it."""

PENALTY, REWARD = {"Returns": 0.9}, {"Staff": 0.5}
"""A basic factor costs so much where it is bad (1 or 2) and brings nothing where it is good; an exciting one brings so
much where it is excellent (5)."""

STATED = np.array([3.4, 4.6, 3.9, 3.3, 3.0, 3.2])
"""How important customers say each factor is: prices first, which is not what moves them."""

STAYS = 1.1
"""Points by which customers who are still with us think better of everything."""

HALO, OWN, NOISE = 0.45, 0.85, 0.45
ACTIVE_ANSWER, SILENT_ANSWER, YEAR_DAYS = 0.5, 0.17, 365
"""Chance to answer of customers who bought in the year before, and of all others; the latter have often left, and think
less of everything."""

SILENT_SHARE, PARTIAL_SHARE = 0.35, 0.08
"""Who writes nothing in the open question, and who breaks off before the second half."""

ELSEWHERE = {"Supermarket": 0.55, "Online marketplace": 0.4, "Market": 0.25, "Another garden centre": 0.2}
USED = {"Store": 0.85, "Web shop": 0.45, "Phone": 0.15}

OFFERS = {
    "Price": {"79": 0.75, "99": 0.15, "129": -0.9},
    "Material": {"Pine": -0.8, "Oak": 0.6, "Metal": 0.2},
    "Delivery": {"In a week": -0.5, "In two days": 0.0, "Next day": 0.5},
}
"""What each attribute of a garden bench is worth in points of ten; money is worth the same at every price."""

BASE, TASTE, WHIM = 5.2, 0.5, 1.0
DESIGN = tuple((i // 3, i % 3, (i // 3 + i % 3) % 3) for i in range(9))
"""Nine offers in which every level of every attribute meets every level of the others once."""


@dataclass(frozen=True)
class Voice:
    """What every customer would answer, as columns; `answered` says who did. Customers who came later are left out."""

    customer: np.ndarray
    answered: np.ndarray
    partial: np.ndarray
    design_weight: np.ndarray
    """How many customers one of the asked stands for: persons were asked half as often as companies."""
    day: np.ndarray
    factors: np.ndarray
    overall: np.ndarray
    recommend: np.ndarray
    stated: np.ndarray
    elsewhere: np.ndarray
    used: np.ndarray
    theme: np.ndarray
    """The factor an open answer is about; −1 where nothing is written."""
    wording: np.ndarray
    offers: np.ndarray

    def who(self) -> np.ndarray:
        """The rows of those who answered, in the order in which they did."""
        rows = np.flatnonzero(self.answered)
        return rows[np.lexsort((self.customer[rows], self.day[rows]))]


def draw_voice(people: People, lives: Lives, orders: Orders, *, seed: int) -> Voice:
    """Draw the answers of all, then who is asked and who answers."""
    rng = stream(seed, "voice")
    customer = np.flatnonzero(people.joined < ASKED_DAY)
    count = len(customer)
    stays = (lives.last_day[customer] < 0) | (lives.last_day[customer] > ASKED_DAY)
    halo = rng.normal(0, HALO, count) + STAYS * (stays - stays.mean())
    felt = LEVEL + halo[:, None] + rng.normal(0, OWN, (count, len(FACTORS)))
    factors = np.clip(np.rint(felt), 1, 5).astype(int)
    latent = 3.0 + (factors - LEVEL) @ WEIGHT + rng.normal(0, NOISE, count)
    for name, cost in PENALTY.items():
        latent -= cost * (factors[:, FACTORS.index(name)] <= 2)
    for name, gain in REWARD.items():
        latent += gain * (factors[:, FACTORS.index(name)] == 5)
    overall = np.clip(np.rint(latent), 1, 5).astype(int)
    recommend = np.clip(np.rint(1.2 + 1.75 * latent + rng.normal(0, 0.9, count)), 0, 10).astype(int)
    stated = np.clip(np.rint(STATED + rng.normal(0, 0.8, factors.shape)), 1, 5).astype(int)
    company = np.array([s.kind != "person" for s in SEGMENTS[:KNOWN]])[people.segment[customer]]
    asked = company | (rng.random(count) < 0.5)
    asked_late = (orders.day > ASKED_DAY - YEAR_DAYS) & (orders.day < ASKED_DAY) & (orders.customer >= 0)
    active = np.isin(customer, orders.customer[asked_late])
    chance = np.where(active, ACTIVE_ANSWER, SILENT_ANSWER)
    return Voice(
        customer=customer,
        answered=asked & (rng.random(count) < chance),
        partial=rng.random(count) < PARTIAL_SHARE,
        design_weight=np.where(company, 1.0, 2.0),
        day=ASKED_DAY + rng.integers(0, FIELD_DAYS, count),
        factors=factors,
        overall=overall,
        recommend=recommend,
        stated=stated,
        elsewhere=rng.random((count, len(ELSEWHERE))) < list(ELSEWHERE.values()),
        used=_some(rng.random((count, len(USED))) < list(USED.values())),
        theme=_themes(factors, rng),
        wording=rng.integers(0, 2**31, count),
        offers=_ratings(rng, count),
    )


def _some(used: np.ndarray) -> np.ndarray:
    used[:, 0] |= ~used.any(axis=1)
    return used


def _themes(factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """People write of what annoys them: the worse a factor, the likelier. Nobody writes of returns."""
    pull = np.exp(-1.1 * factors[:, :5] + np.array([0.4, 0.3, 0.0, 0.0, 0.0]))
    ends = np.cumsum(pull, axis=1) / pull.sum(axis=1, keepdims=True)
    theme = (rng.random(len(factors))[:, None] > ends).sum(axis=1)
    return np.where(rng.random(len(factors)) < SILENT_SHARE, -1, theme)


def _ratings(rng: np.random.Generator, count: int) -> np.ndarray:
    """Ratings of the offers, respondent × offer, from 0 to 10; each respondent has tastes of its own."""
    total = rng.normal(BASE, 0.8, count)[:, None] + rng.normal(0, WHIM, (count, len(DESIGN)))
    for attribute, levels in enumerate(OFFERS.values()):
        own = rng.normal(0, TASTE, (count, len(levels)))
        own -= own.mean(axis=1, keepdims=True)
        part = np.array(list(levels.values())) + own
        total = total + part[:, [offer[attribute] for offer in DESIGN]]
    return np.clip(np.rint(total), 0, 10).astype(int)
