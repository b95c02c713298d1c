"""Sniff: the tables that lie in a file: itself, the members of an archive, the sheets of a workbook, the parts of an
exchange file of 1C, the tables of a database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from crm_analytics.collection.mapping.files import PARTS, FileSpec
from crm_analytics.collection.sources import source_of
from crm_analytics.collection.sources.commerceml import CommerceMl
from crm_analytics.collection.sources.excel import Excel
from crm_analytics.collection.sources.json import Json
from crm_analytics.collection.sources.kinds import format_of, is_archive, is_database
from crm_analytics.collection.sources.parcel import Parcel, members
from crm_analytics.collection.sources.records import Records
from crm_analytics.collection.sources.source import SourceError
from crm_analytics.collection.suggest.database import tables
from crm_analytics.collection.suggest.dialect import text_table
from crm_analytics.collection.suggest.questionnaire import as_survey
from crm_analytics.collection.suggest.sniffed import ROWS, Sniffed, literal, sampled

DEEPEST_LIST = 3
"""So many lists within one another are opened."""


def sniff(path: Path, inside: str) -> list[Sniffed]:
    """The tables in a file that a map calls `inside`. Raises SourceError when it holds none at all."""
    spec = FileSpec(name=kind_name(path.name), path=literal(inside))
    if not is_archive(path, spec):
        return list(_of_parcel(Parcel(path, spec), spec))
    found: list[Sniffed] = []
    for parcel in members(path, spec, path.name):
        name = parcel.member.filename
        mine = replace(spec, name=kind_name(Path(name).name), member=literal(name))
        try:
            found += _of_parcel(Parcel(path, mine, path.name, parcel.member), mine)
        except SourceError as error:
            found.append(Sniffed(path=path, spec=mine, columns=(), said=(), rows=[], trouble=str(error)))
    if all(one.trouble for one in found):
        raise SourceError(" ".join(one.trouble for one in found[:3]))
    return found


def _of_parcel(parcel: Parcel, spec: FileSpec) -> Iterator[Sniffed]:
    if is_database(parcel):
        yield from tables(spec, parcel)
        return
    form = format_of(parcel)
    if form == "delimited":
        found = text_table(parcel, spec)
        yield replace(found, survey=as_survey(found, parcel))
    elif form == "excel":
        yield from _sheets(parcel, spec)
    elif form == "commerceml":
        yield from _parts(parcel, spec)
    elif form == "json":
        yield _documents(parcel, spec)
    else:
        yield _streamed(source_of(spec, parcel.path), parcel, spec)


def _documents(parcel: Parcel, spec: FileSpec) -> Sniffed:
    """Documents; a record is the innermost list of objects they hold, such as the lines of an order."""
    found = _streamed(Json(spec, parcel), parcel, spec)
    for _ in range(DEEPEST_LIST):
        lists = [sum(cell.startswith("[{") for cell in column) for column in zip(*found.rows, strict=True)]
        if not lists or max(lists) < 0.5 * len(found.rows):
            return found
        spec = replace(spec, records=found.columns[lists.index(max(lists))])
        found = _streamed(Json(spec, parcel), parcel, spec)
    return found


def _streamed(source: Records, parcel: Parcel, spec: FileSpec) -> Sniffed:
    """The first records of a source, which are read no further."""
    good = (fields for _, fields in source.records(lambda _: None) if not isinstance(fields, str))
    return sampled(parcel.path, spec, source.header, islice(good, ROWS))


def _sheets(parcel: Parcel, spec: FileSpec) -> Iterator[Sniffed]:
    """The sheets of a workbook that hold rows; the map names them where there are several."""
    with Excel(spec, parcel).opened() as book:
        names = book.sheet_names
    found = []
    for name in names:
        mine = replace(spec, sheet=literal(name), name=kind_name(f"{spec.name}_{name}"))
        try:
            found.append(_streamed(Excel(mine, parcel, name), parcel, mine))
        except SourceError:
            continue
    found = [one for one in found if one.rows]
    if len(found) < 2 and names:
        first = found[0] if found and found[0].spec.sheet == literal(names[0]) else None
        alone = _streamed(Excel(spec, parcel), parcel, spec) if first or not found else found[0]
        found = [replace(alone, survey=as_survey(alone, parcel))]
    yield from found


def _parts(parcel: Parcel, spec: FileSpec) -> Iterator[Sniffed]:
    """The parts of an exchange file that hold anything."""
    found = []
    for part in PARTS:
        mine = replace(spec, part=part, name=kind_name(f"{spec.name}_{part}"))
        one = _streamed(CommerceMl(mine, parcel), parcel, mine)
        if one.rows:
            found.append(one)
    if not found:
        raise SourceError(f"{parcel.name} is an exchange file of 1C without goods, offers or orders; export it again.")
    yield from found


def kind_name(name: str) -> str:
    """The name of a kind of file, made of a file's."""
    stem = name.split(".")[0].lower()
    return re.sub(r"[^a-zа-яё0-9]+", "_", stem).strip("_")[:40] or "lines"
