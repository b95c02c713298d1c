"""What choosing whom to address earns, drawn: the profit for each number of customers; the uplift of other people."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.uplift_profit import UpliftForetold, UpliftProfit
from crm_analytics.say import say, voice


@draw.register
def _(result: UpliftProfit) -> go.Figure:
    rows = result.table
    title = (
        say("It pays to address {share:percent} of the customers", share=result.share)
        if result.usable
        else say("No part of the customers is better to address than another: all of them, or none")
    )
    fig = theme.figure(
        title=title,
        x=say("customers addressed, the most changed first"),
        y=say("profit, {unit}", unit=voice().currency),
        height=420,
    )
    fig.add_traces(theme.band(rows["customers"], rows["low"], rows["high"]))
    whole = rows.iloc[-1]
    fig.add_scatter(
        x=[0, whole.customers],
        y=[0, whole.profit],
        mode="lines",
        name=say("addressed by lot"),
        line={"color": theme.PALE, "dash": "dot"},
    )
    fig.add_scatter(
        x=rows["customers"],
        y=rows["profit"],
        mode="lines",
        name=say("the most changed first"),
        line={"color": theme.BLUE, "width": 3},
    )
    if result.usable:
        fig.add_vline(
            x=result.share * whole.customers,
            line={"color": theme.GREEN, "width": 2},
            annotation_text=say("worth addressing"),
            annotation_position="top left",
        )
    fig.add_hline(y=0, line={"color": theme.INK, "width": 1})
    return fig.update_layout(legend={"y": -0.24})


@draw.register
def _(result: UpliftForetold) -> go.Figure:
    rows = result.table
    fig = theme.figure(
        title=say("{n:count} of {all:count} customers are worth addressing", n=rows["address"].sum(), all=len(rows)),
        x=say("foretold change by being addressed, {unit}", unit=result.measured.unit),
        y=say("customers"),
        height=380,
    )
    for worth, colour, name in ((True, theme.BLUE, say("worth addressing")), (False, theme.PALE, say("not"))):
        mine = rows.loc[rows["address"] == worth, "uplift"]
        if len(mine):
            fig.add_histogram(x=mine, name=name, marker_color=colour, nbinsx=40)
    return fig.update_layout(barmode="stack", legend={"y": -0.24})
