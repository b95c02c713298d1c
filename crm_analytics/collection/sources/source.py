"""A source: one file, one member of an archive or one query's answer that came, whatever its format was.

Every format becomes the same thing: a header, good records as columns of text in the order in which they came, and a
proof of how many came and what was set aside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from crm_analytics.warehouse.release import WarehouseError

SHOWN_CHARACTERS = 10_000
"""How much of a refused line is kept."""

Progress = Callable[[str], object]


class SourceError(WarehouseError):
    """A source file is not there or cannot be read; the message names it and the next move."""

    def __init__(self, sentence: str):
        super().__init__(" ".join(sentence.split()))


def told_apart(names: Iterable[str]) -> tuple[str, ...]:
    """The names of columns; those that stand more than once carry their number, as «Sum (1)» and «Sum (2)»."""
    names = tuple(names)
    times, seen = Counter(names), Counter()
    apart = []
    for name in names:
        seen[name] += 1
        apart.append(f"{name} ({seen[name]})" if name and times[name] > 1 else name)
    return tuple(apart)


class Source(Protocol):
    """One thing that came, and how the rest of the room reads it."""

    name: str
    """How it is called in the reconciliation: its path inside the data folder."""
    dated: bool
    """Whether its format knows days, which then come over as 2025-06-30."""

    @property
    def fingerprint(self) -> str:
        """The same again means that nothing changed in it."""

    @property
    def header(self) -> tuple[str, ...]:
        """The names of its columns as they came. Raises SourceError when there are none."""

    def read(self, workshop: Path, progress: Progress) -> Proof:
        """Read it once, whole, leaving what is asked later in the folder `workshop`, which is its own."""

    def relation(self) -> str:
        """After `read`: SQL of its good records in their order, as VARCHAR columns c0, c1 …; NULL where empty."""

    def done(self) -> None:
        """What `relation` says will not be asked again: what it alone needs can go."""

    def originals(self, wanted: list[tuple[int, int]]) -> Iterator[str]:
        """The text of these lines, given as ascending (line number, how many lines), as they came."""


@dataclass
class Proof:
    """What reading a source found. Records are counted from 0 without the header, lines from 1 with it."""

    header: tuple[str, ...]
    records: int = 0
    malformed: list[tuple[int, int, str]] = field(default_factory=list)
    """(line number, how many lines, reason) of what is no record."""
    starts: list[tuple[int, int]] = field(default_factory=list)
    """(record, line number) wherever the distance between the two changes."""
    spans: dict[int, int] = field(default_factory=dict)
    """How many lines a record takes, for those that take several."""
    padded: bool = False
    """Whether a field may have spaces around it, or nothing in quotes, so that it must be trimmed."""
    again: Callable[[Progress], Proof] | None = None
    """Another, slower way to read the source, where DuckDB may find it otherwise than it was proofread."""

    @property
    def read(self) -> int:
        return self.records + len(self.malformed)

    def lines(self, records: np.ndarray) -> np.ndarray:
        """The line numbers of these records."""
        if not self.starts:
            return np.zeros(0, dtype=np.int64)
        first, line = np.array(self.starts, dtype=np.int64).T
        at = np.searchsorted(first, records, side="right") - 1
        return line[at] + records - first[at]

    def take(self, line: int, records: int) -> None:
        """Count records that stand on one line each, the first of them on this line."""
        if not self.starts or line - self.records != self.starts[-1][1] - self.starts[-1][0]:
            self.starts.append((self.records, line))
        self.records += records
