"""The index of a day, all a manager reads: every edition with its state, its one-sentence answer and its doubts."""

from __future__ import annotations

import fcntl
import re
from datetime import date
from itertools import groupby
from pathlib import Path

from crm_analytics.reporting import assets
from crm_analytics.reporting.edition import Record, owner_of, write_whole
from crm_analytics.reporting.page import templates
from crm_analytics.say import say


def rebuild(day_folder: Path) -> Path:
    """Write the day's index anew from the records beside its pages, at once, whoever else is doing the same."""
    day_folder.mkdir(parents=True, exist_ok=True)
    assets.put(day_folder)
    with (day_folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        index = day_folder / "index.html"
        write_whole(index, _index(day_folder))
    return index


def records_of(day_folder: Path) -> dict[str, list[Record]]:
    """The records of a day by the company's folder, each in the order of the marketing cycle."""
    found = {}
    for folder in sorted(path for path in day_folder.iterdir() if path.is_dir() and path.name[0] not in "._"):
        records = [record for path in folder.glob("*.json") if (record := Record.read(path))]
        if records:
            found[folder.name] = sorted(records, key=lambda r: (not _stage(r), r.order, r.edition))
    return found


def releases_named(reports: Path, home: Path) -> dict[int, str]:
    """The releases of the company in `home` that the records of a folder of reports name, each with its newest page."""
    days = sorted(path for path in reports.iterdir() if path.is_dir()) if reports.is_dir() else []
    found: dict[int, str] = {}
    for day in days:
        for records in records_of(day).values():
            found |= {one.release: f"{day.name}/{one.edition}" for one in records if one.owner == owner_of(home)}
    return found


def _index(day_folder: Path) -> str:
    companies = [
        {
            "folder": folder,
            "name": records[0].company,
            "newest": max(records, key=lambda r: (r.release, r.made_at)),
            "stages": [(stage, list(group)) for stage, group in groupby(records, key=_stage)],
        }
        for folder, records in records_of(day_folder).items()
    ]
    every = [record for company in companies for _, group in company["stages"] for record in group]
    counts = {state: sum(r.state == state for r in every) for state in ("answered", "doubtful", "absent", "failed")}
    return (
        templates()
        .get_template("catalogue.html.j2")
        .render(companies=companies, counts=counts, day=_day(day_folder.name), scripts=[])
    )


def _day(name: str) -> str:
    try:
        return say("{day:date}", day=date.fromisoformat(name))
    except ValueError:
        return name


def _stage(record: Record) -> str:
    """The stage of the marketing cycle a notebook stands in: `2_planning/21_sales.ipynb` is Planning."""
    found = re.match(r"\d+_(\w+)/", record.order)
    return say(found[1].replace("_", " ").capitalize()) if found else ""
