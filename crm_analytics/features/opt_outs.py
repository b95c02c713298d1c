"""Whom campaigns annoyed: who of the addressed and of those left alone withdrew a permission, or complained."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.campaign_tests import campaign_tests
from crm_analytics.features.campaigns import WEEKS
from crm_analytics.features.contact_words import COMPLAINT, says
from crm_analytics.features.feature import feature
from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

OPT_OUT = (r"unsub|opt(ed)?[ _-]?out|do not (call|contact|mail|disturb)|^stop$|отпис|отказ\w* от (рассыл|звонк|смс)|"
           r"не (звонить|писать|беспокоить)|^стоп$")  # fmt: skip
"""How a customer's answer, or a contact's outcome, is called that takes a permission back."""
ANNOYED = f"{COMPLAINT}|spam|спам|^abuse$"
"""A letter that is reported as spam is a complaint about the campaign itself."""


@feature(needs=("campaigns", "arms", "orders", "order_lines"), grain="a customer × campaign in whose arms it was")
def campaign_opt_outs(
    wh: Warehouse,
    as_of: date | str | None = None,
    weeks: int = WEEKS,
    before_weeks: int = 12,
    trade: str = "ordinary",
) -> ir.Table:
    """Whether each customer in the arms of a campaign took a permission back, or complained, in the `weeks` from its
    start.

    A permission is taken back by a consent that is withdrawn, by a wish not to be contacted, by an answer to any
    campaign that says so. All are looked for among those left alone, too: some withdraw without being addressed.
    Columns: those of `campaign_tests`, then channel (of the campaign), region, kind (of the customer; "unknown"),
    bought_before ("yes", "no": in the weeks before), opted_out and complained (1 or 0; null where the company does not
    record it). Raises TableAbsent where it records neither; else as `campaign_tests`. Ordered as that.
    """
    import ibis

    parts = {"opted_out": _opt_outs(wh, as_of), "complained": _complaints(wh, as_of)}
    if not any(parts.values()):
        wh.require("consents")
        raise TableAbsent("Neither permissions taken back nor complaints are on record.")
    table = campaign_tests.function(wh, as_of, weeks, before_weeks, trade)
    arms = wh.arms.inner_join(wh.campaigns, "campaign_id").select("campaign_id", "customer_id", "starts")
    until = (arms.starts.cast("timestamp") + ibis.interval(weeks=weeks)).cast("date")
    for name, events in parts.items():
        if not events:
            table = table.mutate(**{name: ibis.null("int64")})
            continue
        found = ibis.union(*events) if len(events) > 1 else events[0]
        near = arms.mutate(until=until).inner_join(found, "customer_id")
        near = near.filter(near.day >= near.starts, near.day < near.until).select("campaign_id", "customer_id")
        near = near.distinct().mutate(**{name: ibis.literal(1, type="int64")})
        table = table.left_join(near, ["campaign_id", "customer_id"]).drop("campaign_id_right", "customer_id_right")
        table = table.mutate(**{name: table[name].fill_null(0)})
    table = table.mutate(bought_before=(table.before_orders > 0).ifelse("yes", "no"))
    return _with_traits(wh, table).order_by("starts", "campaign_id", "customer_id")


def _opt_outs(wh: Warehouse, as_of: date) -> list[ir.Table]:
    """Every record of a permission taken back: customer_id, day."""
    found = []
    if wh.has("consents"):
        found.append(wh.consents.select("customer_id", day="withdrawn_at"))
    if wh.has("do_not_contact"):
        found.append(wh.do_not_contact.select("customer_id", day="since"))
    return [_before(rows, as_of) for rows in found] + _told(wh, as_of, OPT_OUT)


def _complaints(wh: Warehouse, as_of: date) -> list[ir.Table]:
    return _told(wh, as_of, ANNOYED)


def _told(wh: Warehouse, as_of: date, words: str) -> list[ir.Table]:
    """Answers to campaigns, and contacts, that say such a thing."""
    found = []
    if wh.has("responses"):
        said = wh.responses.filter(wh.responses.kind.lower().strip().re_search(words))
        found.append(_before(said.select("customer_id", day=said["at"].date()), as_of))
    if wh.has("contacts"):
        said = wh.contacts.filter(says(wh.contacts, words))
        found.append(_before(said.select("customer_id", day=said["at"].date()), as_of))
    return found


def _before(rows: ir.Table, as_of: date) -> ir.Table:
    return rows.filter(rows.customer_id.notnull(), rows.day < as_of).distinct()


def _with_traits(wh: Warehouse, table: ir.Table) -> ir.Table:
    import ibis

    channels = wh.campaigns.select("campaign_id", "channel")
    table = table.left_join(channels, "campaign_id").drop("campaign_id_right")
    if not wh.has("customers"):
        return table.mutate(region=ibis.literal("unknown"), kind=ibis.literal("unknown"))
    traits = wh.customers.select("customer_id", "region", "kind")
    table = table.left_join(traits, "customer_id").drop("customer_id_right")
    return table.mutate(region=table.region.fill_null("unknown"), kind=table.kind.fill_null("unknown"))
