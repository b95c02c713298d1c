"""Pages: what is reported, now or by the schedule."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_analytics.command.app import Given, Home, Out, app, expected, name_company, warehouse

if TYPE_CHECKING:
    from crm_analytics.reporting.edition import Edition, Record
    from crm_analytics.reporting.schedule import Entry

schedule = typer.Typer(help="What goes out by itself.", no_args_is_help=True)
app.add_typer(schedule, name="schedule")


@app.command()
def report(
    notebooks: Annotated[list[str] | None, typer.Argument(metavar="[NOTEBOOK]…", help="Else all of them.")] = None,
    given: Given = None,
    out: Out = Path("reports"),
    limit: Annotated[float, typer.Option(min=1, help="The seconds one page may take.")] = 900,
    home: Home = None,
) -> None:
    """Run notebooks and put their pages out, with an index of the day."""
    from crm_analytics.reporting.parameters import pairs

    records = _publish(_editions(notebooks or [], pairs(given or []), out), limit)
    print(f"{out / _today() / 'index.html'}")
    raise typer.Exit(1 if any(record.state == "failed" for record in records) else 0)


@schedule.command()
def tick(
    file: Annotated[Path, typer.Option("--file", help="The schedule.")] = Path("schedule.yaml"),
    home: Home = None,
) -> None:
    """Make what has come due and is not made yet. Let cron call it every few minutes."""
    from crm_analytics.reporting import schedule as schedules

    entries, window = schedules.read_schedule(file)
    told = schedules.tick(entries, home_of=_home_of, send=_send, now=datetime.now(), window=window)
    for due in told:
        print(f"{due.entry}, due {due.due}: {due.state}")
    raise typer.Exit(1 if any(due.state != "done" for due in told) else 0)


def _today() -> str:
    return date.today().isoformat()


def _editions(named: list[str], given: dict[str, str], out: Path) -> list[Edition]:
    from crm_analytics.reporting.edition import Edition, Facts
    from crm_analytics.reporting.notebooks import all_notebooks, notebook_named
    from crm_analytics.reporting.parameters import fill, share_out
    from crm_analytics.warehouse.release import Shelf
    from crm_analytics.warehouse.retention import remember_reports

    paths = [notebook_named(name) for name in named]
    values = {path: fill(path, given) for path in paths} if named else share_out(all_notebooks(), given)
    wh = warehouse()
    remember_reports(Shelf(wh.home), out)
    facts = Facts(
        home=str(wh.home),
        company=wh.company.name,
        release=wh.release.id,
        published_at=wh.release.published_at,
        facts_until=wh.release.facts_until,
        language=wh.company.language,
        currency=wh.company.currency,
    )
    day = str((out / _today()).resolve())
    return [Edition(notebook=str(p.resolve()), values=v, facts=facts, day_folder=day) for p, v in values.items()]


def _publish(editions: list[Edition], limit: float) -> list[Record]:
    from crm_analytics.reporting.progress import shown
    from crm_analytics.reporting.run import publish

    with shown(editions) as told:
        return publish(editions, limit_seconds=limit, told=told)


def _home_of(entry: Entry) -> Path:
    from crm_analytics.warehouse.engine import home_folder

    return home_folder(entry.home)


def _send(entry: Entry) -> bool:
    name_company(_home_of(entry))
    try:
        editions = _editions(list(entry.notebooks), entry.parameters, Path(entry.out or "reports"))
    except expected() as error:
        print(error, file=sys.stderr)
        return False
    return all(record.state != "failed" for record in _publish(editions, 900))
