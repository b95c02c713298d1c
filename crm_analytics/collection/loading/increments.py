"""Increments: of files that add to what came before, those that are new, and what of the earlier rows stays.

Newer is what a later load brought, in one load what stands in the file whose name comes later, and in a file what
stands further down. A file that is known by its bytes is not read again. When one changes, the files after it are read
again with it, so that what they correct stays corrected; when it had itself corrected or deleted something, all are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.fitting import Fit
from crm_analytics.collection.loading.kinds import Arrival, Kind
from crm_analytics.collection.loading.repeats import twice
from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.collection.mapping.maps import SourceMap
from crm_analytics.warehouse.release import Release, Shelf


def files_of(release: Release | None, table: str) -> dict[str, tuple[str, ...]]:
    """The files of a table in a release, by the source whose rows they hold."""
    state = release.tables.get(table) if release else None
    return state.by_source if state else {}


def adding_tables(one: SourceMap) -> set[str]:
    """The tables that are fed by files of a map that add to one another. Raises MapError when others feed them, too."""
    adds = {block.table for block in one.blocks if one.files[block.file].load == "add"}
    for block in one.blocks:
        spec = one.files[block.file]
        if block.table in adds and spec.load != "add":
            raise one.error(
                block.place, f"{block.table} is fed by files that add to one another and by {spec.name}, which are "
                "not; write load: add there, too, or keep them in a map of their own."
            )
        if spec.deleted and not any(other.file == spec.name and not other.rows for other in one.blocks):
            raise one.error(
                f"files.{spec.name}.deleted", "no table takes a row from every line of this file (all have rows:), "
                "so it cannot be told which row is deleted."
            )
    return adds


@dataclass(kw_only=True)
class Plan:
    """What of the files that came is to be read, and which files' rows, loaded earlier, leave for that."""

    kinds: list[Kind]
    leaving: dict[str, set[str]] = field(default_factory=dict)
    """By source, the files whose earlier rows make room."""
    known: dict[str, set[str]] = field(default_factory=dict)
    """By source, the files that were loaded earlier and add to one another."""
    remade: set[str] = field(default_factory=set)
    """Sources whose map has changed."""

    @classmethod
    def of(cls, kinds: list[Kind], shelf: Shelf, base: Release | None, marks: dict[str, str]) -> Plan:
        plan = cls(kinds=[kind for kind in kinds if not kind.adds])
        for kind in kinds:
            if kind.adds:
                plan._take(kind, shelf, base, marks[kind.map.source])
        plan.kinds.sort(key=lambda kind: kind.number)
        return plan

    def kept(self, source: str) -> set[str]:
        """The files of earlier loads whose rows stay."""
        return self.known.get(source, set()) - self.leaving.get(source, set())

    def unchanged(self, base: Release | None, marks: dict[str, str]) -> bool:
        """Whether nothing came that is not there already."""
        fresh = {kind.map.source for kind in self.kinds if kind.adds}
        return base is not None and all(
            base.loads.get(source) == mark and source not in fresh for source, mark in marks.items()
        )

    def _take(self, kind: Kind, shelf: Shelf, base: Release | None, mark: str) -> None:
        source = kind.map.source
        earlier = {row["file"]: row for row in _loads(shelf, base, source) if row.get("kind") == kind.spec.name}
        leaving = self.leaving.setdefault(source, set())
        self.known.setdefault(source, set()).update(earlier)
        if not kind.arrivals and not earlier:
            raise kind.missing
        remade = bool(base) and base.loads.get(source, "").partition(":")[0] != mark.partition(":")[0]
        if kind.spec.watermark and not remade:
            _since(kind, earlier.values())
        _put_in_order(kind, earlier)
        if remade:
            self.remade.add(source)
            leaving |= set(earlier) if kind.spec.watermark else {one.name for one in kind.arrivals}
        else:
            kind.arrivals = _fresh(kind.arrivals, earlier)
            leaving |= {one.name for one in kind.arrivals} & set(earlier)
        if kind.arrivals:
            self.kinds.append(kind)


def _loads(shelf: Shelf, base: Release | None, source: str) -> list[dict[str, Any]]:
    files = files_of(base, "loads").get(source, ())
    if not files:
        return []
    from pyarrow import parquet

    return [row for file in files for row in parquet.ParquetFile(shelf.folder / file).read().to_pylist()]


def _fresh(arrivals: list[Arrival], earlier: dict[str, dict[str, Any]]) -> list[Arrival]:
    """The arrivals that must be read: those that are new, the first that changed, and all after that one."""
    seen = {row["fingerprint"] for row in earlier.values()}
    changed = [
        one for one in arrivals
        if (one.source.fingerprint != earlier[one.name]["fingerprint"] if one.name in earlier
            else one.source.fingerprint not in seen)
    ]
    if any(one.corrected or one.deleted for one in changed):
        return arrivals
    known = {row["fingerprint"]: name for name, row in earlier.items()}
    return [
        one for one in arrivals if changed and one.place >= changed[0].place
        and known.get(one.source.fingerprint, one.name) == one.name  # not one that only has another name now
    ]


def _put_in_order(kind: Kind, earlier: dict[str, dict[str, Any]]) -> None:
    """Number the arrivals: those that were loaded before keep their places, new ones follow by name."""
    last = max((row["place"] for row in earlier.values()), default=0)
    new = [one for one in kind.arrivals if one.name not in earlier]
    new.sort(key=lambda one: PurePath(one.name).with_suffix("").parts)
    for place, arrival in enumerate(new, last + 1):
        arrival.place = place
    for arrival in kind.arrivals:
        if arrival.name in earlier:
            before = earlier[arrival.name]
            arrival.place, arrival.corrected, arrival.deleted = before["place"], before["corrected"], before["deleted"]
    kind.arrivals.sort(key=lambda one: one.place)


