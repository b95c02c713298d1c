"""Records as they are compared: one row for each customer id, every field standardised, placeholders taken out.

What many different people share (an office telephone, info@, a default date of birth, 000000) identifies nobody. It is
found by counting, not by a list: a value that stands with more different names than a household has is emptied.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crm_analytics.collection.identity import names, reach

if TYPE_CHECKING:
    import pandas as pd

FIELDS = (
    "customer_id", "source", "kind", "first_seen", "birth_year", "gender", "region", "full_name", "given_name",
    "surname", "email", "phone", "address", "street", "city", "postcode", "birth_date", "tax_number",
)  # fmt: skip
"""What is known of a customer, as `customers` and `customer_contacts` have it; any but customer_id may be absent."""

COLUMNS = (
    "given", "root", "own_name", "middle", "surname", "surname_sound", "email", "phone", "tax_number", "birth_date",
    "birth_year", "street", "house", "flat", "home", "postcode", "city", "gender", "kind",
)  # fmt: skip
"""What a record has after it was standardised; texts, None where nothing is known."""

HOUSEHOLD = 4
"""More different names than this behind one telephone or e-mail: it is an office's or a placeholder, nobody's own."""
DEFAULT_DATE = 4
"""A date of birth that stands this many times as often as dates usually do was put in by a form."""


def records(known: pd.DataFrame, *, country: str = "") -> pd.DataFrame:
    """Standardise: a frame of `customer_id`, `source`, `first_seen` and COLUMNS, ordered by customer_id.

    `known` has one row for each customer id, with any of FIELDS. Its rows may come in any order; it is not changed.
    """
    import pandas as pd

    from crm_analytics.result import frame_of

    given = frame_of(known)
    texts = {
        field: given[field].map(_text) if field in given else pd.Series("", index=given.index, dtype=object)
        for field in FIELDS
    }
    frame = pd.DataFrame(texts).sort_values("customer_id", ignore_index=True)
    people = [_name(*row) for row in zip(frame.full_name, frame.given_name, frame.surname, frame.kind,
                                         _surname_first(frame), strict=True)]  # fmt: skip
    places = [
        reach.place(address=" ".join(filter(None, (street,))) or whole, city=city, postcode=code)
        for whole, street, city, code in zip(frame.address, frame.street, frame.city, frame.postcode, strict=True)
    ]
    born = frame.birth_date.map(reach.birth_date)
    home = country or reach.dialled_from(frame.phone)
    out = pd.DataFrame(
        {
            "customer_id": frame.customer_id,
            "source": frame.source,
            "first_seen": frame.first_seen.str[:10],
            "given": [one.given for one in people],
            "root": [names.root(one.given) if len(one.given) > 1 else "" for one in people],
            "own_name": ["yes" if names.is_given(one.given) else "" for one in people],
            "middle": [one.middle for one in people],
            "surname": [one.surname for one in people],
            "surname_sound": [names.sound(one.surname) for one in people],
            "email": frame.email.map(reach.email),
            "phone": [reach.phone(text, home) for text in frame.phone],
            "tax_number": frame.tax_number.map(reach.number),
            "birth_date": born,
            "birth_year": born.str[:4].where(born != "", frame.birth_year.str[:4]),
            "street": [one.street for one in places],
            "house": [one.house for one in places],
            "flat": [one.flat for one in places],
            "home": [f"{one.street} {one.house} {one.flat}" if one.street and one.house else "" for one in places],
            "postcode": [one.postcode for one in places],
            "city": [one.city or names.folded(region) for one, region in zip(places, frame.region, strict=True)],
            "gender": [_gender(stated) or one.gender for stated, one in zip(frame.gender, people, strict=True)],
            "kind": ["company" if one.company else "person" if one.given or one.surname else "" for one in people],
        },
        dtype=object,
    )
    return _without_what_many_share(out.where(out != "", None).astype("str"))


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return str(value).strip()


def _name(full: str, given: str, surname: str, kind: str, surname_first: bool) -> names.Name:
    if given or surname:
        first = names.folded(given).split()
        family = names.folded(surname)
        whole = names.parsed(full) if full else names.Name()
        return names.Name(
            given=first[0] if first and len(first[0]) > 1 else "".join(first), surname=family, gender=whole.gender,
            middle=whole.middle or (first[1] if len(first) > 1 and len(first[0]) > 2 else ""),
        )  # fmt: skip
    one = names.parsed(full, surname_first=surname_first)
    if kind == "company" and not one.company:
        return names.Name(surname=names.folded(full), company=True)
    return one


def _surname_first(frame: pd.DataFrame) -> list[bool]:
    """In which order each source writes names: the given name is the word that the table knows more often."""
    order = {}
    for source, full in frame.full_name.groupby(frame.source):
        pairs = [words for text in full if len(words := names.folded(text).split()) == 2]
        first, last = (sum(names.is_given(pair[place]) for pair in pairs) for place in (0, 1))
        order[source] = last > first
    return [order[source] for source in frame.source]


def _gender(stated: str) -> str:
    word = stated.casefold()[:1]
    return "f" if word in ("f", "w", "ж") else "m" if word in ("m", "м") else ""


def _without_what_many_share(frame: pd.DataFrame) -> pd.DataFrame:
    who = frame.root.fillna("") + " " + frame.surname_sound.fillna("")
    named = who.str.strip() != ""
    for column in ("email", "phone", "tax_number"):
        people = who[named].groupby(frame[column]).nunique()
        nobodys = set(people.index[people > HOUSEHOLD])
        frame[column] = frame[column].where(~frame[column].isin(nobodys), None)
    dated = frame.birth_date.dropna()
    counts = dated.value_counts()
    usual = counts.median() if len(counts) > 1 else 1.0
    defaults = {
        day for day, n in counts.items() if n > DEFAULT_DATE * usual and n > 5 and re.search(r"-01-01$|^1900", day)
    }
    frame["birth_date"] = frame.birth_date.where(~frame.birth_date.isin(defaults), None)
    return frame
