"""Enquiries and deals as chains of steps: which stages there are, in which order, and how far each went."""

from __future__ import annotations

from datetime import date
from functools import reduce
from typing import TYPE_CHECKING

from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

LEAD_DAYS = 60
"""An enquiry of which no deal came within so many days will not become one."""


def nameless(wh: Warehouse, as_of: date) -> bool:
    """Whether there are enquiries before `as_of` and none names its customer: nobody can tell what became of them."""
    rows = wh.leads
    rows = rows.filter(rows["at"] < as_of)
    sums = rows.agg(n=rows.count(), known=rows.customer_id.count()).to_pyarrow().to_pylist()[0]
    return bool(sums["n"]) and not sums["known"]


def must_be_named(wh: Warehouse, as_of: date) -> None:
    """Raise TableAbsent where enquiries cannot be followed."""
    if nameless(wh, as_of):
        raise TableAbsent(
            f"No enquiry of {wh.company.name} names its customer, so that nobody can tell what became of it; "
            "map leads.customer_id."
        )


def leads(wh: Warehouse, as_of: date, by: str) -> tuple[tuple[str, ...], ir.Table]:
    """From the enquiry to a deal that was won, where deals are on record; else to a first order after it.

    A deal is put down to the customer's last enquiry before it began. Of an enquiry that became several deals the
    farthest counts, with the money of all that were won.
    """
    import ibis

    edge = ibis.literal(as_of, type="date")
    rows = wh.leads
    rows = rows.filter(rows.at < edge.cast("timestamp"))
    rows = rows.select("lead_id", "customer_id", day=rows.at.date(), part=part_of(rows, by), at=rows.at)
    young = edge.delta(rows.day, unit="day") <= LEAD_DAYS
    rows = rows.mutate(young=young)
    if not wh.has("deal_stages"):
        return _to_first_order(wh, rows, as_of)
    stages, each = each_deal(wh, as_of)
    linked = linked_to_leads(each, rows)
    flags = [f"stage_{i}" for i in range(len(stages))] + ["won", "open", "young"]
    far = linked.group_by("lead_id").agg(
        **{flag: linked[flag].any() for flag in flags}, amount=linked.amount.sum(where=linked.won)
    )
    table = rows.left_join(far, "lead_id").drop("lead_id_right")
    known = {flag: table[flag].fill_null(False) for flag in flags}
    columns = {"part": table.part, "day": table.day, "amount": table.amount, "reached_0": table.lead_id.notnull()}
    columns |= {"waits_0": table.young}
    for i in range(len(stages)):
        went_on = known[f"stage_{i + 1}"] if i + 1 < len(stages) else known["won"]
        columns |= {f"reached_{i + 1}": known[f"stage_{i}"]}
        columns |= {f"waits_{i + 1}": known["young"] | (known["open"] & ~went_on)}
    columns[f"reached_{len(stages) + 1}"] = known["won"]
    return ("lead", *stages, "won"), table.select(**columns)


def linked_to_leads(each: ir.Table, rows: ir.Table) -> ir.Table:
    """Deals, each with the customer's last enquiry before it began."""
    import ibis

    each = each.filter(each.customer_id.notnull(), each.began.notnull())
    asked = rows.select("lead_id", who="customer_id", asked=rows.at.date(), at="at")
    linked = each.inner_join(asked, [each.customer_id == asked.who, asked.asked <= each.began])
    newest = ibis.window(group_by=linked.deal_id, order_by=[linked.at.desc(), linked.lead_id])
    linked = linked.mutate(nth=ibis.row_number().over(newest))
    return linked.filter(linked.nth == 0)


def deals(wh: Warehouse, as_of: date, by: str) -> tuple[tuple[str, ...], ir.Table]:
    """From the first stage of a deal to its being won."""
    import ibis

    stages, each = each_deal(wh, as_of)
    if by == "region":
        part = ibis.null("string")
        if wh.has("customers"):
            lives = wh.customers.select(who="customer_id", lives="region")
            each = each.left_join(lives, each.customer_id == lives.who)
            part = each.lives
    else:
        part = each.agent if by == "agent" else each.product_id
    columns = {"part": part, "day": each.began, "amount": each.amount}
    for i in range(len(stages)):
        went_on = each[f"stage_{i + 1}"] if i + 1 < len(stages) else each.won
        columns |= {f"reached_{i}": each[f"stage_{i}"], f"waits_{i}": each.young | (each.open & ~went_on)}
    columns[f"reached_{len(stages)}"] = each.won
    return (*stages, "won"), each.select(**columns)


