"""How companies and dealers pay: on invoice, each with a habit of its own, some late, a few never.

Drawn from a stream of its own, so that the company is the same but for this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.customers import People
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import shares, stream
from crm_analytics.simulation.sales import KINDS, Sales
from crm_analytics.simulation.segments import KNOWN, SEGMENTS

TERMS_DAYS = {"company": 14, "dealer": 30}
"""On invoice buy companies and dealers; all others pay at the till or with the order."""

HABITS = {"early": 0.25, "in time": 0.43, "late": 0.22, "very late": 0.10}
DAYS_LATE = {"early": -6.0, "in time": 0.0, "late": 11.0, "very late": 34.0}
DEFAULTS = {"early": 0.0, "in time": 0.002, "late": 0.01, "very late": 0.08}
"""How many days after the due day a customer of each habit pays on average, and the chance that it never does."""

OWN_DAYS, SPREAD_DAYS = 2.5, 4.0
"""How much customers of one habit differ, and how much the payments of one customer (standard deviations)."""

INSTALMENTS_FROM_CENTS = 1500_00
"""From here on an invoice is paid in two halves, the second a month after the first."""


@dataclass(frozen=True)
class Payments:
    """Payments due as columns, sorted by order; money in cents. `paid` is −1 while a payment is open on the last day;
    `lost` says that it will stay so."""

    order: np.ndarray
    instalment: np.ndarray
    customer: np.ndarray
    invoiced: np.ndarray
    due: np.ndarray
    paid: np.ndarray
    amount_cents: np.ndarray
    lost: np.ndarray

    def __len__(self) -> int:
        return len(self.order)


@dataclass(frozen=True)
class Habits:
    """How each customer pays, as columns by the customer's number; `habit` is −1 for those who buy for ready money."""

    habit: np.ndarray
    terms_days: np.ndarray
    mean_days_late: np.ndarray
    default_chance: np.ndarray


def draw_habits(people: People, *, seed: int) -> Habits:
    """A habit for every company and every dealer."""
    rng = stream(seed, "payment habits")
    habit = shares(rng, HABITS, len(people))
    own = np.array(list(DAYS_LATE.values()))[habit] + rng.normal(0, OWN_DAYS, len(people))
    terms = np.array([TERMS_DAYS.get(s.kind, 0) for s in SEGMENTS[:KNOWN]])[people.segment]
    return Habits(
        habit=np.where(terms > 0, habit, -1),
        terms_days=terms,
        mean_days_late=own,
        default_chance=np.array(list(DEFAULTS.values()))[habit],
    )


def draw_payments(sales: Sales, habits: Habits, *, seed: int) -> Payments:
    """What is due for every sale on invoice; returns are settled at the counter."""
    rng = stream(seed, "payments")
    amount = np.bincount(sales.lines.order, sales.lines.amount, len(sales)).astype(np.int64)
    on_invoice = (sales.customer >= 0) & (sales.kind != KINDS.index("return")) & (amount > 0)
    on_invoice &= habits.terms_days[sales.customer.clip(min=0)] > 0
    whole = np.flatnonzero(on_invoice)
    parts = np.where(amount[whole] >= INSTALMENTS_FROM_CENTS, 2, 1)
    order = np.repeat(whole, parts)
    second = np.diff(order, prepend=-1) == 0
    half = amount[order] // 2
    share = np.where(second, half, np.where(np.repeat(parts, parts) == 2, amount[order] - half, amount[order]))
    owner, invoiced = sales.customer[order], sales.day[order]
    due = invoiced + habits.terms_days[owner] + 30 * second
    late = np.rint(habits.mean_days_late[owner] + rng.normal(0, SPREAD_DAYS, len(order))).astype(np.int64)
    paid = np.maximum(due + late, invoiced)
    lost = rng.random(len(order)) < habits.default_chance[owner]
    return Payments(
        order=order,
        instalment=1 + second.astype(int),
        customer=owner,
        invoiced=invoiced,
        due=due,
        paid=np.where(lost | (paid >= DAYS), -1, paid),
        amount_cents=share,
        lost=lost,
    )
