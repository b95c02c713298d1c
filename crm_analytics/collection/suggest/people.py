"""People: names, addresses and birthdays that a file tells in pieces, or in one column of which two are made."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from crm_analytics.collection.suggest.lexicon import lexicon
from crm_analytics.collection.suggest.part import Spec
from crm_analytics.collection.suggest.profile import Profile

if TYPE_CHECKING:
    from crm_analytics.collection.suggest.columns import Columns

_OWN = "customer_contacts."


def made_of_pieces(columns: Columns, place: str) -> Spec | None:
    """A column of a person that no single column of the file is; None where it must be taken as it came."""
    made = _MADE.get(place)
    return made(columns) if made else None


def _full_name(columns: Columns) -> Spec | None:
    """As people are called: the surname first where there is a patronymic or the headings are Russian."""
    whole, given, surname = (columns.at(_OWN + name) for name in ("full_name", "given_name", "surname"))
    if whole is not None and (given or surname is None or whole.length > 1.3):
        return None
    given = given or whole  # «Name» beside «Surname»
    middle = columns.at(_OWN + "full_name#middle")
    if given is None and surname is None:
        return None
    columns.use(_OWN + "full_name", _OWN + "full_name#middle")
    russian = middle is not None or re.search("[а-яё]", f"{given and given.name}{surname and surname.name}", re.I)
    order = (surname, given, middle) if russian else (given, middle, surname)
    return _joined(" ", order)


def _street(columns: Columns) -> Spec | None:
    pieces = [_OWN + "street", _OWN + "street#house", _OWN + "street#flat"]
    if columns.at(pieces[0]) is None or not any(columns.at(piece) for piece in pieces[1:]):
        return None
    columns.use(*pieces)
    return _joined(", ", [columns.at(piece) for piece in pieces])


def _address(columns: Columns) -> Spec | None:
    """What stands on an envelope: the address where it already names the town, else with town and post code."""
    whole, city = columns.at(_OWN + "address"), columns.at(_OWN + "city")
    pieces = [columns.at(_OWN + f"street{piece}") for piece in ("", "#house", "#flat")] if whole is None else [whole]
    postcode = columns.at(_OWN + "postcode")
    if not any(pieces) or not (city or postcode):
        return None
    around = [city, columns.at("customers.region"), postcode]
    if whole is not None and city is not None and _named_within(whole, city):
        return None
    columns.use(_OWN + "address")
    return _joined(", ", [*pieces, *around])


def _named_within(whole: Profile, city: Profile) -> bool:
    pairs = [(a, b) for a, b in zip(whole.cells[:500], city.cells[:500], strict=True) if a and b]
    return sum(town.casefold() in address.casefold() for address, town in pairs) > 0.5 * len(pairs)


def _region(columns: Columns) -> Spec | None:
    """The town, where nothing larger is told."""
    city = columns.at(_OWN + "city")
    if columns.at("customers.region") is not None or city is None:
        return None
    columns.use(_OWN + "city")
    columns.part.main[columns.reading.at[_OWN + "city"].column] = "customers.region"
    return columns.raw(city)


def _birth_year(columns: Columns) -> Spec | None:
    born = columns.at(_OWN + "birth_date")
    if columns.at("customers.birth_year") is not None or born is None:
        return None
    columns.use(_OWN + "birth_date")
    columns.part.main[columns.reading.at[_OWN + "birth_date"].column] = "customers.birth_year"
    return {"expression": f"year({columns.moment(born, 'day')})"}


def _birth_date(columns: Columns) -> Spec | None:
    born = columns.at(_OWN + "birth_date")
    if born is None or not born.dating or born.dating.formats in ((), ("%Y-%m-%d",), ("%Y%m%d",), ("%d.%m.%Y",)):
        return None
    columns.use(_OWN + "birth_date")
    return {"expression": f"strftime({columns.moment(born, 'day')}, '%Y-%m-%d')"}


def _kind(columns: Columns) -> Spec | None:
    """A person, or a firm where the name of one is told, if nothing else says it."""
    if columns.at("customers.kind") is not None:
        return None
    placed = {one.column for one in columns.reading.placements}
    firms = [
        one for number, one in enumerate(columns.reading.columns)
        if number not in placed and "company" in lexicon().means(one.name) and one.name and 0.01 < one.filled < 0.99
        and one.lettered > 0.5 and not one.flag
    ]  # fmt: skip
    if len(firms) != 1:
        return None
    return {"expression": f"CASE WHEN {firms[0].said} IS NULL THEN 'person' ELSE 'company' END"}


def _joined(mark: str, pieces: list[Profile | None] | tuple[Profile | None, ...]) -> Spec:
    said = [piece.said for piece in pieces if piece is not None]
    return {"expression": f"concat_ws('{mark}', {', '.join(said)})"}


_MADE: dict[str, Callable[[Columns], Spec | None]] = {
    _OWN + "full_name": _full_name, _OWN + "street": _street, _OWN + "address": _address,
    _OWN + "birth_date": _birth_date, "customers.region": _region,
    "customers.birth_year": _birth_year, "customers.kind": _kind,
}  # fmt: skip
