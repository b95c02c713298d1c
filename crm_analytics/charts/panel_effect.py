"""The effect against units left alone, drawn: the reached beside their twin, the gap as it adds up and among those of
units where nothing was, and every method's answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.amounts import amount, unit_of
from crm_analytics.effectiveness.panel.panel_effect import PanelEffectResult
from crm_analytics.say import say

PERIODS_BEFORE = 30
"""So much of the past is drawn: enough to see how well the twin goes with the reached."""


@draw.register
def _(result: PanelEffectResult) -> go.Figure:
    fig = theme.figure(title=_title(result), height=820)
    inside = result.course["cumulative"].notna()
    first = max(int(np.flatnonzero(inside)[0]) - PERIODS_BEFORE, 0)
    shown, now = result.course.iloc[first:], result.course[inside]
    _twin(fig, shown, now, result)
    _so_far(fig, now)
    _spaghetti(fig, result, since=shown["day"].iloc[0])
    _forest(fig, result)
    starts, until = pd.Timestamp(result.starts), pd.Timestamp(result.ends) + pd.Timedelta(days=1)
    for axis in ("y", "y2", "y3"):
        fig.add_shape(
            type="rect",
            xref="x",
            yref=f"{axis} domain",
            x0=starts,
            x1=until,
            y0=0,
            y1=1,
            layer="below",
            fillcolor="rgba(201, 162, 39, .14)",
            line_width=0,
        )
    fig.add_annotation(
        x=starts,
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="left",
        showarrow=False,
        text=say("campaign"),
        font_size=12,
    )
    unit = unit_of(result.study.measure)
    days = result.study.period_days
    per = say("{unit} in {days:count} days", unit=unit, days=days) if days > 1 else say("{unit} a period", unit=unit)
    quiet = {"gridcolor": theme.GRID, "automargin": True, "zeroline": True, "zerolinecolor": theme.PALE}
    return fig.update_layout(
        xaxis={"anchor": "y3"}, legend={"y": 1.0, "x": 0.0, "yanchor": "bottom", "xanchor": "left"}, margin_t=128,
        yaxis={"domain": [0.68, 1], "title_text": per},
        yaxis2={"domain": [0.45, 0.62], "anchor": "x", "title_text": say("effect so far, {unit}", unit=unit), **quiet},
        yaxis3={"domain": [0.24, 0.41], "anchor": "x", "title_text": say("gap, % of usual"), "ticksuffix": " %",
                **quiet},
        yaxis4={"domain": [0, 0.16], "anchor": "x2", "automargin": True, "autorange": "reversed", "dtick": 1},
        xaxis2={"anchor": "y4", "title_text": say("effect by each method, {unit}", unit=unit), **quiet},
    )  # fmt: skip


def _twin(fig: go.Figure, shown: pd.DataFrame, now: pd.DataFrame, result: PanelEffectResult) -> None:
    outside = say("{share:percent} of periods without it", share=result.study.confidence)
    fig.add_traces(theme.band(now["day"], now["low"], now["high"], name=outside))
    fig.add_scatter(
        x=shown["day"],
        y=shown["expected"],
        mode="lines",
        name=say("the twin: the others, so mixed"),
        line={"color": theme.BLUE, "dash": "dot"},
    )
    fig.add_scatter(x=shown["day"], y=shown["actual"], mode="lines", name=say("the reached"), line_color=theme.INK)


def _so_far(fig: go.Figure, now: pd.DataFrame) -> None:
    fig.add_traces(theme.band(now["day"], now["cumulative_low"], now["cumulative_high"], axes=("x", "y2")))
    fig.add_scatter(
        x=now["day"],
        y=now["cumulative"],
        mode="lines",
        line={"color": theme.BLUE, "width": 3},
        showlegend=False,
        name=say("effect so far"),
        yaxis="y2",
    )


def _spaghetti(fig: go.Figure, result: PanelEffectResult, *, since: pd.Timestamp) -> None:
    gaps = result.placebos[result.placebos["day"] >= since]
    named = False
    for unit, path in gaps[gaps["unit"] != ""].groupby("unit"):
        fig.add_scatter(
            x=path["day"],
            y=100 * path["gap"],
            mode="lines",
            line={"color": theme.PALE, "width": 1},
            opacity=0.6,
            yaxis="y3",
            name=say("units left alone, as if reached"),
            showlegend=not named,
            legendgroup="placebo",
            hovertext=str(unit)[:60],
            hoverinfo="text",
        )
        named = True
    own = gaps[gaps["unit"] == ""]
    fig.add_scatter(
        x=own["day"],
        y=100 * own["gap"],
        mode="lines",
        line={"color": theme.BLUE, "width": 3},
        yaxis="y3",
        showlegend=False,
        name=say("the reached"),
    )


def _forest(fig: go.Figure, result: PanelEffectResult) -> None:
    table = result.table
    colours = [theme.BLUE if leads else theme.PALE for leads in table["leads"]]
    for row, colour in zip(table.itertuples(), colours, strict=True):
        fig.add_scatter(
            x=[row.low, row.high],
            y=[row.method] * 2,
            mode="lines",
            line={"color": colour, "width": 4},
            xaxis="x2",
            yaxis="y4",
            showlegend=False,
            hoverinfo="skip",
        )
    fig.add_scatter(
        x=table["effect"],
        y=table["method"],
        mode="markers",
        marker={"color": colours, "size": 10},
        xaxis="x2",
        yaxis="y4",
        showlegend=False,
        name=say("effect"),
    )
    low, high = min(table["low"].min(), 0), max(table["high"].max(), 0)
    fig.update_layout(xaxis2={"range": [low - 0.03 * (high - low), high + 0.03 * (high - low)]})


def _title(result: PanelEffectResult) -> str:
    worded = amount(result.study.measure, abs(result.effect), otherwise="number")
    where = result.reached[0] if len(result.reached) == 1 else say("{n:count} units", n=len(result.reached))
    if result.low <= 0 <= result.high:
        return say(
            "No effect that this comparison could show: {where} stayed within what happens without a campaign",
            where=where,
        )
    if result.low > 0:
        return say("{where} sold {effect} more than units left alone let expect", where=where, effect=worded)
    return say("{where} sold {effect} less than units left alone let expect", where=where, effect=worded)
