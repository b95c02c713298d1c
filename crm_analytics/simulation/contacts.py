"""Touches in and out: campaign messages and calls, calls to the service line, and when people pick up the phone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crm_analytics.simulation.assortment import GOODS
from crm_analytics.simulation.columns import CAMPAIGN_IDS, customer_ids, moments, money, table, words
from crm_analytics.simulation.customers import ATTITUDES, People
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import shares, stream
from crm_analytics.simulation.effects import PUT_OFF, Arms, position
from crm_analytics.simulation.plan import CAMPAIGNS

if TYPE_CHECKING:
    from crm_analytics.simulation.sales import Sales

CHANNELS = ("email", "sms", "mail", "phone")
PHONE = CHANNELS.index("phone")
OUTCOMES = ("delivered", "bounced", "answered", "no answer", "refused", "question", "complaint", "order")
DELIVERED, BOUNCED, ANSWERED, NO_ANSWER, REFUSED, QUESTION = range(6)
AGENTS = ("Baiba", "Edgars", "Kristine", "Olga", "Raimonds", "Signe")
RESPONSES = ("click", "unsubscribe", "interested")
UNSUBSCRIBE = RESPONSES.index("unsubscribe")

ANSWER_RATE = np.array(
    [
        [0.22, 0.26, 0.30, 0.30, 0.34, 0.31, 0.30, 0.33, 0.45, 0.56, 0.60],
        [0.24, 0.28, 0.31, 0.32, 0.36, 0.33, 0.32, 0.36, 0.48, 0.60, 0.63],
        [0.24, 0.28, 0.32, 0.32, 0.36, 0.33, 0.33, 0.36, 0.48, 0.60, 0.62],
        [0.23, 0.27, 0.31, 0.31, 0.35, 0.33, 0.32, 0.36, 0.47, 0.58, 0.61],
        [0.20, 0.24, 0.27, 0.28, 0.31, 0.28, 0.26, 0.27, 0.33, 0.38, 0.36],
        [0.18, 0.28, 0.38, 0.44, 0.46, 0.44, 0.42, 0.40, 0.36, 0.32, 0.28],
    ]
)
"""Chance that a call is answered: Monday to Saturday × the hours from 9 to 19."""

FIRST_HOUR = 9
RESPONSE_RATE = {"indifferent": 0.05, "glad": 0.22, "put off": 0.02}
"""Chance of a click or a kind word, by attitude; much of it comes from those who would have bought anyway."""

UNSUBSCRIBE_RATE = 0.25
"""Share of those put off who unsubscribe."""

FAULTY, FAULT_FROM, FAULT_CHANCE = "Garden hose 25 m", date(2024, 4, 1), 0.15
"""The hose of a new batch bursts: from then on so many of those who buy it ring up to complain."""
FAULT_DAYS = (2, 15)
"""So many days after buying it."""


@dataclass(frozen=True)
class Contacts:
    """Touches as columns, in the order of their moments. `campaign` is −1 when the touch belongs to none."""

    customer: np.ndarray
    day: np.ndarray
    second: np.ndarray
    channel: np.ndarray
    inbound: np.ndarray
    campaign: np.ndarray
    outcome: np.ndarray
    duration_s: np.ndarray
    agent: np.ndarray

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, rows: np.ndarray) -> Contacts:
        return Contacts(*(getattr(self, f.name)[rows] for f in fields(self)))


def _campaign_touches(group: Arms, *, seed: int) -> Contacts:
    rng = stream(seed, f"contacts {group.campaign}")
    campaign = CAMPAIGNS[group.campaign]
    customer = group.customer[group.treated].astype(np.int32)
    count = len(customer)
    first, length = position(campaign.starts), (campaign.ends - campaign.starts).days + 1
    if campaign.channel != "phone":
        bounced = rng.random(count) < 0.03
        return Contacts(
            customer,
            np.full(count, first, np.int32),
            8 * 3600 + rng.integers(0, 7200, count),
            np.full(count, CHANNELS.index(campaign.channel), np.int8),
            np.zeros(count, bool),
            np.full(count, group.campaign, np.int16),
            np.where(bounced, BOUNCED, DELIVERED),
            np.full(count, np.nan),
            np.full(count, -1, np.int8),
        )
    open_days = first + np.array([d for d in range(length) if (campaign.starts.weekday() + d) % 7 < 6])
    day = rng.choice(open_days, count)
    return _calls_out(customer, day, group.campaign, rng)


def _calls_out(customer: np.ndarray, day: np.ndarray, campaign: int, rng: np.random.Generator) -> Contacts:
    """Calls at all hours of the day; whether one is answered depends on the hour and the weekday."""
    count = len(customer)
    hour = rng.integers(0, ANSWER_RATE.shape[1], count)
    weekday = (day + 4) % 7
    answered = rng.random(count) < ANSWER_RATE[np.minimum(weekday, 5), hour]
    refused = answered & (rng.random(count) < 0.15)
    outcome = np.select([refused, answered], [REFUSED, ANSWERED], NO_ANSWER)
    talk = np.where(answered, rng.gamma(2.0, 70.0, count).round(), 0.0)
    return Contacts(
        customer,
        day.astype(np.int32),
        (FIRST_HOUR + hour) * 3600 + rng.integers(0, 3600, count),
        np.full(count, PHONE, np.int8),
        np.zeros(count, bool),
        np.full(count, campaign, np.int16),
        outcome,
        talk,
        rng.integers(0, len(AGENTS), count).astype(np.int8),
    )


def _service_calls(people: People, *, seed: int) -> Contacts:
    """Customers who call: with a question, a complaint, an order."""
    rng = stream(seed, "service calls")
    count = rng.poisson(0.35 * len(people))
    customer = rng.integers(0, len(people), count).astype(np.int32)
    day = people.joined[customer] + (rng.random(count) * (DAYS - people.joined[customer])).astype(np.int32)
    day = np.where((day + 4) % 7 == 6, np.maximum(day - 1, people.joined[customer]), day)
    return Contacts(
        customer,
        day.astype(np.int32),
        rng.integers(9 * 3600, 19 * 3600, count),
        np.full(count, PHONE, np.int8),
        np.ones(count, bool),
        np.full(count, -1, np.int16),
        QUESTION + shares(rng, {"question": 0.6, "complaint": 0.15, "order": 0.25}, count),
        rng.gamma(2.0, 90.0, count).round(),
        rng.integers(0, len(AGENTS), count).astype(np.int8),
    )


def _fault_calls(sales: Sales, *, seed: int) -> Contacts:
    """Complaints of customers who bought the faulty product; drawn from a stream of their own."""
    rng = stream(seed, "faulty product")
    lines = sales.lines
    faulty = (lines.product == GOODS.number(FAULTY)) & (lines.quantity > 0)
    of = lines.order[faulty & (sales.customer >= 0)[lines.order] & (sales.day >= position(FAULT_FROM))[lines.order]]
    of = of[rng.random(len(of)) < FAULT_CHANCE]
    day = sales.day[of] + rng.integers(*FAULT_DAYS, len(of))
    day = np.where((day + 4) % 7 == 6, day + 1, day)
    of, day = of[day < DAYS], day[day < DAYS]
    return Contacts(
        sales.customer[of].astype(np.int32),
        day.astype(np.int32),
        rng.integers(9 * 3600, 19 * 3600, len(of)),
        np.full(len(of), PHONE, np.int8),
        np.ones(len(of), bool),
        np.full(len(of), -1, np.int16),
        np.full(len(of), OUTCOMES.index("complaint")),
        rng.gamma(2.0, 120.0, len(of)).round(),
        rng.integers(0, len(AGENTS), len(of)).astype(np.int8),
    )


def draw_contacts(arms: list[Arms], people: People, sales: Sales, *, seed: int) -> Contacts:
    """All touches of the history."""
    parts = [_campaign_touches(group, seed=seed) for group in arms]
    parts += [_service_calls(people, seed=seed), _fault_calls(sales, seed=seed)]
    whole = Contacts(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Contacts)))
    return whole.take(np.lexsort((whole.customer, whole.second, whole.day)))


def as_table(source: str, some: Contacts, contact_id: pa.Array, *, cents: np.ndarray) -> pa.Table:
    """Touches, and what each cost, as rows of the canonical table."""
    return table(
        "contacts",
        source,
        {
            "contact_id": contact_id,
            "at": moments(some.day, some.second),
            "customer_id": customer_ids(some.customer),
            "channel": words(CHANNELS, some.channel),
            "kind": words(["out", "in"], some.inbound.astype(int)),
            "campaign_id": words(CAMPAIGN_IDS, some.campaign),
            "outcome": words(OUTCOMES, some.outcome),
            "duration_s": pa.array(some.duration_s, mask=np.isnan(some.duration_s)),
            "agent": words(AGENTS, some.agent),
            "cost": money(cents),
        },
    )


@dataclass(frozen=True)
class Responses:
    """What customers did when addressed, as columns."""

    campaign: np.ndarray
    customer: np.ndarray
    day: np.ndarray
    second: np.ndarray
    kind: np.ndarray


def draw_responses(contacts: Contacts, people: People, *, seed: int) -> Responses:
    """Responses to campaign touches that got through, within the week after."""
    rng = stream(seed, "responses")
    reached = contacts.take((contacts.campaign >= 0) & np.isin(contacts.outcome, (DELIVERED, ANSWERED)))
    attitude = people.attitude[reached.customer]
    chance = rng.random(len(reached))
    keen = chance < np.array([RESPONSE_RATE[name] for name in ATTITUDES])[attitude]
    away = ~keen & (attitude == PUT_OFF) & (chance > 1 - UNSUBSCRIBE_RATE)
    day = reached.day + rng.geometric(0.5, len(reached)) - 1
    kind = np.where(away, UNSUBSCRIBE, np.where(reached.channel == PHONE, 2, 0))
    kept = (keen | away) & (day < DAYS)
    second = np.maximum(reached.second, rng.integers(9 * 3600, 22 * 3600, len(reached)))
    return Responses(reached.campaign[kept], reached.customer[kept], day[kept], second[kept], kind[kept])
