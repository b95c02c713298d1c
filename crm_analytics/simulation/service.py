"""What it costs to serve an order: delivery by region and weight, packaging, the handling of what comes back.

Drawn from a stream of its own, so that the company is the same but for this. A few customers are planted who cost more
than they bring: they live where a delivery costs several times as much, or send back what is broken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.assortment import CATEGORIES, DEALER_DESK, GOODS, MADE_TO_ORDER, WEB
from crm_analytics.simulation.contacts import CHANNELS as CONTACT_CHANNELS
from crm_analytics.simulation.contacts import PHONE, Contacts
from crm_analytics.simulation.customers import People
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import shares, stream
from crm_analytics.simulation.plan import COST_OF_TOUCH
from crm_analytics.simulation.sales import KINDS, Sales

COSTS = ("delivery", "packaging", "return handling")
DELIVERY, PACKAGING, RETURN = range(len(COSTS))
NATURES = {"plain": 0.94, "remote": 0.03, "spoils": 0.03}
"""`remote`: everything is carried out to them, at many times the price; `spoils`: what comes back is broken and is
disposed of."""

PLAIN, REMOTE, SPOILS = range(len(NATURES))
REGION_CENTS = (320, 450, 480, 560, 590, 520)
"""A parcel by region, in the order of the regions; an order of nobody known is sent at their mean."""

KILO_CENTS, REMOTE_FACTOR = 14, 10
PALLET_CENTS, PALLET_KILO_CENTS = 2400, 5
PARCEL_CENTS, UNIT_CENTS = 60, 15
HANDLING_CENTS, HANDLING_SHARE, DISPOSAL_CENTS = 350, 0.15, 120_00
KILOS = dict(zip((*CATEGORIES, MADE_TO_ORDER), (5.0, 1.5, 2.0, 1.0, 1.2, 2.5, 3.0, 8.0, 40.0), strict=True))
"""What a unit of each category weighs; grills are heavy, towels are not."""

SPREAD = 0.12
"""By how much the carrier's bills for like parcels differ (standard deviation in logarithms)."""

CALL_CENTS, SECOND_CENTS = 80, 1.1
"""What it costs to be called by a customer: so much for picking up, so much a second."""


@dataclass(frozen=True)
class OrderCosts:
    """Costs of orders as columns, sorted by order; `kind` is a position in COSTS, money in cents."""

    order: np.ndarray
    kind: np.ndarray
    day: np.ndarray
    amount_cents: np.ndarray

    def __len__(self) -> int:
        return len(self.order)


def draw_natures(count: int, *, seed: int) -> np.ndarray:
    """What each customer is like to serve, as a position in NATURES."""
    return shares(stream(seed, "natures"), NATURES, count)


def draw_order_costs(sales: Sales, people: People, natures: np.ndarray, *, seed: int) -> OrderCosts:
    """The costs of every order that was sent somewhere or came back."""
    rng = stream(seed, "order costs")
    lines, count = sales.lines, len(sales)
    of_unit = np.array(list(KILOS.values()))[GOODS.category[lines.product]]
    kilos = np.bincount(lines.order, of_unit * lines.quantity, count)
    units = np.bincount(lines.order, lines.quantity, count)
    nature = np.where(sales.customer >= 0, natures[sales.customer.clip(min=0)], PLAIN)
    parcel = np.array([*REGION_CENTS, np.mean(REGION_CENTS)])
    region = np.where(sales.customer >= 0, people.region[sales.customer.clip(min=0)], -1)
    sent = parcel[region] + KILO_CENTS * kilos
    by_pallet = sales.store == DEALER_DESK
    sent = np.where(by_pallet, PALLET_CENTS + PALLET_KILO_CENTS * kilos, sent)
    sent = sent * np.where(nature == REMOTE, REMOTE_FACTOR, 1) * np.exp(rng.normal(0, SPREAD, count))
    back = sales.kind == KINDS.index("return")
    worth = np.bincount(lines.order, lines.unit_cost * -lines.quantity.astype(np.int64), count)
    taken = HANDLING_CENTS + HANDLING_SHARE * worth + np.where(nature == SPOILS, worth + DISPOSAL_CENTS, 0)
    delivered = ~back & ((sales.store == WEB) | by_pallet | (nature == REMOTE))
    parts = [
        (np.flatnonzero(delivered), DELIVERY, sent, 3),
        (np.flatnonzero(delivered), PACKAGING, PARCEL_CENTS + UNIT_CENTS * units, 0),
        (np.flatnonzero(back), RETURN, taken, 1),
    ]
    order = np.concatenate([rows for rows, *_ in parts])
    kind = np.concatenate([np.full(len(rows), code) for rows, code, *_ in parts])
    cents = np.concatenate([np.rint(amount[rows]) for rows, _, amount, _ in parts]).astype(np.int64)
    day = np.concatenate([np.minimum(sales.day[rows] + wait, DAYS - 1) for rows, _, _, wait in parts])
    sorting = np.lexsort((kind, order))
    return OrderCosts(order[sorting], kind[sorting], day[sorting], cents[sorting])


def touch_cents(contacts: Contacts) -> np.ndarray:
    """What each touch cost in cents: of a campaign what addressing somebody costs, of a customer's call the time."""
    out = np.array([round(100 * COST_OF_TOUCH[channel]) for channel in CONTACT_CHANNELS])[contacts.channel]
    called = CALL_CENTS + SECOND_CENTS * np.nan_to_num(contacts.duration_s)
    return np.rint(np.where(contacts.inbound & (contacts.channel == PHONE), called, out)).astype(np.int64)
