"""Which records are one customer, what joined them, and what each of them bought."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

PAIR, RECORD = "pair", "record"


@feature(needs=("customers",), grain="a customer record, or a pair of records that were compared")
def identities(wh: Warehouse, as_of: date) -> ir.Table:
    """Who is whose duplicate, with what each record bought before `as_of`.

    Rows of kind 'record': `record` (the id as its source says it), `customer` (the golden id; the record itself where
    nobody was identified), `source`, `method`, `probability`, `orders` and `spend` (sales, in the company's money),
    `arms` (how many campaigns had the customer both addressed and left alone). Rows of kind 'pair': `weight` (bits for
    one customer), `joined` and `doubt` (what contradicts or is missing; empty where nothing is).
    """
    recorded = wh.as_recorded
    rows = recorded.customers.select(record="customer_id", source="source")
    if wh.has("identities"):
        known = wh.identities.select(known="customer_id", customer="golden_id", how="method", sure="probability")
        rows = rows.left_join(known, [("record", "known")]).drop("known")
        rows = rows.mutate(customer=rows.customer.coalesce(rows.record), method=rows.how.coalesce("alone"),
                           probability=rows.sure.coalesce(1.0)).drop("how", "sure")  # fmt: skip
    else:
        rows = rows.mutate(customer=rows.record, method=ibis.literal("alone"), probability=ibis.literal(1.0))
    rows = _bought(recorded, rows, as_of)
    rows = _both_arms(recorded, rows)
    empty = {"weight": "float64", "joined": "boolean", "doubt": "string"}
    records = rows.mutate(kind=ibis.literal(RECORD), **{name: ibis.null(kind) for name, kind in empty.items()})
    if wh.has("identity_pairs"):
        records = records.union(_pairs(wh).select(records.columns))
    return records.order_by(["kind", "record", "customer"])


def _bought(recorded: Warehouse, rows: ir.Table, as_of: date) -> ir.Table:
    if not recorded.has("orders", "order_lines"):
        return rows.mutate(orders=ibis.literal(0, "int64"), spend=ibis.literal(0.0))
    orders = recorded.orders
    sold = orders.filter(orders.kind == "sale", orders.ordered_at < ibis.literal(as_of), orders.customer_id.notnull())
    lines = recorded.order_lines.group_by("order_id").agg(amount=lambda t: t.amount.sum())
    bought = sold.select("order_id", "customer_id").left_join(lines, "order_id").group_by("customer_id")
    bought = bought.agg(orders=lambda t: t.order_id.nunique(), spend=lambda t: t.amount.sum())
    rows = rows.left_join(bought, [("record", "customer_id")]).drop("customer_id")
    return rows.mutate(orders=rows.orders.coalesce(0), spend=rows.spend.cast("float64").coalesce(0.0))


def _both_arms(recorded: Warehouse, rows: ir.Table) -> ir.Table:
    """In how many campaigns one record of the customer was addressed and another left alone."""
    if not recorded.has("arms"):
        return rows.mutate(arms=ibis.literal(0, "int64"))
    arms = recorded.arms.select("campaign_id", "customer_id", "arm")
    of = rows.select(member="record", whose="customer")
    named = arms.inner_join(of, [("customer_id", "member")])
    mixed = named.group_by(["campaign_id", "whose"]).agg(arms=lambda t: t.arm.nunique())
    mixed = mixed.filter(mixed.arms > 1).group_by("whose").agg(mixed=lambda t: t.campaign_id.nunique())
    rows = rows.left_join(mixed, [("customer", "whose")]).drop("whose")
    return rows.mutate(arms=rows.mixed.coalesce(0)).drop("mixed")


def _pairs(wh: Warehouse) -> ir.Table:
    pairs = wh.identity_pairs
    return pairs.select(
        kind=ibis.literal(PAIR), record="a", customer="b", source="source", probability=ibis.null("float64"),
        method=pairs.key.coalesce(""), orders=ibis.literal(0, "int64"), spend=ibis.literal(0.0),
        arms=ibis.literal(0, "int64"), weight="weight", joined="joined",
        doubt=ibis.cases((pairs.against != "", pairs.against), else_=pairs.thin),
    )  # fmt: skip
