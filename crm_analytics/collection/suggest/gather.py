"""Gather: the tables of all files together: which are one kind, which point to which, and which only name codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.suggest.database import names_of, with_names
from crm_analytics.collection.suggest.known import format_known, read_known
from crm_analytics.collection.suggest.lexicon import lexicon, words_of
from crm_analytics.collection.suggest.part import Part
from crm_analytics.collection.suggest.place import Hints, Reading, read
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.collection.suggest.sniffed import ROWS, Sniffed
from crm_analytics.collection.suggest.spend import SPEND, as_spend
from crm_analytics.collection.suggest.write import shown
from crm_analytics.say import say

_INCLUDED = 0.9
"""So much of a column must stand among the ids of another file to refer to it."""
_PEOPLE_OR_LESS = ("", "person", "customer", "consent", "do not contact", "arm", "activity", "answer")
"""What a survey may be taken for when its columns are looked at one by one."""


def gathered(files: Sequence[Sniffed]) -> list[Part]:
    """The kinds of files, each understood in the light of the others."""
    parts = _parts(files)
    _follow_codes(parts)
    readings = [part.reading for part in parts]
    for part, hints in zip(parts, _references(readings), strict=True):
        if hints and part.reading.kind != SPEND and not format_known(part.reading.sniffed):
            part.reading = read(part.reading.sniffed, part.reading.columns, hints)
    return parts


def _parts(files: Sequence[Sniffed]) -> list[Part]:
    """Files that differ in nothing but a number in their name are one kind of file."""
    alike: dict[tuple, list[Sniffed]] = {}
    for one in files:
        plain = replace(one.spec, name="", path="", member="", empty=())
        shape = (_starred(one.spec.path), _starred(one.spec.member), one.columns, plain)
        alike.setdefault(shape, []).append(one)
    parts, names = [], set()
    for mine in alike.values():
        first = _together(mine) if len(mine) > 1 else mine[0]
        name = re.sub(r"_?\d+_?$", "", first.spec.name) or first.spec.name if len(mine) > 1 else first.spec.name
        name = next(n for n in (name, *(f"{name}_{i}" for i in range(2, 10_000))) if n not in names)
        names.add(name)
        reading = _understood(first)
        parts.append(Part(reading=reading, spec=replace(reading.sniffed.spec, name=name)))
    return parts


def _starred(path: str) -> str:
    return re.sub(r"\d+", "*", path)


def _together(mine: list[Sniffed]) -> Sniffed:
    first, share = mine[0], max(1, ROWS // len(mine))
    empty = tuple(sorted({word for one in mine for word in one.spec.empty}))
    spec = replace(first.spec, empty=empty)
    for key in ("path", "member"):
        if len({getattr(one.spec, key) for one in mine}) > 1:
            spec = replace(spec, **{key: _starred(getattr(spec, key))})
    survey = first.survey and replace(first.survey, spec=replace(first.survey.spec, path=spec.path, member=spec.member))
    return replace(first, rows=[row for one in mine for row in one.rows[:share]], spec=spec, survey=survey)


def _understood(sniffed: Sniffed) -> Reading:
    if format_known(sniffed):
        return read_known(sniffed)
    reading = read(sniffed)
    if spent := as_spend(reading):
        return spent
    return read_known(sniffed.survey) if sniffed.survey and reading.kind in _PEOPLE_OR_LESS else reading


def _follow_codes(parts: list[Part]) -> None:
    """In a database, codes that point to tables of names are asked together with those names."""
    inside = {part.reading.sniffed.table: part for part in parts if part.reading.sniffed.table}
    for table, part in inside.items():
        one = part.reading.sniffed
        undeclared = dict(_undeclared(table, part, inside))
        part.reading = replace(part.reading, sniffed=replace(one, refers={**undeclared, **one.refers}))
    books = {table: part.reading.columns for table, part in inside.items() if not part.reading.kind}
    refers = {table: part.reading.sniffed.refers for table, part in inside.items()}
    for part in inside.values():
        one = part.reading.sniffed
        names = names_of(one, books, refers) if part.reading.kind else []
        if not names:
            continue
        parcel = Parcel(one.path, one.spec) if one.path else None
        trial = read(with_names(one, names, parcel))
        placed = {trial.columns[where.column].name for where in trial.placements}
        names = [name for name in names if name.heading in placed]
        if names:
            widened = with_names(one, names, parcel)
            part.reading = read(widened)
            part.spec = replace(widened.spec, name=part.name)


def _undeclared(table: str, part: Part, inside: Mapping[str, Part]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Where columns point to, where a database does not declare it: genre_id is genre.id, or that table's genre_id."""
    for column in part.reading.columns:
        for other, there in inside.items():
            for key in there.reading.columns:
                if other == table or key.unique < 1 or not column.counted or not _called(column, other, key):
                    continue
                if column.counted.keys() <= key.counted.keys():
                    yield column.name, (other, key.name)


