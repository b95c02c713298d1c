"""What two periods are compared by: money by customer, money and quantity by product, summed where the lines lie."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.feature import feature
from crm_analytics.features.spans import Spans, spans_of
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

SIDES = ("now", "before", "prior")
LINE_DIMENSIONS = ("region", "channel", "store", "category")
"""What one customer may buy in several of; `by` asks for one of them."""
UNKNOWN = "unknown"
_LINE = "decimal(18, 4)"
_HEX, _COIN = "0123456789abcdef", 65_536


@feature(needs=("orders", "order_lines"), grain="a customer, or a customer × value of `by`")
def customer_periods(
    wh: Warehouse,
    as_of: date | str | None = None,
    now: str | None = None,
    before: str | None = None,
    by: str | None = None,
    trade: str = "ordinary",
) -> ir.Table:
    """What each customer brought in a period, in the one it is compared with, and in the one before that.

    `now` and `before` are written as 2025, 2025-Q2, 2025-06 or from..to; see `spans` for what is taken where they are
    not. `prior` lies as far before `before` as that lies before `now`, so that the movement asked about can be held
    against the one before it. One row per customer who bought or returned in one of them (with `by` region, channel,
    store or category one for each of its values), and one per day of sales without a customer, `customer_id` null.

    Columns: customer_id; `revenue_…`, `margin_…`, `costed_…` for now, before and prior (the company's money, net of
    returns; margin of the lines whose unit cost is known, whose revenue is `costed`); `bought_…` whether for more than
    nothing; `first_day` (of the first purchase; earlier, if the customer was known before the records begin); with
    `chance_now`, `chance_before` and `chance_bought_…` the same purchases of now and before dealt to the two periods by
    a coin, as if nothing had happened between them; customer_kind, customer_region, acquired_channel; the first and
    last day of each period, `begins` (the first day on record) and `until` (`as_of`), the same on every row; prior is
    null where the records do not reach. Ordered by customer. Raises ValueError for spans that are none.
    """
    if by is not None and by not in LINE_DIMENSIONS:
        raise ValueError(f"by is {by!r}; ask by {', '.join(LINE_DIMENSIONS)}, or split the answer by what it carries.")
    spans = spans_of(wh, as_of, now, before)
    lines = _lines(wh, as_of, trade=trade, by=by)
    parts = [] if by is None else [by]
    lines = lines.mutate(side=_side(lines.day, spans))
    asked = lines.filter(lines.side.notnull())
    unknown_day = asked.customer_id.isnull().ifelse(asked.day, ibis.null("date"))
    table = asked.group_by("customer_id", *parts, unknown_day=unknown_day).agg(**_sums(asked, spans))
    people = _people(wh, lines)
    table = table.left_join(people, "customer_id").drop("customer_id_right")
    if not parts:
        chances = _by_chance(asked, spans)
        table = table.left_join(chances, "customer_id").drop("customer_id_right")
    for column, value in _stamps(wh, spans, as_of).items():
        table = table.mutate(**{column: value})
    return table.order_by("customer_id", *parts, "unknown_day").drop("unknown_day")


@feature(needs=("orders", "order_lines"), grain="a product × cell × part")
def product_cells(
    wh: Warehouse,
    as_of: date | str | None = None,
    now: str | None = None,
    before: str | None = None,
    within: str = "channel",
    trade: str = "ordinary",
) -> ir.Table:
    """What each product sold, how much of it and at which prices, in a period and in the one it is compared with.

    A cell is a product in one channel (or region, store; `within`), so that a product that moves to where it is cheaper
    does not pass for a price cut. Orders are dealt into 32 parts by their customer, from whose differences intervals
    come. Columns: product_id, product, category, `cell`, `part`; for now and before `revenue_…` and `quantity_…` of
    sales, `cost_…` and `costed_…` (of the lines whose unit cost is known, and their revenue), `returned_…` (money of
    returns, negative), `returned_cost_…`, `odd_…` (money of lines without a product or quantity), `price_squares_…`
    (quantity × price², of sales); days and `until` as in `customer_periods`. Ordered by product, cell and part.
    """
    if within not in LINE_DIMENSIONS[:3]:
        raise ValueError(f"within is {within!r}; a cell is a product in one {', '.join(LINE_DIMENSIONS[:3])}.")
    spans = spans_of(wh, as_of, now, before)
    lines = _lines(wh, as_of, trade=trade, by=within)
    lines = lines.mutate(side=_side(lines.day, Spans(spans.now, spans.before, None)))
    lines = lines.filter(lines.side.notnull())
    dealt = ibis.coalesce(lines.customer_id, lines.order_id).hexdigest("md5")
    part = 2 * ibis.literal(_HEX).find(dealt.substr(0, 1)) + (dealt.substr(1, 1) < "8").ifelse(0, 1)
    lines = lines.mutate(part=part.cast("int64"), product_id=lines.product_id.fill_null(""))
    sold = ~lines.is_return & (lines.quantity > 0) & (lines.product_id != "")
    cost = (lines.quantity * lines.unit_cost).cast(_LINE)
    square = (
        (lines.amount.cast("float64") ** 2 / lines.quantity.cast("float64").nullif(0)).round(4).cast("decimal(38, 4)")
    )
    sums = {}
    for side in SIDES[:2]:
        at = lines.side == side
        of = {
            "revenue": (lines.amount, sold),
            "quantity": (lines.quantity, sold),
            "cost": (cost, sold & lines.unit_cost.notnull()),
            "costed": (lines.amount, sold & lines.unit_cost.notnull()),
            "returned": (lines.amount, lines.is_return),
            "returned_cost": (cost, lines.is_return),
            "odd": (lines.amount, ~lines.is_return & ~sold),
            "price_squares": (square, sold),
        }
        sums |= {f"{name}_{side}": _money(value.sum(where=at & where)) for name, (value, where) in of.items()}
    table = lines.group_by("product_id", "part", cell=lines[within]).agg(**sums)
    if wh.has("products"):
        goods = wh.products.select("product_id", "name", "category")
        table = table.left_join(goods, "product_id").drop("product_id_right")
        named = {"product": ibis.coalesce(table.name, table.product_id), "category": table.category.fill_null(UNKNOWN)}
        table = table.mutate(**named).drop("name")
    else:
        table = table.mutate(product=table.product_id, category=ibis.literal(UNKNOWN))
    for column, value in _stamps(wh, spans, as_of).items():
        table = table.mutate(**{column: value})
    return table.order_by("product_id", "cell", "part")


def _lines(wh: Warehouse, as_of: date, *, trade: str, by: str | None) -> ir.Table:
    """Every line before the day with its customer, day and what it is split by."""
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.ordered_at < ibis.literal(as_of, type="date"))
    placed = orders.select(
        "order_id",
        "customer_id",
        "store_id",
        "channel",
        day=orders.ordered_at.date(),
        is_return=orders.kind == "return",
    )
    if by in ("region", "store"):
        placed = _placed(wh, placed, by)
    elif by == "channel":
        placed = placed.mutate(channel=placed.channel.fill_null(UNKNOWN))
    placed = placed.select("order_id", "customer_id", "day", "is_return", *([by] if by and by != "category" else []))
    lines = lines_of(wh, trade).select("order_id", "product_id", "quantity", "amount", "unit_cost")
    lines = lines.inner_join(placed, "order_id")
    if by != "category":
        return lines
    if not wh.has("products"):
        return lines.mutate(category=ibis.literal(UNKNOWN))
    lines = lines.left_join(wh.products.select("product_id", "category"), "product_id").drop("product_id_right")
    return lines.mutate(category=lines.category.fill_null(UNKNOWN))


def _placed(wh: Warehouse, orders: ir.Table, by: str) -> ir.Table:
    """Orders with their store's name, or their region: the store's, else the customer's."""
    names, places = orders.store_id, []
    if wh.has("stores"):
        stores = wh.stores.select("store_id", store_name="name", store_region="region")
        orders = orders.left_join(stores, "store_id").drop("store_id_right")
        names = ibis.coalesce(orders.store_name, orders.store_id)
        places.append("store_region")
    if by == "store":
        return orders.mutate(store=names.fill_null(UNKNOWN))
    if wh.has("customers"):
        homes = wh.customers.select("customer_id", home="region")
        orders = orders.left_join(homes, "customer_id").drop("customer_id_right")
        places.append("home")
    return orders.mutate(region=ibis.coalesce(*(orders[place] for place in places), ibis.literal(UNKNOWN)))


