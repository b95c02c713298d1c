"""Fit: how well a column of a file goes to a canonical column, by its heading and by what its values look like."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from crm_analytics.collection.suggest.lexicon import lexicon
from crm_analytics.collection.suggest.looks import look
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.collection.suggest.sniffed import Sniffed
from crm_analytics.say import say


def fit_of(profile: Profile, place: str, about: Mapping, *, sniffed: Sniffed, only_date: bool) -> tuple[float, str]:
    """From 0 to 1, and why; `about` is what the lexicon says of such a row, `only_date` that no other column is one."""
    fit, why = _looks_and_heading(profile, place, tuple(about["subject"]), named=sniffed.named, only_date=only_date)
    if place == "customers.customer_id" and _counts(profile):
        fit *= 0.3  # «guests: 4»
    if re.search(r" \((?!1\))\d+\)$", profile.name):
        fit *= 0.9  # of headings that stand twice the first is meant
    if place == about.get("unique") and profile.name in sniffed.refers:
        fit = 0.0  # what points to another table is no row's own key
    return fit, why


def _looks_and_heading(
    profile: Profile, place: str, subjects: tuple[str, ...], *, named: bool, only_date: bool
) -> tuple[float, str]:
    goes, alone = look(profile, lexicon().looks[place], place)
    if not goes:
        return 0.0, ""
    if not named or profile.mute:
        return goes * max(alone, _by_values(profile, place)), say("its values look so; its heading says nothing")
    likeness = lexicon().likeness(profile.name, place, subjects)
    if only_date and alone and lexicon().looks[place] in ("moment", "day"):
        alone = 0.55
    elif not likeness and alone < 0.5:
        return 0.0, ""
    why = say("its heading and its values say so") if likeness >= 0.5 else say("its values look so")
    return goes * (1 - (1 - likeness) * (1 - alone)), why


def _by_values(profile: Profile, place: str) -> float:
    """What values alone say where no heading helps: a guess that is always asked about."""
    looks = lexicon().looks[place]
    if profile.dating:
        return 0.6 * look(profile, looks, place)[0] if looks == "born" else 0.55 if looks in ("moment", "day") else 0.0
    if profile.numbers is not None and not profile.floated_id:
        median = float(np.nanmedian(np.abs(profile.numbers)))
        if looks == "money":
            return 0.0 if profile.whole else 0.53 if place == "order_lines.amount" else 0.5
        if looks == "quantity":
            return 0.51 if profile.whole and median < 100 and profile.distinct < 200 else 0.0
    if place == "customer_contacts.full_name":
        return 0.55 if profile.share("person") > 0.8 and profile.unique > 0.5 else 0.0
    few = place == "products.product_id" and profile.lettered > 0.4 and profile.distinct >= 5 and profile.unique < 0.5
    return 0.5 if few or (looks.startswith("code") and profile.distinct > 20) else 0.0


def _counts(profile: Profile) -> bool:
    """Whether these are a few small numbers, as of people at a table, and no numbers of customers."""
    few = profile.whole and profile.distinct <= 20 < 0.1 * profile.counted.total()
    return bool(few and np.nanmax(profile.numbers) <= 50 and "id" not in lexicon().means(profile.name))


def people_by_name(columns: list[Profile], usable: list[int], places: list[str], fits: np.ndarray) -> None:
    """Beside an address, a person's name is a name: two of one name are two customers."""
    if not {"customers.customer_id", "customer_contacts.full_name"} <= set(places):
        return
    key, name = places.index("customers.customer_id"), places.index("customer_contacts.full_name")
    if any(columns[number].share(one) > 0.6 for number in usable for one in ("email", "phone")):
        for i, number in enumerate(usable):
            if columns[number].share("person") > 0.8 and "id" not in lexicon().means(columns[number].name):
                fits[i, name] = max(fits[i, name], fits[i, key])
                fits[i, key] *= 0.5
