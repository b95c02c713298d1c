"""After which purchases customers did not come back: each purchase with what the customer had met with by then."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.contact_words import says
from crm_analytics.features.daily import daily_sales
from crm_analytics.features.feature import feature
from crm_analytics.features.lifetimes import READ, STEPS, _still_out, pauses
from crm_analytics.features.trade import orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

LONGEST_SETTLING = 14
OLD_ENOUGH = 4
"""A purchase is judged when it is so many usual pauses old, whatever came of it: before that a silence says little."""
GRID = 50
"""Shares of pauses are told in so many steps, so that purchases can be counted together."""
CAUSES = ("complaint", "returned", "addressed")


@feature(needs=("orders", "order_lines"), grain="a month × stage × what was met with × length of silence")
def departures(
    wh: Warehouse,
    as_of: date | str | None = None,
    complaint: str = "complaint",
    memory_days: int = 90,
    trade: str = "ordinary",
) -> ir.Table:
    """The purchases after which customers came back or did not, counted by what they had met with.

    A purchase is looked at some days after it (`settling_days`: a fortnight, or half the usual pause), and only if the
    customer had not bought again by then: so what happens in those days happens to everybody who is counted, and nobody
    escapes it by coming back sooner. Purchases of the last four usual pauses are left out: of them it is too early.
    What was met with: a `complaint` of the customer's (an incoming contact whose reason or outcome has that word),
    goods `returned`, being `addressed` by a campaign; each within `memory_days` before that moment. `complaint` and
    `addressed` are null where contacts are not recorded.

    Columns: month (first day of the month of purchase), stage (number of purchases, up to 6), complaint, returned,
    addressed, `purchases` (how many), `came_back`; of those that are the last so far `as_long` and `never` and the
    other readings as in `lifetimes`, null of those that were followed by another; `price_index` and `competitor_index`
    (means over the month of purchase and the next, base 1 on the first day; null where unknown), settling_days, until.
    Ordered. Raises ValueError for no day of memory.
    """
    if memory_days < 1:
        raise ValueError(f"memory_days is {memory_days}; remember one day at least.")
    made, base = pauses(wh, as_of, trade)
    settling = int(max(1, min(LONGEST_SETTLING, base / 2)))
    until = ibis.literal(as_of, type="date")
    old = until.delta(made.day, unit="day") >= max(OLD_ENOUGH * base, settling)
    looked = _since_settled(made.filter(made.silence >= settling, old), _still_out(made), settling)
    met = _met(wh, looked, complaint=complaint, since=memory_days, until=settling)
    met = met.mutate(month=met.day.truncate("M").cast("date"))
    table = met.group_by("month", "stage", *CAUSES, "back", *READ).agg(purchases=met.count())
    table = _with_prices(wh, table, as_of, trade)
    table = table.order_by("month", "stage", *CAUSES, "back", *READ)
    return table.select("month", "stage", *CAUSES, "purchases", *READ, "price_index", "competitor_index",
                        came_back="back", settling_days=ibis.literal(settling), until=until)  # fmt: skip


def _since_settled(looked: ir.Table, shares: dict[str, list], settling: int) -> ir.Table:
    """The last purchase of each customer with how many of the pauses that lasted until now looked at lasted as long."""
    kinds = {"stage": "int64", "step": "int64"} | dict.fromkeys(READ, "float64")
    share = ibis.memtable(shares, schema=kinds)
    settled = (looked.step + ((settling / looked.silence).log2() * STEPS).floor()).cast("int64")
    looked = looked.select(
        "customer_id", "number", "day", "stage", "step", settled=settled, back=looked.next_day.notnull()
    )
    then = share.select(
        "stage", settled="step", **{f"{name}_then": name for name in READ if name.startswith("as_long")}
    )
    table = looked.left_join(share, ["stage", "step"]).drop("stage_right", "step_right")
    table = table.left_join(then, ["stage", "settled"]).drop("stage_right", "settled_right")
    read = {}
    for name, otherwise in READ.items():
        value = table[name].fill_null(otherwise)
        if name.startswith("as_long"):
            value = ibis.least(value / ibis.greatest(table[f"{name}_then"].fill_null(1.0), value, 1e-6), 1.0)
            value = (value * GRID).round() / GRID
        read[name] = table.back.ifelse(ibis.null("float64"), value)
    return table.select("customer_id", "number", "day", "stage", "back", **read)


def _met(wh: Warehouse, looked: ir.Table, *, complaint: str, since: int, until: int) -> ir.Table:
    """Each purchase with a flag for each cause within the days before and after it."""
    nothing = ibis.null("boolean")
    events = {"returned": _events(orders_of(wh, "all").filter(lambda t: t.kind == "return"), "ordered_at")}
    if wh.has("contacts"):
        touched = wh.contacts
        events["complaint"] = _events(
            touched.filter(touched.kind == "in", says(touched, re.escape(complaint.lower()))), "at"
        )
        events["addressed"] = _events(touched.filter(touched.kind == "out", touched.campaign_id.notnull()), "at")
    table = looked
    for cause in CAUSES:
        if cause not in events:
            table = table.mutate(**{cause: nothing})
            continue
        near = looked.select("customer_id", "number", "day").inner_join(events[cause], "customer_id")
        gap = near.event_day.delta(near.day, unit="day")
        near = near.filter(gap >= -since, gap <= until).select("customer_id", "number").distinct()
        near = near.mutate(**{cause: True})
        table = table.left_join(near, ["customer_id", "number"]).drop("customer_id_right", "number_right")
        table = table.mutate(**{cause: table[cause].fill_null(False)})
    return table


def _events(rows: ir.Table, at: str) -> ir.Table:
    rows = rows.filter(rows.customer_id.notnull())
    return rows.select("customer_id", event_day=rows[at].date()).distinct()


def _with_prices(wh: Warehouse, table: ir.Table, as_of: date, trade: str) -> ir.Table:
    """The mean own and competitors' price level of each month and the next."""
    days = daily_sales.function(wh, as_of, None, None, None, trade)
    known = [name for name in ("price_index", "competitor_index") if name in days.columns]
    missing = {name: ibis.null("float64") for name in ("price_index", "competitor_index") if name not in known}
    if known:
        exact = {name: days[name].cast("decimal(18, 9)").sum().cast("float64") for name in known}
        months = days.group_by(month=days.day.truncate("M").cast("date")).agg(n=days.count(), **exact)
        ahead = ibis.window(order_by=months.month, preceding=0, following=1)
        months = months.select("month", **{name: months[name].sum().over(ahead) / months.n.sum().over(ahead)
                                           for name in known})  # fmt: skip
        months = ibis.memtable(months.order_by("month").to_pyarrow())  # a few rows, asked once rather than in each join
        table = table.left_join(months, "month").drop("month_right")
    return table.mutate(**missing)
