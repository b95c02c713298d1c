"""When customers answer, drawn: which share of the answers has come, beside that of the effect in sales."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.timing.response_delay import ResponseDelayResult
from crm_analytics.say import say


@draw.register
def _(result: ResponseDelayResult) -> go.Figure:
    last = max(21, int(1.3 * max(result.over.high, result.lag.over.day if result.lag else 0)))
    table = result.table[result.table["day"] <= last]
    fig = theme.figure(title=_title(result), x=say("days after a touch"), y=say("share that has come"), height=440)
    within = say("within {share:percent}", share=result.study.confidence)
    fig.add_traces(theme.band(table["day"], table["low"], table["high"], name=within, colour="rgba(42, 140, 90, .18)"))
    fig.add_scatter(x=table["day"], y=table["come"], mode="lines", name=say("answers"),
                    line={"color": theme.GREEN, "width": 3})  # fmt: skip
    if result.lag:
        sales = result.lag.table[result.lag.table["day"] <= last]
        fig.add_scatter(x=sales["day"], y=sales["come"], mode="lines", name=say("effect in sales"),
                        line={"color": theme.BLUE, "width": 3, "dash": "dash"})  # fmt: skip
    half = result.half.day
    fig.add_shape(type="line", x0=half, x1=half, y0=0, y1=0.5, line={"color": theme.INK, "dash": "dot"})
    fig.add_shape(type="line", x0=0, x1=half, y0=0.5, y1=0.5, line={"color": theme.INK, "dash": "dot"})
    return fig.update_layout(yaxis={"tickformat": ".0%", "range": [0, 1.04]}, xaxis_rangemode="tozero")


def _title(result: ResponseDelayResult) -> str:
    if result.lag:
        return say("Half of the answers have come after {half:count} {half:day|days}, half of the effect in sales "
                   "after {sales:count}", half=result.half.day, sales=result.lag.half.day)  # fmt: skip
    return say(
        "Half of the answers have come {half:count} {half:day|days} after a touch, nine tenths after {over:count}",
        half=result.half.day, over=result.over.day,
    )  # fmt: skip
