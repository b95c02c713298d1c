"""The way from enquiry, visit or order to money, step by step: how many came to each step and how many went on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.funnel_deals import deals, leads, must_be_named, nameless
from crm_analytics.features.paths import IDLE_DAYS, ways_of
from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

BY = {
    "leads": ("source", "medium", "campaign"),
    "deals": ("agent", "product", "region"),
    "visits": ("source", "medium", "source and medium", "campaign"),
    "orders": ("channel", "region", "store"),
}
"""Along what each chain can be split; the first is taken where nothing is asked."""
RETURN_DAYS = 30
OVERDUE_DAYS = 30


@dataclass(frozen=True)
class Chain:
    """Those who came in, a row each: part, day, amount (of those who reached the end), `reached_i` for each of the
    steps, and `waits_i`: too young at that step to be judged. Who is young is left out whether it went on or not, since
    those who go on do so sooner or later than others are given up."""

    steps: tuple[str, ...]
    rows: ir.Table


@feature(needs=(), grain="a part × period × step")
def funnel(
    wh: Warehouse,
    as_of: date | str | None = None,
    chain: str | None = None,
    by: str | None = None,
    days: int = 365,
    trade: str = "ordinary",
) -> ir.Table:
    """How many of those who came in during the `days` before `as_of`, and during as many before them, took each step.

    The days before are there only where the records reach back to their beginning: a history's first months are often
    those of the deals that were still remembered.

    Chains: `leads` (from the enquiry through the stages of its deals to a deal that was won), `deals` (the same without
    enquiries), `visits` (from the first visit to an order) and `orders` (from the order, paid where payments are on
    record, to goods that were kept: less than half of their money came back within a month). None takes the first the
    company has. Whoever reached a later step passed all before it. Columns: chain, part (`by`: source, medium,
    campaign; agent, product, region; channel, store), period (now, before), step_no, step, next_step, entered, passed,
    undecided (too young to be judged, or still open), ended, amount and amount_squares (of the whole chain: how many
    reached its end, their money, and the sum of its squares), days, until (the last day looked at). Ordered by part,
    period and step. Raises TableAbsent where the company has none of these.
    """
    import ibis

    chosen = chain or next((one for one in _NEEDS if _can_be_followed(wh, as_of, one)), None)
    if chosen is None:
        raise TableAbsent(
            f"{wh.company.name} has neither leads nor deals, web visits nor orders; with one of them you would see "
            "where the way to money leaks."
        )
    if chosen not in BY:
        raise ValueError(f"There is no chain {chain!r}; choose among {', '.join(BY)}.")
    if by is not None and by not in BY[chosen]:
        raise ValueError(f"{chosen} cannot be split by {by!r}; choose among {', '.join(BY[chosen])}.")
    if days < 7:
        raise ValueError(f"days is {days}; look at a week at least.")
    wh.require(*_NEEDS[chosen])
    if chosen == "leads":
        must_be_named(wh, as_of)
    found = _MAKE[chosen](wh, as_of, by or BY[chosen][0], trade)
    rows = found.rows
    now = ibis.literal(as_of - timedelta(days=days), type="date")
    before = ibis.literal(as_of - timedelta(days=2 * days), type="date")
    known = (rows.day.min().over(ibis.window()) <= before + ibis.interval(days=days // 10)).fill_null(False)
    rows = rows.filter(rows.day.isnull() | (rows.day >= now) | ((rows.day >= before) & known))
    rows = rows.mutate(
        part=rows.part.cast("string").strip().nullif("").fill_null("(unknown)"),
        period=(rows.day.isnull() | (rows.day >= now)).ifelse("now", "before"),
    )
    last, worth = len(found.steps) - 1, rows.amount.cast("decimal(38, 4)")
    parts = []
    for i, step in enumerate(found.steps[:-1]):
        here, there, waits = rows[f"reached_{i}"], rows[f"reached_{i + 1}"], rows[f"waits_{i}"]
        parts.append(
            rows.group_by("part", "period").agg(
                entered=here.sum(),
                passed=(there & ~waits).sum(),
                undecided=(here & waits).sum(),
                ended=rows[f"reached_{last}"].sum(),
                amount=worth.sum(where=rows[f"reached_{last}"]).fill_null(0).cast("float64"),
                amount_squares=(worth * worth).sum(where=rows[f"reached_{last}"]).fill_null(0).cast("float64"),
            )
        )
        named = {"step_no": ibis.literal(i + 1), "step": ibis.literal(step)}
        parts[-1] = parts[-1].mutate(**named, next_step=ibis.literal(found.steps[i + 1]))
    table = ibis.union(*parts) if len(parts) > 1 else parts[0]
    table = table.mutate(chain=ibis.literal(chosen), days=ibis.literal(days, type="int64"))
    table = table.mutate(until=ibis.literal(as_of - timedelta(days=1), type="date"))
    table = table.relocate("chain", before="part").relocate("step_no", "step", "next_step", after="period")
    return table.order_by("part", "period", "step_no")


def _visits(wh: Warehouse, as_of: date, by: str, trade: str) -> Chain:
    import ibis

    ways = ways_of(wh, as_of, by)
    known = ways.conversions > 0
    rows = ways.select(
        part=ways.begins_with,
        day=ways.began.date(),
        amount=ways.value.cast("decimal(18, 4)"),
        reached_0=known | True,
        reached_1=known,
        waits_0=ways.began >= ibis.literal(as_of, type="date").cast("timestamp") - ibis.interval(days=IDLE_DAYS),
    )
    return Chain(("visit", "order"), rows)


def _orders(wh: Warehouse, as_of: date, by: str, trade: str) -> Chain:
    """Sales to known customers: of others it is not known whether they returned anything. Kept is an order of which
    less than half the money came back."""
    import ibis

    edge = ibis.literal(as_of, type="date")
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.ordered_at < edge.cast("timestamp"), orders.customer_id.notnull())
    lines = lines_of(wh, trade).inner_join(
        orders.select("order_id", "customer_id", "kind", day=orders.ordered_at.date()), "order_id"
    )
    sold, back = lines.filter(lines.kind != "return", lines.amount > 0), lines.filter(lines.kind == "return")
    sums = sold.group_by("order_id", "customer_id", "day").agg(amount=sold.amount.sum())
    sums = sums.left_join(_came_back(sold, back), "order_id").drop("order_id_right")
    sums = sums.mutate(returned=(2 * sums.came_back >= sums.amount).fill_null(False))
    sums = sums.left_join(_order_parts(wh, orders, by), "order_id").drop("order_id_right")
    young = edge.delta(sums.day, unit="day") <= RETURN_DAYS
    kept = ~sums.returned & ~young
    if not wh.has("payments"):
        rows = sums.select("part", "day", "amount", reached_0=kept | True, reached_1=kept, waits_0=young)
        return Chain(("order", "kept"), rows)
    paid = _paid(wh, as_of)
    sums = sums.mutate(kept=kept, young=young).left_join(paid, "order_id").drop("order_id_right")
    good = sums.good.fill_null(True)
    rows = sums.select(
        "part",
        "day",
        "amount",
        reached_0=good | True,
        reached_1=good,
        waits_0=sums.due.fill_null(False),
        reached_2=good & sums.kept,
        waits_1=sums.young,
    )
    return Chain(("order", "paid", "kept"), rows)


def _came_back(sold: ir.Table, back: ir.Table) -> ir.Table:
    """Money that came back of each order: a return is of the customer's last purchase of that product before it."""
    import ibis

    gone = back.group_by("customer_id", "product_id", back_day="day").agg(money=-back.amount.sum())
    each = sold.select("order_id", "customer_id", "product_id", "day").distinct()
    both = gone.inner_join(each, ["customer_id", "product_id"])
    both = both.filter(both.day <= both.back_day, both.back_day.delta(both.day, unit="day") <= RETURN_DAYS)
    newest = ibis.window(
        group_by=[both.customer_id, both.product_id, both.back_day], order_by=[both.day.desc(), both.order_id.desc()]
    )
    both = both.mutate(nth=ibis.row_number().over(newest))
    both = both.filter(both.nth == 0)
    return both.group_by("order_id").agg(came_back=both.money.sum())


