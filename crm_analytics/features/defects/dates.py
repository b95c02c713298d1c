"""Days that cannot be, or that look like somebody's default."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.defects.detector import Found, detector, grouped
from crm_analytics.features.fields import DEFAULT_DAYS
from crm_analytics.features.rows import with_money
from crm_analytics.warehouse.tables import DAY, MOMENT, TABLES

if TYPE_CHECKING:
    from crm_analytics.warehouse.engine import Warehouse


FAR_AHEAD_YEARS = 3
AT_ONCE, TIMES_USUAL = 0.03, 25
"""A day with such a share of all rows, and so many times those of an ordinary day, is a default or a migration."""

SELDOM, WEEKS = 0.02, 26
"""A weekday with less than such a share of a store's usual trade, over so many weeks, is one on which it is closed."""

JUMP_DAYS, NEAR_DAYS = 25, 3
SPANS = (
    ("campaigns", "starts", "ends"),
    ("promotions", "starts", "ends"),
    ("purchases", "ordered_at", "received_at"),
    ("consents", "granted_at", "withdrawn_at"),
)
TYPED = (("customers", "first_seen"), ("consents", "granted_at"), ("traits", "known_at"), ("orders", "ordered_at"))
"""Dates of which each row should have its own."""


def _all_days(wh: Warehouse):
    for table in TABLES.values():
        if wh.has(table.name) and not table.personal:
            rows = getattr(wh, table.name)
            for column in table.columns:
                if column.kind in (DAY, MOMENT):
                    yield table, column, rows


@detector("a default date", sure="certain", fix="empty")
def default_days(wh: Warehouse) -> Found:
    """What a system writes where nobody typed a date."""
    for table, column, rows in _all_days(wh):
        if table.name == "do_not_contact":
            continue  # a wish to be left in peace may hold since ever; without a day it would not hold at all
        day = rows[column.name].cast("date")
        wrong = rows.filter(day.isin([date.fromisoformat(one) for one in DEFAULT_DAYS]))
        wrong = with_money(wh, table.name, wrong)
        yield (
            f"{table.name}.{column.name}",
            grouped(wrong, example=wrong[table.key[0]], money=wrong.money, value=wrong[column.name].cast("date")),
        )


@detector("a date long ahead", sure="likely", fix="empty")
def far_ahead(wh: Warehouse) -> Found:
    """Later than anything could be planned, or something that happened later than the last order."""
    if wh.release.facts_until is None:
        return
    last = date.fromisoformat(wh.release.facts_until)
    for table, column, rows in _all_days(wh):
        day = rows[column.name].cast("date")
        wrong = rows.filter((day > last + timedelta(days=366 * FAR_AHEAD_YEARS)) & ~day.isin([date(9999, 12, 31)]))
        wrong = with_money(wh, table.name, wrong)
        yield (
            f"{table.name}.{column.name}",
            grouped(wrong, example=wrong[table.key[0]], money=wrong.money, value=wrong[column.name].cast("date")),
        )


@detector("an end before its beginning", sure="certain", fix="look")
def ends_before(wh: Warehouse) -> Found:
    """A campaign, promotion, delivery or consent that was over before it began."""
    for name, starts, ends in SPANS:
        if wh.has(name):
            rows = getattr(wh, name)
            wrong = with_money(wh, name, rows.filter(rows[ends] < rows[starts]))
            yield f"{name}.{ends}", grouped(wrong, example=wrong[TABLES[name].key[0]], money=wrong.money)


@detector("an order before the customer was known", needs=("orders", "customers"), sure="possible", fix="look")
def before_first_seen(wh: Warehouse) -> Found:
    """Either the order's date or the customer's is wrong, or «first seen» means something else here."""
    known = wh.customers.select("customer_id", "first_seen")
    rows = wh.orders.join(known, "customer_id")
    wrong = with_money(wh, "orders", rows.filter(rows.ordered_at.cast("date") < rows.first_seen))
    yield "customers.first_seen", grouped(wrong, example=wrong.order_id, money=wrong.money)


@detector("an order on a day the store is closed", needs=("orders",), sure="possible", fix="look")
def closed_days(wh: Warehouse) -> Found:
    """A store with next to no trade on one weekday all the year has a few orders on it after all."""
    rows = wh.orders
    rows = rows.mutate(store=rows.store_id.fill_null(""), weekday=rows.ordered_at.day_of_week.index())
    days = rows.group_by("store", "weekday").agg(orders=rows.count())
    weeks = rows.group_by("store").agg(weeks=rows.ordered_at.truncate("W").nunique(), all=rows.count())
    days = days.join(weeks, "store")
    closed = days.filter((days.weeks >= WEEKS) & (days.all >= 100 * days.weeks / WEEKS))
    closed = closed.filter(closed.orders < SELDOM * closed.all / 7)
    wrong = with_money(wh, "orders", rows.semi_join(closed, ["store", "weekday"]))
    yield (
        "orders.ordered_at",
        grouped(wrong, example=wrong.order_id, money=wrong.money, value=wrong.ordered_at.cast("date")),
    )


@detector("very many rows on one day", sure="possible", fix="empty")
def many_at_once(wh: Warehouse) -> Found:
    """The day of a migration, or the one the form proposes."""
    for name, column in TYPED:
        if not wh.has(name):
            continue
        rows = getattr(wh, name)
        rows = rows.mutate(day=rows[column].cast("date")).filter(rows[column].notnull())
        days = rows.group_by("day").agg(rows=rows.count())
        usual, total = days.rows.quantile(0.5).as_scalar(), days.rows.sum().as_scalar()
        many = days.filter((days.rows >= TIMES_USUAL * usual) & (days.rows >= AT_ONCE * total) & (days.rows >= 20))
        several = days.count().as_scalar() >= 30
        wrong = with_money(wh, name, rows.semi_join(many.filter(several), "day"))
        yield f"{name}.{column}", grouped(wrong, example=wrong[TABLES[name].key[0]], money=wrong.money, value=wrong.day)


@detector("day and month in each other's place", needs=("orders",), sure="likely", fix="look")
def swapped_days(wh: Warehouse) -> Found:
    """An order weeks away from its neighbours by number, which fits between them when day and month change places."""
    rows = wh.orders
    rows = rows.mutate(day=rows.ordered_at.cast("date"), size=rows.order_id.length())
    order = ibis.window(group_by=["source", "kind", "size"], order_by="order_id")
    rows = rows.mutate(before=rows.day.lag().over(order), after=rows.day.lead().over(order))
    possible = (rows.day.day() <= 12) & (rows.day.day() != rows.day.month())
    swapped = ibis.date(rows.day.year(), possible.ifelse(rows.day.day(), 1), possible.ifelse(rows.day.month(), 1))
    rows = rows.mutate(swapped=swapped)
    away = [_apart(rows.day, rows[beside]) > JUMP_DAYS for beside in ("before", "after")]
    fits = [_apart(rows.swapped, rows[beside]) <= NEAR_DAYS for beside in ("before", "after")]
    wrong = with_money(wh, "orders", rows.filter(possible, *away, *fits))
    yield (
        "orders.ordered_at",
        grouped(wrong, example=wrong.order_id, money=wrong.money, value=wrong.day, instead=wrong.swapped),
    )


def _apart(one, other):
    return one.delta(other, unit="day").abs()
