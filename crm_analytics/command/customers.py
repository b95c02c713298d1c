"""Customers: who is one customer out of many records, why, and what people decided about it."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from crm_analytics.command.app import Home, Wrong, app, aside, company_home, warehouse

identify = typer.Typer(
    help="One customer out of many records: compare, merge, explain, decide.", invoke_without_command=True
)
app.add_typer(identify, name="identify")

A = Annotated[str, typer.Argument(metavar="A", help="A customer's id, as its source says it.")]
B = Annotated[str, typer.Argument(metavar="B", help="Another customer's id.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the log; no personal data.")]


@identify.callback()
def run(
    context: typer.Context,
    threshold: Annotated[float, typer.Option(help="How probable one customer must be.")] = 0.95,
    only: Annotated[str, typer.Option(help="`keys`: certain keys alone, without splink.")] = "probability",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    home: Home = None,
) -> None:
    """Compare every record with every other and publish who is one customer, as a release of its own."""
    if context.invoked_subcommand:
        return
    from crm_analytics.collection.identity.identify import NEEDED, known
    from crm_analytics.collection.identity.identify import identify as look
    from crm_analytics.warehouse.engine import TableAbsent

    wh = warehouse()
    if not wh.has(*NEEDED):
        try:
            known(wh)
        except TableAbsent as nothing:
            print(nothing)
            return
    if not 0.5 <= threshold < 1:
        raise Wrong(f"--threshold is a probability from 0.5 to below 1, not {threshold}; try 0.95.")
    if only not in ("probability", "keys"):
        raise Wrong(f"--only is probability or keys, not {only!r}.")
    told = look(wh.home, threshold=threshold, by=only, run=_run(), trial=dry_run, progress=aside)
    aside("")
    print(told)


@identify.command()
def why(
    a: A,
    b: B,
    values: Annotated[bool, typer.Option("--values", help="Show what the records say. Personal data.")] = False,
    home: Home = None,
) -> None:
    """Why two records are one customer, or why they are not, field by field."""
    from crm_analytics.collection.identity.evidence import why as explain
    from crm_analytics.collection.identity.evidence import why_with_values

    print((why_with_values if values else explain)(warehouse(), a, b))


@identify.command()
def same(a: A, b: B, reason: Why = "", home: Home = None) -> None:
    """Two records are one customer, whatever the evidence says; now and in every later run."""
    _decide(a, b, "same", reason)


@identify.command()
def separate(a: A, b: B, reason: Why = "", home: Home = None) -> None:
    """Two records are two customers, whatever the evidence says; now and in every later run."""
    _decide(a, b, "separate", reason)


@identify.command()
def undo(a: A, b: B, reason: Why = "", home: Home = None) -> None:
    """Take back what was decided about two records: the evidence alone counts again."""
    _decide(a, b, "undo", reason)


def _decide(a: str, b: str, said: str, reason: str) -> None:
    from crm_analytics.collection.identity.decisions import Decision, now_text
    from crm_analytics.collection.identity.identify import decided

    run = _run()
    decision = Decision(at=now_text(run.now), who=run.who, a=a, b=b, said=said, why=reason)
    print(decided(company_home(), decision, run=run))


def _run() -> Any:
    from crm_analytics.collection.identity.identify import Run

    return Run(who=_who(), now=datetime.now(UTC).replace(tzinfo=None))


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "nobody"
