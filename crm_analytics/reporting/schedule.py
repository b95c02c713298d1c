"""What goes out by itself, and when: `schedule.yaml`, and a tick that cron calls every few minutes.

The tick remembers nothing. For each entry it looks for the newest moment that has come due within `catch_up_hours`,
and claims it by creating a file that nobody else can create a second time; who created it, runs it. So each due moment
is run at most once, however many ticks meet, and of several that were missed (the machine was off) only the newest is
made up for. The file then says `done` or `failed`. A claim whose process is gone before it could say so is marked
`broken`: it is shown, and never run again by itself, since nobody knows how far it came.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crm_analytics.reporting import ReportingError
from crm_analytics.reporting.edition import slug, write_whole


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something that goes out: which notebooks (none named: all), asked with what, for which company, and when."""

    name: str
    cron: str
    home: str | None = None
    notebooks: tuple[str, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)
    out: str | None = None


@dataclass(frozen=True, kw_only=True)
class Due:
    """One moment of one entry, as its claim file tells it."""

    entry: str
    due: str
    state: str
    pid: int
    born: float
    """When the process was started: a process number alone is given away again."""
    ended_at: str | None = None


def read_schedule(path: Path) -> tuple[list[Entry], timedelta]:
    """The entries of a schedule file, and how long a missed moment is made up for. Raises ReportingError."""
    import yaml
    from cronsim import CronSim, CronSimError

    try:
        raw = yaml.safe_load(path.read_text("utf-8")) or {}
        entries = [_entry(name, words or {}) for name, words in (raw.get("reports") or {}).items()]
        window = timedelta(hours=float(raw.get("catch_up_hours", 24)))
    except OSError:
        raise ReportingError(f"There is no {path}; write one, or name it with --file.") from None
    except (yaml.YAMLError, AttributeError, TypeError, ValueError) as error:
        raise ReportingError(f"{path} cannot be read as a schedule: {' '.join(str(error).split())}") from None
    for entry in entries:
        try:
            CronSim(entry.cron, datetime(2026, 1, 1))
        except CronSimError:
            raise ReportingError(
                f"{path}: {entry.cron!r} of {entry.name!r} is no cron line like '0 7 * * 1'."
            ) from None
    return entries, window


def _entry(name: str, words: dict[str, Any]) -> Entry:
    unknown = set(words) - {"cron", "home", "notebooks", "parameters", "out"}
    if unknown or "cron" not in words:
        trouble = f"does not know {', '.join(sorted(unknown))}" if unknown else "needs a cron line"
        raise ValueError(f"the entry {name!r} {trouble}")
    parameters = {key: str(value) for key, value in (words.get("parameters") or {}).items()}
    notebooks = tuple(words.get("notebooks") or ())
    return Entry(name=str(name), **(words | {"parameters": parameters, "notebooks": notebooks}))


def newest_due(cron: str, now: datetime, window: timedelta) -> datetime | None:
    """The newest moment of a cron line that is not after `now` and less than `window` ago. Local time, no zone."""
    from cronsim import CronSim

    newest = None
    for moment in CronSim(cron, now - window):
        if moment > now:
            return newest
        newest = moment
    return newest


def tick(
    entries: list[Entry],
    *,
    home_of: Callable[[Entry], Path],
    send: Callable[[Entry], bool],
    now: datetime,
    window: timedelta,
) -> list[Due]:
    """Run what has come due. `send` makes an entry's reports and says whether all went well.

    Gives back what this tick ran and what it found broken.
    """
    told = []
    for entry in entries:
        folder = home_of(entry) / "schedule" / slug(entry.name)
        told += list(_mark_broken(folder))
        moment = newest_due(entry.cron, now, window)
        claim = _claim(folder, entry, moment) if moment else None
        if claim is not None:
            told.append(_run(claim, entry, send))
    return told


def _run(claim: Path, entry: Entry, send: Callable[[Entry], bool]) -> Due:
    state = "failed"
    try:
        state = "done" if send(entry) else "failed"
    finally:
        due = _read(claim) | {"state": state, "ended_at": datetime.now().isoformat(timespec="seconds")}
        write_whole(claim, json.dumps(due))
    return Due(**due)


def _claim(folder: Path, entry: Entry, moment: datetime) -> Path | None:
    """Take a due moment, if it is nobody's yet. Linked into place whole, so that no one reads half a claim."""
    import psutil

    folder.mkdir(parents=True, exist_ok=True)
    born = psutil.Process().create_time()
    due = Due(entry=entry.name, due=moment.isoformat(), state="claimed", pid=os.getpid(), born=born)
    claim = folder / f"{moment:%Y-%m-%dT%H-%M}.json"
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".claim-", encoding="utf-8") as draft:
        draft.write(json.dumps(vars(due)))
        draft.flush()
        try:
            os.link(draft.name, claim)
        except FileExistsError:
            return None
    return claim


def _mark_broken(folder: Path) -> Iterator[Due]:
    for claim in sorted(folder.glob("*.json")):
        due = _read(claim)
        if due["state"] != "claimed" or _alive(due["pid"], due["born"]):
            continue
        due = _read(claim)  # again: it may have ended, and well, between our two looks
        if due["state"] == "claimed":
            write_whole(claim, json.dumps(due | {"state": "broken"}))
            yield Due(**(due | {"state": "broken"}))


def _alive(pid: int, born: float) -> bool:
    import psutil

    try:
        return abs(psutil.Process(pid).create_time() - born) < 1
    except psutil.NoSuchProcess:
        return False


def _read(claim: Path) -> dict[str, Any]:
    return json.loads(claim.read_text("utf-8"))
