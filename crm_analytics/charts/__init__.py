"""One picture for every Result. `draw(result)` finds it by the Result's type; the picture's title is its takeaway."""

from __future__ import annotations

from functools import singledispatch
from importlib import import_module
from typing import TYPE_CHECKING

from crm_analytics.result import Result

if TYPE_CHECKING:
    import plotly.graph_objects as go


def draw(result: Result) -> go.Figure:
    """Draw a Result: a plotly figure whose title states what a marketer should take away from it.

    A chart lives in the module named after the Study's noun (`effectiveness.control.lift` is drawn by `charts.lift`),
    which is loaded when its first Result is drawn. A page that goes out shows no group of fewer people than the company
    allows. Raises TypeError for what has no picture.
    """
    return _drawing(result.pictured() if isinstance(result, Result) else result)


@singledispatch
def _drawing(result: Result) -> go.Figure:
    if not isinstance(result, Result):
        raise TypeError(f"draw takes a Result, not {type(result).__name__}.")
    import_module(f"crm_analytics.charts.{type(result).__module__.rpartition('.')[2]}")
    drawing = _drawing.dispatch(type(result))
    if drawing is _drawing.dispatch(object):
        raise TypeError(f"{type(result).__name__} has no picture yet; register one in crm_analytics/charts.")
    return drawing(result)


draw.register, draw.dispatch = _drawing.register, _drawing.dispatch
