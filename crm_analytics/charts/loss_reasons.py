"""The reasons for lost deals that were written down, with their intervals."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.customers.loss_reasons import LossReasonsResult
from crm_analytics.say import say

MOST = 12


@draw.register
def _(result: LossReasonsResult) -> go.Figure:
    rows = result.table.head(MOST).iloc[::-1]
    first = result.table.iloc[0]
    title = say(
        "«{reason}» is the reason most often written down: {share:percent} of lost deals",
        reason=first["reason"],
        share=first["share"],
    )
    fig = theme.figure(title=title, x=say("share of lost deals"), height=200 + 40 * len(rows))
    fig.add_bar(
        x=rows["share"], y=[theme.headline(str(reason), 30) for reason in rows["reason"]], orientation="h",
        marker_color=theme.BLUE, showlegend=False,
        error_x={"type": "data", "symmetric": False, "array": rows["high"] - rows["share"],
                 "arrayminus": rows["share"] - rows["low"], "color": theme.INK, "thickness": 1.4},
    )  # fmt: skip
    return fig.update_xaxes(tickformat=".0%", rangemode="tozero")
