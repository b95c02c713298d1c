"""Defects: what is wrong with the facts, and the lines of a map that mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.command.app import Home, Json, Wrong, app, rows, tell, warehouse


@app.command()
def defects(
    maps: Annotated[
        Path | None, typer.Option("--map", help="The map, or folder of maps, that the fixes are to be pasted into.")
    ] = None,
    sure: Annotated[str, typer.Option(help="How sure to be: possible, likely or certain.")] = "possible",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Find what is wrong with the facts, what it touches in money, and how a map mends it."""
    from crm_analytics import Defects, features
    from crm_analytics.collection.value.mending import source_columns

    try:
        asked = Defects(sure=sure, maps=source_columns(maps) if maps else {})
    except ValueError as error:
        raise Wrong(str(error)) from error
    wh = warehouse()
    found = asked.fit(features.defects(wh))
    if as_json:
        tell(
            {
                "text": found.text,
                "checks": [vars(check) for check in found.checks],
                "defects": rows(found.found),
                "values": rows(found.values),
                "company": wh.company.name,
                "release": wh.release.id,
            },
            as_json,
        )
        return
    print(found.text)
    for row in found.found.itertuples():
        print(f"\n{row.kind} · {row.table}.{row.column} · {row.sure}\n  {_size(row)} · {row.examples}\n  {row.fix}")


def _size(row) -> str:
    from crm_analytics.say import say

    return say("{rows:count} rows, {money:money}", rows=row.rows, money=row.money)
