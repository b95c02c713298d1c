"""Whom the next campaign could reach: may we write, what is the customer worth, how often were they touched."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.warehouse.consents import agreed, barred
from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@feature(needs=("customers", "consents", "orders", "order_lines"), grain="a customer")
def reachable(
    wh: Warehouse,
    as_of: date | str | None = None,
    purpose: str = "marketing",
    channel: str = "email",
    trade: str = "ordinary",
) -> ir.Table:
    """Every customer, with what decides whether a campaign on `as_of` should address them.

    Customers without consent are in it, so that whoever chooses can count them; `consent` says whether the agreement
    to `purpose` by `channel` holds and no wish not to be contacted stands against it. Columns: customer_id, region,
    kind, consent, orders_365 (purchase days in the past 365 days), worth (money: their margin in that time, revenue
    where the company knows no costs), revenue_28 (money spent in the past four weeks), contacts_30 (campaign contacts
    out in the past 30 days; null: contacts are not recorded), last_contact_day, days_since_last_order (null: never
    ordered). Raises TableAbsent, naming the channels there are, where nobody was ever asked for `purpose` by `channel`.
    """
    import ibis

    _asked_for(wh, purpose, channel)
    permitted = _permitted(wh, as_of, purpose, channel).mutate(consent=ibis.literal(True))
    customers = wh.customers.select("customer_id", "region", "kind")
    table = (
        customers.left_join(permitted, "customer_id")
        .drop("customer_id_right")
        .left_join(_bought(wh, as_of, trade), "customer_id")
        .drop("customer_id_right")
        .left_join(_touched(wh, as_of), "customer_id")
        .drop("customer_id_right")
    )
    never_touched = 0 if wh.has("contacts") else ibis.null("int64")
    return table.select(
        "customer_id",
        region=table.region.fill_null("unknown"),
        kind=table.kind.fill_null("unknown"),
        consent=table.consent.fill_null(False),
        orders_365=table.orders_365.fill_null(0),
        worth=table.worth.fill_null(0.0),
        revenue_28=table.revenue_28.fill_null(0.0),
        contacts_30=ibis.coalesce(table.contacts_30, never_touched).cast("int64"),
        last_contact_day=table.last_contact_day,
        days_since_last_order=ibis.literal(as_of).delta(table.last_order_day, unit="day"),
    ).order_by("customer_id")


def _asked_for(wh: Warehouse, purpose: str, channel: str) -> None:
    asked = wh.consents.select("purpose", "channel").distinct().order_by("purpose", "channel").to_pyarrow().to_pylist()
    if {"purpose": purpose, "channel": channel} not in asked:
        known = ", ".join(f"{one['purpose']} by {one['channel']}" for one in asked)
        raise TableAbsent(f"{wh.company.name} has no consents to {purpose} by {channel}; it has those to {known}.")


def _permitted(wh: Warehouse, as_of: date, purpose: str, channel: str) -> ir.Table:
    """Who agreed and does not wish to be left in peace, as far as was known before `as_of`."""
    known_by = as_of - timedelta(days=1)
    yes = agreed(wh.consents, purpose=purpose, channel=channel, on=known_by)
    if not wh.has("do_not_contact"):
        return yes
    return yes.anti_join(barred(wh.do_not_contact, channel=channel, on=as_of, known_by=known_by), "customer_id")


def _bought(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    """What each customer bought before `as_of`."""
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.kind != "return", orders.customer_id.notnull(), orders.ordered_at < as_of)
    orders = orders.select("order_id", "customer_id", day=orders.ordered_at.date())
    lines = lines_of(wh, trade)
    lines = lines.select("order_id", "amount", margin=lines.amount - lines.quantity * lines.unit_cost).join(
        orders, "order_id"
    )
    year, month = lines.day >= as_of - timedelta(days=365), lines.day >= as_of - timedelta(days=28)
    costs_known = lines.filter(year).margin.count().as_scalar() > 0
    bought = lines.group_by("customer_id").agg(
        last_order_day=lines.day.max(),
        orders_365=lines.day.nunique(where=year),
        revenue_365=lines.amount.sum(where=year).cast("float64"),
        margin_365=lines.margin.sum(where=year).cast("float64"),
        revenue_28=lines.amount.sum(where=month).cast("float64"),
    )
    return bought.mutate(worth=costs_known.ifelse(bought.margin_365.fill_null(0.0), bought.revenue_365))


def _touched(wh: Warehouse, as_of: date) -> ir.Table:
    """How often campaigns touched each customer before `as_of`."""
    import ibis

    if not wh.has("contacts"):
        nobody = wh.customers.filter(False).select("customer_id")
        return nobody.mutate(contacts_30=ibis.null("int64"), last_contact_day=ibis.null("date"))
    contacts = wh.contacts.filter(
        wh.contacts.kind == "out",
        wh.contacts.campaign_id.notnull(),
        wh.contacts.customer_id.notnull(),
        wh.contacts.at < as_of,
    )
    return contacts.group_by("customer_id").agg(
        contacts_30=contacts.count(where=contacts.at >= as_of - timedelta(days=30)),
        last_contact_day=contacts.at.date().max(),
    )
