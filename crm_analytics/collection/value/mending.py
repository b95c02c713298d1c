"""How a defect is mended: the line of a map that does it, ready to be pasted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import yaml

from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.collection.mapping.maps import ColumnSpec, read_maps
from crm_analytics.say import say

MOST_VALUES = 12
"""So many values stand in one line; a longer list belongs into a lookup."""


def source_columns(maps: str | Path) -> dict[tuple[str, str, str], tuple[str, ColumnSpec]]:
    """Where a map (or each map of a folder) takes every canonical column from: (source, table, column) → (kind of
    file, column). Raises MapError when a map cannot be read."""
    return {
        (one.source, block.table, spec.target): (block.file, spec)
        for one in read_maps(Path(maps))
        for block in one.blocks
        for spec in block.columns
    }


def mended(
    kind: str,
    fix: str,
    place: tuple[str, str, str],
    values: Iterable[tuple[str, str | None]],
    known: Mapping[tuple[str, str, str], tuple[str, ColumnSpec]],
) -> str:
    """The map line that mends a kind of defect in a field of a source, from its (value, what should stand there).

    Where the map is not known the canonical name stands for the source's column. Without a value that a map could tell
    from the good ones, it is a sentence that says what to do.
    """
    source, _, target = place
    file, spec = known.get(place, ("FILE", ColumnSpec(target=target, column=target)))
    column = '"' + (spec.column or target).replace('"', '""') + '"'
    pairs = list(dict.fromkeys((_as_written(value, spec), instead) for value, instead in values if value))[:MOST_VALUES]
    if fix == "identify":
        return say("crm identify finds who is one customer; no map can know it.")
    if fix == "replace" and (told := [(value, instead) for value, instead in pairs if instead]):
        whens = " ".join(f"WHEN {quoted(value)} THEN {quoted(instead)}" for value, instead in told)
        return _line({target: {"expression": f"CASE {column} {whens} ELSE {column} END"} | _kept(spec)})
    if fix == "empty" and pairs:
        values_in = ", ".join(quoted(value) for value, _ in pairs)
        return _line(
            {target: {"expression": f"CASE WHEN {column} NOT IN ({values_in}) THEN {column} END"} | _kept(spec)}
        )
    if fix == "refuse" and pairs:
        values_in = ", ".join(quoted(value) for value, _ in pairs)
        return _line({"refuse": {file: [{"when": f"{column} IN ({values_in})", "reason": kind}]}})
    return say("Look at the examples in {source} and mend them there: no map can know what is right.", source=source)


def _as_written(value: str, spec: ColumnSpec) -> str:
    """A day as the source writes it, where its map says how; every other value as it is."""
    try:
        return date.fromisoformat(value).strftime(spec.formats[0]) if spec.formats else value
    except ValueError:
        return value


def _kept(spec: ColumnSpec) -> dict[str, str]:
    return {"lookup": spec.lookup} if spec.lookup else {}


def _line(words: dict) -> str:
    """One line of YAML: a key, and what belongs to it in braces."""
    ((key, value),) = words.items()
    inner = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, sort_keys=False, width=100_000)
    return f"{key}: {inner.strip()}"