def _since(kind: Kind, earlier: Iterable[dict[str, Any]]) -> None:
    """Let a database be asked only for what is newer than what is known, less the overlap."""
    marks = [row["watermark"] for row in earlier if row["watermark"]]
    if marks:
        back = kind.spec.overlap
        if all(re.fullmatch(r"-?\d+", mark) for mark in marks):
            since = str(max(map(int, marks)) - int(back.split()[0] if back else 0))
        else:
            number, _, unit = back.partition(" ")
            less = timedelta(**{f"{unit.rstrip('s')}s": int(number)}) if unit else timedelta(seconds=int(number or 0))
            since = str(max(map(datetime.fromisoformat, marks)) - less).removesuffix(" 00:00:00")
        for arrival in kind.arrivals:
            arrival.source.ask_since(kind.spec.watermark, since)


class Stock:
    """The rows of the sources that are being loaded which stay, because files add to them."""

    def __init__(self, bench: Bench, maps: list[SourceMap], base: Release | None, *, plan: Plan):
        self.bench, self.plan = bench, plan
        self.loading = {one.source for one in maps}
        self.tables = {one.source: adding_tables(one) for one in maps}
        self.base = base
        self._files: dict[tuple[str, str], tuple[str, ...]] = {}

    def files(self, source: str, table: str) -> tuple[str, ...]:
        """The files of a table to which the source's new rows are added, each with the origin of its rows."""
        if table not in self.tables.get(source, ()):
            return ()
        if (source, table) not in self._files:
            files = files_of(self.base, table).get(source, ())
            if files and source in self.plan.remade:  # under its former map the source may not have added
                paths = {str(self.bench.readable / file): file for file in files}
                marked = self.bench.run(
                    f"SELECT file_name FROM parquet_schema([{', '.join(map(quoted, paths))}]) WHERE name = '_file'"
                ).fetchall()
                files = tuple(paths[name] for (name,) in marked)
            self._files[source, table] = files
        return self._files[source, table]

    def rows(self, source: str, table: str) -> str:
        """The rows that stay: the table's columns, _file, _line, and where they lie (filename, file_row_number)."""
        paths = ", ".join(quoted(str(self.bench.readable / file)) for file in self.files(source, table))
        leaving = self.plan.leaving.get(source)
        only = f" WHERE _file NOT IN ({', '.join(map(quoted, sorted(leaving)))})" if leaving else ""
        found = f"read_parquet([{paths}], hive_partitioning = false, filename = true, file_row_number = true)"
        return f"(FROM {found}{only})"

    def staying(self, table: str) -> list[str]:
        """The same of all sources that are being loaded."""
        return [self.rows(source, table) for source in sorted(self.loading) if self.files(source, table)]


def _perhaps_again(bench: Bench, fit: Fit) -> str | None:
    """The condition of the rows whose key may stand twice, as a glance at their neighbours tells; None for no row."""
    *within, last = fit.table.key
    values = [fit.values.get(name) for name in fit.table.key]
    ordered = fit.table.by_name[last].sql_type != "VARCHAR"  # texts are no faster compared than their hashes sorted
    found = fit.runs(*values[:-1], then=values[-1]) if ordered and all(values) else None
    if not found:
        return ""
    named = ", ".join(f'"{name}"' for name in within)
    return f" WHERE hash({named or 0}) IN ({', '.join(map(str, found[2]))})" if len(found[1]) else None


def supersede(bench: Bench, fits: list[Fit], kinds: list[Kind]) -> None:
    """Of several lines with one key, where files add to one another, the last one holds; a deletion, too, is one."""
    groups: dict[tuple[str, str], list[Fit]] = defaultdict(list)
    for fit in fits:
        if fit.kind.adds and not fit.group:
            groups[fit.source, fit.table.name].append(fit)
    for group in groups.values():
        key = ", ".join(f'"{name}"' for name in group[0].table.key)
        some = _perhaps_again(bench, group[0]) if len(group) == 1 else ""
        if some is None or not twice(
            bench, [f"SELECT hash({key}) AS h FROM {fit.keyed}{some}" for fit in group]
        ):
            continue
        rivals = " UNION ALL ".join(
            f"SELECT rid, {fit.number} AS fit, {key} FROM {fit.keyed} WHERE hash({key}) IN (FROM twice)"
            for fit in group
        )
        bench.run(
            "CREATE OR REPLACE TABLE older AS SELECT rid, fit FROM (SELECT rid, fit, "
            f"row_number() OVER (PARTITION BY {key} ORDER BY rid DESC) AS place FROM ({rivals})) WHERE place > 1"
        )
        for fit in group:
            bench.run(f"INSERT INTO {fit.superseded} SELECT rid FROM older WHERE fit = {fit.number}")
    for kind in kinds:
        mine = [fit for group in groups.values() for fit in group if fit.kind is kind]
        older = " UNION ".join(f"SELECT rid FROM {fit.superseded}" for fit in mine) or "SELECT 0::BIGINT AS rid LIMIT 0"
        bench.run(f"CREATE TABLE spent_{kind.number} AS FROM ({older})")
        for fit in mine:
            bench.run(f"DELETE FROM spent_{kind.number} WHERE rid IN (SELECT rid FROM {fit.good})")
