"""What makes a function a feature: the tables it needs, the grain it answers in, and a day it never looks past."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@dataclass(eq=False)
class Feature:
    """A function `(wh, as_of, …) → Ibis table` of stated grain that looks at nothing on or after `as_of`.

    Called, it first makes sure that the company has the tables it needs (TableAbsent says so in one sentence), and
    turns `as_of` into a date: an ISO string is read, None is the day after the newest order.
    """

    function: Callable[..., ir.Table]
    needs: tuple[str, ...]
    grain: str

    def __post_init__(self) -> None:
        functools.update_wrapper(self, self.function)

    @property
    def knobs(self) -> tuple[str, ...]:
        """The names of its parameters, without the warehouse."""
        return tuple(inspect.signature(self.function).parameters)[1:]

    def __call__(self, wh: Warehouse, /, **knobs: Any) -> ir.Table:
        wh.require(*self.needs)
        if "as_of" in self.knobs:
            knobs["as_of"] = wh.day(knobs.get("as_of"))
        return self.function(wh, **knobs)


def feature(*, needs: tuple[str, ...], grain: str) -> Callable[[Callable[..., ir.Table]], Feature]:
    """Declare a feature: `@feature(needs=("orders", "order_lines"), grain="a customer")`."""
    return lambda function: Feature(function, needs, grain)
