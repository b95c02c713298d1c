"""Place: what one row of a file is, and which canonical column each of its columns is, all decided together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np

from crm_analytics.collection.suggest.fit import fit_of, people_by_name
from crm_analytics.collection.suggest.lexicon import UNKNOWN, lexicon
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
    rows = lexicon().rows
    kinds = [kind for kind, about in rows.items() if "apart" not in about]
    tries = [_try(kind, sniffed, columns, usable, hints or {}) for kind in kinds]
    tries.sort(key=lambda one: (bool(one.lacking), "knows" in rows[one.kind], -one.score, one.kind))
    best = tries[0]
    if best.lacking:
        nearest = max(tries, key=lambda one: (one.score, one.kind))
        return Reading(sniffed=sniffed, columns=columns, lacking=nearest.lacking if nearest.score > 1 else "")
    placements = tuple(_surely(best, tries[1], sniffed))
    return _where_bought(Reading(sniffed=sniffed, columns=columns, kind=best.kind, placements=placements))


def _where_bought(reading: Reading) -> Reading:
    """A region that each store has one of, and customers or nameless sales have several of, is the stores'."""
    where, store = reading.at.get("customers.region"), reading.profile("stores.store_id")
    if where is None or store is None or "stores.region" in reading.at:
        return reading
    region, who = reading.columns[where.column], reading.profile("customers.customer_id")
    if region.distinct < 2 or lexicon().means(region.name) & {"customer", "address"}:
        return reading
    pairs = {(shop, at) for shop, at in zip(store.cells, region.cells, strict=True) if shop and at}
    if len(pairs) != store.distinct:
        return reading
    homes = {(one, at) for one, at in zip(who.cells, region.cells, strict=True) if one and at} if who else set()
    if who is not None and len(homes) == who.distinct and who.filled > 0.95:
        return reading
    moved = replace(where, place="stores.region", rivals=("customers.region",))
    return replace(reading, placements=tuple(moved if one is where else one for one in reading.placements))


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
    about, places = lexicon().rows[kind], list(_places(kind))
    weights = np.array(list(_places(kind).values()))
    fits, reasons = _fits(about, places, sniffed, columns, usable, hints)
    taken = {
        usable[i]: (places[j], float(fits[i, j]), reasons[usable[i], places[j]]) for i, j in _assigned(fits, weights)
    }
    _own_keys(taken, about)
    guessed = _guesses(columns, usable, taken, _lacking(about, taken))
    if kind == "order line":
        guessed |= told_by_order(columns, [n for n in usable if n not in taken and n not in guessed], taken | guessed)
    taken |= guessed
    at = {place: (number, fit) for number, (place, fit, _) in taken.items()}
    words = lexicon().means(sniffed.spec.name.replace("_", " "))
    lacking = _lacking(about, taken) + _unlike(about, words, columns, usable, at)
    score = sum(fit * float(weights[places.index(place)]) for place, fit, _ in taken.values())
    score += _grain(about, kind, columns, usable, at)
    score += 0.5 * bool(words & set(about["file"])) - GUESSED * len(guessed)
    return _Try(
        kind=kind, score=score - 1.2 * len(lacking), fits=taken, lacking=" and ".join(lacking),
        table={place: fits[:, j] for j, place in enumerate(places)} | {"": np.array(usable)},
    )  # fmt: skip


def _fits(
    about: Mapping, places: list[str], sniffed: Sniffed, columns: list[Profile], usable: list[int], hints: Hints
) -> tuple[np.ndarray, dict[tuple[int, str], str]]:
    """How well each usable column goes to each place (columns × places), and why."""
    fits, reasons = np.zeros((len(usable), len(places))), {}
    only_date = sum(columns[number].dating is not None for number in usable) == 1
    for i, number in enumerate(usable):
        for j, place in enumerate(places):
            fit, why = fit_of(columns[number], place, about, sniffed=sniffed, only_date=only_date)
            surely, because = hints.get((number, place), (0.0, ""))
            fits[i, j], reasons[number, place] = (surely, because) if surely > fit else (fit, why)
    people_by_name(columns, usable, places, fits)
    if "order_lines" in about["tables"]:
        quantity_times_price(columns, usable, places, fits, reasons)
        price_of_one(columns, usable, places, fits)
        one_moment(columns, usable, places, fits)
        of_the_head(columns, usable, places, fits, enough=PLACED)
    return fits, reasons


def _assigned(fits: np.ndarray, weights: np.ndarray) -> list[tuple[int, int]]:
    """Each column at one place and each place given once, so that together they fit best: (row, column) of `fits`."""
    from scipy.optimize import linear_sum_assignment

    gain = np.where(fits >= PLACED, fits * (0.6 + 0.4 * weights), 0)
    return [(i, j) for i, j in zip(*linear_sum_assignment(-gain), strict=True) if fits[i, j] >= PLACED]


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


def _unlike(
    about: Mapping, words: frozenset[str], columns: list[Profile], usable: list[int], at: dict[str, tuple[int, float]]
) -> list[str]:
    """What such a file would have beside its columns: a key of its own, and headings or a name that speak of it."""
    found = []
    if about.get("unique") in at and _another_thing(words, columns[at[about["unique"]][0]].name, about):
        found.append(about["unique"])
    if "named" in about:
        spoken = words.union(*(lexicon().means(columns[number].name) for number in usable))
        found += [] if spoken & set(about["named"]) else [" or ".join(about["named"])]
    if "knows" in about:  # only where nothing else can be made of the file
        known = [number for number in usable if lexicon().means(columns[number].name) & set(about["knows"])]
        found += [" or ".join(f"customers: {one}" for one in about["knows"])] if len(known) < 3 else []
    return found


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
