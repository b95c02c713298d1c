"""What kept Results claimed, and what became of it: each claim beside what the facts say once its days are over."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from crm_analytics.features.feature import feature
from crm_analytics.features.profile import described
from crm_analytics.features.purchases import customer_days
from crm_analytics.features.targets import target_of
from crm_analytics.features.trade import TRADES, lines_of, orders_of
from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

SUMS, COUNTS = ("revenue", "units", "margin"), ("orders", "customers")
EVENTS = {"responses": "responses", "complaints": "contacts", "enquiries": "leads"}
"""Measures that are counted in a table of their own."""
PLACES = ("region", "category", "channel", "store")
KNOWN, OUTCOME = "customers known before", "outcome"
UNDERSTOOD = (*PLACES, KNOWN, OUTCOME, "trade", "campaign")
"""What a claim's scope may say and still be measured."""
ASKED_OF_PEOPLE = frozenset({"customer_id", "orders", "orders_window", "recency_days", "deals_won"})
"""What a target asks of a customer, to tell whether it is about that customer."""
YEAR = timedelta(days=364)
"""The same weekdays a year before."""

TOLD = {
    "study": "string", "subject": "string", "measure": "string", "value": "float64", "low": "float64",
    "high": "float64", "confidence": "float64", "evidence": "string", "first": "date", "last": "date",
    "expires": "date", "scope": "string", "decision": "string", "reversed_by": "string", "told_on": "date",
    "known_until": "date",
}  # fmt: skip


