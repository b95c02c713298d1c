"""The quarantine: what was refused, why, and how it comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.command.app import Home, Json, app, aside, company_home, printable, tell_frame, warehouse

quarantine = typer.Typer(help="What was refused, by reason; show the lines, replay them.", invoke_without_command=True)
app.add_typer(quarantine, name="quarantine")


@quarantine.callback()
def listing(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """What was refused, why, and how much of it; never the lines themselves."""
    if context.invoked_subcommand:
        return
    from crm_analytics import collection

    tell_frame(collection.quarantine(warehouse()), as_json)


@quarantine.command()
def show(
    reason: Annotated[str, typer.Option(help="Why it was refused; a part of the reason will do.")] = "",
    source: Annotated[str, typer.Option(help="Which source brought it.")] = "",
    file: Annotated[str, typer.Option(help="In which file.")] = "",
    lines: Annotated[int, typer.Option(min=1, help="How many lines.")] = 20,
    home: Home = None,
) -> None:
    """The refused lines themselves, what is at fault between » and «. They may hold personal data."""
    from crm_analytics import collection

    found = collection.refused_lines(warehouse(), reason=reason, source=source, file=file, lines=lines)
    for line in found:
        print(printable(str(line)))
    if not found:
        print("Nothing.")


@quarantine.command()
def replay(
    map: Annotated[Path, typer.Argument(help="The mended map, or the folder of maps.")],
    data: Annotated[
        Path | None, typer.Option(help="Where the files lie, if they are still there; else incoming in its folder.")
    ] = None,
    home: Home = None,
) -> None:
    """Take the refused lines through the mended map; those whose fault is gone are loaded, and counted here."""
    from crm_analytics import collection

    warehouse()
    told = collection.replay(map, data=data or company_home() / "incoming", home=company_home(), progress=aside)
    aside("")
    print(told)
    raise typer.Exit(told.exit_code)