def _side(day: ir.DateValue, spans: Spans) -> ir.StringValue:
    cases = [
        (day.between(ibis.literal(span.first, type="date"), ibis.literal(span.last, type="date")), name)
        for name, span in zip(SIDES, (spans.now, spans.before, spans.prior), strict=True)
        if span is not None
    ]
    return ibis.cases(*cases, else_=ibis.null("string"))


def _sums(lines: ir.Table, spans: Spans) -> dict[str, ir.Value]:
    """Money of each period, exact, and whether anything was bought in it."""
    known = lines.unit_cost.notnull()
    margin = (lines.amount - lines.quantity * lines.unit_cost).cast(_LINE)
    bought = ~lines.is_return & (lines.amount > 0)
    sums = {}
    for side in SIDES:
        if side == "prior" and spans.prior is None:
            nothing = dict.fromkeys((f"revenue_{side}", f"margin_{side}", f"costed_{side}"), ibis.null("float64"))
            sums |= nothing | {"bought_prior": ibis.null("boolean")}
            continue
        at = lines.side == side
        sums[f"revenue_{side}"] = _money(lines.amount.sum(where=at))
        sums[f"margin_{side}"] = _money(margin.sum(where=at & known))
        sums[f"costed_{side}"] = _money(lines.amount.sum(where=at & known))
        sums[f"bought_{side}"] = (at & bought).any()
    return sums


