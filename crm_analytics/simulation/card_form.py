"""What people wrote when they took the loyalty card: the income of their household, and how many live in it.

Drawn from a stream of its own, so that the company is the same but for this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.customers import People
from crm_analytics.simulation.demand import FIRST_DAY
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.persons import is_person

FILLED_SHARE = 0.75
INCOME_SHARE = 0.85
"""Of those who filled in the form, so many told their income."""
MEDIAN_INCOME, BEST_AGE = 2900.0, 46
INCOME_BY_LINES = 0.5
"""The logarithm of income by that of the customer's mean lines in an order: who earns more buys more at a time."""
NOISE = 0.38
HOUSEHOLD = (0.28, 0.33, 0.17, 0.15, 0.07)
"""Shares of households of one, two, … persons."""


@dataclass(frozen=True)
class CardForms:
    """Forms as columns, in the order of the customers' numbers; `income` in money a month, −1 where it is not told."""

    customer: np.ndarray
    income: np.ndarray
    household: np.ndarray


def draw_card_forms(people: People, *, seed: int) -> CardForms:
    """The forms of those persons who filled them in; income is highest in middle age and goes with larger baskets."""
    rng, count = stream(seed, "card form"), len(people)
    age = FIRST_DAY.year - people.birth_year
    by_lines = INCOME_BY_LINES * np.log(people.lines / np.median(people.lines))
    income = MEDIAN_INCOME * np.exp(by_lines - 0.0006 * (age - BEST_AGE) ** 2 + NOISE * rng.standard_normal(count))
    told = rng.random(count) < INCOME_SHARE
    household = 1 + rng.choice(len(HOUSEHOLD), count, p=HOUSEHOLD)
    filled = np.flatnonzero((rng.random(count) < FILLED_SHARE) & is_person(people))
    income = np.where(told, 100 * np.round(income / 100).astype(int), -1)
    return CardForms(filled, income[filled], household[filled])
