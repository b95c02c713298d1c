"""Who became one of the best customers, and how each was known before: what look-alikes are found by."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.profile import profile
from crm_analytics.features.snapshots import Snapshots
from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.features.training import LEARNERS, laid_out

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

SNAPSHOTS = 8
"""On how many past days customers are looked at: over two horizons, so that some days can be held out."""


@feature(needs=("customers", "orders", "order_lines"), grain="a customer × snapshot")
def future_best(
    wh: Warehouse,
    as_of: date | str | None = None,
    best_share: float = 0.2,
    horizon_days: int = 365,
    trade: str = "ordinary",
) -> ir.Table:
    """Customers who were not yet among the best, as they were known then, and whether they became one of them.

    The best are the `best_share` of a period's buyers who brought most, net of returns, in `horizon_days`. Snapshots
    lie a quarter of the horizon apart, the newest so that its horizon is over by `as_of`; a customer who was among the
    best in the horizon before a snapshot is not in it. Columns as in `training`: `customer_id`, `snapshot`, `target` (1
    became one of the best, 0 not, null: those of `as_of`, who may be alike), `profile`'s columns, `until`. Ordered by
    snapshot and customer. ValueError for a share that is none.
    """
    import ibis

    if not 0 < best_share < 1 or horizon_days < 7:
        raise ValueError(f"best_share is {best_share} and horizon_days {horizon_days}; take e.g. 0.2 and 365.")
    money = _money(wh, as_of, trade)
    days = _days(money, as_of, horizon_days)
    now = profile(wh, as_of=as_of, trade=trade)
    now = now.mutate(snapshot=ibis.literal(as_of, type="date"), target=ibis.null("float64"))
    was = _best(money, [as_of], -horizon_days, best_share)
    now = now.anti_join(was, ["customer_id", "snapshot"])
    if not days:
        return laid_out([now], horizon_days)
    people = wh.customers.select("customer_id").distinct()
    learners = people.order_by(people.customer_id.hash(), people.customer_id).limit(LEARNERS)
    stands = learners.cross_join(ibis.memtable({"snapshot": days}, schema={"snapshot": "date"}))
    snapshots = Snapshots(wh, stands, as_of)
    then = snapshots.back(profile(snapshots, as_of=as_of, trade=trade))
    then = then.anti_join(_best(money, days, -horizon_days, best_share), ["customer_id", "snapshot"])
    became = _best(money, days, horizon_days, best_share).mutate(became=ibis.literal(1.0))
    then = then.left_join(became, ["customer_id", "snapshot"]).drop("customer_id_right", "snapshot_right")
    then = then.mutate(target=then.became.fill_null(0.0)).drop("became")
    return laid_out([then, now], horizon_days)


def _days(money: ir.Table, as_of: date, horizon_days: int) -> list[date]:
    """Past days a quarter of the horizon apart, on the weekday of `as_of`, with something known before each."""
    first = money.day.min().to_pyarrow().as_py()
    back, step = 7 * -(-horizon_days // 7), 7 * max(1, round(horizon_days / 28))
    days = [as_of - timedelta(days=back + step * place) for place in range(SNAPSHOTS)]
    return [day for day in days if first is not None and day > first]


def _money(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    """What each known customer brought on each day, net of returns, in exact money."""
    import ibis

    orders, lines = orders_of(wh, trade), lines_of(wh, trade)
    orders = orders.filter(orders.customer_id.notnull(), orders.ordered_at < ibis.literal(as_of, type="date"))
    orders = orders.select("order_id", customer_id=orders.customer_id.cast("string"), day=orders.ordered_at.date())
    sold = orders.inner_join(lines.select("order_id", "amount"), "order_id")
    return sold.group_by("customer_id", "day").agg(amount=sold.amount.sum())


def _best(money: ir.Table, days: list[date], horizon_days: int, share: float) -> ir.Table:
    """Who was among the best in the horizon after each day (before it, where the horizon is negative)."""
    import ibis

    snapshots = ibis.memtable({"snapshot": days}, schema={"snapshot": "date"})
    apart = money.cross_join(snapshots)
    gap = apart.day.delta(apart.snapshot, unit="day")
    inside = (gap >= 0) & (gap < horizon_days) if horizon_days > 0 else (gap < 0) & (gap >= horizon_days)
    spent = apart.filter(inside).group_by("snapshot", "customer_id").agg(amount=lambda t: t.amount.sum())
    spent = spent.filter(spent.amount > 0)
    ranked = ibis.window(group_by=spent.snapshot, order_by=[spent.amount.desc(), spent.customer_id])
    everybody = ibis.window(group_by=spent.snapshot)
    spent = spent.mutate(place=ibis.row_number().over(ranked), buyers=spent.count().over(everybody))
    return spent.filter(spent.place < spent.buyers * share).select("customer_id", "snapshot")
