"""How every chart looks: one template, one palette (safe for the colour-blind, readable in print), one title style."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import plotly.graph_objects as go

INK, PALE, GRID, PAPER = "#1f2933", "#9aa5b1", "#e4e7eb", "#ffffff"
BLUE, ORANGE, GREEN, RED, VIOLET, YELLOW = "#1f6fb2", "#d9730d", "#2a8c5a", "#c0392b", "#7b5ea7", "#c9a227"
SERIES = [BLUE, ORANGE, GREEN, VIOLET, YELLOW, RED]
BAND = "rgba(31, 111, 178, .16)"
"""The colour of an interval around a blue line."""

_AXIS = {
    "gridcolor": GRID,
    "linecolor": PALE,
    "zeroline": False,
    "automargin": True,
    "ticks": "outside",
    "ticklen": 5,
    "tickcolor": "rgba(0, 0, 0, 0)",
    "title": {"standoff": 10, "font": {"size": 13}},
}

TEMPLATE = go.layout.Template(
    layout=go.Layout(
        font={"family": "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", "size": 13, "color": INK},
        colorway=SERIES,
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        margin={"l": 72, "r": 32, "t": 84, "b": 60},
        title={"x": 0, "xref": "paper", "xanchor": "left", "y": 0.96, "yanchor": "top", "font": {"size": 17}},
        xaxis=_AXIS,
        yaxis=_AXIS,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": -0.22, "yanchor": "top"},
        hoverlabel={"bgcolor": PAPER, "font": {"color": INK}},
    )
)


def figure(*traces: go.Scatter, title: str, x: str = "", y: str = "", height: int = 420) -> go.Figure:
    """A figure in the house style. `title` is the takeaway, a sentence; `x` and `y` name the axes with their units."""
    fig = go.Figure(data=list(traces))
    fig.update_layout(
        template=TEMPLATE, height=height, title_text=headline(title), xaxis_title_text=x, yaxis_title_text=y,
        legend_y=-62 / (height - 144),
    )  # fmt: skip
    return fig


def interval(row: str, value: float, low: float, high: float, colour: str) -> go.Scatter:
    """One row of a forest: a number as a point and its interval as a line; `row` is its name, as text from data."""
    return go.Scatter(
        x=[value], y=[headline(row, 40)], mode="markers", marker={"size": 11, "color": colour}, showlegend=False,
        error_x={"type": "data", "symmetric": False, "array": [high - value], "arrayminus": [value - low],
                 "color": colour, "thickness": 2.5, "width": 7},
    )  # fmt: skip


def band(
    x: Sequence, low: Sequence, high: Sequence, *, name: str = "", colour: str = BAND, axes: Sequence[str] = ("x", "y")
) -> list[go.Scatter]:
    """An interval around a line, as two traces for `add_traces`; the legend has it where it is given a name."""
    edge = {"x": x, "mode": "lines", "line_width": 0, "hoverinfo": "skip", "xaxis": axes[0], "yaxis": axes[1]}
    return [
        go.Scatter(y=high, showlegend=False, **edge),
        go.Scatter(y=low, fill="tonexty", fillcolor=colour, name=name, showlegend=bool(name), **edge),
    ]


def headline(text: str, width: int = 88) -> str:
    """A title as plain text, broken into lines that fit the page. Text from data is never read as markup."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "<br>".join(textwrap.wrap(safe, width))
