"""When campaigns are felt, drawn: which share of the effect has come, day by day after a touch."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.timing.lag import LagResult
from crm_analytics.say import say


@draw.register
def _(result: LagResult) -> go.Figure:
    table = result.table[result.table["day"] <= max(28, int(1.15 * result.over.high))]
    fig = theme.figure(
        title=say(
            "Half of the effect has come {half:count} days after a touch, nine tenths after {over:count}",
            half=result.half.day, over=result.over.day,
        ),
        x=say("days after a touch"), y=say("share of the effect that has come"), height=440,
    )
    within = say("within {share:percent}", share=result.study.confidence)
    fig.add_traces(theme.band(table["day"], table["low"], table["high"], name=within))
    fig.add_scatter(
        x=table["day"], y=table["come"], mode="lines", name=say("delay and fading"),
        line={"color": theme.BLUE, "width": 3},
    )
    free = result.free.iloc[:-1]
    fig.add_scatter(
        x=free["days"] - 1, y=free["come"], mode="markers", name=say("without a formula"),
        marker={"color": theme.ORANGE, "size": 9},
        error_y={"type": "data", "symmetric": False, "array": free["high"] - free["come"],
                 "arrayminus": free["come"] - free["low"], "color": theme.ORANGE, "thickness": 1.5},
    )
    for days, share in ((result.half, 0.5), (result.over, 0.9)):
        fig.add_shape(type="line", x0=days.day, x1=days.day, y0=0, y1=share, line={"color": theme.INK, "dash": "dot"})
        fig.add_shape(type="line", x0=0, x1=days.day, y0=share, y1=share, line={"color": theme.INK, "dash": "dot"})
    return fig.update_layout(yaxis={"tickformat": ".0%", "range": [0, 1.04]}, xaxis_rangemode="tozero")
