"""Trust: try the estimators where the truth is known, and write the record that the page about trust shows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.command.app import Wrong, app


@app.command()
def trust(
    estimators: Annotated[list[str] | None, typer.Argument(help="Only these, such as Lift; else all.")] = None,
    trials: Annotated[int, typer.Option(min=2, help="Simulated companies a situation.")] = 60,
    out: Annotated[Path | None, typer.Option("--out", help="Another file than the record of the package.")] = None,
) -> None:
    """Try every estimator on simulated companies of known truth. It takes a while; `make trust` does it."""
    import pandas as pd

    from crm_analytics.trust.record import RECORD, record
    from crm_analytics.trust.trials import situations

    known = list(situations())
    names = set(estimators or ()) or {one.estimator for one in known}
    if strangers := names - {one.estimator for one in known}:
        there = ", ".join(sorted({one.estimator for one in known}))
        raise Wrong(f"There is no estimator {', '.join(sorted(strangers))}; there are {there}.")
    chosen = [one for one in known if one.estimator in names]
    found = record(chosen, trials, lambda told: print(told, file=sys.stderr))
    path = out or RECORD
    if path.exists():
        before = pd.read_csv(path)
        found = pd.concat([before[~before["estimator"].isin(names)], found])
    found.sort_values(["estimator", "situation"]).to_csv(path, index=False)
    print(f"{len(chosen)} situations, {trials} companies each: {path}")
