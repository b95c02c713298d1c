"""Customers written down a second time, as it happens: typed again, after a move, in another alphabet.

The tables of the company have every customer once; only what its systems export has the duplicates, and spreads the
orders over them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.customers import People
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.names import LAST_NAMES, MEN, SHORT, STREETS, WOMEN, latin
from crm_analytics.simulation.persons import Names, is_person

SHARE = 0.04
"""Of all persons so many stand in the list a second time."""
FIRST_NUMBER = 5_000_000
"""Their numbers are so much higher than a customer's first one."""
STRANGER = 9_000_000
"""New telephones and e-mails are numbered from here on."""
KINDS = ("typed again", "moved", "new e-mail", "other order", "other alphabet", "short name", "at the till")
SOUNDS = (("s", "z"), ("i", "y"), ("k", "c"), ("v", "w"), ("f", "ph"), ("л", "лл"), ("н", "нн"), ("o", "a"), ("е", "и"))
KEYS = "abcdefghijklmnoprstuvz"


@dataclass(frozen=True)
class Duplicates:
    """The second records as columns: whose, what happened, since which day, what was written ('' is nothing)."""

    customer: np.ndarray
    kind: list[str]
    day: np.ndarray
    full_name: list[str]
    birth_date: list[str]
    email: list[str]
    phone: list[str]
    address: list[str]

    def __len__(self) -> int:
        return len(self.customer)

    def written_as(self, customer: np.ndarray, day: np.ndarray) -> np.ndarray:
        """The numbers under which orders of these customers on these days were booked: every second one, once there
        is a second record, on it."""
        numbers = customer.astype(np.int64)
        place = np.full(max(int(customer.max(initial=-1)) + 1, int(self.customer.max(initial=-1)) + 1), -1)
        place[self.customer] = np.arange(len(self))
        again = np.where(customer >= 0, place[customer.clip(min=0)], -1)
        second = (again >= 0) & (day >= self.day[again.clip(min=0)]) & (day % 2 == 1) if len(self) else again >= 0
        return np.where(second, FIRST_NUMBER + again, numbers)


def draw_duplicates(people: People, names: Names, *, seed: int) -> Duplicates:
    """Which persons stand in the list twice, and what the second record says of them."""
    rng = stream(seed, "duplicates")
    chosen = np.flatnonzero((rng.random(len(people)) < SHARE) & is_person(people))
    rows = [_again(people, names, int(number), stream(seed, f"duplicate {number}")) for number in chosen]
    kind, name, born, email, phone, address = zip(*rows, strict=True) if rows else [()] * 6
    day = np.minimum(people.joined[chosen] + rng.integers(60, 500, len(chosen)), DAYS - 1)
    return Duplicates(chosen, list(kind), day, list(name), list(born), list(email), list(phone), list(address))


def _again(people: People, names: Names, number: int, rng: np.random.Generator) -> tuple[str, ...]:
    first = (MEN if people.gender[number] else WOMEN)[names.first[number]][0]
    last = LAST_NAMES[names.last[number]][0 if people.gender[number] else 1]
    box = int(names.email_of[number])
    owner = (MEN if people.gender[box] else WOMEN)[names.first[box]][1].lower()
    family = "".join(c for c in latin(LAST_NAMES[names.last[box]][0]).lower() if c.isalpha())
    email, phone = f"{owner}.{family}{box}@example.com", f"+3712{int(names.phone_of[number]):07d}"
    year = np.datetime64(f"{people.birth_year[number]}-01-01")
    born = str(year + np.timedelta64(int(names.birth_day[number]), "D"))
    street, house = STREETS[names.street[number]], int(names.house[number])
    new_phone = f"+3712{STRANGER + int(rng.integers(0, 900_000)):07d}"
    new_email = f"{owner}{int(rng.integers(10_000, 99_999))}@example.com"
    kind = KINDS[rng.integers(len(KINDS))]
    if kind == "typed again":
        first, last = (_mistyped(first, rng), last) if rng.random() < 0.4 else (first, _mistyped(last, rng))
        email, born = _rarely(email, rng, 0.5), _mistyped_date(born, rng)
    elif kind == "moved":
        street, house, phone = STREETS[rng.integers(len(STREETS))], int(rng.integers(1, 180)), new_phone
    elif kind == "new e-mail":
        email, born = new_email, _rarely(born, rng, 0.5)
        phone = _swapped(phone, rng) if rng.random() < 0.3 else phone
    elif kind == "other order":
        first, last, phone, email = last, first, f"2{phone[5:8]} {phone[8:]}", email.upper()
        born = _rarely(born, rng, 0.5)
    elif kind == "other alphabet":
        first, last, email = latin(first), latin(last), _rarely(email, rng, 0.3)
    elif kind == "short name":
        first, email, born = SHORT.get(first, first), _rarely(email, rng, 0.3), _rarely(born, rng, 0.6)
    else:  # at the till: in haste, an initial, no e-mail
        first, email = (f"{first[0]}." if rng.random() < 0.3 else first), ""
        last = _misheard(last, rng)
    address = f"{_mistyped(street, rng) if rng.random() < 0.2 else street} {house}"
    return kind, f"{first} {last}", born, email, phone, _rarely(address, rng, 0.8)


def _rarely(text: str, rng: np.random.Generator, share: float) -> str:
    """The text, in so many of all cases."""
    return text if rng.random() < share else ""


def _mistyped(text: str, rng: np.random.Generator) -> str:
    """One letter dropped, doubled, changed, or two of them swapped."""
    place, letter = int(rng.integers(1, max(len(text) - 1, 2))), KEYS[rng.integers(len(KEYS))]
    head, here, tail = text[:place], text[place : place + 1], text[place + 1 :]
    return (head + tail, head + here + here + tail, head + letter + tail, head + tail[:1] + here + tail[1:])[
        rng.integers(4)
    ]


def _misheard(text: str, rng: np.random.Generator) -> str:
    for heard, written in rng.permutation(np.array(SOUNDS)).tolist():
        if heard in text[1:]:
            return text[0] + text[1:].replace(heard, written, 1)
    return text


def _swapped(phone: str, rng: np.random.Generator) -> str:
    place = int(rng.integers(6, len(phone) - 1))
    return phone[:place] + phone[place + 1] + phone[place] + phone[place + 2 :]


def _mistyped_date(text: str, rng: np.random.Generator) -> str:
    """Day and month the other way round, where that is a date; else as it is."""
    year, month, day = text.split("-")
    return f"{year}-{day}-{month}" if int(day) <= 12 and rng.random() < 0.5 else text
