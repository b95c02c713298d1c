"""Campaigns day by day: which one is asked about, and how strongly every other one ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.warehouse.engine import TableAbsent
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

TOUCHES = "touches: "
"""A column of this beginning and a campaign's name says how strongly that campaign ran on each day."""
COSTS_ON = 0.5
"""Costs tell the course of a campaign only where they are booked on so many of its days: an invoice is not a spend."""


@dataclass(frozen=True)
class Asked:
    """The campaign that is asked about: its name, its region, and the spells in which it was on."""

    ids: tuple[str, ...]
    name: str
    region: str | None
    spells: tuple[tuple[date, date], ...]

    def runs(self, day: ir.Value) -> ir.Value:
        """Whether it was on, on that day."""
        import ibis

        first, *others = (day.between(*(ibis.literal(d, type="date") for d in spell)) for spell in self.spells)
        for other in others:
            first = first | other
        return first


def others_of(wh: Warehouse) -> str:
    """The ids a campaign can be asked for by, the newest first."""
    rows = wh.campaigns.order_by(wh.campaigns.starts.desc(), "campaign_id").select("campaign_id").limit(11)
    ids = rows.to_pyarrow()["campaign_id"].to_pylist()
    return f"there are {', '.join(ids[:10])}{' …' if len(ids) > 10 else ''}" if ids else "there is none at all"


def asked(wh: Warehouse, campaign: str, as_of: date) -> Asked:
    """The campaign of this id, or of these ids apart by commas where it was on several times, or the "last" one.

    Raises WarehouseError when there is none such, and TableAbsent when the company records no campaigns.
    """
    import ibis

    if not wh.has("campaigns"):
        raise TableAbsent(
            f"{wh.company.name} has no campaigns; with them you would see what campaigns changed "
            "(for days of your own choice leave campaign empty and give starts and ends)."
        )
    table = wh.campaigns.select("campaign_id", "name", "region", "starts", "ends")
    wanted = [one.strip() for one in campaign.split(",")]
    if campaign == "last":
        table = table.filter(table.ends + ibis.interval(days=14) < ibis.literal(as_of, type="date"))
        if wh.has("arms"):
            uncontrolled = table.anti_join(wh.arms.filter(wh.arms.arm == "control"), "campaign_id")
            table = uncontrolled if uncontrolled.count().to_pyarrow().as_py() else table
    else:
        table = table.filter(table.campaign_id.isin(wanted))
    rows = table.order_by("starts", "campaign_id").to_pyarrow().to_pylist()
    missing = sorted(set(wanted) - {row["campaign_id"] for row in rows}) if campaign != "last" else []
    if missing or not rows:
        sought = f"without a control group, two weeks past on {as_of}," if not missing else f"{', '.join(missing)!r}"
        told = f"There is no campaign {sought} to ask about; {others_of(wh)}; or give starts and ends."
        raise WarehouseError(told) if missing else TableAbsent(told)
    rows = rows[-1:] if campaign == "last" else rows
    regions = {row["region"] for row in rows}
    return Asked(
        ids=tuple(row["campaign_id"] for row in rows),
        name=rows[0]["name"] or rows[0]["campaign_id"],
        region=regions.pop() if len(regions) == 1 else None,
        spells=tuple((row["starts"], row["ends"]) for row in rows),
    )


