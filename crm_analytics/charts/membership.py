"""Membership drawn: by which reasons customers came into their segments."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.segments.membership import MembershipResult, ReasonsResult
from crm_analytics.say import say

MOST = 12


@draw.register
def _(result: MembershipResult) -> go.Figure:
    return draw(result.reasons())


@draw.register
def _(result: ReasonsResult) -> go.Figure:
    rows = result.table.head(MOST).iloc[::-1].reset_index(drop=True)
    fig = theme.figure(title=result.text, x=say("customers"), height=190 + 46 * len(rows))
    fig.add_bar(
        x=rows["customers"], y=rows.index, orientation="h", marker_color=theme.BLUE, hoverinfo="skip",
        text=[say("{n:count}", n=n) for n in rows["customers"]], textposition="outside", cliponaxis=False,
    )  # fmt: skip
    said = [
        f"<b>{theme.headline(row.segment, 46)}</b><br>{theme.headline(_short(row.reason), 46)}"
        for row in rows.itertuples()
    ]
    return fig.update_layout(yaxis={"tickvals": list(rows.index), "ticktext": said, "showgrid": False}, bargap=0.35)


def _short(reason: str) -> str:
    return reason if len(reason) <= 90 else reason[:89] + "…"
