"""The ways of known customers from contact to order, where no web visits are on record: in the same sums."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.paths import IDLE_DAYS, LOOKBACK_DAYS, campaign_names, cut, plain, summed, visits_of
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

NO_CONTACT = "(no contact)"


@feature(needs=("contacts", "orders", "order_lines"), grain="a distinct way")
def contact_paths(
    wh: Warehouse,
    as_of: date | str | None = None,
    by: str = "channel",
    lookback_days: int = LOOKBACK_DAYS,
    idle_days: int = IDLE_DAYS,
    half_life_days: float = 7.0,
    trade: str = "ordinary",
) -> ir.Table:
    """The ways of known customers before `as_of`, from contact to contact, up to an order or to a long silence.

    The columns of `features.paths`. A touch is a contact, named `by` its channel (marked where the customer began it)
    or its campaign; an order ends the way of the last contact at most `idle_days` before it. An order without one is a
    way of its own, "(no contact)": it came without being asked for. Returns do not end a way; value is what was bought.
    """
    if by not in ("channel", "campaign"):
        raise ValueError(f"by is {by!r}; ask by channel or by campaign.")
    if lookback_days < 1 or idle_days < 1 or not half_life_days > 0:
        raise ValueError("lookback_days and idle_days are at least one day, and half_life_days is more than none.")
    touches = _linked(_contacts(wh, as_of, by).union(_orders(wh, as_of, trade)), idle_days)
    seen = touches.agg(
        first_day=touches.at.min().date(),
        last_day=touches.at.max().date(),
        visitors=touches.visitor_id.nunique(),
        machines=touches.visitor_id.count() * 0,
    )
    ways = cut(visits_of(touches), lookback_days=lookback_days, idle_days=idle_days)
    return summed(ways, seen, as_of, idle_days=idle_days, half_life_days=half_life_days)


def _contacts(wh: Warehouse, as_of: date, by: str) -> ir.Table:
    import ibis

    rows = wh.contacts
    rows = rows.filter(rows.customer_id.notnull(), rows.at < ibis.literal(as_of, type="date").cast("timestamp"))
    channel = plain(rows.channel).fill_null("(not set)")
    channel = (rows.kind == "in").fill_null(False).ifelse(channel + " (in)", channel)
    if by == "campaign":
        called = list(campaign_names(wh).items()) if wh.has("campaigns") else []
        name = plain(rows.campaign_id)
        channel = (name.cases(*called, else_=name) if called else name).fill_null(channel)
    nothing = ibis.null("decimal(38, 4)")
    return rows.group_by(visitor_id=rows.customer_id, at=rows.at).agg(
        channel=channel.min(), bought=ibis.literal(False), value=nothing
    )


def _orders(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    """A customer's orders of one moment are one."""
    import ibis

    orders, lines = orders_of(wh, trade), lines_of(wh, trade)
    orders = orders.filter(orders.kind != "return", orders.customer_id.notnull())
    orders = orders.filter(orders.ordered_at < ibis.literal(as_of, type="date").cast("timestamp"))
    sold = lines.inner_join(orders.select("order_id", visitor_id="customer_id", at="ordered_at"), "order_id")
    return sold.group_by("visitor_id", "at").agg(
        channel=ibis.literal(NO_CONTACT), bought=ibis.literal(True), value=sold.amount.sum().cast("decimal(38, 4)")
    )


def _linked(events: ir.Table, idle_days: int) -> ir.Table:
    """The last contact before an order becomes the touch that ended in it; the order itself is one only alone."""
    import ibis

    course = ibis.window(group_by=events.visitor_id, order_by=[events.at, events.bought])
    near = idle_days * 86_400
    known = events.mutate(
        next_bought=events.bought.lead().over(course).fill_null(False),
        next_value=events.value.lead().over(course),
        wait=events.at.lead().over(course).epoch_seconds() - events.at.epoch_seconds(),
        asked=(~events.bought.lag().over(course)).fill_null(False),
        since=events.at.epoch_seconds() - events.at.lag().over(course).epoch_seconds(),
    )
    known = known.filter(~(known.bought & known.asked & (known.since <= near)))
    ends = ~known.bought & known.next_bought & (known.wait <= near)
    return known.select(
        "visitor_id",
        "at",
        "channel",
        converted=known.bought | ends,
        value=ends.ifelse(known.next_value, known.value),
    )
