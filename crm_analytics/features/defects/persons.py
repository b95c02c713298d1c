"""Customers who cannot be, or are somebody else: found by marks, without a name or number leaving the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.defects.detector import Found, detector, grouped
from crm_analytics.features.rows import with_money

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

MOSTLY = 0.5
"""Numbers are judged by check digits only where so many of them pass: other countries have other rules."""

COLLECTIVE_ORDERS, COLLECTIVE_TIMES = 200, 20
"""A card with so many orders, and so many times those of all but one customer in a hundred, is not one person's."""


def _customers(wh: Warehouse, field: str, wrong: Callable[[ir.Table], ir.BooleanValue]) -> Found:
    """The customers whose mark of a field is wrong, with what they bought."""
    marks = wh.marks()
    marks = marks.filter(marks.field == field)
    found = with_money(wh, "customers", marks.filter(wrong(marks)))
    yield f"customer_contacts.{field}", grouped(found, example=found.customer_id, money=found.money)


@detector(
    "one tax number on several customers", needs=("customers", "customer_contacts"), sure="certain", fix="identify"
)
def shared_tax_numbers(wh: Warehouse) -> Found:
    """Each tax number belongs to one company or person."""
    return _customers(wh, "tax_number", lambda marks: (marks.shared_by > 1) & (marks.same_as != marks.customer_id))


@detector("one telephone on several customers", needs=("customers", "customer_contacts"), sure="likely", fix="identify")
def shared_phones(wh: Warehouse) -> Found:
    """One person twice, a family, or the number of a clerk who did not ask."""
    return _customers(wh, "phone", lambda marks: (marks.shared_by > 1) & (marks.same_as != marks.customer_id))


@detector("one e-mail on several customers", needs=("customers", "customer_contacts"), sure="likely", fix="identify")
def shared_emails(wh: Warehouse) -> Found:
    """One person twice, or an address that a clerk made up."""
    return _customers(wh, "email", lambda marks: (marks.shared_by > 1) & (marks.same_as != marks.customer_id))


@detector("a tax number that fails its check", needs=("customers", "customer_contacts"), sure="certain", fix="look")
def wrong_tax_numbers(wh: Warehouse) -> Found:
    """A digit is wrong or lost: the check digits of the others pass."""
    numbers = wh.marks().filter(lambda marks: marks.field == "tax_number")
    judged = numbers.aggregate(share=numbers.tax_check.sum() / numbers.count()).share.as_scalar() >= MOSTLY
    return _customers(wh, "tax_number", lambda marks: judged & ~marks.tax_check.fill_null(False))


@detector("an impossible telephone", needs=("customers", "customer_contacts"), sure="certain", fix="look")
def impossible_phones(wh: Warehouse) -> Found:
    """Too short, too long, with letters, or all one digit."""
    return _customers(wh, "phone", lambda marks: ~marks.possible)


@detector("an impossible e-mail", needs=("customers", "customer_contacts"), sure="certain", fix="look")
def impossible_emails(wh: Warehouse) -> Found:
    """No name, no @, or no domain."""
    return _customers(wh, "email", lambda marks: ~marks.possible)


@detector("a name in letters of two alphabets", needs=("customers", "customer_contacts"), sure="certain", fix="look")
def mixed_names(wh: Warehouse) -> Found:
    """No search finds this customer."""
    return _customers(wh, "full_name", lambda marks: marks.two_alphabets)


@detector("a test customer", needs=("customers", "customer_contacts"), sure="likely", fix="look")
def test_customers(wh: Warehouse) -> Found:
    """A name or address that somebody typed to try the form."""
    for field in ("full_name", "email"):
        yield from _customers(wh, field, lambda marks: marks.made_up)


@detector("an impossible age", needs=("customers",), sure="certain", fix="empty")
def impossible_ages(wh: Warehouse) -> Found:
    """A year of birth that makes somebody younger than ten or older than a hundred and five."""
    if wh.release.facts_until is None:
        return
    age = int(wh.release.facts_until[:4]) - wh.customers.birth_year
    wrong = with_money(wh, "customers", wh.customers.filter((age < 10) | (age > 105)))
    yield "customers.birth_year", grouped(wrong, example=wrong.customer_id, money=wrong.money, value=wrong.birth_year)


@detector("a card that many use", needs=("orders", "customers"), sure="likely", fix="empty")
def collective_cards(wh: Warehouse) -> Found:
    """More orders than one customer can have: the card of the till, used for whoever has none."""
    orders = wh.orders.filter(wh.orders.customer_id.notnull(), wh.orders.kind == "sale")
    people = wh.customers.filter(wh.customers.kind.isnull() | (wh.customers.kind == "person"))
    bought = orders.semi_join(people, "customer_id")
    each = bought.group_by("source", "customer_id").agg(orders=bought.count())
    usual = each.orders.quantile(0.99).as_scalar()
    many = each.filter(each.orders >= ibis.greatest(COLLECTIVE_ORDERS, COLLECTIVE_TIMES * usual))
    rows = orders.semi_join(many, "customer_id")
    rows = with_money(wh, "orders", rows)
    yield "orders.customer_id", grouped(rows, example=rows.customer_id, money=rows.money, value=rows.customer_id)
