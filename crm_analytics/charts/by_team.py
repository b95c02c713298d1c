"""What the CRM brought team by team, drawn: how far teams were from what they would have been, before and since."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.charts.stacked import panels
from crm_analytics.effectiveness.crm.by_team import CRMByTeamResult
from crm_analytics.effectiveness.crm.measures import SHARES, figure_of, proven, span_of
from crm_analytics.say import say

HEIGHT = 190


@draw.register
def _(result: CRMByTeamResult) -> go.Figure:
    rows = result.table
    fig = theme.figure(title=_title(result), height=190 + HEIGHT * len(rows))
    for panel, row in zip(panels(len(rows), gaps=0.34), rows.itertuples(), strict=True):
        course = result.courses[result.courses["metric"] == row.metric]
        at = {**panel.at, "layer": "below", "x0": -0.5, "x1": course["since"].max() + 0.5}
        fig.add_shape(type="rect", y0=row.low, y1=row.high, line_width=0, fillcolor=theme.BAND, **at)
        fig.add_shape(type="line", y0=0, y1=0, line={"color": theme.PALE, "width": 1}, **{**at, "x0": -12.5})
        fig.add_scatter(
            x=course["since"],
            y=course["gap"],
            mode="lines+markers",
            line_color=theme.INK,
            marker_size=5,
            showlegend=panel.is_first,
            name=say("teams with it, beyond what the others say of them"),
            **panel.on,
        )
        fig.add_scatter(
            x=[-0.5, course["since"].max() + 0.5],
            y=[row.effect] * 2,
            mode="lines",
            line_width=2,
            line_color=theme.BLUE,
            showlegend=panel.is_first,
            name=say("the change, with its interval"),
            **panel.on,
        )
        panel.upright(fig, -0.5)
        told = say("{metric}: {effect} ({span}), {verdict}", metric=say(row.metric), verdict=row.verdict,
                   effect=figure_of(row.metric, row.effect), span=span_of(row.metric, row.low, row.high))  # fmt: skip
        panel.settle(fig, told, y={"tickformat": "+.1%" if row.metric in SHARES else "+"})
    fig.update_layout({f"xaxis{panel.axis}": {"title": {"text": say("months since the team got it")}}})
    return fig.update_layout(margin_t=110, legend={"y": -75 / (HEIGHT * len(rows))}, margin_b=90)


def _title(result: CRMByTeamResult) -> str:
    if result.rehearsal:
        return say("A rehearsal: the line at 0 is where nothing changed, and the band should hold it")
    changed = proven(result.table)
    if changed.empty:
        return say("Teams with the CRM changed no more than teams without it do by chance")
    first = changed.iloc[0]
    return say("Against teams without it, the CRM changed {n:count} of {all:count} measures: {metric} by {effect}",
               n=len(changed), all=len(result.table), metric=say(first["metric"]),
               effect=figure_of(first["metric"], first["effect"]))  # fmt: skip
