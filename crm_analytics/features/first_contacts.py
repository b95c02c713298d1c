"""Why customers turn to the company, and whether the first contact settled it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

AGAIN_DAYS = 7
"""Whoever turns to the company again within so many days was not helped the first time."""
NO_CASE = ("order", "sale", "purchase", "заказ", "покупка", "продажа", "missed", "missed call", "no answer",
           "abandoned", "пропущен", "пропущенный", "нет ответа")  # fmt: skip
"""Outcomes of a contact that ask for no help, or that nobody took."""


@feature(needs=("contacts",), grain="a month × reason × channel × region × agent")
def first_contacts(wh: Warehouse, as_of: date | str | None = None, again_days: int = AGAIN_DAYS) -> ir.Table:
    """What customers turned to the company for before `as_of`, and how often they did not have to do so again.

    A case begins with a contact of a known customer who had none in the `again_days` before; it was settled at the
    first contact if none follows in the `again_days` after. Orders are no cases, nor are calls that nobody took. The
    newest `again_days` are not judged yet, and the first ones have a past nobody knows: both are left out. Columns:
    month (its first day), reason (as on record, in small letters; the outcome where there is none), channel, region
    (the customer's), agent (whoever took the first contact; "" where nobody is on record), cases, settled, seconds (how
    long they took, summed) of `timed` cases, again_days, until. Ordered by all of them. Raises ValueError for no day.
    """
    import ibis

    if again_days < 1:
        raise ValueError(f"again_days is {again_days}; give at least one day within which nobody should ask again.")
    cases = cases_of(wh, as_of, again_days)
    keys = ["month", "reason", "channel", "region", "agent"]
    table = cases.group_by(*keys).agg(
        cases=cases.count(), settled=cases.settled.sum(),
        seconds=cases.duration_s.sum().fill_null(0.0).round(3), timed=cases.duration_s.notnull().sum(),
    )  # fmt: skip
    return table.mutate(again_days=ibis.literal(again_days, type="int64"),
                        until=ibis.literal(as_of, type="date")).order_by(*keys)  # fmt: skip


def cases_of(wh: Warehouse, as_of: date, again_days: int = AGAIN_DAYS) -> ir.Table:
    """Each case: customer_id, at, month, reason, channel, region, agent, duration_s, and whether it was settled."""
    import ibis

    rows = wh.contacts
    rows = rows.filter(rows.kind.fill_null("in") == "in", rows.customer_id.notnull(), rows["at"] < as_of)
    reason, outcome = (rows[name].lower().re_replace(r"^\W+|\W+$", "").nullif("") for name in ("reason", "outcome"))
    rows = rows.filter(reason.fill_null("").notin(NO_CASE), outcome.fill_null("").notin(NO_CASE))
    rows = rows.mutate(reason=ibis.coalesce(reason, outcome, "not recorded"))
    order = ibis.window(group_by="customer_id", order_by=["at", "contact_id"])
    rows = rows.mutate(last=rows["at"].lag().over(order), then=rows["at"].lead().over(order))
    span = again_days * 86_400

    def near(earlier: ir.Value, later: ir.Value) -> ir.Value:
        return (later.epoch_seconds() - earlier.epoch_seconds() <= span).fill_null(False)

    begins = rows.agg(first=rows["at"].min()).first.as_scalar() + ibis.interval(days=again_days)
    judged = as_of - timedelta(days=again_days)
    rows = rows.filter(~near(rows["last"], rows["at"]), rows["at"] >= begins, rows["at"] < judged)
    rows = rows.select(
        "customer_id", "at", "reason", "duration_s", month=rows["at"].truncate("M").cast("date"),
        channel=rows.channel.fill_null(""), agent=rows.agent.fill_null(""),
        settled=(~near(rows["at"], rows.then)).cast("int64"),
    )  # fmt: skip
    if not wh.has("customers"):
        return rows.mutate(region=ibis.literal(""))
    homes = wh.customers.select(home_of="customer_id", region=wh.customers.region.fill_null(""))
    rows = rows.left_join(homes, rows.customer_id == homes.home_of).drop("home_of")
    return rows.mutate(region=rows.region.fill_null(""))
