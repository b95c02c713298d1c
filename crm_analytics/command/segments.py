"""Segments: whom a rule means, how many they are and what they brought; a list of them where it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from crm_analytics.command.app import Home, Json, Wrong, app, tell, warehouse

NAME = "these"


@app.command()
def segment(
    rule: Annotated[str, typer.Argument(help="As one would say it: 'orders at least 3 and region is \"Riga\"'.")],
    as_of: Annotated[
        str | None, typer.Option(help="The day that is meant; else the day after the newest order.")
    ] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="List only so many of them, drawn by lot.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="A new CSV file for ids and reasons.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Count whom a rule means; with --out, list them. Ids and reasons only: addresses have a door of their own."""
    from crm_analytics import Membership, Segments, features
    from crm_analytics.result import enough

    wh, rules = warehouse(), f"{NAME}: {' '.join(rule.splitlines())}"
    try:
        day = wh.day(as_of)
        people = features.segments(wh, as_of=day, rules=rules).to_pandas()
        counted, members = Segments(rules=rules).fit(people), Membership(rules=rules).fit(people)
    except ValueError as error:
        raise Wrong(_in_one_line(error)) from None
    if not enough(members):
        raise Wrong(members.text)
    members = members if sample is None else members.sample(NAME, customers=sample)
    if out is not None:
        _write(members.table, out)
    row = counted.table.iloc[0]
    told = {
        "rule": row["rule"], "as_of": str(day), "customers": int(row["customers"]),
        "share_of_customers": float(row["share_of_customers"]), "revenue_in_a_year": float(row["money"]),
        "unknown": int(row["unknown"]), "listed": len(members.table) if out is not None else 0,
    }  # fmt: skip
    tell(told if as_json else _said(told, counted.text, out), as_json)


def _in_one_line(error: ValueError) -> str:
    """The rule stands on one line here, and after its name: its own characters are counted."""
    from crm_analytics.rules.tokens import RuleError

    return str(RuleError(error.wrong, error.at - len(NAME) - 2)) if isinstance(error, RuleError) else str(error)


def _said(told: dict[str, Any], answer: str, out: Path | None) -> str:
    from crm_analytics.say import say

    said = say(
        "{n:count} customers ({share:percent}); they brought {money:money} in a year.\nUnderstood as: {rule}",
        n=told["customers"], share=told["share_of_customers"], money=told["revenue_in_a_year"], rule=told["rule"],
    )  # fmt: skip
    if told["unknown"]:
        said += "\n" + say("Of {n:count} customers nobody knows: what it asks is not on record.", n=told["unknown"])
    return said + ("\n" + say("{n:count} ids are in {file}.", n=told["listed"], file=str(out)) if out else "")


def _write(table: Any, out: Path) -> None:
    """A file of its own, which is never written over; what a spreadsheet would take for a formula is text."""
    import csv

    if out.exists():
        raise Wrong(f"{out} is there already; name a new file.")
    with out.open("x", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["customer_id", "reason"])
        rows.writerows((_plain(row.customer_id), _plain(row.reason)) for row in table.itertuples())


def _plain(text: str) -> str:
    text = " ".join(str(text).split())
    return "'" + text if text.startswith(("=", "+", "-", "@")) else text
