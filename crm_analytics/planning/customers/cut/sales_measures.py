"""What can be asked of sales: sums, counts of who and what is distinct, and ratios of two of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crm_analytics.say import say

if TYPE_CHECKING:
    import ibis.expr.types as ir

DISTINCT = ("orders", "customers")
"""Counted anew in every cut: one order holds several products, one customer buys in several regions."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What is measured: the sum `top`, over the sum `under` where it is a ratio; `was` says what it came to.

    `returns` says whether lines of returns count, `parts` how a part's own value and its weight are called.
    """

    top: str
    under: str = ""
    unit: Literal["money", "count", "share"]
    was: str
    returns: bool = True

    @property
    def needs(self) -> str:
        """What the lines must hold for it."""
        held = {
            "margin": "unit costs",
            "discount": "list prices",
            "customers": "known customers",
            "returned": "returns",
        }
        return next((held[name] for name in self.sums if name in held), "sales in one of them")

    @property
    def sums(self) -> tuple[str, ...]:
        return (self.top, self.under) if self.under else (self.top,)

    @property
    def distinct(self) -> bool:
        """Whether parts may overlap: then the whole is not the sum of its parts."""
        return any(name in DISTINCT for name in self.sums)

    def said(self, value: float) -> str:
        """A value in its unit."""
        if self.unit == "share":
            return say("{value:percent}", value=value)
        if self.unit == "count":
            return say("{value:count}", value=value)
        return say("{value:cents}" if self.under else "{value:money}", value=value)

    def step(self, change: float) -> str:
        """A difference of two values, with its sign."""
        size = say("{size:points}", size=abs(change)) if self.unit == "share" else self.said(abs(change))
        return f"+{size}" if change > 0 else f"−{size}" if change < 0 else size


MEASURES: dict[str, Measure] = {
    "revenue": Measure(top="revenue", unit="money", was="Revenue was {now:money} {when}"),
    "margin": Measure(top="margin", unit="money", was="Margin was {now:money} {when}"),
    "units": Measure(top="units", unit="count", was="{now:count} units were sold {when}"),
    "orders": Measure(top="orders", unit="count", was="{now:count} orders came in {when}", returns=False),
    "customers": Measure(top="customers", unit="count", was="{now:count} customers bought {when}", returns=False),
    "discount": Measure(top="discount", unit="money", returns=False, was="Discounts of {now:money} were given {when}"),
    "returned": Measure(top="returned", unit="money", was="Goods for {now:money} came back {when}"),
    "average_order": Measure(
        top="revenue", under="orders", unit="money", returns=False, was="An order was worth {now:cents} {when}"
    ),
    "average_price": Measure(
        top="revenue", under="units", unit="money", returns=False, was="A unit sold for {now:cents} {when}"
    ),
    "revenue_per_customer": Measure(
        top="revenue", under="customers", unit="money", returns=False, was="A customer spent {now:cents} {when}"
    ),
    "margin_rate": Measure(
        top="margin", under="costed", unit="share", was="Of revenue {now:percent} stayed as margin {when}"
    ),
    "discount_share": Measure(
        top="discount", under="listed", unit="share", returns=False,
        was="Discounts took {now:percent} off list prices {when}",
    ),
    "return_share": Measure(
        top="returned", under="sold", unit="share", was="Of what was sold {now:percent} came back {when}"
    ),
}  # fmt: skip
"""Every measure by its name."""


def summed(rows: ir.Table, name: str) -> ir.Value:
    """One sum over lines of sales; money and units in decimals, so that it is exact in whatever order it is added."""
    if name == "orders":
        return rows.order_id.nunique()
    if name == "customers":
        return rows.customer_id.nunique()
    if name == "costed":
        return rows.revenue.sum(where=rows.margin.notnull())
    if name == "named":
        return rows.revenue.sum(where=rows.customer_id.notnull())
    if name == "listed":
        return rows.list_revenue.sum()
    if name == "listed_revenue":
        return rows.revenue.sum(where=rows.list_revenue.notnull())
    if name == "discount":
        return (rows.list_revenue - rows.revenue).sum()
    if name == "returned":
        return (-rows.revenue).sum(where=rows.is_return)
    if name == "sold":
        return rows.revenue.sum(where=~rows.is_return)
    return rows[name].sum()
