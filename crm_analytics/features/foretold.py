"""What was foretold of single customers, and what they did: by tenths, so that nobody is named."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from crm_analytics.features.claims import OUTCOME, TOLD, _told
from crm_analytics.features.feature import feature
from crm_analytics.features.purchases import customer_days
from crm_analytics.features.targets import target_of
from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

FORETELLS = {"customer_value": "value", "next_purchase": "p_buys", "score": "probability"}
"""The Studies whose kept tables foretell something of each customer, and the column that does."""
EXACT = "decimal(24, 6)"
KINDS = {
    "study": "string", "measure": "string", "told_on": "date", "first": "date", "last": "date", "known_until": "date",
    "tenth": "int64", "customers": "int64", "foretold": "float64", "happened": "float64", "squares": "float64",
}  # fmt: skip


@feature(needs=("orders", "order_lines"), grain="a tenth of the customers of a kept forecast")
def foretold(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """What kept forecasts of single customers foretold and what came, by tenths of customers, the best first.

    Of worth, next purchases and scores that were kept under `as_of=…` and whose days are over before `as_of`: `study`,
    `measure` (margin, revenue or customers), `told_on`, `first`, `last`, `known_until`, `tenth`, `customers`,
    `foretold` and `happened` (sums), `squares` (of what happened: how much a sum varies by chance). Customers who were
    forgotten since are in neither. Empty without such forecasts. Ordered by Study, day and tenth.
    """
    import ibis

    parts = []
    for claim in _told(wh, as_of):
        column, told_on = FORETELLS.get(claim["study"]), claim["told_on"]
        if column is None or told_on != claim["first"] or claim["last"] >= as_of:
            continue
        people = _people(wh, claim["study"], column, told_on)
        came = _came(wh, as_of, claim, trade)
        if people is not None and came is not None:
            parts.append(_tenths(people, came, claim))
    if not parts:
        return wh.orders.limit(0).select(**{name: ibis.null(kind) for name, kind in KINDS.items()})
    table = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return table.order_by("study", "told_on", "measure", "tenth")


def _people(wh: Warehouse, study: str, column: str, told_on: date) -> ir.Table | None:
    """What was foretold of each customer on that day."""
    try:
        rows = wh.kept(study)
    except TableAbsent:
        return None
    if not {"as_of", "customer_id", column} <= {*rows.columns}:
        return None
    rows = rows.filter(rows["as_of"] == told_on.isoformat())
    return rows.group_by("customer_id").agg(foretold=rows[column].cast("float64").max())


def _came(wh: Warehouse, as_of: date, claim: dict[str, Any], trade: str) -> ir.Table | None:
    """What each customer brought or did within the claim's days; whoever is not in it did nothing."""
    import ibis

    first, last = (ibis.literal(claim[name], type="date") for name in ("first", "last"))
    outcome = json.loads(claim["scope"] or "{}").get(OUTCOME)
    if outcome:
        horizon = (claim["last"] - claim["first"]).days + 1
        try:
            target = target_of(wh, outcome, as_of, horizon, trade)
        except (ValueError, TableAbsent):
            return None
        events = target.events.filter(target.events.day >= first, target.events.day <= last)
        came = events.select("customer_id").distinct()
        return came.mutate(happened=ibis.literal(1).cast(EXACT), absence=ibis.literal(target.absence))
    days = customer_days(wh, as_of, trade)
    days = days.filter(days.day >= first, days.day <= last)
    measures = {"customers": (days.bought.max() > 0).cast("int64"), "revenue": days.revenue.sum(),
                "margin": days.margin.sum()}  # fmt: skip
    if claim["measure"] not in measures:
        return None
    came = days.group_by("customer_id").agg(happened=measures[claim["measure"]].cast(EXACT))
    return came.mutate(absence=ibis.literal(False))


def _tenths(people: ir.Table, came: ir.Table, claim: dict[str, Any]) -> ir.Table:
    import ibis

    absence = came.absence.any().as_scalar().fill_null(False)
    rows = people.left_join(came.drop("absence"), "customer_id")
    happened = rows.happened.fill_null(0).cast(EXACT)
    rows = rows.select("customer_id", "foretold", happened=absence.ifelse(1 - happened, happened).cast(EXACT))
    by = [rows.foretold.desc(), rows.customer_id]
    rows = rows.mutate(tenth=ibis.ntile(10).over(ibis.window(order_by=by)) + 1)
    sums = rows.group_by("tenth").agg(
        customers=rows.count(),
        foretold=rows.foretold.cast(EXACT).sum().cast("float64"),
        happened=rows.happened.sum().cast("float64"),
        squares=(rows.happened.cast("float64") ** 2).round(4).cast("decimal(38, 4)").sum().cast("float64"),
    )
    told = {name: ibis.literal(claim[name], type=TOLD[name]) for name in KINDS if name in TOLD}
    table = sums.mutate(**told)
    return table.select(**{name: table[name].cast(kind) for name, kind in KINDS.items()})
