"""Everything one customer did and was told, and what the customers who buy alike have bought beside."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

PEERS = 200
EVENT = {
    "customer_id": "string",
    "at": "timestamp(6)",
    "event": "string",
    "channel": "string",
    "what": "string",
    "money": "float64",
    "until": "date",
}


@feature(needs=("orders", "order_lines"), grain="an event in one customer's life")
def history(wh: Warehouse, as_of: date | str | None = None, customer: str | None = None) -> ir.Table:
    """All that is on record of one customer before `as_of`: bought, sent back, told, asked, answered, agreed to.

    Without `customer` it is the one who brought the most in the year before, in ordinary trade. Columns:
    customer_id, at, event (sale, return, wholesale, in, out, offered, left alone, response, lead, won, lost, open,
    answer, agreed, withdrawn, do not contact, known), channel, what (the leading product of an order, a contact's
    outcome, a campaign's name, a fact), money, until (`as_of`). Facts that have no moment are `known`, their name
    in channel. Ordered by moment and event. Raises WarehouseError for a customer there is not.
    """
    import ibis

    who = _chosen(wh, as_of, customer)
    parts = [part for source in _SOURCES if (part := source(wh, who, as_of)) is not None]
    events = ibis.union(*(_as_events(part, who, as_of) for part in parts), distinct=False)
    return events.order_by(events.at.asc(nulls_first=True), "event", "channel", "what")


@feature(needs=("orders", "order_lines"), grain="a product one customer has not bought")
def alike(
    wh: Warehouse, as_of: date | str | None = None, customer: str | None = None, window_days: int = 365
) -> ir.Table:
    """What those who bought the same things as one customer bought beside, in the `window_days` before `as_of`.

    Alike are the 200 customers whose baskets have the smallest angle to this one's (cosine over products, two at least
    in common). One row per product the customer has never bought: customer_id, product_id, product, category,
    buyers_alike of alike, and buyers_all of everybody (customers who bought at all). Ordered by product.
    """
    import ibis

    who = _chosen(wh, as_of, customer)
    orders = orders_of(wh, "ordinary")
    orders = orders.filter(
        orders.kind == "sale", orders.customer_id.notnull(), orders.ordered_at < ibis.literal(as_of, type="date")
    ).select("order_id", "customer_id", day=orders.ordered_at.date())
    lines = lines_of(wh, "ordinary")
    lines = lines.filter(lines.product_id.notnull(), lines.amount > 0).select("order_id", "product_id")
    ever = lines.inner_join(orders, "order_id").select("customer_id", "product_id", "day")
    since = ibis.literal(as_of - timedelta(days=window_days), type="date")
    bought = ever.filter(ever.day >= since).select("customer_id", "product_id").distinct()
    his = ever.filter(ever.customer_id == who).select("product_id").distinct()
    sizes = bought.filter(bought.customer_id != who).group_by("customer_id").agg(theirs=lambda t: t.count())
    shared = bought.semi_join(his, "product_id").group_by("customer_id").agg(shared=lambda t: t.count())
    near = sizes.inner_join(shared, "customer_id").filter(lambda t: t.shared >= 2)
    near = near.mutate(likeness=near.shared**2 / near.theirs)  # the cosine, squared, but for the customer's own size
    peers = near.order_by(near.likeness.desc(), "customer_id").limit(PEERS).select("customer_id")
    others = bought.anti_join(his, "product_id").filter(lambda t: t.customer_id != who)
    alike_bought = others.semi_join(peers, "customer_id")
    counts = others.group_by("product_id").agg(buyers_all=others.count())
    by_them = alike_bought.group_by("product_id").agg(buyers_alike=alike_bought.count())
    table = counts.inner_join(by_them, "product_id")
    named = {"product": table.product_id, "category": ibis.literal("unknown")}
    if wh.has("products"):
        table = table.left_join(wh.products.select("product_id", "name", "category"), "product_id")
        named = {
            "product": ibis.coalesce(table.name, table.product_id),
            "category": table.category.fill_null("unknown"),
        }
    return table.select(
        "product_id",
        **named,
        customer_id=ibis.literal(who),
        buyers_alike=table.buyers_alike,
        alike=peers.count().as_scalar(),
        buyers_all=table.buyers_all,
        everybody=bought.customer_id.nunique().as_scalar(),
    ).order_by("product_id")


def _chosen(wh: Warehouse, as_of: date, customer: str | None) -> str:
    import ibis

    orders = orders_of(wh, "ordinary")
    orders = orders.filter(orders.customer_id.notnull(), orders.ordered_at < ibis.literal(as_of, type="date"))
    if customer is not None:
        known = wh.customers if wh.has("customers") else wh.orders
        if not known.filter(known.customer_id == customer).count().to_pyarrow().as_py():
            raise WarehouseError("There is no such customer before that day; ids are those of the table customers.")
        return customer
    year = orders.filter(orders.ordered_at >= ibis.literal(as_of - timedelta(days=365), type="date"))
    bought = year.select("order_id", "customer_id").inner_join(
        wh.order_lines.select("order_id", "amount"), "order_id"
    )
    best = bought.group_by("customer_id").agg(money=bought.amount.sum())
    rows = best.order_by(best.money.desc(), "customer_id").limit(1).to_pyarrow()["customer_id"].to_pylist()
    if not rows:
        raise WarehouseError(f"No known customer bought in the year before {as_of}; name one.")
    return rows[0]


def _as_events(part: ir.Table, who: str, as_of: date) -> ir.Table:
    import ibis

    given = {"customer_id": ibis.literal(who), "until": ibis.literal(as_of, type="date")}
    columns = {
        name: (given.get(name, part[name] if name in part.columns else ibis.null(kind))).cast(kind)
        for name, kind in EVENT.items()
    }
    return part.select(**columns)


def _of(wh: Warehouse, table: str, who: str, as_of: date, at: str) -> ir.Table | None:
    """The rows of a table that are this customer's and lie before the day."""
    import ibis

    if not wh.has(table):
        return None
    rows = getattr(wh, table)
    return rows.filter(rows.customer_id == who, rows[at].cast("timestamp") < ibis.literal(as_of, type="date"))


