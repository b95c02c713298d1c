"""What the clauses of rules mean in tables: each becomes a column that says of a customer whether it holds.

Words of a rule are only ever compared with: they enter a query as bound values, never as its text.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from crm_analytics.features.clause_checks import check_fact, resolved
from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.rules.clauses import (
    AT_LEAST,
    AT_MOST,
    BETWEEN,
    BOUGHT,
    CONTACTS,
    CONTAINS,
    IS,
    ORDERS,
    OVER,
    RESPONSES,
    SPENT,
    UNDER,
    UNKNOWN,
    Clause,
    Consents,
    Done,
    Fact,
    Value,
    Window,
)  # fmt: skip
from crm_analytics.rules.logic import HOLDS, HOLDS_NOT, column_of
from crm_analytics.rules.logic import UNKNOWN as NOBODY_KNOWS
from crm_analytics.rules.tokens import RuleError, nearest
from crm_analytics.warehouse.consents import agreed, barred

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

GOODS = {"category": ("category",), "brand": ("brand",), "product": ("name", "product_id")}
_COUNTS = {BOUGHT, SPENT, ORDERS}


class Clauses:
    """Clauses asked of one company on one day: `of(people)` adds a column for each (`rules.logic.column_of`)."""

    def __init__(self, wh: Warehouse, as_of: date, *, trade: str):
        self.wh, self.as_of, self.trade = wh, as_of, trade

    def of(self, people: ir.Table, clauses: Iterable[Clause]) -> ir.Table:
        """The people with a column for each clause: 1 it holds, -1 it does not, 0 nobody knows. Raises RuleError."""
        wanted = list({column_of(clause): clause for clause in clauses}.values())
        for clause in wanted:
            if isinstance(clause, Fact):
                check_fact(people, clause)
        done = [clause for clause in wanted if isinstance(clause, Done)]
        wide = self._joined(people, self._purchases([one for one in done if one.measure in _COUNTS]))
        for clause in done:
            if clause.measure in (CONTACTS, RESPONSES):
                wide = self._joined(wide, self._touches(clause))
        for clause in wanted:
            if isinstance(clause, Consents):
                wide = self._joined(wide, self._consenting(clause))
        told = {column_of(clause): _coded(self._asked(wide, clause)) for clause in wanted}
        return wide.select(*people.columns, **told)

    def _joined(self, people: ir.Table, found: ir.Table | None) -> ir.Table:
        return people if found is None else people.left_join(found, "customer_id").drop("customer_id_right")

    def _asked(self, people: ir.Table, clause: Clause) -> ir.BooleanValue:
        if isinstance(clause, Fact):
            return _fact(people[resolved(people, clause)], clause)
        number = people[_amount(clause)].fill_null(0)
        return number > 0 if isinstance(clause, Consents) else _compared(number, clause.op, clause.values)

    def _purchases(self, clauses: list[Done]) -> ir.Table | None:
        """What each clause counts, by customer: days with a purchase of more than nothing, or money net of returns."""
        if not clauses:
            return None
        self.wh.require("orders", "order_lines")
        orders, lines = orders_of(self.wh, self.trade), lines_of(self.wh, self.trade)
        orders = orders.filter(orders.customer_id.notnull(), orders.ordered_at < _day(self.as_of)).select(
            "order_id", "customer_id", day=orders.ordered_at.date(), kept=orders.kind != "return"
        )
        sold = lines.select("order_id", "product_id", "amount").inner_join(orders, "order_id")
        if any(clause.what for clause in clauses):
            self._known(clauses)
            sold = self._named(sold)
        goods = {(clause.of, clause.what): place for place, clause in enumerate(clauses)}
        sums = {}
        for (of, what), place in goods.items():
            mine = _among(sold, of, what)
            sums[f"sold_{place}"] = sold.amount.sum(where=sold.kept if mine is None else sold.kept & mine)
            sums[f"net_{place}"] = sold.amount.sum(where=mine)
        days = sold.group_by("customer_id", "day").agg(**sums)
        counted = {}
        for clause in clauses:
            place, inside = goods[clause.of, clause.what], self._inside(days.day, clause.window)
            bought = days[f"sold_{place}"] > 0
            counted[_amount(clause)] = (
                days[f"net_{place}"].sum(where=inside).cast("float64")
                if clause.measure == SPENT
                else days.count(where=bought if inside is None else bought & inside)
            )
        return days.group_by("customer_id").agg(**counted)

    def _named(self, sold: ir.Table) -> ir.Table:
        """The lines with what their product is called, in small letters."""
        import ibis

        if not self.wh.has("products"):
            return sold.mutate(name=sold.product_id.lower(), category=ibis.null("string"), brand=ibis.null("string"))
        products = self.wh.products
        products = products.select(
            "product_id", **{name: products[name].lower() for name in ("name", "category", "brand")}
        )
        return sold.left_join(products, "product_id").drop("product_id_right")

    def _known(self, clauses: list[Done]) -> None:
        """Raise RuleError for goods that nothing is called by, with the nearest name."""
        import ibis

        table = self.wh.products if self.wh.has("products") else self.wh.order_lines
        names = ibis.union(
            *(
                table.select(of=ibis.literal(column), name=table[column])
                for column in _columns_of("")
                if column in table
            ),
            distinct=True,
        )
        asked = sorted({one.lower() for clause in clauses for one in clause.what})
        found = names.filter(names.name.lower().isin(asked)).to_pyarrow().to_pylist()
        called = {(row["of"], row["name"].lower()) for row in found}
        for clause in clauses:
            columns = _columns_of(clause.of)
            for one in clause.what:
                if not any((column, one.lower()) in called for column in columns):
                    known = names.filter(names.of.isin(columns), names.name.notnull()).order_by("name").limit(20_000)
                    hint = nearest(one, known.to_pyarrow()["name"].to_pylist())
                    told = f"No {clause.of or 'goods'} are called {one!r}{hint}"
                    raise RuleError(told, clause.place.start, clause.place.line)

    def _touches(self, clause: Done) -> ir.Table:
        """How often each customer was written to or called, or answered."""
        table = "contacts" if clause.measure == CONTACTS else "responses"
        self.wh.require(table)
        rows = getattr(self.wh, table)
        rows = rows.filter(rows.customer_id.notnull(), rows.at < _day(self.as_of))
        if clause.measure == CONTACTS:
            rows = rows.filter(rows.kind == "out")
            if clause.what:
                rows = rows.filter(rows.channel.lower().isin([one.lower() for one in clause.what]))
        elif clause.what:
            rows = rows.filter(rows.campaign_id.isin(self._campaigns(clause)))
        inside = self._inside(rows.at.date(), clause.window)
        return rows.group_by("customer_id").agg(**{_amount(clause): rows.count(where=inside)})

    def _campaigns(self, clause: Done) -> list[str]:
        called = {one.lower(): one for one in clause.what}
        known = {one: one for one in clause.what}
        if self.wh.has("campaigns"):
            rows = self.wh.campaigns.select("campaign_id", "name").to_pyarrow().to_pylist()
            known = {row["campaign_id"]: row["name"] or row["campaign_id"] for row in rows}
        found = [key for key, name in known.items() if {key.lower(), name.lower()} & set(called)]
        if not found:
            hint = nearest(clause.what[0], known.values())
            raise RuleError(f"No campaign is called {clause.what[0]!r}{hint}", clause.place.start, clause.place.line)
        return found

    def _consenting(self, clause: Consents) -> ir.Table:
        """Whose consent holds, as far as was known before the day; one row a customer."""
        import ibis

        self.wh.require("consents")
        rows = self.wh.consents.select("purpose", "channel").distinct().order_by("purpose", "channel")
        pairs = [
            row for row in rows.to_pyarrow().to_pylist()
            if clause.purpose in (None, row["purpose"]) and clause.channel in (None, row["channel"])
        ]  # fmt: skip
        if not pairs:
            known = sorted({one for row in rows.to_pyarrow().to_pylist() for one in row.values() if one})
            wanted = clause.channel or clause.purpose or "anything"
            told = f"Nobody was ever asked to agree to {wanted!r}{nearest(wanted, known)}"
            raise RuleError(told, clause.place.start, clause.place.line)
        known_by = self.as_of - timedelta(days=1)
        yes = [self._agreed(row["purpose"], row["channel"], known_by) for row in pairs]
        return ibis.union(*yes, distinct=True).mutate(**{_amount(clause): ibis.literal(1)})

    def _agreed(self, purpose: str, channel: str, known_by: date) -> ir.Table:
        yes = agreed(self.wh.consents, purpose=purpose, channel=channel, on=known_by)
        if not self.wh.has("do_not_contact"):
            return yes
        no = barred(self.wh.do_not_contact, channel=channel, on=self.as_of, known_by=known_by)
        return yes.anti_join(no, "customer_id")

    def _inside(self, day: ir.DateValue, window: Window) -> ir.BooleanValue | None:
        first = window.first(self.as_of)
        after = None if first is None else day >= _day(first)
        before = None if window.before is None else day < _day(window.before)
        return before if after is None else after if before is None else after & before


def _amount(clause: Clause) -> str:
    return f"amount of {column_of(clause)}"


def _columns_of(of: str) -> tuple[str, ...]:
    return GOODS[of] if of else tuple(name for names in GOODS.values() for name in names)


def _among(sold: ir.Table, of: str, what: tuple[str, ...]) -> ir.BooleanValue | None:
    """Whether a line is of these goods; None: of any."""
    if not what:
        return None
    low = [one.lower() for one in what]
    tests = (sold[name].lower().isin(low) if name == "product_id" else sold[name].isin(low) for name in _columns_of(of))
    return reduce(or_, (test.fill_null(False) for test in tests))


def _fact(column: ir.Column, clause: Fact) -> ir.BooleanValue:
    if clause.op == UNKNOWN:
        return column.isnull()
    if column.type().is_string():
        low = column.lower()
        return (
            low.contains(clause.values[0].lower())
            if clause.op == CONTAINS
            else low.isin([v.lower() for v in clause.values])
        )
    return _compared(column, clause.op, clause.values)


def _compared(number: ir.Value, op: str, values: tuple[Value, ...]) -> ir.BooleanValue:
    given = [_day(value) if isinstance(value, date) else value for value in values]
    first = given[0]
    if op == IS:
        return reduce(or_, (number == value for value in given))
    if op == BETWEEN:
        return (number >= first) & (number <= given[1])
    return {OVER: number.__gt__, UNDER: number.__lt__, AT_LEAST: number.__ge__, AT_MOST: number.__le__}[op](first)


def _coded(test: ir.BooleanValue) -> ir.IntegerValue:
    import ibis

    return ibis.cases((test, HOLDS), (~test, HOLDS_NOT), else_=NOBODY_KNOWS).cast("int8")


def _day(day: date) -> ir.DateScalar:
    import ibis

    return ibis.literal(day, type="date")
