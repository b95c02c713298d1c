"""Invented names and addresses, consents, and the people whom two systems know under two ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_analytics.simulation.columns import each, ids, words
from crm_analytics.simulation.contacts import Responses
from crm_analytics.simulation.customers import People
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.effects import Arms, position
from crm_analytics.simulation.plan import CAMPAIGNS
from crm_analytics.simulation.segments import SEGMENTS

FIRST_NAMES = (
    "Anna",
    "Jānis",
    "Ilze",
    "Marta",
    "Pēteris",
    "Liis",
    "Toomas",
    "Kadri",
    "Jonas",
    "Rūta",
    "Анна",
    "Сергей",
    "Ольга",
    "Eva",
    "Andris",
    "Laura",
    "Mindaugas",
    "Katrin",
    "Ivars",
    "Дмитрий",
)
LAST_NAMES = (
    "Bērziņš",
    "Kalniņa",
    "Ozols",
    "Liepa",
    "Tamm",
    "Saar",
    "Kask",
    "Kazlauskas",
    "Petrauskas",
    "Иванова",
    "Петров",
    "Krūmiņš",
    "Vītola",
    "Sepp",
    "Mägi",
    "Jankauskas",
    "Eglītis",
    "O'Hara",
    "Zariņa",
    "Смирнов",
)
STREETS = ("Brīvības iela", "Liepājas iela", "Narva mnt", "Gedimino pr.", "Skolas iela", "Dārza iela", "Тёплая улица")
COMPANY_WORDS = ("Būve", "Dārzs", "Mēbeles", "Ehitus", "Namai", "Serviss", "Hotel", "Kafejnīca")

FORMULA = '=HYPERLINK("http://example.com","bonus")'
FORMULA_NAME, FORMULA_REASON = 499, 331
"""What one customer in so many types as a name, or as a reason, hoping that a spreadsheet will run it."""

CONSENT_CHANNELS = ("email", "sms", "phone", "mail")
CONSENT_SHARE = (0.82, 0.66, 0.52, 0.74)
WITHDRAWN_SHARE = 0.06
CALLERS_SHARE = 0.02


@dataclass(frozen=True)
class Consents:
    """Consents to marketing as columns; `withdrawn` is the day, −1 while it holds."""

    customer: np.ndarray
    channel: np.ndarray
    granted: np.ndarray
    withdrawn: np.ndarray


def draw_consents(people: People, arms: list[Arms], responses: Responses, *, seed: int) -> Consents:
    """Whoever took part in a direct campaign had agreed to its channel; whoever unsubscribed no longer does."""
    rng = stream(seed, "consents")
    count, kinds = len(people), len(CONSENT_CHANNELS)
    agreed = rng.random((count, kinds)) < CONSENT_SHARE
    channel_of = [CONSENT_CHANNELS.index(c.channel) if c.direct else -1 for c in CAMPAIGNS]
    last_touch = np.full((count, kinds), -1)
    for group in arms:
        channel = channel_of[group.campaign]
        agreed[group.customer, channel] = True
        last_touch[group.customer, channel] = position(CAMPAIGNS[group.campaign].ends)
    withdrawn = np.full((count, kinds), -1)
    tired = rng.random((count, kinds)) < WITHDRAWN_SHARE
    later = people.joined[:, None] + (rng.random((count, kinds)) * (DAYS - people.joined[:, None])).astype(int)
    withdrawn[tired] = np.maximum(later, last_touch + 1)[tired]
    left = responses.kind == 1
    channel = np.array(channel_of)[responses.campaign]
    np.maximum.at(withdrawn, (responses.customer[left], channel[left]), responses.day[left])
    withdrawn = np.where(withdrawn >= 0, np.maximum(withdrawn, last_touch + 1), withdrawn)
    withdrawn = np.where(withdrawn >= DAYS, -1, withdrawn)
    customer, channel = np.nonzero(agreed)
    return Consents(customer, channel, people.joined[customer], withdrawn[customer, channel])


@dataclass(frozen=True)
class Names:
    """Names as positions in the lists above, so that a million of them weigh little."""

    first: np.ndarray
    last: np.ndarray
    street: np.ndarray
    house: np.ndarray


def draw_names(count: int, *, seed: int) -> Names:
    rng = stream(seed, "names")
    return Names(
        rng.integers(0, len(FIRST_NAMES), count),
        rng.integers(0, len(LAST_NAMES), count),
        rng.integers(0, len(STREETS), count),
        rng.integers(1, 120, count),
    )


def full_names(people: People, names: Names) -> pa.Array:
    """Names of persons, and of companies with what companies put into theirs: quotes."""
    last = words(LAST_NAMES, names.last)
    person = pc.binary_join_element_wise(words(FIRST_NAMES, names.first), last, " ")
    trade = words(COMPANY_WORDS, names.first % len(COMPANY_WORDS))
    firm = pc.binary_join_element_wise('SIA "', trade, " ", last, '"', "")
    honest = pc.if_else(pa.array(is_person(people)), person, firm)
    return pc.if_else(each(FORMULA_NAME, len(people)), FORMULA, honest)


def is_person(people: People) -> np.ndarray:
    """Which customers are persons, not companies or dealers."""
    return np.array([s.kind == "person" for s in SEGMENTS])[people.segment]


def phones(numbers: np.ndarray) -> pa.Array:
    """Invented telephone numbers."""
    return ids("+3712", numbers)


def draw_callers(people: People, *, seed: int) -> np.ndarray:
    """The customers whom the call centre keeps a second time, under an id of its own."""
    rng = stream(seed, "callers")
    return np.flatnonzero(rng.random(len(people)) < CALLERS_SHARE)
