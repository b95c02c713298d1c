"""The assortment drawn: where products drifted between the classes, and which ones fell out of A."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.products.assortment import ABCParts, ABCResult
from crm_analytics.say import say, voice

MOST_PRODUCTS = 10
FELL, ROSE, STAYED = "#f6dcc4", "#d3e4f3", "#eef0f2"
"""Pale enough to be written on: worse, better, as before."""

_CLASS_COLOURS = {"A": theme.BLUE, "B": "#7fb0d9", "C": theme.PALE}


@draw.register
def _(result: ABCResult) -> go.Figure:
    fig = theme.figure(title=_title(result), height=460)
    _matrix(fig, result)
    _fallen(fig, result)
    return fig.update_layout(margin_t=120, legend={"x": 0.6, "y": 1.0, "yanchor": "bottom"})


def _matrix(fig: go.Figure, result: ABCResult) -> None:
    """Rows are the class before, columns the class now: left of the diagonal is better, right of it worse."""
    counts, money = result.matrix, result.money
    rows, columns = list(counts.index), list(counts.columns)
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            fig.add_shape(type="rect", x0=x - 0.48, x1=x + 0.48, y0=y - 0.46, y1=y + 0.46, line_width=0, layer="below",
                          fillcolor=_shade(row, column) if counts.loc[row, column] else theme.PAPER, xref="x", yref="y")
            if counts.loc[row, column]:
                text = say("<b>{count:count}</b><br>{change}", count=counts.loc[row, column],
                           change=_signed(result, money.loc[row, column]))
                fig.add_annotation(x=x, y=y, text=text, showarrow=False, xref="x", yref="y", font_size=12)
    fig.update_layout(
        xaxis={"domain": [0, 0.42], "range": [-0.5, 3.5], "tickvals": list(range(4)), "ticktext": columns,
               "side": "top", "showgrid": False, "fixedrange": True, "showline": False,
               "title": {"text": say("class in {span:months}", span=result.span), "font_size": 12, "standoff": 4}},
        yaxis={"range": [3.5, -0.5], "tickvals": list(range(4)), "ticktext": rows, "showgrid": False,
               "fixedrange": True, "showline": False,
               "title": {"text": say("class in {span:months}", span=result.span_before), "font_size": 12}},
    )


def _shade(before: str, now: str) -> str:
    if before == now:
        return STAYED
    return ROSE if before == "new" or (now < before and now != "gone") else FELL


def _fallen(fig: go.Figure, result: ABCResult) -> None:
    """The dearest falls out of A, from what the product brought before to what it brings now."""
    top = result.fallen.head(MOST_PRODUCTS)
    places = list(range(len(top)))
    names = [theme.headline(name if len(name) <= 24 else name[:23] + "…") for name in top["product"]]
    for place, before, now in zip(places, top.before, top.now, strict=True):
        fig.add_scatter(x=[before, now], y=[place, place], mode="lines", line={"color": theme.PALE, "width": 3},
                        xaxis="x2", yaxis="y2", showlegend=False, hoverinfo="skip")
    for values, label, colour in (
        (top.before, say("{span:months}", span=result.span_before), theme.PALE),
        (top.now, say("{span:months}", span=result.span), theme.ORANGE),
    ):
        fig.add_scatter(x=values, y=places, mode="markers", name=label, marker={"color": colour, "size": 10},
                        xaxis="x2", yaxis="y2", text=names)
    fig.update_layout(
        xaxis2={"domain": [0.66, 1], "anchor": "y2", "title_text": _unit(result), "rangemode": "tozero", "nticks": 5},
        yaxis2={"anchor": "x2", "tickvals": places, "ticktext": names, "range": [max(len(top), 1) - 0.5, -0.5],
                "tickfont_size": 11, "ticklabelstandoff": 8},
    )
    if not len(top):
        fig.update_layout(xaxis2_visible=False, yaxis2_visible=False)


@draw.register
def _(result: ABCParts) -> go.Figure:
    rows = result.table.head(15)
    names = [theme.headline(str(name)) for name in rows[result.column]]
    fig = theme.figure(title=result.text, x=_unit(result), height=190 + 32 * len(rows))
    for letter, colour in _CLASS_COLOURS.items():
        fig.add_bar(y=names, x=rows[letter], orientation="h", name=letter, marker_color=colour)
    fell = [say("  {fell:count} fell out of A", fell=n) if n else "" for n in rows.fell_from_a]
    ends = rows[["A", "B", "C"]].clip(lower=0).sum(axis=1)
    fig.add_scatter(x=ends, y=names, mode="text", text=fell, textposition="middle right", textfont_color=theme.ORANGE,
                    showlegend=False, cliponaxis=False)
    return fig.update_layout(
        barmode="relative", margin={"r": 130, "t": 112}, legend={"y": 1.0, "yanchor": "bottom", "traceorder": "normal"},
        yaxis={"autorange": "reversed"},
    )


def _title(result: ABCResult) -> str:
    return say(
        "{fell:count} fell out of A since {before:months}; by chance alone {low:count}–{high:count} would. "
        "Review by {by:date}.",
        fell=len(result.fallen), before=result.span_before, low=result.chance[0], high=result.chance[1],
        by=result.review_by,
    )


def _unit(result: ABCResult | ABCParts) -> str:
    if result.measure == "units":
        return say("units")
    return say("{measure}, {currency}", measure=say(result.measure), currency=voice().currency)


def _signed(result: ABCResult, change: float) -> str:
    size = say("{size:count}" if result.measure == "units" else "{size:money}", size=abs(round(change)))
    return f"+{size}" if change > 0 else f"−{size}" if change < 0 else size
