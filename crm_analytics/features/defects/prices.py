"""Money that cannot be right: decimal slips, other units, outliers, prices below cost, stock below nothing."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.defects.detector import Found, detector, grouped
from crm_analytics.features.defects.orders import TOKEN_PRICE
from crm_analytics.features.rows import nothing

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


ENOUGH_LINES = 10
ROBUST_SD = 1.4826
WIDE, AT_LEAST = 6.0, log(3)
"""An outlier lies so many robust standard deviations from its product's median, and at least at three times of it."""

EXACT = log(1.12)
"""A slip is a power of ten to within so much: promotions move prices."""

RECURS, SAME_MONEY = 3, log(1.35)
"""A price that a product had so often is a price, not an error. A pack costs about as much as its pieces."""

SLIPS = (10, 100, 1000)


@detector("a decimal point in the wrong place", needs=("order_lines",), sure="likely", fix="look")
def decimal_slips(wh: Warehouse) -> Found:
    """A price ten, a hundred or a thousand times its product's own. At stake is what the line is wrong by."""
    rows = _outliers(wh)
    wrong = rows.filter(rows.slip != 1)
    error = (wrong.amount - wrong.amount / wrong.slip).abs()
    yield "order_lines.price", grouped(wrong, example=wrong.order_id, money=error, value=wrong.slip)


@detector("another unit of sale", needs=("order_lines",), sure="possible", fix="look")
def other_units(wh: Warehouse) -> Found:
    """A pack sold as a piece or the reverse: price and quantity are both far off, what was paid is not."""
    rows = _outliers(wh)
    wrong = rows.filter(rows.packed & (rows.again < RECURS))
    yield (
        "order_lines.quantity",
        grouped(wrong, example=wrong.order_id, money=wrong.amount.abs(), value=wrong.product_id),
    )


@detector("a price out of all proportion", needs=("order_lines",), sure="possible", fix="look")
def price_outliers(wh: Warehouse) -> Found:
    """Far from all other prices of its product, and none that recurs. At stake is the distance from the usual."""
    rows = _outliers(wh)
    wrong = rows.filter(~rows.packed & (rows.slip == 1) & (rows.again < RECURS))
    away = (wrong.amount - wrong.amount.cast("float64") * (-wrong.off).exp()).abs()
    yield "order_lines.price", grouped(wrong, example=wrong.order_id, money=away, value=wrong.product_id)


@detector("a quantity out of all proportion", needs=("order_lines",), sure="possible", fix="look")
def quantity_outliers(wh: Warehouse) -> Found:
    """A hundred times what is usual for its product, and far beyond its own scatter. At stake is the line."""
    lines = _ordinary(wh).filter(lambda t: t.quantity > 0)
    lines = _with_distance(lines, lines.quantity.cast("float64"))
    wrong = lines.filter((lines.off > log(100)) & (lines.off > 2 * WIDE * ROBUST_SD * lines.scatter))
    yield (
        "order_lines.quantity",
        grouped(wrong, example=wrong.order_id, money=wrong.amount.abs(), value=wrong.product_id),
    )


@detector("a price far below cost", needs=("order_lines",), sure="possible", fix="look")
def below_cost(wh: Warehouse) -> Found:
    """Less than half of what the product cost. At stake is the loss."""
    lines = wh.order_lines.filter(wh.order_lines.quantity > 0, wh.order_lines.price > TOKEN_PRICE)
    wrong = lines.filter(2 * lines.price < lines.unit_cost)
    loss = wrong.quantity * (wrong.unit_cost - wrong.price)
    yield "order_lines.unit_cost", grouped(wrong, example=wrong.order_id, money=loss, value=wrong.product_id)


@detector("a price below nothing", needs=("order_lines",), sure="certain", fix="look")
def negative_prices(wh: Warehouse) -> Found:
    """A discount or a correction that is booked as a product."""
    wrong = wh.order_lines.filter(wh.order_lines.price < 0)
    yield "order_lines.price", grouped(wrong, example=wrong.order_id, money=wrong.amount.abs(), value=wrong.product_id)


@detector("less than nothing in stock", needs=("stock",), sure="certain", fix="empty")
def negative_stock(wh: Warehouse) -> Found:
    """Sold before it was booked in."""
    wrong = wh.stock.filter(wh.stock.quantity < 0)
    yield (
        "stock.quantity",
        grouped(wrong, example=wrong.product_id, money=nothing("decimal(38, 4)"), value=wrong.quantity),
    )


def _ordinary(wh: Warehouse) -> ir.Table:
    """Lines of products that are made for everybody: what is made to measure has no usual price."""
    lines = wh.order_lines.filter(wh.order_lines.product_id.notnull())
    if wh.has("products"):
        special = wh.products.filter(wh.products.made_to_order.fill_null(False))
        lines = lines.anti_join(special, "product_id")
    return lines


def _with_distance(lines: ir.Table, measure: ir.Column) -> ir.Table:
    """Each line's distance from its product's median on the log scale (`off`), and that product's `scatter` (MAD)."""
    lines = lines.mutate(logged=measure.ln())
    middle = lines.group_by("product_id").agg(middle=lines.logged.quantile(0.5), many=lines.count())
    lines = lines.join(middle.filter(middle.many >= ENOUGH_LINES), "product_id").mutate(
        off=lambda t: t.logged - t.middle
    )
    scatter = lines.group_by("product_id").agg(scatter=lines.off.abs().quantile(0.5))
    return lines.join(scatter, "product_id")


def _outliers(wh: Warehouse) -> ir.Table:
    """Lines whose price is far from its product's own, with the power of ten that explains it (`slip`; 1: none does),
    whether quantity and price are off by the same (`packed`), and how often the product had this price (`again`)."""
    lines = _ordinary(wh).filter(lambda t: (t.price > TOKEN_PRICE) & (t.quantity != 0))
    lines = _with_distance(lines, lines.price.cast("float64"))
    far = lines.off.abs() > ibis.greatest(AT_LEAST, WIDE * ROBUST_SD * lines.scatter)
    usual = lines.group_by("product_id").agg(pieces=lines.quantity.abs().cast("float64").quantile(0.5))
    lines = lines.filter(far).join(usual, "product_id")
    lines = lines.mutate(again=lines.count().over(ibis.window(group_by=["product_id", "price"])))
    slips = [(up, power) for power in SLIPS for up in (1, -1)]
    slip = ibis.cases(
        *(((lines.off - up * log(power)).abs() < EXACT, float(power) ** up) for up, power in slips), else_=1.0
    )
    pieces = (lines.quantity.abs().cast("float64") / lines.pieces).ln()
    packed = ((lines.off + pieces).abs() < SAME_MONEY) & (pieces.abs() > AT_LEAST) & (lines.quantity.abs() > 1)
    return lines.mutate(packed=packed, slip=packed.ifelse(1.0, slip))
