"""Looks: whether the values of a column can be what a canonical column holds, and how much they alone say so."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from crm_analytics.collection.suggest.lexicon import lexicon
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.warehouse.tables import TABLES

Look = tuple[float, float]
"""How well the values go with it (0: impossible, 1: as usual), and how surely they alone tell it (0: not at all)."""
UNKNOWABLE: Look = (0.8, 0.0)
_WORDED = ("deed", "way", "arm", "gender")


def look(profile: Profile, kind: str, place: str) -> Look:
    """How a column's values go with a canonical column whose values look like `kind`; several joined by « or »."""
    if not profile.counted:
        return UNKNOWABLE
    about = (kind, place if kind in _WORDED else str(_names_a_thing(place)))
    if about not in profile.looked:
        profile.looked[about] = max(_KINDS[one](profile, place) for one in kind.split(" or "))
    return profile.looked[about]


def _code(p: Profile, _: str) -> Look:
    if p.share("email") > 0.6 or p.share("url") > 0.5 or p.flag:
        return 0.1, 0.0
    if p.numbers is not None and not p.whole and not p.floated_id:  # 174.83 may be an id, if its heading says so
        return (0.7, 0.0) if "id" in lexicon().means(p.name) else (0.1, 0.0)
    if p.dating and p.dating.formats != ("%Y%m%d",):
        return 0.05, 0.0
    if p.length > 2.5:
        return 0.35, 0.0
    return 1.0, 0.0


def _name(p: Profile, _: str) -> Look:
    if p.numbers is not None or p.dating or p.share("email") > 0.3 or p.flag:
        return 0.05, 0.0
    return (1.0, 0.0) if p.lettered > 0.4 else (0.5, 0.0)


def _given(p: Profile, place: str) -> Look:
    fits, _ = _name(p, place)
    return (0.3 * fits if p.length > 1.6 else fits), 0.0


def _postcode(p: Profile, _: str) -> Look:
    return (1.0, 0.0) if p.share("postcode") > 0.6 else (0.6, 0.0) if p.length < 2.5 and not p.dating else (0.1, 0.0)


def _category(p: Profile, place: str) -> Look:
    if p.flag and _names_a_thing(place):
        return 0.05, 0.0
    if p.dating or p.share("email") > 0.3 or p.share("phone") > 0.6:
        return 0.05, 0.0
    if p.numbers is not None:
        coded = 0.9 if "id" in lexicon().means(p.name) else 0.5
        return (coded, 0.0) if p.whole and (p.unique < 0.5 or p.distinct < 30) else (0.1, 0.0)
    if p.distinct == 1 and len(p.cells) > 1:
        return 0.85, 0.0
    return (1.0, 0.0) if p.unique < 0.6 or p.counted.total() < 30 else (0.75, 0.0)


@cache
def _names_a_thing(place: str) -> bool:
    """A store, a campaign, a supplier: no yes or no is the name of one."""
    table, _, name = place.partition("#")[0].partition(".")
    return any(column.name == name and (column.refers or name in TABLES[table].key) for column in TABLES[table].columns)


def _text(p: Profile, _: str) -> Look:
    return (0.3, 0.0) if p.dating or p.share("email") > 0.3 else (0.9, 0.0) if p.numbers is not None else (1.0, 0.0)


def _moment(p: Profile, _: str) -> Look:
    return (1.0 if p.dating.timed else 0.97, 0.3) if p.dating else (0.0, 0.0)


def _day(p: Profile, _: str) -> Look:
    return (1.0, 0.25) if p.dating else (0.0, 0.0)


def _born(p: Profile, _: str) -> Look:
    if not p.dating:
        return 0.0, 0.0
    usual = 1925 <= p.dating.middle.year <= 2012 and p.dating.last.year - p.dating.first.year > 15
    return (1.0, 0.4) if usual else (0.2, 0.0)


def _birth(p: Profile, _: str) -> Look:
    if p.dating:
        fits, alone = _born(p, _)
        return 0.7 * fits, alone  # a whole date is better known as such; its year is made of it
    return _year(p, _) if p.numbers is not None and 1915 <= np.nanmedian(p.numbers) <= 2012 else (0.0, 0.0)


def _clock(p: Profile, _: str) -> Look:
    return (1.0, 0.3) if p.share("clock") > 0.9 else (0.0, 0.0)


