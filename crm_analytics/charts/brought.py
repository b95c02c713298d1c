"""What the CRM brought, drawn: each measure month by month, and what it would have been without the step."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.crm.brought import SHARES, CRMBroughtResult
from crm_analytics.say import say

HEIGHT = 170


@draw.register
def _(result: CRMBroughtResult) -> go.Figure:
    rows = result.table
    fig = theme.figure(title=_title(result), height=150 + HEIGHT * len(rows))
    gap = 0.32 / len(rows)
    each = (1 - gap * (len(rows) - 1)) / len(rows)
    for place, row in enumerate(rows.itertuples()):
        axis, top = "" if place == 0 else str(place + 1), 1 - place * (each + gap)
        course = result.courses[result.courses["metric"] == row.metric]
        course = course.set_index("month").asfreq("MS").reset_index()  # no line over months that are left out
        on = {"xaxis": f"x{axis}", "yaxis": f"y{axis}"}
        fig.add_scatter(x=course["month"], y=course["level"], mode="lines+markers", line_color=theme.INK, **on,
                        marker_size=5, name=say("what came"), showlegend=place == 0)  # fmt: skip
        fig.add_scatter(x=course["month"], y=course["without"], mode="lines", **on, showlegend=place == 0,
                        line={"color": theme.BLUE, "dash": "dot"},
                        name=say("season and trend, without it"))  # fmt: skip
        fig.add_shape(type="line", xref=f"x{axis}", yref=f"y{axis} domain", x0=str(result.since), x1=str(result.since),
                      y0=0, y1=1, line={"color": theme.ORANGE, "width": 2})  # fmt: skip
        share = row.metric in SHARES
        figure = "{x:percent}" if share else "{x:number}"
        told = say(
            "{metric}: {effect} ({low} – {high}), {verdict}", metric=say(row.metric), verdict=row.verdict,
            effect=say("{x:points}" if share else figure, x=row.effect),
            low=say("{x:points}" if share else figure, x=row.low),
            high=say("{x:points}" if share else figure, x=row.high),
        )  # fmt: skip
        fig.add_annotation(text=theme.headline(told, 120), x=0, xref="paper", y=top, yref="paper", xanchor="left",
                           yanchor="bottom", showarrow=False, font_size=13)  # fmt: skip
        fig.update_layout({
            f"yaxis{axis}": {"domain": [max(top - each, 0), top], "anchor": f"x{axis}",
                             "tickformat": ".0%" if share else None},
            f"xaxis{axis}": {"anchor": f"y{axis}", "matches": None if place == 0 else "x"},
        })  # fmt: skip
    return fig.update_layout(legend={"y": -50 / (HEIGHT * len(rows))}, margin_t=110)


def _title(result: CRMBroughtResult) -> str:
    proven = result.table[result.table["verdict"] != say("not enough evidence")]
    if proven.empty:
        return say("No measure changed with the CRM beyond its season, its trend and chance")
    return say("Since the CRM {n:count} of {all:count} measures changed beyond season, trend and chance", n=len(proven),
               all=len(result.table))  # fmt: skip