def part_of(rows: ir.Table, by: str) -> ir.Value:
    if by == "campaign":
        return rows.campaign_id.fill_null(rows.source_name)
    return rows.source_name if by == "source" else rows.medium


def each_deal(wh: Warehouse, as_of: date) -> tuple[tuple[str, ...], ir.Table]:
    """The stages in their order, and a deal a row: how far it came, whether it was won or is open, and its money."""
    import ibis

    edge = ibis.literal(as_of, type="date")
    rows = wh.deal_stages
    rows = rows.filter(rows.entered_at.isnull() | (rows.entered_at < edge))
    stages = _in_order(rows)
    ends = rows.outcome.fill_null("")
    each = rows.group_by("deal_id").agg(
        customer_id=rows.customer_id.max(),
        agent=rows.agent.max(),
        product_id=rows.product_id.max(),
        began=rows.entered_at.min(),
        won=(ends == "won").any(),
        lost=(ends == "lost").any(),
        closed=rows.entered_at.max(where=ends.isin(["won", "lost"])),
        amount=rows.amount.max(where=ends == "won"),
        **{f"at_{i}": (rows.stage == stage).any() for i, stage in enumerate(stages)},
    )
    beyond = {
        f"stage_{i}": reduce(lambda a, b: a | b, [each[f"at_{j}"] for j in range(i, len(stages))], each.won)
        for i in range(len(stages))
    }
    if stages:
        beyond["stage_0"] = beyond["stage_0"] | each.lost
    age = edge.delta(each.began, unit="day")
    each = each.mutate(open=~each.won & ~each.lost, young=(age <= ripe_days(each)).fill_null(False), **beyond)
    return stages, each.drop(*(f"at_{i}" for i in range(len(stages))))


def ripe_days(each: ir.Table) -> int:
    """After so many days nine of ten deals that came to an end had done so."""
    ended = each.filter(each.closed.notnull(), each.began.notnull())
    days = ended.closed.delta(ended.began, unit="day").quantile(0.9).to_pyarrow().as_py()
    return int(days) if days is not None else LEAD_DAYS


def _in_order(rows: ir.Table) -> tuple[str, ...]:
    """The stages before the end, in the order in which deals pass them; one without days comes first."""
    import ibis

    ends = rows.outcome.isin(["won", "lost"]).fill_null(False)
    nth = ibis.row_number().over(
        ibis.window(group_by=rows.deal_id, order_by=[rows.entered_at.asc(nulls_first=True), rows.stage])
    )
    known = rows.mutate(ends=ends.cast("int64"), nth=rows.entered_at.isnull().ifelse(-1, nth))
    stages = known.group_by("stage").agg(ends=known.ends.mean(), nth=known.nth.mean(), deals=known.count())
    found = stages.order_by("nth", "stage").to_pyarrow().to_pylist()
    return tuple(one["stage"] for one in found if one["ends"] <= 0.5)


def _to_first_order(wh: Warehouse, rows: ir.Table, as_of: date) -> tuple[tuple[str, ...], ir.Table]:
    """Where no deals are recorded: from the enquiry to an order of the same customer within the days of a lead."""
    import ibis

    if not wh.has("orders", "order_lines"):
        nothing = rows.select("part", "day", amount=ibis.null("decimal(18, 4)"), reached_0=rows.lead_id.notnull(),
                              reached_1=rows.lead_id.isnull(), waits_0=rows.young)  # fmt: skip
        return ("lead", "order"), nothing
    orders = wh.orders.filter(wh.orders.kind != "return", wh.orders.ordered_at < ibis.literal(as_of, type="date"))
    worth = wh.order_lines.group_by("order_id").agg(worth=wh.order_lines.amount.sum())
    bought = orders.select("order_id", who="customer_id", bought="ordered_at").inner_join(worth, "order_id")
    asked = rows.select("lead_id", "customer_id", "at")
    after = asked.inner_join(bought, [asked.customer_id == bought.who, bought.bought >= asked.at])
    after = after.filter(after.bought <= after.at + ibis.interval(days=LEAD_DAYS))
    first = after.group_by("lead_id").agg(amount=after.worth.argmin(after.bought))
    table = rows.left_join(first, "lead_id").drop("lead_id_right")
    bought_it = table.amount.notnull()
    columns = {"reached_0": table.lead_id.notnull(), "reached_1": bought_it, "waits_0": table.young}
    return ("lead", "order"), table.select("part", "day", "amount", **columns)
