"""Orders that contradict themselves or one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.defects.detector import Found, detector, grouped
from crm_analytics.features.rows import with_money

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


CENT, SHARE = 0.011, 0.006
"""A line may differ from quantity × price by the rounding of its price."""

WARM_UP_DAYS = 92
"""What comes back in the first weeks of the records may have been sold before they begin."""

TOKEN_PRICE = 0.01
BASKET_LINES = 3
"""Where orders have no time of day, only baskets of so many lines are told apart by what is in them."""


@detector("an order without lines", needs=("orders", "order_lines"), sure="certain", fix="look")
def without_lines(wh: Warehouse) -> Found:
    """It counts as a purchase and brings no money."""
    wrong = wh.orders.anti_join(wh.order_lines, "order_id")
    yield "orders.order_id", grouped(wrong, example=wrong.order_id)


@detector("an amount that is not quantity times price", needs=("order_lines",), sure="likely", fix="look")
def wrong_amounts(wh: Warehouse) -> Found:
    """At stake is the difference."""
    lines = wh.order_lines.filter(wh.order_lines.price.notnull())
    gap = (lines.amount - lines.quantity * lines.price).abs()
    lines = lines.mutate(gap=gap)
    wrong = lines.filter(gap > CENT + SHARE * lines.quantity.abs())
    yield "order_lines.amount", grouped(wrong, example=wrong.order_id, money=wrong.gap)


@detector("a line of nothing", needs=("order_lines",), sure="certain", fix="look")
def empty_lines(wh: Warehouse) -> Found:
    """A quantity of zero."""
    wrong = wh.order_lines.filter(wh.order_lines.quantity == 0)
    yield "order_lines.quantity", grouped(wrong, example=wrong.order_id, money=wrong.amount.abs())


@detector("a sale of less than nothing", needs=("orders", "order_lines"), sure="likely", fix="look")
def wrong_signs(wh: Warehouse) -> Found:
    """A return booked as a sale, or a sale booked as a return."""
    rows = wh.order_lines.join(wh.orders.select("order_id", "kind"), "order_id")
    back = rows.kind == "return"
    wrong = rows.filter((back & (rows.quantity > 0)) | (~back & (rows.quantity < 0)))
    yield "order_lines.quantity", grouped(wrong, example=wrong.order_id, money=wrong.amount.abs(), value=wrong.kind)


@detector("a test order", needs=("orders", "order_lines"), sure="likely", fix="refuse")
def test_orders(wh: Warehouse) -> Found:
    """A token price, or an id that says test."""
    lines = wh.order_lines
    tokens = lines.filter((lines.price > 0) & (lines.price <= TOKEN_PRICE))
    yield (
        "order_lines.price",
        grouped(tokens, example=tokens.order_id, money=tokens.amount.abs(), value=tokens.price.cast("float64")),
    )
    for column in ("order_id", "customer_id"):
        said = wh.orders[column].lower().re_search(r"(^|[^\p{L}])(test|тест)([^\p{L}]|$)")
        wrong = with_money(wh, "orders", wh.orders.filter(said))
        yield (
            f"orders.{column}",
            grouped(
                wrong,
                example=wrong.order_id,
                money=wrong.money,
                value=wrong[column] if column == "customer_id" else None,
            ),
        )


@detector("the same basket twice", needs=("orders", "order_lines"), sure="likely", fix="look")
def booked_twice(wh: Warehouse) -> Found:
    """One customer, one minute, one store, one basket, two orders: at stake is what the later ones add."""
    baskets = _baskets(wh).filter(lambda t: t.customer_id.notnull())
    same = ibis.window(group_by=["customer_id", "moment", "store", "kind", "basket"], order_by="order_id")
    wrong = baskets.mutate(place=ibis.row_number().over(same)).filter(lambda t: t.place > 0)
    yield "orders.order_id", grouped(wrong, example=wrong.order_id, money=wrong.money.abs())


@detector("one basket, two customers", needs=("orders", "order_lines"), sure="likely", fix="look")
def two_customers(wh: Warehouse) -> Found:
    """The same lines at the same second in the same store under two customers: at stake is all of it."""
    baskets = _baskets(wh).filter(lambda t: t.customer_id.notnull() & t.timed & (t.lines > 1))
    same = ibis.window(group_by=["ordered_at", "store", "kind", "basket"])
    baskets = baskets.mutate(customers=baskets.customer_id.nunique().over(same))
    wrong = baskets.filter(baskets.customers > 1)
    yield "orders.customer_id", grouped(wrong, example=wrong.order_id, money=wrong.money.abs())


@detector("a return of what was never sold", needs=("orders", "order_lines"), sure="possible", fix="look")
def returns_without_sale(wh: Warehouse) -> Found:
    """The customer brought back a product that no sale to them shows."""
    rows = _returned(wh)
    wrong = rows.filter(rows.bought == 0)
    yield "order_lines.product_id", grouped(wrong, example=wrong.customer_id, money=wrong.money)


@detector("more returned than sold", needs=("orders", "order_lines"), sure="likely", fix="look")
def returns_beyond_sale(wh: Warehouse) -> Found:
    """The customer brought back more of a product than they ever bought. At stake is all they brought back."""
    rows = _returned(wh)
    wrong = rows.filter((rows.bought > 0) & (rows.returned > rows.bought))
    yield "order_lines.quantity", grouped(wrong, example=wrong.customer_id, money=wrong.money)


def _baskets(wh: Warehouse) -> ir.Table:
    """Every order with what is in it as one number, and the moment as far as it is known."""
    lines = wh.order_lines
    content = lines.product_id.fill_null("").hash() % 1_000_003 * (lines.quantity.cast("float64") + 7)
    content = content + lines.amount.cast("float64") * 1000
    held = lines.group_by("order_id").agg(
        basket=content.round().cast("decimal(38, 0)").sum(), lines=lines.count(), money=lines.amount.sum()
    )
    orders = wh.orders.join(held, "order_id")
    timed = orders.ordered_at != orders.ordered_at.truncate("D")
    orders = orders.mutate(timed=timed, store=orders.store_id.fill_null(""), moment=orders.ordered_at.truncate("m"))
    return orders.filter(orders.timed | (orders.lines >= BASKET_LINES))


def _returned(wh: Warehouse) -> ir.Table:
    """Known customers × product: units bought and brought back, and the money of what came back after the warm-up."""
    rows = wh.order_lines.join(wh.orders.select("order_id", "customer_id", "kind", "ordered_at"), "order_id")
    rows = rows.filter(rows.customer_id.notnull(), rows.product_id.notnull())
    begins = wh.orders.ordered_at.min().as_scalar()
    back = rows.kind == "return"
    counted = back & (rows.ordered_at >= begins + ibis.interval(days=WARM_UP_DAYS))
    sums = rows.group_by("source", "customer_id", "product_id").agg(
        bought=rows.quantity.sum(where=~back).fill_null(0),
        returned=-rows.quantity.sum(where=back),
        late=counted.sum(),
        money=rows.amount.abs().sum(where=back),
    )
    return sums.filter(sums.late > 0, sums.returned > 0)
