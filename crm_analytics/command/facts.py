"""Facts: what came in, what became of it, and what there is now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.command.app import Home, Json, app, aside, company_home, short, tell, warehouse


@app.command()
def demo(
    customers: Annotated[int, typer.Option(min=100, help="How many customers it has.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Where to; else incoming in the company's folder.")] = None,
    home: Home = None,
) -> None:
    """Write the demo company's source files, and its truth beside them."""
    from crm_analytics.simulation.company import Simulation

    folder = out or company_home() / "incoming"
    Simulation(customers=customers, seed=seed).write(folder)
    print(f"{customers} customers are in {short(folder)}, the truth about them in {short(folder / 'truth')}.")


@app.command()
def load(
    map: Annotated[Path, typer.Argument(help="A map, or a folder of maps that are loaded as one release.")],
    data: Annotated[
        Path | None, typer.Option(help="Where the files lie; else incoming in the company's folder.")
    ] = None,
    home: Home = None,
) -> None:
    """Read, quarantine, audit, publish. When the audit stops it, nothing is published."""
    from crm_analytics import collection

    report = collection.load(map, data=data or company_home() / "incoming", home=company_home(), progress=aside)
    aside("")
    print(report)
    raise typer.Exit(report.exit_code)


@app.command()
def tables(as_json: Json = False, home: Home = None) -> None:
    """What there is, and what can be asked of it."""
    from crm_analytics import collection, questions

    holdings = collection.tables(warehouse(), questions())
    tell(holdings.to_dict() if as_json else holdings, as_json)