def _called(column: Profile, table: str, key: Profile) -> bool:
    thing, named = words_of(table), words_of(column.name)
    if words_of(key.name) == ("id",):
        return named in ((*thing, "id"), (*thing[-1:], "id"))
    return column.name.casefold() == key.name.casefold() and named[:-1] in (thing, thing[-1:])


def tell_more(parts: Sequence[Part]) -> None:
    """Of several files about the same customers, goods or stores, all but the one that says most only tell more."""
    lists: dict[str, list[Part]] = {}
    for part in sorted(parts, key=lambda part: (-len(part.reading.placements), part.name)):
        key = lexicon().rows.get(part.reading.kind, {}).get("unique")
        profile = part.reading.profile(key) if key and not format_known(part.reading.sniffed) else None
        if profile is None:
            continue
        before = [other.reading.profile(key).counted.keys() for other in lists.get(key, ())]
        part.second = any(not ids.isdisjoint(profile.counted) for ids in before)
        lists.setdefault(key, []).append(part)


def _references(readings: list[Reading]) -> list[Hints]:
    """Columns whose values stand among the ids of another file: they refer to it, whatever they are called."""
    parents = []
    for reading in readings:
        key = lexicon().rows[reading.kind].get("unique") if reading.kind else None
        profile = reading.profile(key) if key else None
        if profile is not None and profile.distinct >= 3:
            parents.append((reading, key, profile))
    found = []
    for reading in readings:
        hints: dict[tuple[int, str], tuple[float, str]] = {}
        for parent, key, profile in parents:
            if parent is reading:
                continue
            table = parent.sniffed.table
            for number, column in enumerate(reading.columns):
                same = column.name.casefold() == profile.name.casefold() or lexicon().likeness(column.name, key) >= 0.5
                same |= bool(table) and reading.sniffed.refers.get(column.name) == (table, profile.name)
                if not column.counted or (column.numbers is not None and not same) or column.distinct < 2:
                    continue
                inside = sum(times for value, times in column.counted.items() if value in profile.counted)
                if inside >= _INCLUDED * column.counted.total():
                    file = shown(parent.sniffed.label)
                    hints[number, key] = (0.97 if same else 0.9, say("its values are ids of {file}", file=file))
        found.append(hints)
    return found


def dictionaries(part: Part, parts: Sequence[Part]) -> dict[str, dict[str, str]]:
    """Codes whose names stand in a small text file of their own: GenreId → Genre.csv."""
    found = {}
    for place, one in part.reading.at.items():
        profile = part.reading.columns[one.column]
        if place not in ("products.category", "products.brand", "customers.region", "stores.region"):
            continue
        for other in parts:
            columns, spec = other.reading.columns, other.spec
            keys = [c for c in columns if c.name == profile.name and c.unique == 1 and c.counted]
            names = [c for c in columns if c not in keys and c.lettered > 0.5 and c.counted]
            plain = not (other.reading.kind or spec.member or spec.format or spec.sheet or spec.url)
            if not plain or not keys or len(names) != 1 or not set(profile.counted) <= set(keys[0].counted):
                continue
            name = f"{part.name}_{place.partition('.')[2]}"
            found[name] = {"file": spec.path, "key": keys[0].name, "value": names[0].name}
            found[name] |= {
                key: getattr(spec, key) for key in ("delimiter", "encoding") if getattr(spec, key) not in (",", "utf-8")
            }
            for block in part.blocks:
                column = place.partition(".")[2]
                if block.table == place.partition(".")[0] and isinstance(block.columns.get(column), str):
                    block.columns[column] = {"column": profile.name, "lookup": name}
    return found