def _money(total: ir.DecimalValue) -> ir.FloatingValue:
    """A sum of exact decimals as the float nearest to it, which still names it to the ten-thousandth."""
    return total.fill_null(0).cast("float64")


def _people(wh: Warehouse, lines: ir.Table) -> ir.Table:
    """Each known customer's first day and what is known of the customer."""
    bought = lines.filter(lines.customer_id.notnull(), ~lines.is_return, lines.amount > 0)
    first = bought.group_by("customer_id").agg(first_day=bought.day.min())
    if not wh.has("customers"):
        nothing = dict.fromkeys(("customer_kind", "customer_region", "acquired_channel"), ibis.literal(UNKNOWN))
        return first.mutate(**nothing)
    known = wh.customers.select("customer_id", "first_seen", "acquired_channel", customer_kind="kind",
                                customer_region="region")  # fmt: skip
    people = first.left_join(known, "customer_id").drop("customer_id_right")
    begins = wh.orders.ordered_at.min().date().as_scalar()
    old = people.first_seen.notnull() & (people.first_seen < begins)
    return people.select(
        "customer_id",
        first_day=old.ifelse(people.first_seen, people.first_day),
        **{name: people[name].fill_null(UNKNOWN) for name in ("customer_kind", "customer_region", "acquired_channel")},
    )


def _by_chance(lines: ir.Table, spans: Spans) -> ir.Table:
    """The purchase days of both periods dealt anew by a coin that falls as often as the periods are long: what moves
    between them then has moved by chance alone."""
    days = lines.filter(lines.customer_id.notnull(), lines.side.isin(SIDES[:2]))
    bought = ~days.is_return & (days.amount > 0)
    days = days.group_by("customer_id", "day").agg(revenue=days.amount.sum(), bought=bought.any())
    digits = days.customer_id.concat(days.day.cast("string")).hexdigest("md5").substr(0, 4)
    share = spans.now.days / (spans.now.days + spans.before.days)
    heads = digits < format(round(share * _COIN), "04x")
    return days.group_by("customer_id").agg(
        chance_now=_money(days.revenue.sum(where=heads)),
        chance_before=_money(days.revenue.sum(where=~heads)),
        chance_bought_now=(heads & days.bought).any(),
        chance_bought_before=(~heads & days.bought).any(),
    )


def _stamps(wh: Warehouse, spans: Spans, as_of: date) -> dict[str, ir.Value]:
    stamps = {}
    for name, span in zip(SIDES, (spans.now, spans.before, spans.prior), strict=True):
        for end in ("first", "last"):
            value = ibis.null("date") if span is None else ibis.literal(getattr(span, end), type="date")
            stamps[f"{name}_{end}"] = value
    return stamps | {"begins": wh.orders.ordered_at.min().date().as_scalar(), "until": ibis.literal(as_of, type="date")}
