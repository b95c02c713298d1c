"""Maps: proposed from files nobody has described, and checked before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.command.app import Home, Json, Wrong, app, company_home, printable, short, tell

maps = typer.Typer(help="Maps: propose one for a company's files, or check one.", no_args_is_help=True)
app.add_typer(maps, name="map")


@maps.command()
def suggest(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE…", help="The files of one source.")] = None,
    database: Annotated[
        str, typer.Option(metavar="VARIABLE", help="The variable that holds the address of a database.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Write the map here; else it is printed.")] = None,
    as_json: Json = False,
) -> None:
    """Read headings and values, propose a map that loads, and ask what files cannot say."""
    from crm_analytics import collection

    name = out.stem if out else ""
    proposal = collection.suggest_map(files or [], database=database, source=name)
    if as_json:
        tell(proposal.to_dict(), as_json)
    else:
        print(proposal)
    if not proposal.text:
        raise Wrong("No map can be made of this: no file has rows of a canonical table. What each lacks stands above.")
    if out:
        if out.exists():
            raise Wrong(f"{short(out)} is there already; name another file, or remove it.")
        out.write_text(proposal.text, "utf-8")
        if not as_json:
            print(f"\nThe map is in {short(out)}. Load it: crm load {short(out)} --data {short(proposal.folder)}")
    elif not as_json:
        print(f"\n{proposal.text}", end="")


@maps.command()
def check(
    map: Annotated[Path, typer.Argument(help="A map, or a folder of maps.")],
    data: Annotated[
        Path | None, typer.Option(help="Where the files lie; else incoming in the company's folder, if there is one.")
    ] = None,
    home: Home = None,
) -> None:
    """Hold a map against the headings of its files, without loading anything."""
    from crm_analytics import collection

    incoming = company_home() / "incoming"
    folder = data or (incoming if incoming.is_dir() else None)
    faults = collection.check_maps(map, data=folder)
    for fault in faults:
        print(printable(fault))
    if faults:
        raise typer.Exit(1)
    print("The map can be loaded." if folder else "The map is in order; with --data DIR its files are looked at, too.")
