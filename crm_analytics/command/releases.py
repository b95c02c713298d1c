"""Releases: what was published, what differs between two, going back, and how long they are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from crm_analytics.command.app import Home, Json, Wrong, app, company_home, tell, tell_frame, warehouse

releases = typer.Typer(help="What was published: list, compare, roll back, retain.", invoke_without_command=True)
app.add_typer(releases, name="releases")

Number = Annotated[int, typer.Argument(help="The release's number.")]
Reports = Annotated[list[Path] | None, typer.Option(help="One more folder of reports, beside those they were put in.")]


@releases.callback()
def listing(context: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """The releases that can be opened, the newest last."""
    if context.invoked_subcommand:
        return
    from crm_analytics import collection
    from crm_analytics.say import say

    newest = warehouse().release.id  # says so when there is none
    tell_frame(collection.releases(company_home(), named=_named(None)), as_json)
    stops = collection.stopped(company_home())
    since = stops[stops.release == newest]
    if len(since) and not as_json:
        sentence = "Since then {count:count} loads published nothing; the last one, at {at} UTC: {why}"
        print(say(sentence, count=len(since), at=since.stopped_at.iloc[-1], why=since.why.iloc[-1]))


@releases.command()
def stopped(as_json: Json = False, home: Home = None) -> None:
    """The loads that published nothing, and why."""
    from crm_analytics import collection

    tell_frame(collection.stopped(company_home()), as_json)


@releases.command()
def compare(
    before: Annotated[int | None, typer.Argument(help="The earlier release; else the one before the other.")] = None,
    after: Annotated[int | None, typer.Argument(help="The later release; else the newest.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """What differs between two releases: rows and money by table and source, columns, settings."""
    from crm_analytics import collection

    warehouse()
    found = collection.compare(company_home(), before=before, after=after)
    tell(found.to_dict() if as_json else found, as_json)


@releases.command("roll-back")
def roll_back(number: Number, home: Home = None) -> None:
    """Publish what a release had as a new one. Nothing is lost; the next load reads its files again."""
    from crm_analytics.say import say
    from crm_analytics.warehouse.rollback import roll_back

    warehouse()
    release = roll_back(_shelf(), number)
    print(say("Release {id} is published; it has what release {number} had.", id=release.id, number=number))


@releases.command()
def pin(
    number: Number,
    why: Annotated[str, typer.Option(help="What it is needed for.")],
    home: Home = None,
) -> None:
    """Keep a release for good."""
    from crm_analytics.warehouse.retention import pin

    warehouse()
    pin(_shelf(), number, why=why)


@releases.command()
def unpin(number: Number, home: Home = None) -> None:
    """Keep a release no longer than the others."""
    from crm_analytics.warehouse.retention import unpin

    warehouse()
    unpin(_shelf(), number)


@releases.command()
def retain(
    keep: Annotated[int | None, typer.Option(help="Keep so many of the newest.")] = None,
    days: Annotated[int | None, typer.Option(help="Keep what was published in so many days.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    reports: Reports = None,
    home: Home = None,
) -> None:
    """Remove older releases and the files nobody needs; never one that is pinned, named by a report, or open."""
    from crm_analytics.say import say
    from crm_analytics.warehouse.retention import due, report_folders, retain

    warehouse()
    shelf = _shelf()
    told = retain(shelf, due(shelf, keep=keep, days=days, named=_named(reports)), dry_run=dry_run)
    for number, why in told.kept.items():
        print(say("Release {number} stays: {why}.", number=number, why=", ".join(why)))
    for folder in report_folders(shelf):
        if not folder.is_dir():
            print(say("Reports were put in {folder}, which is not there: what they name is not known.", folder=folder))
    sentence = "{verb} {releases:count} releases{which} and {files:count} files of {megabytes:number} MB."
    print(
        say(
            sentence,
            verb="Would remove" if dry_run else "Removed",
            releases=len(told.removed),
            which=f" ({', '.join(map(str, told.removed))})" if told.removed else "",
            files=told.files,
            megabytes=told.size_bytes / 1e6,
        )
    )


def _shelf() -> Any:
    from crm_analytics.warehouse.release import Shelf

    return Shelf(company_home())


def _named(reports: list[Path] | None) -> dict[int, str]:
    """The releases that the records of reports name: in the folders where they were put, and in these."""
    from crm_analytics.reporting.catalogue import releases_named
    from crm_analytics.warehouse.retention import report_folders

    folders = [*(reports or ()), *report_folders(_shelf())]
    for folder in reports or ():
        if not folder.is_dir():
            raise Wrong(f"There is no folder of reports {folder}.")
    return {number: page for folder in folders for number, page in releases_named(folder, company_home()).items()}
