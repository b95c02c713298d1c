"""A detector: one small declarative thing that finds one kind of defect, and says how it is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crm_analytics.features.rows import nothing

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

Sure = Literal["certain", "likely", "possible"]
Fix = Literal["replace", "empty", "refuse", "identify", "look"]
"""By another value, by none, by refusing the line, by identifying customers; or somebody must look."""

Found = Iterator[tuple[str, "ir.Table"]]
"""What a detector yields: the field it looked at («orders.ordered_at»), and what it found there (see `grouped`).
Of several fields (with spaces between), what is found says itself of which `table` and `column` it is."""


@dataclass(frozen=True)
class Detector:
    """What it is called, the tables without which it has nothing to look at, how sure it is, and how it is mended."""

    name: str
    needs: tuple[str, ...]
    sure: Sure
    fix: Fix
    find: Callable[[Warehouse], Found]


REGISTER: list[Detector] = []
"""All detectors, in the order in which they were declared."""


def detector(name: str, *, needs: tuple[str, ...] = (), sure: Sure, fix: Fix) -> Callable:
    """Declare a detector: `@detector("a line of nothing", needs=("order_lines",), sure="certain", fix="look")`."""

    def declared(find: Callable[[Warehouse], Found]) -> Callable[[Warehouse], Found]:
        REGISTER.append(Detector(name, needs, sure, fix, find))
        return find

    return declared


def grouped(
    rows: ir.Table,
    *,
    example: ir.Column,
    money: ir.Column | None = None,
    value: ir.Value | None = None,
    instead: ir.Value | None = None,
) -> ir.Table:
    """Rows at fault, counted by source, value and what should stand there; never more personal than an id.

    Columns: `source`, `value`, `instead`, `rows`, `money`, `first`, `last` (the smallest and largest example).
    """
    import ibis

    return (
        rows.select(
            source=rows.source,
            value=ibis.literal("") if value is None else value.cast("string"),
            instead=nothing("string") if instead is None else instead.cast("string"),
            example=example.cast("string"),
            money=nothing("decimal(38, 4)") if money is None else money.cast("decimal(38, 4)"),
        )
        .group_by("source", "value", "instead")
        .agg(
            rows=lambda t: t.count(),
            money=lambda t: t.money.sum().cast("float64"),
            first=lambda t: t.example.min(),
            last=lambda t: t.example.max(),
        )
    )