def _orders(wh: Warehouse, who: str, as_of: date) -> ir.Table:
    orders = _of(wh, "orders", who, as_of, "ordered_at").select("order_id", "ordered_at", "kind", "channel")
    lines = orders.inner_join(wh.order_lines.select("order_id", "product_id", "line_no", "amount"), "order_id")
    lines = lines.mutate(product=lines.product_id)
    if wh.has("products"):
        lines = lines.left_join(wh.products.select("product_id", "name"), "product_id")
        lines = lines.mutate(product=lines.name.fill_null(lines.product_id))
    sums = lines.group_by("order_id", at=lines.ordered_at, event=lines.kind, channel=lines.channel).agg(
        what=lines.product.argmax((lines.amount.abs() * 10_000).cast("int64") * 1000 - lines.line_no),
        money=lines.amount.sum().cast("float64"),
    )
    return sums.drop("order_id")


def _contacts(wh: Warehouse, who: str, as_of: date) -> ir.Table | None:
    rows = _of(wh, "contacts", who, as_of, "at")
    return None if rows is None else rows.select("at", event=rows.kind, channel=rows.channel, what=rows.outcome)


def _campaign(wh: Warehouse, rows: ir.Table) -> ir.Table:
    """With the campaign's name, channel and start, where campaigns are on record."""
    import ibis

    if not wh.has("campaigns"):
        return rows.mutate(campaign=rows.campaign_id, by=ibis.null("string"), starts=ibis.null("date"))
    campaigns = wh.campaigns
    named = campaigns.select(
        "campaign_id", "starts", campaign=campaigns.name.fill_null(campaigns.campaign_id), by=campaigns.channel
    )
    return rows.left_join(named, "campaign_id").drop("campaign_id_right")


def _offers(wh: Warehouse, who: str, as_of: date) -> ir.Table | None:
    import ibis

    if not wh.has("arms", "campaigns"):
        return None
    rows = _campaign(wh, wh.arms.filter(wh.arms.customer_id == who).select("campaign_id", "arm"))
    rows = rows.filter(rows.starts < ibis.literal(as_of, type="date"))
    event = (rows.arm == "control").ifelse("left alone", "offered")
    return rows.select(at=rows.starts, event=event, channel=rows.by, what=rows.campaign)


def _responses(wh: Warehouse, who: str, as_of: date) -> ir.Table | None:
    import ibis

    rows = _of(wh, "responses", who, as_of, "at")
    if rows is None:
        return None
    rows = _campaign(wh, rows.select("campaign_id", "at"))
    return rows.select("at", event=ibis.literal("response"), channel=rows.by, what=rows.campaign)


def _deals(wh: Warehouse, who: str, as_of: date) -> ir.Table | None:
    rows = _of(wh, "deal_stages", who, as_of, "entered_at")
    if rows is None:
        return None
    return rows.select(
        at=rows.entered_at,
        event=rows.outcome.fill_null("open"),
        what=rows.stage,
        money=(rows.outcome == "won").ifelse(rows.amount.cast("float64"), None),
    )


def _answers(wh: Warehouse, who: str, as_of: date) -> ir.Table | None:
    import ibis

    rows = _of(wh, "survey_answers", who, as_of, "answered_at")
    if rows is None:
        return None
    return rows.select(at=rows.answered_at, event=ibis.literal("answer"), channel=rows.question, what=rows.answer)


def _consents(wh: Warehouse, who: str, as_of: date) -> ir.Table | None:
    import ibis

    granted = _of(wh, "consents", who, as_of, "granted_at")
    if granted is None:
        return None
    withdrawn = granted.filter(granted.withdrawn_at < ibis.literal(as_of, type="date"))
    return granted.select(at="granted_at", event=ibis.literal("agreed"), channel="channel", what="purpose").union(
        withdrawn.select(at="withdrawn_at", event=ibis.literal("withdrawn"), channel="channel", what="purpose")
    )


def _barred(wh: Warehouse, who: str, as_of: date) -> ir.Table | None:
    """Wishes to be left in peace that hold on the day; they win over every consent."""
    import ibis

    rows = _of(wh, "do_not_contact", who, as_of, "since")
    if rows is None:
        return None
    rows = rows.filter(rows.until.isnull() | (rows.until >= ibis.literal(as_of, type="date")))
    return rows.select(at="since", event=ibis.literal("do not contact"), channel="channel", what="reason")


def _facts(wh: Warehouse, who: str, as_of: date) -> ir.Table | None:
    """What is known of the customer beside, each fact a row."""
    import ibis

    parts = []
    if wh.has("customers"):
        row = wh.customers.filter(wh.customers.customer_id == who)
        for name in ("kind", "region", "gender", "birth_year", "acquired_channel", "reason_first_purchase"):
            parts.append(row.select(channel=ibis.literal(name), what=row[name].cast("string")))
    if wh.has("traits"):
        rows = wh.traits.filter(wh.traits.customer_id == who)
        rows = rows.filter(rows.known_at.isnull() | (rows.known_at < ibis.literal(as_of, type="date")))
        parts.append(rows.select(channel=rows.trait, what=rows.value))
    if not parts:
        return None
    facts = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return facts.filter(facts.what.notnull()).mutate(event=ibis.literal("known"))


_SOURCES = (_orders, _contacts, _offers, _responses, _deals, _answers, _consents, _barred, _facts)
