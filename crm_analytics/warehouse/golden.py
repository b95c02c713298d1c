"""One customer out of many records: every table speaks of golden ids, and what is kept once a customer has one row.

`identities` says which records are one customer. Where a table refers to a customer, the golden id stands; where a
customer is part of its key, the rows of one customer become one, each column by the rule of survivorship declared here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crm_analytics.warehouse.tables import TABLES, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

CUSTOMER = "customers.customer_id"
RULES = ("first", "latest", "longest", "most frequent", "least", "greatest", "sum", "treated wins", "endless wins")
"""What can be said of a column. `first` and `latest` go by the day the company first knew the record; `source a b`
takes the value of source a, else of b, else the latest. Empty values never win."""

SURVIVES = {
    "customers": {
        "kind": "most frequent", "first_seen": "least", "acquired_channel": "first", "acquired_campaign": "first",
        "region": "latest", "birth_year": "most frequent", "gender": "most frequent", "reason_first_purchase": "first",
    },
    "customer_contacts": {
        "full_name": "longest", "given_name": "longest", "surname": "latest", "birth_date": "most frequent",
        "tax_number": "most frequent", "source_customer_id": "first",
    },
    "consents": {"withdrawn_at": "least", "basis": "first"},
    "do_not_contact": {"until": "endless wins", "reason": "first"},
    "activity": {"value": "sum"},
    "arms": {"arm": "treated wins"},
    "responses": {"kind": "first"},
}  # fmt: skip
"""The rule for each column of a table that has one row a customer; `latest` where none stands."""


def refers(table: Table) -> list[str]:
    """The columns of a table that name a customer."""
    return [c.name for c in table.columns if CUSTOMER in (c.refers, f"{table.name}.{c.name}")]


def merged(identities: ir.Table) -> ir.Table:
    """The records that go by another id than their own: record_id, golden_id."""
    others = identities.filter(identities.customer_id != identities.golden_id)
    return others.select(record_id="customer_id", golden_id="golden_id")


def golden(
    rows: ir.Table, table: Table, others: ir.Table, *, ages: ir.Table | None, survives: Mapping[str, str]
) -> ir.Table:
    """The rows of a table by golden id. `others` is what `merged` gives; `ages` says since when a record is known
    (record_id, first_seen); `survives` are the company's own rules, `{"customers.region": "first"}`."""
    columns, key = list(rows.columns), [name for name in table.key if name in refers(table)]
    if key:
        touched = _touched(rows, key[0], others)
        folded = _folded(_aged(touched, key[0], ages), table, others, survives)
        return _named(rows.anti_join(_all_of(others), [(key[0], "record_id")]), table, others).select(columns).union(
            folded.select(columns)
        )
    return _named(rows, table, others).select(columns)


def given_by(
    rows: ir.Table, table: Table, others: ir.Table, *, ages: ir.Table | None, survives: Mapping[str, str]
) -> ir.Table:
    """Which source and which record gave each surviving value: customer_id, column, source, record_id."""
    import ibis

    key = next(name for name in table.key if name in refers(table))
    touched = _ordered(_aged(_touched(rows, key, others), key, ages)).mutate(record_id=lambda t: t[key])
    touched = _named(touched, table, others)
    parts = []
    for column in table.columns:
        if column.name in table.key:
            continue
        known = touched.filter(touched[column.name].notnull())
        known = known.mutate(best=_order(known, column.name, _rule(table, column.name, survives), table))
        won = known.group_by(customer_id=known[key]).agg(
            source=known.source.argmax(known.best), record_id=known.record_id.argmax(known.best)
        )
        parts.append(won.mutate(column=ibis.literal(column.name)))
    return ibis.union(*parts).select("customer_id", "column", "source", "record_id")


def _all_of(others: ir.Table) -> ir.Table:
    """Every record of a customer with several: the merged ones, and those that gave the golden id."""
    return others.select("record_id").union(others.select(record_id="golden_id"), distinct=True)


