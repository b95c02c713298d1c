"""The `crm` command: the one place, beside a notebook, where rooms meet."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crm_analytics.reporting.edition import Edition, Record
    from crm_analytics.reporting.schedule import Entry
    from crm_analytics.warehouse.engine import Warehouse

app = typer.Typer(
    help="From what customers did to what marketing really changed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
schedule = typer.Typer(help="What goes out by itself.", no_args_is_help=True)
app.add_typer(schedule, name="schedule")


def _use(home: Path | None) -> None:
    """From now on this company is meant, here and in every process started from here."""
    if home is not None:
        os.environ["CRM_HOME"] = str(home.expanduser().resolve())


Home = Annotated[
    Path | None, typer.Option("--home", callback=_use, help="The company's folder; else CRM_HOME, else data.")
]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Given = Annotated[
    list[str] | None, typer.Option("-p", metavar="NAME=VALUE", help="A value to ask with; may be repeated.")
]
Out = Annotated[Path, typer.Option("--out", help="The folder the pages are put in.")]


@app.callback()
def _every_command(home: Home = None) -> None:
    pass


@app.command()
def demo(
    customers: Annotated[int, typer.Option(min=100, help="How many customers it has.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Where to; else incoming in the company's folder.")] = None,
    home: Home = None,
) -> None:
    """Write the demo company's source files, and its truth beside them."""
    from crm_analytics.simulation.company import Simulation

    folder = out or _home() / "incoming"
    Simulation(customers=customers, seed=seed).write(folder)
    print(f"{customers} customers are in {_short(folder)}, the truth about them in {_short(folder / 'truth')}.")


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

    report = collection.load(map, data=data or _home() / "incoming", home=_home(), progress=_aside)
    _aside("")
    print(report)
    raise typer.Exit(report.exit_code)


@app.command()
def tables(as_json: Json = False, home: Home = None) -> None:
    """What there is, and what can be asked of it."""
    from crm_analytics import collection, questions

    holdings = collection.tables(_warehouse(), questions())
    _print(holdings.to_dict() if as_json else holdings, as_json)


@app.command()
def releases(as_json: Json = False, home: Home = None) -> None:
    """The releases that can be opened, the newest last."""
    from crm_analytics import collection

    _warehouse()  # says so when there is none
    _print_frame(collection.releases(_home()), as_json)


@app.command()
def quarantine(as_json: Json = False, home: Home = None) -> None:
    """What was refused, why, and how much of it; never the lines themselves."""
    from crm_analytics import collection

    _print_frame(collection.quarantine(_warehouse()), as_json)


@app.command()
def ask(
    study: Annotated[str, typer.Argument(help="The Study's name, like customer_value.")],
    given: Given = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Put one question, and read its answer: the sentence, its checks, its table."""
    from crm_analytics import features
    from crm_analytics.reporting.knobs import turn
    from crm_analytics.reporting.parameters import pairs
    from crm_analytics.result import enough

    asked = _study(study)
    feature = getattr(features, asked.reads)
    knobs, reading = turn(pairs(given or []), study=asked, feature=feature)
    wh = _warehouse()
    if "as_of" in feature.knobs:
        reading["as_of"] = wh.day(reading.get("as_of"))
    result = _knobs_checked(lambda: asked(**knobs)).fit(_knobs_checked(lambda: feature(wh, **reading)))
    if not as_json:
        print(result)
        return
    _print(
        {
            "study": study,
            "text": result.text,
            "enough": enough(result),
            "checks": [vars(check) for check in result.checks],
            "table": _rows(result.table),
            "company": wh.company.name,
            "release": wh.release.id,
            "facts_until": wh.release.facts_until,
            "as_of": reading.get("as_of"),
            "knobs": {name: getattr(result.study, name) for name in asked.knobs()},
        },
        as_json,
    )


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
    from datetime import datetime

    from crm_analytics.reporting import schedule as schedules

    entries, window = schedules.read_schedule(file)
    told = schedules.tick(entries, home_of=_home_of, send=_send, now=datetime.now(), window=window)
    for due in told:
        print(f"{due.entry}, due {due.due}: {due.state}")
    raise typer.Exit(1 if any(due.state != "done" for due in told) else 0)


# Who is asked, and what there is to ask


def _home() -> Path:
    from crm_analytics.warehouse.engine import home_folder

    return home_folder()


def _warehouse() -> Warehouse:
    from crm_analytics.warehouse.engine import Warehouse

    return Warehouse.open()


def _study(name: str) -> Any:
    import difflib

    from crm_analytics import studies

    known = studies()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}."
    raise _Wrong(f"There is no Study {name!r}; {hint}")


def _knobs_checked(make: Any) -> Any:
    """What is wrong with a knob is the asker's affair, so it is a sentence; what goes wrong later is ours."""
    try:
        return make()
    except (ValueError, TypeError) as error:
        raise _Wrong(str(error)) from error


# Making pages


def _today() -> str:
    from datetime import date

    return date.today().isoformat()


def _editions(named: list[str], given: dict[str, str], out: Path) -> list[Edition]:
    from crm_analytics.reporting.edition import Edition, Facts
    from crm_analytics.reporting.notebooks import all_notebooks, notebook_named
    from crm_analytics.reporting.parameters import fill, share_out

    paths = [notebook_named(name) for name in named]
    values = {path: fill(path, given) for path in paths} if named else share_out(all_notebooks(), given)
    wh = _warehouse()
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
    _use(_home_of(entry))
    try:
        editions = _editions(list(entry.notebooks), entry.parameters, Path(entry.out or "reports"))
    except _expected() as error:
        print(error, file=sys.stderr)
        return False
    return all(record.state != "failed" for record in _publish(editions, 900))


# Saying it


def _print(what: Any, as_json: bool) -> None:
    import json

    if as_json:  # what is not a number is null: JSON has no other word for it
        plain = json.loads(json.dumps(what, default=str), parse_constant=lambda _: None)
        what = json.dumps(plain, ensure_ascii=False, indent=1)
    print(what)


def _print_frame(frame: Any, as_json: bool) -> None:
    if as_json:
        _print(_rows(frame), as_json)
    else:
        print(frame.to_string(index=False) if len(frame) else "Nothing.")


def _rows(frame: Any) -> list[dict[str, Any]]:
    """The rows of a frame as JSON takes them: days as ISO, what is missing as null, numpy's numbers as plain ones."""
    import json

    return json.loads(frame.to_json(orient="records", date_format="iso", date_unit="s", double_precision=15))


def _short(path: Path) -> str:
    return os.path.relpath(path) if path.resolve().is_relative_to(Path.cwd()) else str(path)


def _aside(sentence: str) -> None:
    """Say to a person who waits how far it is, on one line, beside what the command gives out."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{sentence}", end="", flush=True, file=sys.stderr)


class _Wrong(Exception):
    """What was asked cannot be done as it was asked; the message says why."""


def _expected() -> tuple[type[Exception], ...]:
    from crm_analytics.reporting import ReportingError
    from crm_analytics.warehouse.release import WarehouseError

    return _Wrong, ReportingError, WarehouseError


def main() -> None:
    """Run the command. What is wrong with the question or the data is one sentence; a traceback is our own bug."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if not isinstance(error, _expected()):
            raise
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
