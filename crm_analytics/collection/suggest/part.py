"""Parts: what a proposed map says of one kind of file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.suggest.place import Placement, Reading
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.collection.suggest.sniffed import label_of

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
    spec: FileSpec
    """How the map reads such files; its name is that of the kind."""
    money: str = ""
    blocks: list[Block] = field(default_factory=list)
    lookups: dict[str, dict[str, str]] = field(default_factory=dict)
    refuse: list[tuple[str, str]] = field(default_factory=list)
    """(condition, reason) of lines that are no facts."""
    second: bool = False
    """Whether another file is the list of these customers or goods, so that this one only tells more of them."""
    main: dict[int, str] = field(default_factory=dict)
    """Columns that stand elsewhere than they were placed, and where."""
    left: dict[int, str] = field(default_factory=dict)
    """Columns that have no place, and why."""
    questions: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def label(self) -> str:
        return label_of(self.spec, self.reading.sniffed.table)

    @property
    def live(self) -> list[Block]:
        return [block for block in self.blocks if not block.lacks]


def placed(parts: Sequence[Part]) -> Iterator[tuple[Part, Profile, Placement]]:
    """Every column that has a place in the map."""
    for part in parts:
        for one in part.reading.placements:
            if one.column not in part.left:
                yield part, part.reading.columns[one.column], one
