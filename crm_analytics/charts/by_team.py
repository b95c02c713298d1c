"""What the CRM brought team by team, drawn: how far teams were from what they would have been, before and since."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.crm.brought import SHARES
from crm_analytics.effectiveness.crm.by_team import CRMByTeamResult, figure_of, span_of
from crm_analytics.say import say

HEIGHT = 190


@draw.register
def _(result: CRMByTeamResult) -> go.Figure:
    rows = result.table
    fig = theme.figure(title=_title(result), height=190 + HEIGHT * len(rows))
    gap = 0.34 / len(rows)
    each = (1 - gap * (len(rows) - 1)) / len(rows)
    for place, row in enumerate(rows.itertuples()):
        axis, top = "" if place == 0 else str(place + 1), 1 - place * (each + gap)
        course = result.courses[result.courses["metric"] == row.metric]
        on = {"xaxis": f"x{axis}", "yaxis": f"y{axis}"}
        at = {"xref": f"x{axis}", "yref": f"y{axis}", "layer": "below", "x0": -0.5, "x1": course["since"].max() + 0.5}
        fig.add_shape(type="rect", y0=row.low, y1=row.high, line_width=0, fillcolor=theme.BAND, **at)
        fig.add_shape(type="line", y0=0, y1=0, line={"color": theme.PALE, "width": 1}, **{**at, "x0": -12.5})
        fig.add_scatter(
            x=course["since"],
            y=course["gap"],
            mode="lines+markers",
            line_color=theme.INK,
            marker_size=5,
            showlegend=place == 0,
            name=say("teams with it, beyond what the others say of them"),
            **on,
        )
        fig.add_scatter(
            x=[-0.5, course["since"].max() + 0.5],
            y=[row.effect] * 2,
            mode="lines",
            line_width=2,
            line_color=theme.BLUE,
            showlegend=place == 0,
            name=say("the change, with its interval"),
            **on,
        )
        fig.add_shape(type="line", xref=f"x{axis}", yref=f"y{axis} domain", x0=-0.5, x1=-0.5, y0=0, y1=1,
                      line={"color": theme.ORANGE, "width": 2})  # fmt: skip
        told = say("{metric}: {effect} ({span}), {verdict}", metric=say(row.metric), verdict=row.verdict,
                   effect=figure_of(row.metric, row.effect), span=span_of(row.metric, row.low, row.high))  # fmt: skip
        fig.add_annotation(text=theme.headline(told, 120), x=0, xref="paper", y=top, yref="paper", xanchor="left",
                           yanchor="bottom", showarrow=False, font_size=13)  # fmt: skip
        fig.update_layout({
            f"yaxis{axis}": {"domain": [max(top - each, 0), top], "anchor": f"x{axis}",
                             "tickformat": "+.1%" if row.metric in SHARES else "+"},
            f"xaxis{axis}": {"anchor": f"y{axis}", "matches": None if place == 0 else "x"},
        })  # fmt: skip
    last = "" if len(rows) == 1 else str(len(rows))
    fig.update_layout({f"xaxis{last}": {"title": {"text": say("months since the team got it")}}})
    return fig.update_layout(margin_t=110, legend={"y": -75 / (HEIGHT * len(rows))}, margin_b=90)


def _title(result: CRMByTeamResult) -> str:
    if result.rehearsal:
        return say("A rehearsal: the line at 0 is where nothing changed, and the band should hold it")
    proven = result.table[result.table["verdict"] != say("not enough evidence")]
    if proven.empty:
        return say("Teams with the CRM changed no more than teams without it do by chance")
    first = proven.iloc[0]
    return say("Against teams without it, the CRM changed {n:count} of {all:count} measures: {metric} by {effect}",
               n=len(proven), all=len(result.table), metric=say(first["metric"]),
               effect=figure_of(first["metric"], first["effect"]))  # fmt: skip
