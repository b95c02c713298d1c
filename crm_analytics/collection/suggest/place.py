"""Place: what one row of a file is, and which canonical column each of its columns is, all decided together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np

from crm_analytics.collection.suggest.lexicon import UNKNOWN, lexicon
from crm_analytics.collection.suggest.looks import look
from crm_analytics.collection.suggest.order_lines import (
    of_the_head,
    one_moment,
    price_of_one,
    quantity_times_price,
    told_by_order,
)
from crm_analytics.collection.suggest.profile import Profile, profiles
from crm_analytics.collection.suggest.sniffed import Sniffed
from crm_analytics.say import say
from crm_analytics.warehouse.tables import TABLES

PLACED, NEEDED = 0.45, 0.5
"""A column is placed from this fit on; what a row cannot be without must fit so well."""
GUESSED = 0.6
"""What a kind of row loses for each column that it needs and that only the values tell."""
_BESIDE = 0.7
"""What a column that describes something else than the row itself counts, against one that describes the row."""

Hints = Mapping[tuple[int, str], tuple[float, str]]
"""What is known from elsewhere: (column, place) → how surely, and why."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """One column of a file at its canonical column (`table.column`, or `table.column#part`)."""

    column: int
    place: str
    fit: float
    confidence: float
    reason: str
    rivals: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A file as it is understood: what one row of it is, and where its columns belong."""

    sniffed: Sniffed
    columns: list[Profile] = field(repr=False)
    kind: str = ""
    placements: tuple[Placement, ...] = ()
    lacking: str = ""
    """What the most likely kind of row lacks, where none fits."""

    @cached_property
    def at(self) -> dict[str, Placement]:
        return {one.place: one for one in self.placements}

    @cached_property
    def left(self) -> list[int]:
        placed = {one.column for one in self.placements}
        return [number for number in range(len(self.columns)) if number not in placed]

    def profile(self, place: str) -> Profile | None:
        return self.columns[self.at[place].column] if place in self.at else None


@dataclass(frozen=True, kw_only=True)
class _Try:
    kind: str
    score: float
    fits: dict[int, tuple[str, float, str]]
    """Column → (place, fit, reason)."""
    table: dict[str, np.ndarray]
    lacking: str


def read(sniffed: Sniffed, columns: list[Profile] | None = None, hints: Hints | None = None) -> Reading:
    """Understand one file."""
    columns = profiles(sniffed) if columns is None else columns
    if not columns or not sniffed.rows:
        return Reading(sniffed=sniffed, columns=columns or [], lacking=sniffed.trouble or "it holds no rows")
    usable = [number for number, profile in enumerate(columns) if _usable(profile, columns)]
    tries = [_try(kind, sniffed, columns, usable, hints or {}) for kind in lexicon().rows]
    rows = lexicon().rows
    tries.sort(key=lambda one: (bool(one.lacking), "knows" in rows[one.kind], -one.score, one.kind))
    best = tries[0]
    if best.lacking:
        nearest = max(tries, key=lambda one: (one.score, one.kind))
        return Reading(sniffed=sniffed, columns=columns, lacking=nearest.lacking if nearest.score > 1 else "")
    return Reading(sniffed=sniffed, columns=columns, kind=best.kind, placements=tuple(_surely(best, tries[1], sniffed)))


def _usable(profile: Profile, columns: list[Profile]) -> bool:
    """Whether a map can speak of the column at all."""
    return trouble_of(profile, columns) == ""


def trouble_of(profile: Profile, columns: list[Profile]) -> str:
    """Why a map cannot speak of a column; empty where it can."""
    if not profile.name:
        return say("it has no heading")
    if len(profile.name) > 200 or any(ord(letter) < 32 for letter in profile.name):
        return say("its heading is no name")
    if sum(other.name == profile.name for other in columns) > 1:
        return say("its heading stands more than once")
    return ""


@cache
def _places(kind: str) -> dict[str, float]:
    """Where columns of such a file can belong, and how much each counts in telling what a row is."""
    about = lexicon().rows[kind]
    own = set(about["tables"])
    referred = {
        column.refers
        for table in own
        for column in TABLES[table].columns
        if column.refers and f"{table}.{column.name}" not in lexicon().phrases
    }
    needed = {one for need in about["needs"] for one in need.split(" or ")}
    also = set(about.get("also", ()))
    found = {}
    for place in lexicon().phrases:
        whole, table = place.partition("#")[0], place.partition(".")[0]
        if table in own or whole in needed or place in needed:
            found[place] = 1.0
        elif whole in referred or whole in also or table in also:
            found[place] = _BESIDE
    return found


