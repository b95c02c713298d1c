"""Enquiries day by day: who asked, called, visited or complained, with everything that also moves sales."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.contact_words import COMPLAINT, says
from crm_analytics.features.daily import campaigns_of, influences, sold_lines
from crm_analytics.features.days import calendar, together
from crm_analytics.features.feature import feature
from crm_analytics.features.other_campaigns import asked
from crm_analytics.features.places import known, placed
from crm_analytics.warehouse.engine import TableAbsent
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse



@feature(needs=(), grain="a day")
def daily_enquiries(
    wh: Warehouse,
    as_of: date | str | None = None,
    region: str | None = None,
    channel: str | None = None,
    campaign: str | None = "last",
    trade: str = "ordinary",
) -> ir.Table:
    """What came in on every day from the first on record to the day before `as_of`, without gaps, and what moved it.

    The columns of `daily_sales` with other measures, so that `Baseline` reads either: contacts (incoming touches),
    complaints (those of them that ended as one), leads, visits (to the site), enquiries (contacts that were no
    complaint, and leads), each where the company has the table. A region is the customer's; `channel` keeps the
    contacts that came by it, and leaves leads and visits out. `campaign` as in `daily_sales`; prices are weighted by
    sales of this `trade`. Raises TableAbsent where nothing that comes in is recorded.
    """
    chosen = asked(wh, campaign, as_of) if campaign else None
    region = region or (chosen and chosen.region) or None
    counts = _counts(wh, as_of, region=region, channel=channel)
    firsts = [day for day in (rows.day.min().to_pyarrow().as_py() for rows in counts.values()) if day is not None]
    if not firsts:
        raise WarehouseError(f"Nobody asked before {as_of} in {region or 'any region'}; ask more widely.")
    days = calendar(min(firsts), as_of)
    came = [
        rows.group_by("day").agg(**{name: rows.much.sum().cast("float64")}) for name, rows in counts.items()
    ]
    place = {"region": region, "store": None}
    lines = sold_lines(wh, as_of, place=place, goods={}, trade=trade) if wh.has("orders", "order_lines") else None
    moved = influences(wh, days, lines, as_of, place=place)
    table = together(days, [*came, *moved, campaigns_of(wh, days, chosen, as_of, region=region, trade=trade)])
    table = table.mutate(**{name: table[name].fill_null(0.0) for name in counts})
    parts = [table[name] for name in ("contacts", "leads") if name in counts]
    if parts:
        complaints = table.complaints if "complaints" in counts else 0.0
        table = table.mutate(enquiries=sum(parts[1:], parts[0]) - complaints)
    return table.order_by("day")


def _counts(wh: Warehouse, as_of: date, *, region: str | None, channel: str | None) -> dict[str, ir.Table]:
    """What came in, of each kind: day, much."""
    import ibis

    recorded = [name for name in ("contacts", "leads", "touchpoints") if wh.has(name)]
    if not recorded:
        raise TableAbsent(
            f"{wh.company.name} records neither contacts nor leads nor visits; with any of them you would see what a "
            "campaign did to enquiries."
        )
    if region is not None:
        known(wh, ("customers",), "region", region)
    if channel is not None:
        known(wh, ("contacts",), "channel", channel)
    found = {}
    for name in recorded:
        if (channel is not None and name != "contacts") or (region is not None and name == "touchpoints"):
            continue
        rows = getattr(wh, name)
        rows = rows.filter(rows["at"] < ibis.literal(as_of, type="date"))
        if region is not None:
            rows = placed(wh, rows).filter(ibis._.place == region)
        rows = rows.mutate(day=rows["at"].date(), much=ibis.literal(1))
        if name == "contacts":
            rows = rows.filter(rows.kind == "in")
            rows = rows if channel is None else rows.filter(rows.channel == channel)
            complaint = says(rows, COMPLAINT)
            found["complaints"] = rows.filter(complaint).select("day", "much")
        found["visits" if name == "touchpoints" else name] = rows.select("day", "much")
    return found
