"""What a score may foretell: whom each question is about, and how it shows afterwards whether it happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """A question of the kind «what will this customer do within so many days?».

    `events` are the days on which it happened to a customer (customer_id, day); `about` keeps of a profile with
    customer_id and snapshot those whom the question is about; `absence`: what is foretold is that it does not happen.
    """

    events: ir.Table
    about: Callable[[ir.Table], ir.Table]
    absence: bool = False


def target_of(wh: Warehouse, name: str, as_of: date, horizon_days: int, trade: str) -> Target:
    """The target of that name. Raises ValueError naming those there are, TableAbsent where the facts are not kept."""
    if name in TARGETS:
        return TARGETS[name](wh, as_of, horizon_days, trade)
    if wh.has("traits"):
        known = wh.traits.select("trait").distinct().order_by("trait").to_pyarrow()["trait"].to_pylist()
        if name in known:
            return _trait(wh, as_of, horizon_days, name)
    raise ValueError(
        f"There is no target {name!r}; choose among {', '.join(sorted([*TARGETS, 'response']))}, or a dated trait."
    )


def _repeat(wh: Warehouse, as_of: date, horizon_days: int, trade: str) -> Target:
    def about(people: ir.Table) -> ir.Table:
        return people.filter(people.orders > 0)

    return Target(events=_bought(wh, as_of, trade), about=about)


def _churn(wh: Warehouse, as_of: date, horizon_days: int, trade: str) -> Target:
    def about(people: ir.Table) -> ir.Table:
        return people.filter(people.recency_days <= horizon_days)

    events = _bought(wh, as_of, trade)
    return Target(events=events, about=about, absence=True)


def _prospect(wh: Warehouse, as_of: date, horizon_days: int, trade: str) -> Target:
    import ibis

    parts = []
    if wh.has("orders", "order_lines"):
        parts.append(_bought(wh, as_of, trade))
    if wh.has("deal_stages"):
        won = wh.deal_stages
        won = won.filter(won.outcome == "won", won.customer_id.notnull(), won.entered_at < _day(as_of))
        parts.append(won.select("customer_id", day="entered_at"))
    if not parts:
        wh.require("orders")

    def about(people: ir.Table) -> ir.Table:
        return people.filter(people.orders.fill_null(0) == 0, people.deals_won.fill_null(0) == 0)

    events = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return Target(events=events, about=about)


def _return(wh: Warehouse, as_of: date, horizon_days: int, trade: str) -> Target:
    orders = _orders(wh, as_of, trade)
    events = orders.filter(orders.kind == "return").select("customer_id", day=orders.ordered_at.date())

    def about(people: ir.Table) -> ir.Table:
        return people.filter(people.orders_window > 0)

    return Target(events=events, about=about)


def _late_payment(wh: Warehouse, as_of: date, horizon_days: int, trade: str) -> Target:
    """Late is what was not paid by the day it fell due; that is known the day after."""
    import ibis

    wh.require("payments")
    due = wh.payments.filter(wh.payments.customer_id.notnull(), wh.payments.due_at.notnull(), wh.payments.amount > 0)
    known = (due.due_at + ibis.interval(days=1)).cast("date")
    late = due.mutate(day=known).filter(due.paid_at.isnull() | (due.paid_at > due.due_at), known < _day(as_of))

    def about(people: ir.Table) -> ir.Table:
        asked = due.select(who="customer_id", invoiced="invoiced_at", due="due_at")
        open_then = [
            people.customer_id == asked.who,
            asked.invoiced.isnull() | (asked.invoiced < people.snapshot),
            asked.due >= people.snapshot,
            asked.due.delta(people.snapshot, unit="day") < horizon_days - 1,
        ]
        return people.semi_join(asked, open_then)

    return Target(events=late.select("customer_id", "day"), about=about)


def _trait(wh: Warehouse, as_of: date, horizon_days: int, name: str) -> Target:
    rows = wh.traits
    rows = rows.filter(rows.trait == name, ~rows.value.lower().isin(["no", "0", "false", "нет"]))
    dated = rows.filter(rows.known_at.notnull(), rows.known_at < _day(as_of))
    events = dated.select("customer_id", day="known_at")

    def about(people: ir.Table) -> ir.Table:
        had = rows.select(who="customer_id", since="known_at")
        at = [people.customer_id == had.who, had.since.isnull() | (had.since < people.snapshot)]
        return people.anti_join(had, at).drop(*(column for column in (name,) if column in people.columns))

    return Target(events=events, about=about)


def _bought(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    """The days on which a known customer bought for more than nothing."""
    orders = _orders(wh, as_of, trade)
    orders = orders.filter(orders.kind != "return").select("order_id", "customer_id", day=orders.ordered_at.date())
    lines = lines_of(wh, trade)
    sold = orders.inner_join(lines.select("order_id", "amount"), "order_id")
    days = sold.group_by("customer_id", "day").agg(amount=sold.amount.sum())
    return days.filter(days.amount > 0).select("customer_id", "day")


def _orders(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    wh.require("orders", "order_lines")
    orders = orders_of(wh, trade)
    return orders.filter(orders.customer_id.notnull(), orders.ordered_at < _day(as_of))


def _day(day: date) -> ir.Value:
    import ibis

    return ibis.literal(day, type="date")


TARGETS = {
    "repeat": _repeat,
    "churn": _churn,
    "prospect": _prospect,
    "return": _return,
    "late payment": _late_payment,
}