def with_other_campaigns(
    wh: Warehouse, table: ir.Table, as_of: date, *, but: Asked | None, region: str | None, shares: ir.Table | None
) -> ir.Table:
    """Add which campaigns ran on a day beside the one that is asked about, and how strongly each of them.

    `other_campaigns` has their names; a column `touches: <name>` for each is 1 on its usual day, times the share of
    sales that its region makes (`shares`: region, share; None where the table is about one region). Where contacts
    say whom it addressed on which day, or costs are booked day by day, they say how it was spread over its days.
    """
    import ibis

    others = wh.campaigns.filter(wh.campaigns.campaign_id.notin(but.ids)) if but else wh.campaigns
    others = others.filter(others.starts < ibis.literal(as_of, type="date"))
    if region is not None:
        others = others.filter(others.region.isnull() | (others.region == region))
    twice = others.campaign_id.count().over(ibis.window(group_by=others.name)) > 1
    named = others.name.fill_null(others.campaign_id).replace(";", ",")
    others = others.select(
        "campaign_id", "starts", "ends", "region", name=twice.ifelse(named + " (" + others.campaign_id + ")", named)
    )
    days = table.select("day")
    running = days.inner_join(others, [days.day >= others.starts, days.day <= others.ends])
    by_day = running.group_by("day").agg(other_campaigns=running.name.group_concat("; ", order_by=running.name))
    table = table.left_join(by_day, "day").drop("day_right")
    table = table.mutate(other_campaigns=table.other_campaigns.fill_null(""))
    names = sorted(others.name.to_pyarrow().to_pylist())
    if not names:
        return table
    touched = _touched(wh, others, running, shares, as_of)
    wide = touched.group_by("day").agg(
        **{TOUCHES + name: touched.touches.sum(where=touched.name == name) for name in names}
    )
    table = table.left_join(wide, "day").drop("day_right")
    return table.mutate(**{TOUCHES + name: table[TOUCHES + name].fill_null(0.0) for name in names})


def _touched(wh: Warehouse, others: ir.Table, running: ir.Table, shares: ir.Table | None, as_of: date) -> ir.Table:
    """How strongly each campaign ran, a row for each of its days before `as_of`: day, name, touches."""
    import ibis

    last = ibis.least(others.ends, ibis.literal(as_of - timedelta(days=1), type="date"))
    reach = others.mutate(planned=ibis.greatest(last.delta(others.starts, unit="day") + 1, 1), reach=ibis.literal(1.0))
    if shares is not None:
        reach = reach.drop("reach").left_join(shares.select(within="region", part="share"), [("region", "within")])
        reach = reach.mutate(reach=reach.region.isnull().ifelse(1.0, reach.part.fill_null(1.0))).drop("within", "part")
    parts, left = [], reach
    for course in (_addressed(wh, as_of), _spent(wh, running, as_of)):
        if course is not None:
            known = left.inner_join(course, "campaign_id")
            parts.append(known.select("day", "name", touches=known.part * known.planned * known.reach))
            left = left.anti_join(course, "campaign_id")
    evenly = running.select("day", "campaign_id").inner_join(left, "campaign_id")
    parts.append(evenly.select("day", "name", touches=evenly.reach))
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _addressed(wh: Warehouse, as_of: date) -> ir.Table | None:
    """What part of those whom a campaign addressed one by one it addressed on each day: campaign_id, day, part."""
    import ibis

    if not wh.has("contacts"):
        return None
    sent = wh.contacts.filter(wh.contacts.kind == "out", wh.contacts.campaign_id.notnull())
    sent = sent.filter(sent["at"] < ibis.literal(as_of, type="date"))
    return _parts(sent.group_by("campaign_id", day=sent["at"].date()).agg(much=sent.count().cast("decimal(18, 4)")))


def _spent(wh: Warehouse, running: ir.Table, as_of: date) -> ir.Table | None:
    """What part of its money a campaign spent on each day, where its costs are booked day by day."""
    import ibis

    if not wh.has("campaign_costs"):
        return None
    costs = wh.campaign_costs.filter(wh.campaign_costs.amount > 0)
    costs = costs.filter(costs.day < ibis.literal(as_of, type="date"))
    spent = costs.group_by("campaign_id", "day").agg(much=costs.amount.sum())
    inside = spent.inner_join(running.select("campaign_id", "day"), ["campaign_id", "day"])
    booked = inside.group_by("campaign_id").agg(booked=inside.count())
    length = running.group_by("campaign_id").agg(length=running.count())
    known = booked.inner_join(length, "campaign_id")
    known = known.filter(known.booked >= COSTS_ON * known.length, known.booked > 1)
    return _parts(inside.select("campaign_id", "day", "much").semi_join(known, "campaign_id"))


def _parts(much: ir.Table) -> ir.Table:
    import ibis

    whole = much.much.sum().over(ibis.window(group_by=much.campaign_id))
    return much.select("campaign_id", "day", part=much.much.cast("float64") / whole.cast("float64"))
