"""Customers on many past days at once: every customer stands once for each day, and their histories are moved so that
all those days fall on one. A feature that knows only one `as_of` then answers for all of them in one pass."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crm_analytics.warehouse.tables import DAY, MOMENT, TABLES

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


class Snapshots:
    """A warehouse as a feature may read it, in which a customer is a customer on a snapshot.

    `stands` has the columns `customer_id` and `snapshot`, each pair once, snapshots before `as_of`. A history is moved
    by the days from its snapshot to `as_of`; where those are whole weeks, its weekdays stay. What became known on the
    snapshot itself is not known yet, apart from traits where `traits_of_the_day`: an offer is made to somebody whom
    one knows when making it.
    """

    def __init__(self, wh: Warehouse, stands: ir.Table, as_of: date, *, traits_of_the_day: int = 0):
        import ibis

        self._wh, self._as_of, self._of_the_day = wh, as_of, traits_of_the_day
        moved = ibis.literal(as_of, type="date").delta(stands.snapshot, unit="day").cast("int32")
        self.stands = stands.select(
            "customer_id",
            "snapshot",
            moved=moved,
            years=ibis.literal(as_of.year) - stands.snapshot.year(),
            stand=stands.customer_id.cast("string").concat("@", stands.snapshot.cast("string")),
        )

    def has(self, *tables: str) -> bool:
        return self._wh.has(*tables)

    def require(self, *tables: str) -> None:
        self._wh.require(*tables)

    def day(self, as_of: date | str | None = None) -> date:
        return self._as_of

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in TABLES:
            raise AttributeError(name)
        rows = getattr(self._wh, name)
        if name == "order_lines":
            of = self._orders.select("order_id", own=self._orders.own_order_id)
            return self._named(rows.inner_join(of, rows.order_id == of.own), "order_id", of.order_id)
        if "customer_id" not in rows.columns:
            return rows
        return self._orders.drop("own_order_id") if name == "orders" else self._seen(name, rows)

    def back(self, frame: ir.Table) -> ir.Table:
        """The answer of a feature, by customer and snapshot again, its days where they were."""
        stands = self.stands.select("stand", "moved", "snapshot", who="customer_id")
        found = frame.inner_join(stands, frame.customer_id == stands.stand)
        days = [name for name, kind in frame.schema().items() if kind.is_date()]
        told = {name: (found[name] - found.moved.as_interval("D")).cast("date") for name in days}
        rest = [n for n in frame.columns if n != "customer_id"]
        found = found.mutate(**told)
        return found.select("snapshot", *rest, customer_id=found.who.cast("string"))

    @cached_property
    def _orders(self) -> ir.Table:
        rows = self._wh.orders
        orders = self._seen("orders", rows.mutate(own_order_id=rows.order_id))
        return orders.mutate(order_id=orders.own_order_id.cast("string").concat("@", orders.customer_id))

    def _seen(self, name: str, rows: ir.Table) -> ir.Table:
        """The rows of each customer once for each snapshot, moved in time."""
        stands = self.stands.select("stand", "moved", "years", who=self.stands.customer_id.cast("string"))
        seen = rows.inner_join(stands, rows.customer_id.cast("string") == stands.who)
        by = seen.moved - self._of_the_day if name == "traits" else seen.moved
        told = {}
        for column in TABLES[name].columns:
            if column.kind == DAY:
                told[column.name] = (seen[column.name] + by.as_interval("D")).cast("date")
            elif column.kind == MOMENT:
                told[column.name] = seen[column.name] + by.as_interval("D")
        if "birth_year" in rows.columns:
            told["birth_year"] = seen.birth_year + seen.years
        seen = seen.mutate(**told, customer_id=seen.stand)
        return seen.select(*rows.columns)

    @staticmethod
    def _named(joined: ir.Table, column: str, value: ir.Value) -> ir.Table:
        name = f"{column}_right" if f"{column}_right" in joined.columns else column
        keep = [c for c in joined.columns if c not in (column, name, "own")]
        return joined.select(**{column: joined[name]}, **{c: joined[c] for c in keep})
