"""Complaints drawn: the rate of each product with its interval beside that of all, the worst on top."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.service.complaints import ComplaintsResult
from crm_analytics.say import say

MOST = 15


@draw.register
def _(result: ComplaintsResult) -> go.Figure:
    rows = result.table.sort_values(["low", "rate"], ascending=False, kind="stable").head(MOST).iloc[::-1]
    out = (rows["verdict"] == say("improve")).tolist()
    colours = [theme.RED if one else theme.BLUE for one in out]
    names = [theme.headline(str(value), 60) for value in rows["value"]]
    fig = theme.figure(title=_title(result), x=say("complaints per 1,000 orders, with the interval"),
                       height=190 + 26 * len(rows))  # fmt: skip
    for name, row, colour in zip(names, rows.itertuples(), colours, strict=True):
        fig.add_scatter(x=[row.low, row.high], y=[name, name], mode="lines", line={"width": 7, "color": colour},
                        opacity=0.35, showlegend=False, hoverinfo="skip")  # fmt: skip
    fig.add_scatter(x=rows["rate"], y=names, mode="markers", marker={"size": 10, "color": colours},
                    name=say("rate, drawn towards all where little was sold"))  # fmt: skip
    fig.add_scatter(x=rows["plain_rate"], y=names, mode="markers", name=say("plain count"),
                    marker={"symbol": "x-thin-open", "size": 9, "color": theme.PALE})  # fmt: skip
    fig.add_vline(x=result.overall, line={"dash": "dot", "color": theme.INK}, annotation_text=say("of all"),
                  annotation_position="top")  # fmt: skip
    return fig.update_layout(legend={"y": -70 / (190 + 26 * len(rows))}, xaxis_rangemode="tozero", margin_t=100)


def _title(result: ComplaintsResult) -> str:
    first = result.table.iloc[0]
    if first["verdict"] != say("improve"):
        return say("No {kind} is complained of more than others beyond chance", kind=say(result.study.dimension))
    return say("{value} is complained of {times:number} times as often as others: improve it first",
               value=first["value"], times=first["rate"] / result.overall)  # fmt: skip