def _try(kind: str, sniffed: Sniffed, columns: list[Profile], usable: list[int], hints: Hints) -> _Try:
    """The best places of all columns if a row were of this kind, and how well that explains the file."""
    from scipy.optimize import linear_sum_assignment

    about, places = lexicon().rows[kind], list(_places(kind))
    subjects = tuple(about["subject"])
    fits, reasons = np.zeros((len(usable), len(places))), {}
    dated = sum(columns[number].dating is not None for number in usable)
    for i, number in enumerate(usable):
        for j, place in enumerate(places):
            fit, why = _fit(columns[number], place, subjects, named=sniffed.named, only_date=dated == 1)
            if place == "customers.customer_id" and _counts(columns[number]):
                fit *= 0.3  # «guests: 4»
            if re.search(r" \((?!1\))\d+\)$", columns[number].name):
                fit *= 0.9  # of headings that stand twice the first is meant
            if place == about.get("unique") and columns[number].name in sniffed.refers:
                fit = 0.0  # what points to another table is no row's own key
            if (number, place) in hints:
                surely, because = hints[number, place]
                fit, why = (surely, because) if surely > fit else (fit, why)
            fits[i, j], reasons[number, place] = fit, why
    _named_people(columns, usable, places, fits)
    if "order_lines" in about["tables"]:
        quantity_times_price(columns, usable, places, fits, reasons)
        price_of_one(columns, usable, places, fits)
        one_moment(columns, usable, places, fits)
        of_the_head(columns, usable, places, fits, enough=PLACED)
    weights = np.array(list(_places(kind).values()))
    gain = np.where(fits >= PLACED, fits * (0.6 + 0.4 * weights), 0)
    taken = {
        usable[i]: (places[j], float(fits[i, j]), reasons[usable[i], places[j]])
        for i, j in zip(*linear_sum_assignment(-gain), strict=True)
        if fits[i, j] >= PLACED
    }
    _own_keys(taken, about)
    guessed = _guesses(columns, usable, taken, _lacking(about, taken))
    if kind == "order line":
        guessed |= told_by_order(columns, [n for n in usable if n not in taken and n not in guessed], taken | guessed)
    taken |= guessed
    at = {place: (number, fit) for number, (place, fit, _) in taken.items()}
    lacking = _lacking(about, taken)
    words = lexicon().means(sniffed.spec.name.replace("_", " "))
    if about.get("unique") in at and _another_thing(words, columns[at[about["unique"]][0]].name, about):
        lacking.append(about["unique"])
    if "named" in about:
        spoken = words.union(*(lexicon().means(columns[number].name) for number in usable))
        lacking += [] if spoken & set(about["named"]) else [" or ".join(about["named"])]
    if "knows" in about:  # only where nothing else can be made of the file
        known = [number for number in usable if lexicon().means(columns[number].name) & set(about["knows"])]
        lacking += [" or ".join(f"customers: {one}" for one in about["knows"])] if len(known) < 3 else []
    score = sum(fit * float(weights[places.index(place)]) for place, fit, _ in taken.values())
    score += _grain(about, kind, columns, usable, at)
    score += 0.5 * bool(words & set(about["file"])) - GUESSED * len(guessed)
    return _Try(
        kind=kind, score=score - 1.2 * len(lacking), fits=taken, lacking=" and ".join(lacking),
        table={place: fits[:, j] for j, place in enumerate(places)} | {"": np.array(usable)},
    )  # fmt: skip


def _named_people(columns: list[Profile], usable: list[int], places: list[str], fits: np.ndarray) -> None:
    """Beside an address, a person's name is a name: two of one name are two customers."""
    if not {"customers.customer_id", "customer_contacts.full_name"} <= set(places):
        return
    key, name = places.index("customers.customer_id"), places.index("customer_contacts.full_name")
    if any(columns[number].share(one) > 0.6 for number in usable for one in ("email", "phone")):
        for i, number in enumerate(usable):
            if columns[number].share("person") > 0.8 and "id" not in lexicon().means(columns[number].name):
                fits[i, name] = max(fits[i, name], fits[i, key])
                fits[i, key] *= 0.5


def _counts(profile: Profile) -> bool:
    """Whether these are a few small numbers, as of people at a table, and no numbers of customers."""
    few = profile.whole and profile.distinct <= 20 < 0.1 * profile.counted.total()
    return bool(few and np.nanmax(profile.numbers) <= 50 and "id" not in lexicon().means(profile.name))


_KEYS = {"products.name": "products.product_id", "stores.name": "stores.store_id",
         "suppliers.name": "suppliers.supplier_id", "campaigns.name": "campaigns.campaign_id"}  # fmt: skip
Taken = dict[int, tuple[str, float, str]]


