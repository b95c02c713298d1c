"""Whether a campaign's arms were drawn by lot: whom it addressed must have been like the others before it began."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

BEFORE_WEEKS = 12
LUCK = 12.1
"""A square of standard errors that a lot exceeds in one of two measures less than once in a thousand times."""


def unlike_before(people: ir.Table) -> ir.Table:
    """The campaigns of these customers (campaign_id, arm, before_revenue, before_orders) whose arms were not drawn by
    lot, for they differ in what was before by more than luck; the arms lend each other their spread."""
    import ibis

    measures = {"revenue": people.before_revenue, "orders": people.before_orders}
    arms = ("treated", "control")
    sums = people.group_by("campaign_id").agg(
        **{
            f"{measure}_{name}": value
            for measure, column in measures.items()
            for arm in arms
            for name, value in moments(column, people.arm, arm).items()
        }
    )
    beyond = ibis.literal(False)
    for measure in measures:
        n, mean, spread = ([sums[f"{measure}_{name}_{arm}"] for arm in arms] for name in ("n", "mean", "var"))
        both = ((n[0] - 1) * spread[0] + (n[1] - 1) * spread[1]) / (n[0] + n[1] - 2).nullif(0)
        error = both * (1 / n[0].nullif(0) + 1 / n[1].nullif(0))
        beyond |= ((mean[0] - mean[1]) ** 2 > LUCK * error).fill_null(False)
    return sums.filter(beyond).select("campaign_id")


def moments(money: ir.Column, arms: ir.Column, arm: str) -> dict[str, ir.Scalar]:
    """Number, mean and variance in an arm, from exact sums of whole ten-thousandths: their order does not matter."""
    exact, inside = (money * 10_000).round().cast("decimal(18, 0)"), arms == arm
    n = inside.sum()
    total, squares = (x.sum(where=inside).cast("float64") for x in (exact, exact * exact))
    variance = (squares - total * total / n.nullif(0)) / (n - 1).nullif(0)
    return {f"n_{arm}": n, f"mean_{arm}": total / n.nullif(0) / 1e4, f"var_{arm}": variance / 1e8}