def _touched(rows: ir.Table, key: str, others: ir.Table) -> ir.Table:
    return rows.semi_join(_all_of(others), [(key, "record_id")])


def _named(rows: ir.Table, table: Table, others: ir.Table) -> ir.Table:
    for name in refers(table):
        columns = rows.columns
        joined = rows.left_join(others, [(name, "record_id")])
        rows = joined.mutate(**{name: joined.golden_id.coalesce(joined[name])}).select(columns)
    return rows


def _aged(rows: ir.Table, key: str, ages: ir.Table | None) -> ir.Table:
    import ibis

    if "first_seen" in rows.columns:
        return rows.mutate(known_since=rows.first_seen)
    if ages is None:
        return rows.mutate(known_since=ibis.null("date"))
    since = ages.select(aged_id="record_id", known_since="first_seen")
    return rows.left_join(since, [(key, "aged_id")]).drop("aged_id")


def _ordered(rows: ir.Table) -> ir.Table:
    """The order of age as one text, ties broken by the record's id; what is not dated is the oldest."""
    key = "customer_id"
    return rows.mutate(age_order=rows.known_since.cast("string").coalesce("") + " " + rows[key].cast("string"))


def _rule(table: Table, column: str, survives: Mapping[str, str]) -> str:
    return survives.get(f"{table.name}.{column}") or SURVIVES.get(table.name, {}).get(column, "latest")


def _order(rows: ir.Table, column: str, rule: str, table: Table) -> ir.Value:
    """The text whose greatest belongs to the surviving value."""
    import ibis

    value, age = rows[column], rows.age_order
    if rule == "first":  # the greatest of an order that runs backwards
        window = ibis.window(group_by=[rows[name] for name in table.key], order_by=ibis.desc(rows.age_order))
        return _padded(ibis.row_number().over(window))
    if rule == "longest":
        return _padded(value.cast("string").length()) + age
    if rule == "most frequent":
        same = ibis.window(group_by=[*(rows[name] for name in table.key), value])
        return _padded(value.count().over(same)) + age
    if rule in ("least", "greatest"):
        window = ibis.window(
            group_by=[rows[name] for name in table.key], order_by=ibis.desc(value) if rule == "least" else value
        )
        return _padded(ibis.row_number().over(window))
    if rule.startswith("source "):
        rank = ibis.cases(
            *((rows.source == name, place) for place, name in enumerate(reversed(rule.split()[1:]), start=1)), else_=0
        )
        return _padded(rank) + age
    return age


def _padded(number: ir.Value) -> ir.Value:
    return number.cast("string").lpad(9, "0")


def _folded(rows: ir.Table, table: Table, others: ir.Table, survives: Mapping[str, str]) -> ir.Table:
    rows = _named(_ordered(rows), table, others)
    orders = {
        column.name: _order(rows, column.name, _rule(table, column.name, survives), table)
        for column in table.columns
        if column.name not in table.key
    }
    rows = rows.mutate(**{f"order_of_{name}": order for name, order in orders.items()})
    picked = {name: _picked(rows, name, _rule(table, name, survives)) for name in orders}
    return rows.group_by(list(table.key)).agg(**picked, source=rows.source.argmin(rows.age_order))


def _picked(rows: ir.Table, name: str, rule: str) -> ir.Value:
    if rule == "sum":
        return rows[name].sum()
    if rule == "endless wins":
        return rows[name].isnull().any().ifelse(None, rows[name].max())
    if rule == "treated wins":
        return rows[name].max()  # « treated » comes after « control »
    return rows[name].argmax(rows[f"order_of_{name}"], where=rows[name].notnull())


def contaminated(arms: ir.Table, others: ir.Table) -> ir.Table:
    """The customers who were both addressed and left alone by one campaign: campaign_id, customer_id."""
    named = _named(arms, TABLES["arms"], others)
    found = named.group_by(["campaign_id", "customer_id"]).agg(arms=named.arm.nunique())
    return found.filter(found.arms > 1).select("campaign_id", "customer_id")