def _order_parts(wh: Warehouse, orders: ir.Table, by: str) -> ir.Table:
    import ibis

    if by == "channel":
        return orders.select("order_id", part="channel")
    if not wh.has("stores"):
        return orders.select("order_id", part=ibis.null("string"))
    stores = wh.stores.select("store_id", part="region" if by == "region" else "name")
    return orders.select("order_id", "store_id").left_join(stores, "store_id").select("order_id", "part")


def _paid(wh: Warehouse, as_of: date) -> ir.Table:
    """Of orders with a payment: whether all of it came, and whether it is too early to say."""
    import ibis

    edge = ibis.literal(as_of, type="date")
    rows = wh.payments.filter(wh.payments.order_id.notnull(), wh.payments.amount > 0)
    rows = rows.filter(rows.invoiced_at.isnull() | (rows.invoiced_at < edge))
    came = (rows.paid_at < edge).fill_null(False)
    due = (edge.delta(rows.due_at.fill_null(rows.invoiced_at), unit="day") <= OVERDUE_DAYS).fill_null(False)
    return rows.group_by("order_id").agg(good=came.all(), due=due.any())


_NEEDS = {
    "leads": ("leads",),
    "deals": ("deal_stages",),
    "visits": ("touchpoints",),
    "orders": ("orders", "order_lines"),
}


def _can_be_followed(wh: Warehouse, as_of: date, chain: str) -> bool:
    return wh.has(*_NEEDS[chain]) and not (chain == "leads" and nameless(wh, as_of))


def _leads(wh: Warehouse, as_of: date, by: str, trade: str) -> Chain:
    return Chain(*leads(wh, as_of, by))


def _deals(wh: Warehouse, as_of: date, by: str, trade: str) -> Chain:
    return Chain(*deals(wh, as_of, by))


_MAKE = {"leads": _leads, "deals": _deals, "visits": _visits, "orders": _orders}