@feature(needs=("orders", "order_lines"), grain="a kept claim")
def claims(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """Every claim that was kept by `as_of`, and what happened instead, where its days are over and the facts tell.

    The fields of `Claim`, the Study, `told_on` and `known_until` (the first day its facts said nothing about), and:
    `actual`, what came; `year_before`, the same measure of the same weekdays a year before (what one would have said
    without any model; null where the records do not reach); `state`: `measured`; `running` (its days are not over);
    `effect` (what would have been sold anyway stands in no table); `unknown` (a measure or a scope of which no table
    tells); `absent` (the company lacks the table); `costs` (too few unit costs are known). `until` is `as_of`.

    Revenue, units, margin and orders leave returns out, as `daily_sales` does; of customers known before a day they
    are net of returns and orders are purchase days, as in `spend`. A claim of another trade than `trade` says so in
    its scope. Without any kept claim the table is empty. Ordered by day, Study, measure and scope.
    """
    import ibis

    told = _told(wh, as_of)
    if not told:
        kinds = TOLD | {"actual": "float64", "year_before": "float64", "state": "string", "until": "date"}
        return wh.orders.limit(0).select(**{name: ibis.null(kind) for name, kind in kinds.items()})
    begins = wh.orders.ordered_at.min().to_pyarrow().as_py().date()
    asked = [one for place, claim in enumerate(told) for one in _asked(claim, place, trade)]
    asked = [one for one in asked if one["last"] < as_of and one["first"] >= (begins if one["earlier"] else date.min)]
    found = _found(wh, as_of, [one for one in asked if _state(wh, one) == "measured"])
    rows = []
    for place, claim in enumerate(told):
        now, before = found.get((place, False)), found.get((place, True))
        state = _state(wh, _asked(claim, place, trade)[0])
        if state == "measured":
            short = "costs" if claim["measure"] == "margin" else "unknown"
            state = "running" if claim["last"] >= as_of else short if now is None else "measured"
        rows.append(claim | {"actual": now, "year_before": before, "state": state})
    kinds = TOLD | {"actual": "float64", "year_before": "float64", "state": "string"}
    table = ibis.memtable({name: [row[name] for row in rows] for name in kinds}, schema=kinds)
    table = table.mutate(until=ibis.literal(as_of, type="date"))
    return table.order_by("told_on", "study", "measure", "scope", "first", "last", "subject", "value")


def _told(wh: Warehouse, as_of: date) -> list[dict[str, Any]]:
    """The claims kept by that day, each once, days as days."""
    try:
        rows = wh.claims().to_pyarrow().to_pylist()
    except TableAbsent:
        return []
    for row in rows:
        for name, kind in TOLD.items():
            if kind == "date" and row[name] is not None:
                row[name] = row[name].date()
    once = {tuple(row[name] for name in TOLD): {name: row[name] for name in TOLD} for row in rows}
    told = [row for row in once.values() if row["told_on"] is None or row["told_on"] <= as_of]
    return sorted(told, key=lambda row: [str(row[name]) for name in TOLD])


def _asked(claim: dict[str, Any], place: int, trade: str) -> list[dict[str, Any]]:
    """What is to be measured for a claim: its own days, and the same a year before."""
    scope = json.loads(claim["scope"] or "{}")
    known = scope.get(KNOWN)
    asked = []
    for earlier in (False, True):
        back = YEAR if earlier else timedelta(0)
        asked.append({
            "place": place, "earlier": earlier, "measure": claim["measure"], "first": claim["first"] - back,
            "last": claim["last"] - back, "known_before": date.fromisoformat(known) - back if known else None,
            "outcome": scope.get(OUTCOME), "campaign": scope.get("campaign"), "trade": scope.get("trade", trade),
            "odd": next((name for name in scope if name not in UNDERSTOOD), None),
            **{name: scope.get(name) for name in PLACES},
        })  # fmt: skip
    return asked


def _state(wh: Warehouse, asked: dict[str, Any]) -> str:
    """Whether the facts can tell what became of it, and why not."""
    measure = asked["measure"]
    if measure.startswith("incremental"):
        return "effect"
    if asked["odd"] or asked["trade"] not in TRADES:
        return "unknown"
    if asked["outcome"]:
        return "measured" if measure == "customers" else "unknown"
    if measure in EVENTS:
        placed = any(asked[name] for name in (*PLACES, "known_before"))
        return "unknown" if placed else "measured" if wh.has(EVENTS[measure]) else "absent"
    if measure not in (*SUMS, *COUNTS) or asked["campaign"]:
        return "unknown"
    return "unknown" if asked["known_before"] and any(asked[n] for n in PLACES if n != "region") else "measured"


def _found(wh: Warehouse, as_of: date, asked: list[dict[str, Any]]) -> dict[tuple[int, bool], float]:
    """What happened, by place and whether it is of the year before."""
    rows: list[dict[str, Any]] = []
    plain = [one for one in asked if not one["outcome"] and one["measure"] not in EVENTS]
    for trade in sorted({one["trade"] for one in plain}):
        mine = [one for one in plain if one["trade"] == trade]
        of_all = [one for one in mine if not one["known_before"]]
        sums, counts = ([o for o in of_all if o["measure"] in names] for names in (SUMS, COUNTS))
        known = [one for one in mine if one["known_before"]]
        parts = (
            (sums, _summed, _sold(wh, as_of, trade) if sums else None),
            (counts, _counted, _sold(wh, as_of, trade) if counts else None),
            (known, _of_known, _known(wh, as_of, trade) if known else None),
        )
        for some, measured, facts in parts:
            if some:
                rows += measured(_table(some), facts).to_pyarrow().to_pylist()
    for measure in sorted({one["measure"] for one in asked} & {*EVENTS}):
        some = [one for one in asked if one["measure"] == measure and not one["outcome"]]
        rows += _events(_table(some), measure, wh).to_pyarrow().to_pylist() if some else []
    rows += [_came_true(wh, as_of, one) for one in asked if one["outcome"]]
    return {(row["place"], row["earlier"]): row["actual"] for row in rows if row["actual"] is not None}


def _table(asked: list[dict[str, Any]]) -> ir.Table:
    import ibis

    kinds = dict.fromkeys(asked[0], "string") | {
        "place": "int64", "earlier": "boolean", "first": "date", "last": "date", "known_before": "date",
    }  # fmt: skip
    table = ibis.memtable({name: [one[name] for one in asked] for name in kinds}, schema=kinds)
    return table.rename({f"asked_{name}": name for name in (*PLACES, "campaign")})


def _sold(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    """Lines of sales without returns, with all that a scope may name; a region is the store's, else the customer's."""
    import ibis

    orders = orders_of(wh, trade)
    orders = orders.filter(orders.kind != "return", orders.ordered_at < ibis.literal(as_of, type="date"))
    orders = orders.select("order_id", "customer_id", "channel", store="store_id", day=orders.ordered_at.date())
    place, home = ibis.null("string"), ibis.null("string")
    if wh.has("stores"):
        stores = wh.stores.select(at="store_id", place="region")
        orders = orders.left_join(stores, orders.store == stores["at"]).drop("at")
        place = orders.place
    if wh.has("customers"):
        homes = wh.customers.select(lives="customer_id", home="region")
        orders = orders.left_join(homes, orders.customer_id == homes.lives).drop("lives")
        place, home = orders.place if "place" in orders.columns else place, orders.home
    orders = orders.mutate(region=ibis.coalesce(place, home))
    lines = lines_of(wh, trade)
    lines = lines.select(
        "order_id", "product_id", "quantity", "amount", margin=lines.amount - lines.quantity * lines.unit_cost
    )
    lines = lines.inner_join(orders, "order_id")
    if not wh.has("products"):
        return lines.mutate(category=ibis.null("string"))
    return lines.left_join(wh.products.select("product_id", "category"), "product_id").drop("product_id_right")


def _within(asked: ir.Table, facts: ir.Table) -> ir.Table:
    same = [(asked[f"asked_{name}"].isnull() | (asked[f"asked_{name}"] == facts[name])) for name in PLACES]
    return asked.inner_join(facts, [facts.day >= asked["first"], facts.day <= asked["last"], *same])


def _summed(asked: ir.Table, lines: ir.Table) -> ir.Table:
    days = lines.group_by("day", *PLACES).agg(
        revenue=lines.amount.sum(), units=lines.quantity.sum(), margin=lines.margin.sum(),
        costed=lines.amount.sum(where=lines.margin.notnull()),
    )  # fmt: skip
    return _chosen(asked, _within(asked, days))


def _chosen(asked: ir.Table, found: ir.Table) -> ir.Table:
    """Revenue, units or margin of each claim; nothing sold is 0, and too few costs are null."""
    sums = found.group_by("place", "earlier").agg(
        revenue=found.revenue.sum(), units=found.units.sum(), margin=found.margin.sum(), costed=found.costed.sum()
    )
    table = asked.left_join(sums, ["place", "earlier"])
    revenue, costed = table.revenue.fill_null(0).cast("float64"), table.costed.fill_null(0).cast("float64")
    whole = table.margin.fill_null(0).cast("float64") * (revenue / costed.nullif(0)).fill_null(1.0)
    margin = (costed >= 0.9 * revenue).ifelse(whole, None)
    units = table.units.fill_null(0).cast("float64")
    actual = table.measure.cases(("revenue", revenue), ("units", units), ("margin", margin))
    return table.select("place", "earlier", actual=actual)


def _counted(asked: ir.Table, lines: ir.Table) -> ir.Table:
    once = lines.select("day", *PLACES, "order_id", "customer_id").distinct()
    found = _within(asked, once)
    sums = found.group_by("place", "earlier").agg(
        orders=found.order_id.nunique(), customers=found.customer_id.nunique()
    )
    table = asked.left_join(sums, ["place", "earlier"])
    actual = (table.measure == "orders").ifelse(table.orders, table.customers)
    return table.select("place", "earlier", actual=actual.fill_null(0).cast("float64"))


def _known(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    """What each customer brought on each day, with the first day on which the customer bought, and the home region."""
    import ibis

    days = customer_days(wh, as_of, trade)
    bought = days.filter(days.bought > 0)
    since = bought.group_by("customer_id").agg(since=bought.day.min())
    days = days.inner_join(since, "customer_id")
    if not wh.has("customers"):
        return days.mutate(region=ibis.null("string"))
    return days.left_join(wh.customers.select("customer_id", "region"), "customer_id").drop("customer_id_right")


def _of_known(asked: ir.Table, days: ir.Table) -> ir.Table:
    """As `_chosen`, of customers who had bought before a day; orders are days with a purchase."""
    days = days.mutate(costed=days.cost_known.ifelse(days.revenue, 0), units=days.bought)
    found = asked.inner_join(days, [
        days.day >= asked["first"], days.day <= asked["last"], days.since < asked.known_before,
        asked.asked_region.isnull() | (asked.asked_region == days.region),
    ])  # fmt: skip
    counts = found.group_by("place", "earlier").agg(
        orders=found.bought.sum(), customers=found.customer_id.nunique(where=found.bought > 0)
    )
    table = _chosen(asked, found).left_join(counts, ["place", "earlier"])
    table = table.drop("place_right", "earlier_right").inner_join(
        asked.select("place", "earlier", "measure"), ["place", "earlier"]
    )
    actual = table.measure.cases(
        ("orders", table.orders.fill_null(0).cast("float64")),
        ("customers", table.customers.fill_null(0).cast("float64")), else_=table.actual,
    )  # fmt: skip
    return table.select("place", "earlier", actual=actual)


def _events(asked: ir.Table, measure: str, wh: Warehouse) -> ir.Table:
    """Responses (each customer once for a campaign), complaints and enquiries, counted."""
    import ibis

    rows = getattr(wh, EVENTS[measure])
    if measure == "complaints":
        rows = rows.filter(rows.kind == "in", rows.outcome.lower().isin(["complaint", "жалоба"]))
    campaign = ibis.null("string") if measure == "complaints" else rows.campaign_id
    who = rows.customer_id if measure == "responses" else ibis.row_number().cast("string")
    events = rows.select(day=rows["at"].date(), campaign=campaign, who=who)
    found = asked.inner_join(events, [
        events.day >= asked["first"], events.day <= asked["last"],
        asked.asked_campaign.isnull() | (asked.asked_campaign == events.campaign),
    ])  # fmt: skip
    counts = found.group_by("place", "earlier").agg(n=found.who.nunique())
    table = asked.left_join(counts, ["place", "earlier"])
    return table.select("place", "earlier", actual=table.n.fill_null(0).cast("float64"))


def _came_true(wh: Warehouse, as_of: date, asked: dict[str, Any]) -> dict[str, Any]:
    """For how many of those whom a score was about it came true."""
    import ibis

    found = {"place": asked["place"], "earlier": asked["earlier"], "actual": None}
    horizon = (asked["last"] - asked["first"]).days + 1
    try:
        target = target_of(wh, asked["outcome"], as_of, horizon, asked["trade"])
    except (ValueError, TableAbsent):
        return found
    first = ibis.literal(asked["first"], type="date")
    people = described(wh, asked["first"], window_days=365, trade=asked["trade"], wanted=ASKED_OF_PEOPLE)
    people = people.mutate(snapshot=first)
    people = target.about(people).select("customer_id")
    events = target.events.filter(target.events.day >= first, target.events.day <= ibis.literal(asked["last"]))
    came = people.semi_join(events, "customer_id").count().to_pyarrow().as_py()
    return found | {"actual": float(people.count().to_pyarrow().as_py() - came if target.absence else came)}