def _own_keys(taken: Taken, about: Mapping) -> None:
    """What has a name and no number goes by its name."""
    placed = {place for place, _, _ in taken.values()}
    for number, (place, fit, why) in list(taken.items()):
        key = _KEYS.get(place)
        if key and key not in placed and key in lexicon().phrases and key != about.get("unique"):
            taken[number] = (key, fit, why)


def _lacking(about: Mapping, taken: Taken) -> list[str]:
    fits = {place: fit for place, fit, _ in taken.values()}
    return [need for need in about["needs"] if all(fits.get(place, 0) < NEEDED for place in need.split(" or "))]


def _guesses(columns: list[Profile], usable: list[int], taken: Taken, lacking: list[str]) -> Taken:
    """The day and the money that a row cannot be without, in columns whose headings nobody understands: the first such
    day, and the largest such money."""
    found: Taken = {}
    for need in lacking:
        place = need.split(" or ")[0]
        looks = lexicon().looks.get(place, "")
        free = [n for n in usable if n not in taken and n not in found and columns[n].counted and _unknown(columns[n])]
        if looks in ("moment", "day"):
            fit = [n for n in free if columns[n].dating]
        elif looks == "money":
            fit = [n for n in free if columns[n].numbers is not None and not columns[n].dating]
            fit = [n for n in fit if columns[n].distinct > (20 if columns[n].whole else 1)]
            fit.sort(key=lambda n: -float(np.nansum(np.abs(columns[n].numbers))))
        else:
            continue
        if fit:
            found[fit[0]] = (place, NEEDED, say("its values look so; its heading is not understood"))
    return found


def _unknown(profile: Profile) -> bool:
    means = lexicon().means(profile.name)
    return profile.mute or all(one.startswith(UNKNOWN) or one in ("amount", "price", "payment") for one in means)


def _another_thing(file: frozenset[str], key: str, about: Mapping) -> bool:
    """Whether a bare `id` stands in a file that is called after something else: the id of a genre is no customer's."""
    of_file = {word for word in file if not word.startswith(UNKNOWN)}
    return bool(of_file) and not of_file & set(about["file"]) and not lexicon().means(key) & set(about["subject"])


def _fit(profile: Profile, place: str, subjects: tuple[str, ...], *, named: bool, only_date: bool) -> tuple[float, str]:
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


def _grain(about: Mapping, kind: str, columns: list[Profile], usable: list[int], at: dict) -> float:
    """Whether what must stand once in a row of this kind does, and what must come back does."""
    score = 0.0
    if "unique" in about and about["unique"] in at:
        profile = columns[at[about["unique"]][0]]
        if profile.counted.total() > 10:
            score += 0.5 if profile.unique > 0.98 else -0.3 if profile.unique > 0.9 else -2.5
    if kind == "activity" and "customers.customer_id" in at:
        placed = {number for number, _ in at.values()}
        measures = [n for n in usable if n not in placed and columns[n].numbers is not None]
        again = columns[at["customers.customer_id"][0]].unique < 0.9
        score += 0.25 * len(measures) if again and measures else -2.0
    return score


def _surely(best: _Try, second: _Try, sniffed: Sniffed) -> Iterable[Placement]:
    """The placements, each with a confidence: less where another place, column or kind of row is nearly as good."""
    usable = best.table[""].tolist()
    doubt = max(0.0, (second.score / best.score - 0.8) / 0.2) if best.score > 0 and not second.lacking else 0.0
    taken = {place: fit for place, fit, _ in best.fits.values()}
    for number, (place, fit, why) in sorted(best.fits.items()):
        row = usable.index(number)
        others = {
            other: float(scores[row]) * _places(best.kind)[other]
            for other, scores in best.table.items()
            if other and other.partition("#")[0] != place.partition("#")[0] and taken.get(other, 0) < scores[row]
        }
        rival = max(others.values(), default=0.0)
        column = max(
            (float(score) for i, score in enumerate(best.table[place]) if i != row and usable[i] not in best.fits),
            default=0.0,
        )
        confidence = fit * (1 - 0.35 * _near(rival, fit)) * (1 - 0.35 * _near(column, fit))
        if doubt and second.fits.get(number, ("",))[0] != place:
            confidence *= 1 - 0.3 * min(doubt, 1.0)
        close = sorted((o for o, score in others.items() if score > 0.85 * fit), key=lambda o: -others[o])[:3]
        yield Placement(
            column=number, place=place, fit=fit, confidence=min(confidence, 0.99), reason=why, rivals=tuple(close)
        )


def _near(rival: float, fit: float) -> float:
    return min(1.0, max(0.0, (rival / fit - 0.6) / 0.4)) if fit else 0.0