def _money(p: Profile, _: str) -> Look:
    if p.numbers is None or p.floated_id:
        return 0.0, 0.0
    if p.dating:
        return 0.2, 0.0
    return (0.9, 0.0) if p.whole else (1.0, 0.0)


def _quantity(p: Profile, _: str) -> Look:
    if p.numbers is None or p.dating:
        return 0.0, 0.0
    return (1.0, 0.0) if p.whole or p.floated_id else (0.8, 0.0)


def _number(p: Profile, _: str) -> Look:
    return (0.0, 0.0) if p.numbers is None else (1.0, 0.0)


def _whole(p: Profile, _: str) -> Look:
    return (1.0, 0.0) if p.whole else (0.0, 0.0)


def _share(p: Profile, _: str) -> Look:
    if p.numbers is None:
        return 0.0, 0.0
    low, high = np.nanmin(p.numbers), np.nanmax(p.numbers)
    if low < 0 or high > 100:
        return 0.0, 0.0
    return (1.0, 0.0) if high <= 1 else (0.6, 0.0)


def _flag(p: Profile, _: str) -> Look:
    return (1.0, 0.0) if p.flag else (0.0, 0.0)


def _email(p: Profile, _: str) -> Look:
    return (1.0, 0.93) if p.share("email") > 0.6 else (0.0, 0.0)


def _phone(p: Profile, _: str) -> Look:
    if p.share("phone") > 0.6:
        marked = sum(value[0] == "+" or " " in value or "-" in value for value in p.values) > 0.5 * len(p.values)
        return 1.0, 0.75 if marked else 0.25
    digits = [sum(map(str.isdigit, value)) for value in p.values]
    return (0.7, 0.0) if 6 <= np.median(digits) <= 15 and p.lettered < 0.2 else (0.05, 0.0)


def _taxed(p: Profile, _: str) -> Look:
    if p.taxed > 0.9:
        return 1.0, 0.85
    digits = np.median([sum(map(str.isdigit, value)) for value in p.values])
    return (0.8, 0.0) if 7 <= digits <= 14 else (0.1, 0.0)


def _year(p: Profile, _: str) -> Look:
    return (1.0, 0.0) if p.whole and np.nanmin(p.numbers) >= 1900 and np.nanmax(p.numbers) <= 2100 else (0.0, 0.0)


def _month(p: Profile, _: str) -> Look:
    return (1.0, 0.0) if p.whole and np.nanmin(p.numbers) >= 1 and np.nanmax(p.numbers) <= 12 else (0.0, 0.0)


def _worded(p: Profile, place: str) -> Look:
    """Words that the lexicon knows for a canonical value: the direction of a call, an arm, a sale or a return."""
    fits, _ = _category(p, place)
    if place == "arms.arm" and p.flag:
        return (1.0, 0.0) if lexicon().means(p.name) & {"control", "arm"} else (0.0, 0.0)
    if not p.words or p.numbers is not None:
        return 0.3 * fits, 0.0
    known = sum(lexicon().canonical(place, word) is not None for word in p.words) / len(p.words)
    return (1.0, 0.5 if known == 1 and len(p.words) > 1 else 0.2) if known >= 0.5 else (0.35 * fits, 0.0)


def _gender(p: Profile, place: str) -> Look:
    known = p.words and sum(lexicon().canonical(place, word) is not None for word in p.words) / len(p.words)
    return (
        (1.0, 0.85 if len(p.words) > 1 else 0.3)
        if known and known >= 0.6
        else (0.6, 0.0)
        if 0 < p.distinct <= 6
        else (0.0, 0.0)
    )


def _wish(p: Profile, place: str) -> Look:
    """A yes or no, or words for it: agreed, revoked."""
    if p.flag:
        return 1.0, 0.0
    known = p.words and sum(lexicon().canonical(place.partition("#")[0], word) is not None for word in p.words)
    return (1.0, 0.0) if known and known >= 0.6 * len(p.words) else (0.0, 0.0)


_KINDS: dict[str, Callable[[Profile, str], Look]] = {
    "code": _code, "name": _name, "given": _given, "postcode": _postcode, "category": _category, "text": _text,
    "moment": _moment, "day": _day, "birth": _birth, "born": _born, "clock": _clock, "money": _money,
    "quantity": _quantity, "number": _number, "whole": _whole,
    "share": _share, "flag": _flag, "email": _email, "phone": _phone, "taxed": _taxed, "year": _year,
    "month": _month, "deed": _worded, "way": _worded, "arm": _worded, "gender": _gender, "wish": _wish,
}  # fmt: skip
