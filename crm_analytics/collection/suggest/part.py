"""Parts: what a proposed map says of one kind of file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from crm_analytics.collection.suggest.place import Placement, Reading
from crm_analytics.collection.suggest.profile import Profile

Spec = str | dict[str, object]
"""What stands behind a canonical column in a map."""


@dataclass(kw_only=True)
class Block:
    """One block of the map."""

    table: str
    rows: str = ""
    where: str = ""
    columns: dict[str, Spec] = field(default_factory=dict)
    each: list[str] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)
    """The canonical columns it cannot be without and does not have; it is then written as a comment."""


@dataclass(kw_only=True)
class Part:
    """What the map says of one kind of file."""

    reading: Reading
    pattern: str
    name: str
    paths: list[str]
    money: str = ""
    blocks: list[Block] = field(default_factory=list)
    lookups: dict[str, dict[str, str]] = field(default_factory=dict)
    left: dict[int, str] = field(default_factory=dict)
    """Columns that have no place, and why."""
    questions: list[str] = field(default_factory=list)

    @property
    def live(self) -> list[Block]:
        return [block for block in self.blocks if not block.lacks]


def placed(parts: Sequence[Part]) -> Iterator[tuple[Part, Profile, Placement]]:
    """Every column that has a place in the map."""
    for part in parts:
        for one in part.reading.placements:
            if one.column not in part.left:
                yield part, part.reading.columns[one.column], one
