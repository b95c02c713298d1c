"""Whether a rule asks for what there is: its columns, their kinds, and values that some customer has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.profile import PROFILE
from crm_analytics.rules.clauses import CONTAINS, IS, UNKNOWN, Clause, Fact
from crm_analytics.rules.tokens import RuleError, nearest
from crm_analytics.rules.words import COLUMNS, TEXT, folded, single

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


def asked_of_profile(clauses: Iterable[Clause]) -> frozenset[str]:
    """The columns every profile has that the clauses look at."""
    asked = {_plain(clause.column) for clause in clauses if isinstance(clause, Fact)}
    return frozenset(name for name in PROFILE if _plain(name) in asked)


def _plain(name: str) -> str:
    return folded(name).replace(" ", "_")


def resolved(people: ir.Table, clause: Fact) -> str:
    """The column a clause means, however it was written. Raises RuleError with the nearest one."""
    plain = {_plain(name): name for name in people.columns if name != "customer_id"}
    if clause.column in people.columns and clause.column != "customer_id":
        return clause.column
    found = plain.get(_plain(clause.column))
    if found is None:
        hint = nearest(clause.column, [*plain.values(), *COLUMNS, *single()])
        raise RuleError(f"There is no {clause.column!r}{hint}", clause.place.start, clause.place.line)
    return found


def check_fact(people: ir.Table, clause: Fact) -> None:
    """Raise RuleError where a column is held against what it cannot be."""
    name = resolved(people, clause)
    column = people[name]
    if clause.op == UNKNOWN:
        return
    value = clause.values[0]
    kind = "text" if column.type().is_string() else "a day" if column.type().is_date() else "a number"
    given = "text" if isinstance(value, str) else "a day" if isinstance(value, date) else "a number"
    if kind != given:
        like = {"text": 'like "abc"', "a day": "like 2025-06-30", "a number": "like 3"}[kind]
        raise RuleError(
            f"{name} is {kind}, and {given} was given; write {kind}, {like}", clause.place.start, clause.place.line
        )
    if kind == "text" and clause.op not in (IS, CONTAINS):
        raise RuleError(f"{name} is text; ask with is, in or contains", clause.place.start, clause.place.line)


def check_values(wh: Warehouse, clauses: Iterable[Clause]) -> None:
    """Raise RuleError for a value that no customer of the company has ever had, with the nearest there is."""
    import ibis

    people = wh.customers
    asked = [
        clause for clause in clauses
        if isinstance(clause, Fact) and clause.op == IS and clause.column in people.columns
        and COLUMNS.get(clause.column, ("",))[0] == TEXT
    ]  # fmt: skip
    if not asked:
        return
    columns = sorted({clause.column for clause in asked})
    parts = (people.select(of=ibis.literal(name), value=people[name]).distinct() for name in columns)
    found = ibis.union(*parts, distinct=True).to_pyarrow().to_pylist()
    for clause in asked:
        known = sorted(row["value"] for row in found if row["of"] == clause.column and row["value"] is not None)
        for value in clause.values:
            if known and str(value).lower() not in {one.lower() for one in known}:
                hint = nearest(str(value), known) or f"; there are {', '.join(known[:8])}"
                told = f"No customer's {clause.column} is {value!r}{hint}"
                raise RuleError(told, clause.place.start, clause.place.line)
