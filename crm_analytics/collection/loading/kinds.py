"""What came: the sources of a load, and the kinds of file a map has, with what one scan is to know of each line."""

from __future__ import annotations

from dataclasses import dataclass, field

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.mapping.maps import SourceMap
from crm_analytics.collection.mapping.section import closest
from crm_analytics.collection.sources.source import Proof, Source, SourceError


@dataclass(kw_only=True)
class Arrival:
    """One source that came: which of a map's files it belongs to, and what reading it found."""

    of: Kind
    source: Source
    offset: int = 0
    place: int = 0
    """Its place among the files that add to one another, from 1."""
    corrected: int = 0
    deleted: int = 0
    """How many earlier rows it corrected and deleted when it was read before."""
    proof: Proof | None = None

    @property
    def name(self) -> str:
        return self.source.name


@dataclass(kw_only=True)
class Kind:
    """All files of one kind (`files: lines:` of a map), and which of their columns the map uses."""

    number: int
    map: SourceMap
    spec: FileSpec
    arrivals: list[Arrival] = field(default_factory=list)
    missing: SourceError | None = None
    """Why there are none."""
    header: tuple[str, ...] = ()
    used: dict[str, str] = field(default_factory=dict)
    steps: tuple[dict[str, str], dict[str, str], dict[str, str]] = field(default_factory=lambda: ({}, {}, {}))
    """What the scan calculates, as SQL → name: from columns, from what the step before has, and what is kept."""
    start: int = 0
    gone: str = ""
    """Whether a line says that its row is no more, as the scan can tell, where the map says how to know it."""
    watermark: str = ""
    """By what the lines of a database are known to be newer."""
    money: str = ""
    """The money on a line, where the map names it."""
    rule: str = ""
    """The reason for which the map's own rules, or the lack of a table, refuse a line."""
    expected: set[str] = field(default_factory=set)
    """The reasons for which the map itself refuses lines."""

    @property
    def adds(self) -> bool:
        """Whether its files add to what came before; else they are all there is."""
        return self.spec.load == "add"

    @property
    def dialect(self) -> str:
        return f"_{self.number}"

    @property
    def lines(self) -> str:
        """The view of its lines: rid, file (its place among the arrivals), and what is kept of them."""
        return f"lines_{self.number}"

    def take(self, sql: str) -> str:
        """Have the scan calculate something from the columns (s0, s1 …). Its name."""
        return sql if sql in self.used.values() else self.steps[0].setdefault(sql, f"x{len(self.steps[0])}")

    def value(self, sql: str) -> str:
        """Have the scan calculate something from the columns and what was taken. Its name."""
        known = {*self.used.values(), *self.steps[0].values()}
        return sql if sql in known else self.steps[1].setdefault(sql, f"v{len(self.steps[1])}")

    def keep(self, sql: str) -> str:
        """Have the scan keep something, calculated from all of that. The name of its column."""
        return self.steps[2].setdefault(sql, f"k{len(self.steps[2])}")

    def column(self, name: str, place: str) -> str:
        """The SQL of a source column. Raises MapError when the file has no such column, or two."""
        if name not in self.used:
            self.used[self._spelled(name, place)] = f"s{len(self.used)}"
        return self.used[name] if name in self.used else self.used[self._spelled(name, place)]

    def _spelled(self, name: str, place: str) -> str:
        alike = [h for h in self.header if h == name] or [h for h in self.header if h.casefold() == name.casefold()]
        if not alike and f"{name} (1)" in self.header:
            raise self.map.error(
                place,
                f"{self.arrivals[0].name} has more than one column {name!r}; say which: {name} (1), {name} (2) …",
            )
        if not alike:
            raise self.map.error(
                place,
                f"{self.arrivals[0].name} has no column {name!r}.{closest(name, [h for h in self.header if h])}",
            )
        if len(alike) > 1:
            raise self.map.error(
                place,
                f"{self.arrivals[0].name} has the column {name!r} {len(alike)} times; rename one in the source.",
            )
        return alike[0]
