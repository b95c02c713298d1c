"""In what rhythm each customer buys: every purchase with its number, and those who are known and have not bought."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.purchases import _purchases_made

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@feature(needs=("orders", "order_lines"), grain="a customer × purchase day")
def rhythm(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """The purchases of each known customer before `as_of` in their order, and prospects who have made none.

    Purchases are those of `purchases`, each net of what was returned before the next. A prospect is a customer first
    seen before `as_of` who has ordered nothing of any trade until then; one row with `number` 0 and no day. Columns:
    `customer_id`, `number` (of the purchase in the customer's life, from 1), `day`, `revenue` (the company's money),
    `until` (`as_of`, the same on every row). Ordered by customer and number.
    """
    import ibis

    until = ibis.literal(as_of, type="date")
    made = _purchases_made(wh, as_of, trade)
    rows = made.select("customer_id", number=made.number.cast("int64"), day=made.day,
                       revenue=made.revenue.cast("float64"), until=until)  # fmt: skip
    if wh.has("customers"):
        known = wh.customers.filter(wh.customers.first_seen < until)
        silent = known.anti_join(wh.orders.filter(wh.orders.ordered_at < until), "customer_id")
        nothing = {"day": ibis.null("date"), "revenue": ibis.null("float64"), "until": until}
        rows = rows.union(silent.select("customer_id", number=ibis.literal(0, type="int64"), **nothing))
    return rows.order_by("customer_id", "number")
