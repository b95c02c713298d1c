"""What serving customers cost: their orders, contacts, campaigns and payments, in two windows of time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.sharing import DECIMAL, spread

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

WINDOW, BEFORE = "window", "before"


class Spans:
    """The window before a day, and the one before that."""

    def __init__(self, as_of: date, window_days: int):
        self.as_of, self.days = as_of, window_days
        self.starts = as_of - timedelta(days=window_days)
        self.first = self.starts - timedelta(days=window_days)

    def period(self, at: ir.Value) -> ir.Value:
        """Which of the two a day lies in."""
        import ibis

        return (at >= ibis.literal(self.starts, type="date")).ifelse(WINDOW, BEFORE)

    def holds(self, at: ir.Value) -> ir.BooleanValue:
        import ibis

        return (at >= ibis.literal(self.first, type="date")) & (at < ibis.literal(self.as_of, type="date"))


def order_costs(wh: Warehouse, spans: Spans) -> ir.Table | None:
    """What each order cost beside its goods: to send it, and to take it back."""
    import ibis

    if not wh.has("order_costs"):
        return None
    costs = wh.order_costs
    costs = costs.filter(costs.day.isnull() | (costs.day < ibis.literal(spans.as_of, type="date")))
    orders = wh.orders.select("order_id", "customer_id", "ordered_at", order_kind="kind")
    costs = costs.left_join(orders, "order_id").drop("order_id_right")
    costs = costs.mutate(at=ibis.coalesce(costs.ordered_at.date(), costs.day))
    costs = costs.filter(spans.holds(costs.at))
    word = costs.kind.lower()
    back = (costs.order_kind == "return").fill_null(False) | word.contains("return") | word.contains("возврат")
    costs = costs.mutate(period=spans.period(costs.at), back=back)
    return costs.group_by("order_id", "period").agg(
        serving=costs.amount.sum(where=~costs.back).fill_null(0).cast(DECIMAL),
        handling=costs.amount.sum(where=costs.back).fill_null(0).cast(DECIMAL),
    )


def contact_costs(wh: Warehouse, spans: Spans, tariff: dict[str, str], touches: str) -> ir.Table | None:
    """What each customer's contacts cost, those of campaigns left out whose costs hold them."""
    import ibis

    if not wh.has("contacts"):
        return None
    contacts = wh.contacts.filter(spans.holds(wh.contacts.at))
    if touches == "within" and wh.has("campaign_costs"):
        booked = wh.campaign_costs.filter(wh.campaign_costs.campaign_id.notnull()).select("campaign_id").distinct()
        contacts = contacts.anti_join(booked, "campaign_id")
    by_channel = [(contacts.channel == name, ibis.literal(cost).cast(DECIMAL)) for name, cost in tariff.items()]
    said = ibis.cases(*by_channel, else_=ibis.null(DECIMAL)) if by_channel else ibis.null(DECIMAL)
    contacts = contacts.mutate(period=spans.period(contacts.at), price=contacts.cost.cast(DECIMAL).fill_null(said))
    return contacts.group_by("customer_id", "period").agg(
        contacts=contacts.price.sum().cast(DECIMAL),
        unpriced_contacts=contacts.price.isnull().sum().cast(DECIMAL),
    )


def campaign_costs(wh: Warehouse, spans: Spans) -> ir.Table | None:
    """Each customer's part of what campaigns cost: as much for every touch; of a campaign without touches, for
    everybody it was to address; of one that addressed nobody by name, nobody's."""
    import ibis

    if not wh.has("campaign_costs"):
        return None
    costs = wh.campaign_costs.filter(spans.holds(wh.campaign_costs.day))
    costs = costs.group_by("campaign_id", period=spans.period(costs.day)).agg(
        campaigns=costs.amount.sum().cast(DECIMAL)
    )
    reached = []
    if wh.has("contacts"):
        out = wh.contacts.filter(
            wh.contacts.campaign_id.notnull(),
            wh.contacts.kind.fill_null("out") == "out",
            wh.contacts.at < ibis.literal(spans.as_of, type="date"),
        )
        reached.append(out.group_by("campaign_id", "customer_id").agg(weight=out.count().cast(DECIMAL)))
    if wh.has("arms"):
        arms = wh.arms.filter(wh.arms.arm == "treated")
        arms = arms.anti_join(reached[0], "campaign_id") if reached else arms
        reached.append(arms.group_by("campaign_id", "customer_id").agg(weight=arms.count().cast(DECIMAL)))
    if not reached:
        return costs.group_by("period").agg(campaigns=costs.campaigns.sum()).mutate(customer_id=ibis.null("string"))
    weights = ibis.union(*reached) if len(reached) > 1 else reached[0]
    parts = spread(costs, weights, by="campaign_id", amount="campaigns")
    return parts.group_by("customer_id", "period").agg(campaigns=parts.campaigns.sum().cast(DECIMAL))


def payment_costs(wh: Warehouse, spans: Spans, lost_after_days: int) -> ir.Table | None:
    """Money × days that each customer was late in each period, and what is not to be hoped for any more."""
    import ibis

    if not wh.has("payments"):
        return None
    today = ibis.literal(spans.as_of, type="date")
    rows = wh.payments
    rows = rows.filter(rows.due_at < today, rows.invoiced_at.isnull() | (rows.invoiced_at < today))
    owners = wh.orders.select("order_id", owner="customer_id")
    rows = rows.left_join(owners, "order_id").drop("order_id_right")
    paid = (rows.paid_at < today).ifelse(rows.paid_at, ibis.null("date"))
    rows = rows.mutate(customer_id=rows.customer_id.fill_null(rows.owner), paid=paid, until=paid.fill_null(today))
    given_up = (rows.due_at.cast("timestamp") + ibis.interval(days=lost_after_days)).cast("date")
    found = []
    for name, starts, ends in (
        (WINDOW, spans.starts, spans.as_of),
        (BEFORE, spans.first, spans.starts),
    ):
        first, last = ibis.literal(starts, type="date"), ibis.literal(ends, type="date")
        until = ibis.least(rows.until, last, rows.paid.isnull().ifelse(given_up, last))
        days = until.delta(ibis.greatest(rows.due_at, first), unit="day")
        lost = rows.paid.isnull() & (given_up >= first) & (given_up < last)
        of_span = rows.select(
            "customer_id",
            period=ibis.literal(name),
            late=(rows.amount * ibis.greatest(days, 0)).cast(DECIMAL),
            gone=lost.ifelse(rows.amount, 0).cast(DECIMAL),
        )
        found.append(
            of_span.group_by("customer_id", "period").agg(
                late_money_days=of_span.late.sum().cast(DECIMAL), lost=of_span.gone.sum().cast(DECIMAL)
            )
        )
    both = ibis.union(*found)
    return both.filter((both.late_money_days != 0) | (both.lost != 0))


def read_tariff(tariff: str) -> dict[str, str]:
    """«phone 2.40, mail 0.95» as the cost of a contact by channel."""
    said = {}
    for one in filter(None, (part.strip() for part in tariff.split(","))):
        channel, _, cost = one.rpartition(" ")
        if not channel or not cost.replace(".", "", 1).isdigit():
            raise ValueError(f"The tariff says {one!r}; say a cost by channel, like «phone 2.40, mail 0.95».")
        said[channel.strip()] = cost
    return said
