"""Sharing costs out: in proportion to weights, exactly, so that the parts of every cost sum to it in the last digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

DECIMAL = "decimal(38, 4)"


def spread(costs: ir.Table, weights: ir.Table, *, by: str, amount: str) -> ir.Table:
    """Share costs out over customers in proportion to weights; where there is nobody to take it a cost is nobody's."""
    weights = weights.rename(whose=by)
    joined = costs.left_join(weights, costs[by] == weights.whose).drop("whose")
    return parts_of(joined, of=(by, "period"), over=("customer_id",), amounts=(amount,))


def parts_of(table: ir.Table, *, of: tuple[str, ...], over: tuple[str, ...], amounts: tuple[str, ...]) -> ir.Table:
    """Where every row of a group holds the group's whole amount, leave each row its part by its `weight`, exactly: the
    parts sum to the whole in the last digit.

    Each part is the difference of two rounded running totals, in the order of `over`. Where nothing weighs anything all
    parts are equal.
    """
    import ibis

    amounts = tuple(name for name in amounts if name in table.columns)
    even = table.weight.sum().over(ibis.window(group_by=of)).fill_null(0) == 0
    table = table.mutate(share_=even.ifelse(ibis.literal(1).cast(DECIMAL), table.weight))
    running = table.share_.sum().over(ibis.cumulative_window(group_by=of, order_by=over)).cast("float64")
    ratio = running / table.share_.sum().over(ibis.window(group_by=of)).cast("float64")
    so_far = {name: (table[name].cast("float64") * ratio).round(4).cast(DECIMAL) for name in amounts}
    table = table.mutate(**so_far)
    before = ibis.window(group_by=of, order_by=over)
    parts = {name: table[name] - table[name].lag().over(before).fill_null(0) for name in amounts}
    return table.mutate(**parts).drop("share_")


def union_of(parts: list[ir.Table], keys: tuple[str, ...]) -> ir.Table:
    """One row for each combination of the keys, with what all the parts say of it; null where no part has a column."""
    import ibis

    have = [name for name in dict.fromkeys(name for part in parts for name in part.columns) if name not in keys]
    filled = [
        part.select(
            *(part[key] if key in part.columns else ibis.null("string").name(key) for key in keys),
            **{n: part[n].cast(DECIMAL) if n in part.columns else ibis.null(DECIMAL) for n in have},
        )
        for part in parts
    ]
    return summed(ibis.union(*filled) if len(filled) > 1 else filled[0], keys)


def summed(table: ir.Table, keys: tuple[str, ...]) -> ir.Table:
    """One row for each combination of the keys, with the sums of all other columns."""
    have = [name for name in table.columns if name not in keys]
    return table.group_by(*keys).agg(**{name: table[name].sum().cast(DECIMAL) for name in have})
