"""History: the releases there are, what keeps them, and the loads that came to nothing."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.warehouse.engine import home_folder
from crm_analytics.warehouse.release import Release, Shelf, WarehouseError
from crm_analytics.warehouse.retention import pins
from crm_analytics.warehouse.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.collection.loading.report import LoadReport

STOPS_KEPT = 200
MONEY = {
    "order_lines": "amount",
    "campaign_costs": "amount",
    "campaigns": "budget",
    "deal_stages": "amount",
    "leads": "cost",
    "touchpoints": "value",
}
"""The column of a table whose sum says how much money it tells of."""


def releases(home: str | Path | None = None, *, named: Mapping[int, str] | None = None) -> pd.DataFrame:
    """The releases of the company in `home`, oldest first: what each holds, how far it reaches, what keeps it.

    `money` is the sum of all order lines, in the company's money. `named` says what else names a release, as reports
    do; `pinned` is that, and for what somebody pinned it.
    """
    import pandas as pd

    shelf = Shelf(home_folder(home))
    with ExitStack() as stack:
        found = [stack.enter_context(shelf.held(number)) for number in shelf.ids()]
        money = _money(shelf, found)
    marks, named = pins(shelf), named or {}
    rows = []
    for release in found:
        facts = {name: state for name, state in release.tables.items() if name in TABLES}
        lines = release.tables.get("order_lines")
        rows.append(
            {
                "release": release.id,
                "published_at": release.published_at,
                "facts_until": release.facts_until,
                "company": release.company.name,
                "tables": sum(state.rows > 0 for state in facts.values()),
                "rows": sum(state.rows for state in facts.values()),
                "money": float(sum(money[file] for file in lines.files)) if lines else None,
                "sources": ", ".join(sorted(release.loads)),
                "warnings": len(release.checks),
                "pinned": "; ".join(why for why in (marks.get(release.id), named.get(release.id)) if why),
                "about": release.about,
            }
        )
    columns = ["release", "published_at", "facts_until", "company", "tables", "rows", "money", "sources"]
    return pd.DataFrame(rows, columns=[*columns, "warnings", "pinned", "about"])


def _money(shelf: Shelf, found: list[Release]) -> dict[str, object]:
    """The money in each file of order lines; files are shared by releases, so each is read once."""
    import duckdb

    files = sorted({file for one in found if "order_lines" in one.tables for file in one.tables["order_lines"].files})
    if not files:
        return {}
    paths = [str(shelf.folder / file) for file in files]
    listed = ", ".join(map(quoted, paths))
    with duckdb.connect() as connection:
        told = connection.execute(
            "SELECT filename, coalesce(sum(amount), 0) FROM "
            f"read_parquet([{listed}], filename = true, hive_partitioning = false) GROUP BY filename"
        ).fetchall()
    sums = dict(told)
    return {file: sums.get(path, 0) for file, path in zip(files, paths, strict=True)}


def stopped(home: str | Path | None = None) -> pd.DataFrame:
    """The loads that published nothing, oldest first: stopped_at (UTC), map, why, and the release that stayed."""
    import pandas as pd

    folder = _stops(Shelf(home_folder(home)))
    rows = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    return pd.DataFrame(rows, columns=["stopped_at", "map", "why", "release"])


@dataclass
class Outcome:
    """How a load came out, once it has."""

    report: LoadReport | None = None


@contextmanager
def remembered(shelf: Shelf, map_name: str) -> Iterator[Outcome]:
    """A load is under way: when it publishes nothing, a record of why is left for whoever wonders at old facts."""
    outcome = Outcome()
    try:
        yield outcome
    except WarehouseError as error:
        _remember(shelf, map_name, str(error))
        raise
    if outcome.report and outcome.report.stopped:
        _remember(shelf, map_name, next(check.text for check in outcome.report.checks if check.verdict == "fails"))


def _remember(shelf: Shelf, map_name: str, why: str) -> None:
    if not shelf.folder.is_dir():  # there is no company yet whose facts could be old
        return
    folder, at = _stops(shelf), datetime.now(UTC)
    folder.mkdir(exist_ok=True)
    newest = shelf.ids()[-1:]
    stamp = at.isoformat(timespec="seconds")
    told = {"stopped_at": stamp, "map": map_name, "why": why, "release": newest[0] if newest else None}
    handle, name = tempfile.mkstemp(dir=folder, prefix=".draft-")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(told, out, ensure_ascii=False)
    Path(name).replace(folder / f"{at:%Y%m%dT%H%M%S%f}.json")
    for path in sorted(folder.glob("*.json"))[:-STOPS_KEPT]:
        path.unlink(missing_ok=True)


def _stops(shelf: Shelf) -> Path:
    return shelf.folder / "stopped"
