"""What the CRM brought, drawn: each measure month by month, and what it would have been without the step."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.charts.stacked import panels
from crm_analytics.effectiveness.crm.brought import CRMBroughtResult
from crm_analytics.effectiveness.crm.measures import SHARES, figure_of, proven
from crm_analytics.say import say

HEIGHT = 170


@draw.register
def _(result: CRMBroughtResult) -> go.Figure:
    rows = result.table
    fig = theme.figure(title=_title(result), height=150 + HEIGHT * len(rows))
    for panel, row in zip(panels(len(rows), gaps=0.32), rows.itertuples(), strict=True):
        course = result.courses[result.courses["metric"] == row.metric]
        course = course.set_index("month").asfreq("MS").reset_index()  # no line over months that are left out
        fig.add_scatter(x=course["month"], y=course["level"], mode="lines+markers", line_color=theme.INK,
                        marker_size=5, name=say("what came"), showlegend=panel.is_first,
                        **panel.on)  # fmt: skip
        fig.add_scatter(x=course["month"], y=course["without"], mode="lines", showlegend=panel.is_first, **panel.on,
                        line={"color": theme.BLUE, "dash": "dot"},
                        name=say("season and trend, without it"))  # fmt: skip
        panel.upright(fig, str(result.since))
        figures = {name: figure_of(row.metric, getattr(row, name)) for name in ("effect", "low", "high")}
        told = say("{metric}: {effect} ({low} – {high}), {verdict}", metric=say(row.metric), verdict=row.verdict,
                   **figures)  # fmt: skip
        panel.settle(fig, told, y={"tickformat": ".0%" if row.metric in SHARES else None})
    return fig.update_layout(legend={"y": -50 / (HEIGHT * len(rows))}, margin_t=110)


def _title(result: CRMBroughtResult) -> str:
    changed = proven(result.table)
    if changed.empty:
        return say("No measure changed with the CRM beyond its season, its trend and chance")
    return say("Since the CRM {n:count} of {all:count} measures changed beyond season, trend and chance",
               n=len(changed), all=len(result.table))  # fmt: skip
