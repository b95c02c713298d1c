"""Winning beside keeping: what one customer cost, campaigns as points, all of an aim together as a bar."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.worth.win_or_keep import KEEP, WIN, WinOrKeepResult
from crm_analytics.say import say, voice

COLOURS = {WIN: theme.ORANGE, KEEP: theme.BLUE}


@draw.register
def _(result: WinOrKeepResult) -> go.Figure:
    fig = theme.figure(
        title=result.text,
        x=say("cost of one customer, {currency} (each step is ten times as much)", currency=voice().currency),
        height=340,
    )
    told = {WIN: (result.win, say("to win one")), KEEP: (result.keep, say("to keep one"))}
    for aim, (cost, label) in told.items():
        if cost is None or not np.isfinite(cost.low):
            continue
        each = cost.each if np.isfinite(cost.each) else cost.low
        right = cost.high if np.isfinite(cost.high) else 10 * each
        fig.add_scatter(
            x=[each],
            y=[label],
            mode="markers+text",
            marker={"color": COLOURS[aim], "size": 18, "symbol": "square"},
            text=[say("all together: {each:money}", each=each)],
            textposition="top center",
            error_x={"array": [right - each], "arrayminus": [each - cost.low], "thickness": 3, "color": COLOURS[aim]},
        )
        some = result.table[(result.table["aim"] == aim) & result.table["cost_each"].notna()]
        fig.add_scatter(
            x=some["cost_each"],
            y=[label] * len(some),
            mode="markers",
            marker={"color": theme.PALE, "size": 9, "line": {"color": theme.INK, "width": 1}},
            text=[theme.headline(str(name), 60) for name in some["name"]],
            hovertemplate="%{text}: %{x:,.2f}<extra></extra>",
        )
    fig.add_annotation(
        text=say("Grey points: single campaigns that won or kept anybody. Whiskers: 19 of 20 cases."),
        x=1, y=1, xref="paper", yref="paper", xanchor="right", yanchor="bottom", showarrow=False,
    )  # fmt: skip
    fig.update_xaxes(type="log", dtick=1, tickformat=",")
    return fig.update_yaxes(showgrid=False, range=[-0.6, 1.6]).update_layout(showlegend=False, margin_l=110)
