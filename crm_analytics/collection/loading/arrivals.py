"""Arrivals: which files of the data folder are of which map. Nothing outside that folder is ever opened."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from crm_analytics.collection.loading.kinds import Arrival, Kind
from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.mapping.maps import Lookup, SourceMap
from crm_analytics.collection.mapping.section import closest
from crm_analytics.collection.sources import answer_of, sources_of
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.source import Source, SourceError

ENGINE = "2"
"""Changes when the same files and map would load otherwise than before."""


class NothingCame(SourceError):
    """There is no file of this kind; where files add to one another, there need not be a new one every day."""


def arrivals(maps: list[SourceMap], data: Path) -> list[Kind]:
    """The files that came, by map and kind. Raises SourceError when a kind has none."""
    kinds = []
    for one in maps:
        for spec in one.files.values():
            kind = Kind(number=len(kinds), map=one, spec=spec)
            try:
                kind.arrivals = [Arrival(of=kind, source=source) for source in _came(spec, data)]
            except NothingCame as nothing:
                if not kind.adds:
                    raise
                kind.missing = nothing
            kinds.append(kind)
    _told_apart(kinds)
    return kinds


def _told_apart(kinds: list[Kind]) -> None:
    """A file that several kinds of a map read has an account with each of them, under a name of its own."""
    came = Counter((kind.map.source, arrival.name) for kind in kinds for arrival in kind.arrivals)
    for kind in kinds:
        for arrival in kind.arrivals:
            if came[kind.map.source, arrival.name] > 1:
                arrival.source.name = f"{arrival.name}: {kind.spec.name}"


def _came(spec: FileSpec, data: Path) -> Iterator[Source]:
    if spec.url:
        yield answer_of(spec)
        return
    for path in found(spec, data):
        yield from sources_of(spec, path, file_name(path, data))


def found(spec: FileSpec, data: Path) -> list[Path]:
    """The files inside the data folder that a path of the map means, by name."""
    if not data.is_dir():
        raise SourceError(f"There is no folder {data}; say where the files lie: --data DIR.")
    root = data.resolve()
    paths = sorted(path for path in data.glob(spec.path) if path.is_file())
    for path in paths:
        if not path.resolve().is_relative_to(root):
            raise SourceError(f"{path.name} is a link that leads out of {data}; copy the file itself there.")
    if not paths:
        names = sorted(path.name for path in data.iterdir() if path.is_file())
        raise NothingCame(f"There is no file {spec.path} in {data}.{closest(spec.path, names)}")
    return paths


def file_name(path: Path, data: Path) -> str:
    """How the file is called in the reconciliation: its path inside the data folder."""
    return path.relative_to(data).as_posix()


def fingerprints(kinds: list[Kind], data: Path) -> dict[str, str]:
    """For each source, what its map is, and what the files are that do not add to one another: the same again means
    that nothing in them changed."""
    marks: dict[str, str] = {}
    for one in {kind.map.source: kind.map for kind in kinds}.values():
        files = [
            f"{arrival.name} {arrival.source.fingerprint}"
            for kind in kinds if kind.map is one and not kind.adds for arrival in kind.arrivals
        ]
        lookups = [
            Parcel(path, lookup.file).fingerprint
            for lookup in one.lookups.values()
            if lookup.file
            for path in found(lookup.file, data)
        ]
        marks[one.source] = f"{_digest([ENGINE, one.text, *lookups])}:{_digest(files)}"
    return marks


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def entries(lookup: Lookup, one: SourceMap, name: str, data: Path) -> list[tuple[str, str]]:
    """What a lookup says, from the map or from its file."""
    if lookup.file is None:
        return list(lookup.entries)
    path = found(lookup.file, data)[0]
    try:
        with path.open(encoding=lookup.file.encoding, newline="") as file:
            table = list(csv.DictReader(file, delimiter=lookup.file.delimiter))
    except (UnicodeDecodeError, csv.Error):
        raise SourceError(
            f"{path.name}, the lookup {name!r} of {one.name}, cannot be read; see its encoding."
        ) from None
    for column in (lookup.key, lookup.value):
        if not table or column not in table[0]:
            raise one.error(
                f"lookups.{name}",
                f"{path.name} has no column {column!r}."
                + closest(column, [key for key in (table[0] if table else ()) if key]),
            )
    pairs = {(row[lookup.key] or "").strip(): (row[lookup.value] or "").strip() for row in table}
    return list(pairs.items())
