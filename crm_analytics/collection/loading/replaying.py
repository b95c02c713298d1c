"""Replay: refused lines are taken through the mended map once more. Those whose fault is gone become rows.

Where a source's files still lie in the data folder they are read again, all of them. Where they are gone, the lines
that the quarantine keeps are read in their place, and what comes of them is added to the rows that are there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_analytics.collection.loading.arrivals import arrivals
from crm_analytics.collection.loading.increments import files_of
from crm_analytics.collection.loading.load import _load
from crm_analytics.collection.loading.report import LoadReport
from crm_analytics.collection.loading.standing_in import replay_lines
from crm_analytics.collection.mapping.maps import SourceMap, read_maps
from crm_analytics.collection.sources.source import SourceError
from crm_analytics.say import say
from crm_analytics.warehouse.release import Release, Shelf

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """What came back out of the quarantine."""

    release: int | None
    """The release in which it is; None where nothing came back."""
    returned: pd.DataFrame
    """One row a reason: reason (of which the lines had been refused), lines, money (of these lines, as loaded now)."""
    staying: int
    """How many lines are still refused."""
    stopped: LoadReport | None = None
    """The report of a load that the audit stopped."""

    @property
    def exit_code(self) -> int:
        return int(self.stopped is not None)

    def __str__(self) -> str:
        if self.stopped is not None:
            return str(self.stopped)
        if not len(self.returned):
            return say(
                "Nothing came back; {staying:count} {staying:line stays|lines stay} in the quarantine.",
                staying=self.staying,
            )
        told = [
            say(
                "  {lines:count} {lines:line|lines}, {money:cents}: {reason}"
                if row.money == row.money
                else "  {lines:count} {lines:line|lines}: {reason}",
                lines=row.lines,
                money=row.money,
                reason=row.reason,
            )
            for row in self.returned.itertuples()
        ]
        head = say(
            "{lines:count} {lines:line|lines} came back in release {release}; {staying:count} "
            "{staying:stays|stay} in the quarantine.",
            lines=self.returned.lines.sum(),
            release=self.release,
            staying=self.staying,
        )
        return "\n".join([head, *told])


def replay(
    map_path: str | Path, *, data: str | Path, home: str | Path, progress: Callable[[str], None] | None = None
) -> Replay:
    """Take what is in the quarantine of these maps' sources through the maps again, and publish what comes of it.

    The same again changes nothing. Raises MapError or SourceError, where a map cannot be used, or where lines cannot
    stand in for a file that is gone (it was no delimited text, or its column names were not kept).
    """
    shelf, data, progress = Shelf(Path(home)), Path(data), progress or (lambda _: None)
    maps, base, now = read_maps(map_path), shelf.release(), datetime.now(UTC).replace(tzinfo=None)
    maps = [one for one in maps if one.source in files_of(base, "quarantine")]
    before = _refused(shelf, base, maps)
    gone = [one for one in maps if not _there(shelf, base, one, data)]
    there = [one for one in maps if one not in gone]
    if there:
        report = _load(there, shelf, data=data, progress=progress, now=now)
        if report.stopped:
            return _told(before, before, shelf=shelf, stopped=report)
    for one in gone:
        replay_lines(one, shelf, data=data, progress=progress, now=now)
    return _told(before, _refused(shelf, shelf.release(), maps), shelf=shelf)


def _there(shelf: Shelf, base: Release, one: SourceMap, data: Path) -> bool:
    """Whether every file that must be read again lies in the data folder: all of a source, unless its files add."""
    try:
        names = {arrival.name for kind in arrivals([one], data) for arrival in kind.arrivals}
    except SourceError:
        return False
    adding = all(spec.load == "add" for spec in one.files.values())
    return {row["file"] for row in rows_of(shelf, base, "quarantine" if adding else "loads", one.source)} <= names


def rows_of(shelf: Shelf, release: Release, table: str, source: str) -> list[dict[str, Any]]:
    """The rows of a source in a system table."""
    from pyarrow import parquet

    files = files_of(release, table).get(source, ())
    return [row for file in files for row in parquet.ParquetFile(shelf.folder / file).read().to_pylist()]


def _refused(shelf: Shelf, release: Release, maps: list[SourceMap]) -> dict[tuple[str, str, int], dict[str, Any]]:
    return {
        (one.source, row["file"], row["line_no"]): row
        for one in maps
        for row in rows_of(shelf, release, "quarantine", one.source)
    }


def _told(before: dict, after: dict, *, shelf: Shelf, stopped: LoadReport | None = None) -> Replay:
    import pandas as pd

    back = [row for key, row in before.items() if key not in after]
    frame = pd.DataFrame(
        [(f"{row['column']}: {row['reason']}" if row["column"] else row["reason"], 1, row["money"]) for row in back],
        columns=["reason", "lines", "money"],
    )
    frame["money"] = frame.money.astype(float)
    returned = frame.groupby("reason", as_index=False).agg(lines=("lines", "sum"), money=("money", _sum))
    returned = returned.sort_values(["lines", "reason"], ascending=[False, True], ignore_index=True)
    release = shelf.ids()[-1] if back else None
    return Replay(release=release, returned=returned, staying=len(after), stopped=stopped)


def _sum(money: pd.Series) -> float:
    return money.sum(min_count=1)
