"""Check: a map against the headings of its files, without loading anything; every fault as one sentence."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from crm_analytics.collection.loading.arrivals import arrivals, entries
from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.fitting import Fit
from crm_analytics.collection.loading.kinds import Kind
from crm_analytics.collection.mapping.maps import Block, SourceMap, read_maps
from crm_analytics.warehouse.release import WarehouseError


def check_maps(path: str | Path, *, data: str | Path | None = None) -> list[str]:
    """What is wrong with a map, or a folder of maps; nothing where nothing is. Without `data` only the map is read."""
    try:
        maps = read_maps(path)
    except WarehouseError as error:
        return [str(error)]
    if data is None:
        return []
    with tempfile.TemporaryDirectory() as folder, Bench(Path(folder) / "bench", readable=Path(folder)) as bench:
        return list(dict.fromkeys(_faults(bench, maps, Path(data))))


def _faults(bench: Bench, maps: list[SourceMap], data: Path) -> Iterator[str]:
    kinds: list[Kind] = []
    for one in maps:
        for name, spec in one.files.items():
            try:
                [kind] = arrivals([replace(one, files={name: spec})], data)
                kind.number = len(kinds)
                bench.open(kind)
                kinds.append(kind)
            except WarehouseError as error:
                yield str(error)
        for name, lookup in one.lookups.items():
            pairs = []
            try:
                pairs = entries(lookup, one, name, data)
            except WarehouseError as error:
                yield str(error)
            bench.learn(f"{one.source}_{name}", pairs)
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ")
    for kind in kinds:
        yield from _expressions(bench, kind)
        for block in kind.map.blocks:
            if block.file == kind.spec.name:
                yield from _block(bench, kind, block, now)


def _expressions(bench: Bench, kind: Kind) -> Iterator[str]:
    said = [
        (rule.when, f"refuse.{kind.spec.name}[{n + 1}].when")
        for n, rule in enumerate(kind.map.refuse.get(kind.spec.name, ()))
    ]
    said += [(kind.spec.money, f"files.{kind.spec.name}.money")] if kind.spec.money else []
    for text, place in said:
        try:
            bench.check(bench.expression(kind, text, place), kind, place)
        except WarehouseError as error:
            yield str(error)


def _block(bench: Bench, kind: Kind, block: Block, now: str) -> Iterator[str]:
    """Each column of a block by itself, so that one fault does not hide the next."""
    pieces = [replace(block, columns=(spec,), rows="", where="") for spec in block.columns]
    pieces.append(replace(block, columns=()))
    for piece in pieces:
        try:
            Fit(bench, kind, piece, number=0, now=now)
        except WarehouseError as error:
            yield str(error)
