"""Cohorts drawn: a heat map of who buys at which age, and the newest curves beside those of the others."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.customers.cohorts import CohortsResult
from crm_analytics.say import say

MOST_ROWS, CURVES = 14, 4


@draw.register
def _(result: CohortsResult) -> go.Figure:
    cells = result.cells[result.cells["age"] >= 1]
    names = [name for name in result.table["cohort"] if name in set(cells["cohort"])][-MOST_ROWS:]
    labels = [theme.headline(str(name), 24) for name in names]
    grid = cells.pivot(index="cohort", columns="age", values="retained").reindex(names)
    fig = theme.figure(title=_title(result), height=260 + 26 * len(names))
    fig.add_heatmap(
        z=grid.to_numpy(), x=list(grid.columns), y=labels, colorscale=[[0, "#eef4fa"], [1, theme.BLUE]], xgap=1, ygap=1,
        texttemplate="%{z:.0%}" if grid.shape[1] <= 13 else None, textfont_size=10, showscale=False,
        hovertemplate="%{y} · %{x}: %{z:.1%}<extra></extra>", hoverongaps=False,
    )  # fmt: skip
    for place, name in enumerate(names[::-1][:CURVES]):
        curve = cells[cells["cohort"] == name]
        fig.add_scatter(
            x=curve["age"],
            y=curve["retained"],
            mode="lines+markers",
            name=theme.headline(str(name), 24),
            xaxis="x2",
            yaxis="y2",
            line={"color": theme.SERIES[place], "width": 3 - 0.5 * place},
        )
    axis = {"gridcolor": theme.GRID, "automargin": True}
    return fig.update_layout(
        xaxis={"domain": [0, 0.53], "title_text": say("months since the first purchase")},
        yaxis={"autorange": "reversed", "type": "category"},
        xaxis2={"domain": [0.67, 1], "anchor": "y2", "title_text": say("months since the first purchase"), **axis},
        yaxis2={
            "anchor": "x2",
            "tickformat": ".0%",
            "rangemode": "tozero",
            "title_text": say("bought in that month"),
            **axis,
        },
        legend={"x": 0.67, "y": -0.24},
        margin_t=96,
    )


def _title(result: CohortsResult) -> str:
    known = result.table[result.table["verdict"].isin(["better", "worse"])]
    if known.empty:
        return say("No cohort comes back more or less than the one it is compared with, by more than chance")
    better = ", ".join(str(name) for name in known[known["verdict"] == "better"]["cohort"])
    worse = ", ".join(str(name) for name in known[known["verdict"] == "worse"]["cohort"])
    told = [say("better: {names}", names=better)] * bool(better) + [say("worse: {names}", names=worse)] * bool(worse)
    return say("At the same age these come back otherwise than who came before: {told}", told="; ".join(told))
