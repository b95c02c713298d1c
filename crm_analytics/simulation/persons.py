"""Invented names and addresses, consents, and the people whom two systems know under two ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
from crm_analytics.simulation.names import LAST_NAMES, MEN, STREETS, WOMEN, latin
from crm_analytics.simulation.plan import CAMPAIGNS
from crm_analytics.simulation.segments import SEGMENTS

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


HOUSEHOLDS = {"twins": 0.004, "parent": 0.006, "couple": 0.03}
"""Of all customers so many have in the list: a twin; a child of the same name; somebody with one e-mail and telephone
for both. They live at one address."""
SHARED_PHONE = 0.5
GENERATION_YEARS = (20, 38)


@dataclass(frozen=True)
class Names:
    """Names and addresses as positions in the lists, so that a million of them weigh little.

    `reached` is whose e-mail and telephone the customer gives: almost always the customer's own.
    """

    first: np.ndarray
    last: np.ndarray
    street: np.ndarray
    house: np.ndarray
    birth_day: np.ndarray
    phone_of: np.ndarray
    email_of: np.ndarray


def draw_names(people: People, *, seed: int) -> Names:
    """Names, dates of birth and addresses; some customers are of one household, which is where identities get mixed."""
    rng, count = stream(seed, "names"), len(people)
    own = np.arange(count)
    names = Names(
        rng.integers(0, len(MEN), count),
        rng.integers(0, len(LAST_NAMES), count),
        rng.integers(0, len(STREETS), count),
        rng.integers(1, 180, count),
        rng.integers(0, 365, count),
        own.copy(),
        own.copy(),
    )
    free = is_person(people)
    for kind, share in HOUSEHOLDS.items():
        for one, other in _pairs(people, free, kind, rng.permutation(count), round(share * count / 2)):
            free[[one, other]] = False
            for shared in (names.last, names.street, names.house):
                shared[other] = shared[one]
            if kind == "twins":
                names.birth_day[other] = names.birth_day[one]
                names.first[other] = (names.first[one] + 7) % len(MEN)
            if kind == "parent":
                names.first[other] = names.first[one]
            if kind == "couple" or rng.random() < SHARED_PHONE:
                names.phone_of[other] = one
            if kind == "couple":
                names.email_of[other] = one
    return names


def _pairs(
    people: People, free: np.ndarray, kind: str, order: np.ndarray, wanted: int
) -> Iterator[tuple[int, int]]:
    """Customers of one region who can be such a pair, as they come in this order."""
    waiting: dict[tuple, int] = {}
    for number in order[free[order]].tolist():
        if not wanted:
            return
        region, born, gender = people.region[number], int(people.birth_year[number]), people.gender[number]
        if kind == "twins":
            sought = key = (region, born)
        elif kind == "couple":
            key, sought = (region, gender, born // 4), (region, 1 - gender, born // 4)
        else:
            key = sought = (region, gender)
        other = waiting.get(sought)
        apart = abs(born - int(people.birth_year[other])) if other is not None else 0
        if other is None or (kind == "parent" and not GENERATION_YEARS[0] <= apart <= GENERATION_YEARS[1]):
            waiting[key] = number
            continue
        del waiting[sought]
        wanted -= 1
        yield other, number


def first_name(people: People, names: Names, number: int) -> str:
    return (MEN if people.gender[number] else WOMEN)[names.first[number]][0]


def last_name(people: People, names: Names, number: int) -> str:
    return LAST_NAMES[names.last[number]][0 if people.gender[number] else 1]


def full_names(people: People, names: Names) -> pa.Array:
    """Names of persons, and of companies with what companies put into theirs: quotes."""
    man = pa.array(people.gender == 1)
    first = pc.if_else(man, words([n for n, _ in MEN], names.first), words([n for n, _ in WOMEN], names.first))
    last = pc.if_else(man, words([m for m, _ in LAST_NAMES], names.last), words([w for _, w in LAST_NAMES], names.last))
    person = pc.binary_join_element_wise(first, last, " ")
    trade = words(COMPANY_WORDS, names.first % len(COMPANY_WORDS))
    firm = pc.binary_join_element_wise('SIA "', trade, " ", words([m for m, _ in LAST_NAMES], names.last), '"', "")
    honest = pc.if_else(pa.array(is_person(people)), person, firm)
    return pc.if_else(each(FORMULA_NAME, len(people)), FORMULA, honest)


def emails(people: People, names: Names) -> pa.Array:
    """Invented e-mails: of a name and a number, as people choose them."""
    owner = names.email_of
    man = pa.array(people.gender[owner] == 1)
    first = names.first[owner]
    given = pc.if_else(man, words([n for _, n in MEN], first), words([n for _, n in WOMEN], first))
    family = words([re.sub("[^a-z]", "", latin(m).lower()) for m, _ in LAST_NAMES], names.last[owner])
    number = pa.array(owner).cast(pa.string())
    box = pc.binary_join_element_wise(pc.utf8_lower(given), ".", family, number, "")
    return pc.binary_join_element_wise(box, "example.com", "@")


def birth_dates(people: People, names: Names) -> pa.Array:
    """Dates of birth as text; companies have none."""
    days = (people.birth_year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + names.birth_day
    return pc.if_else(pa.array(is_person(people)), pa.array(days).cast(pa.string()), None)


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
