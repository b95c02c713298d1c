"""Why customers leave, drawn: how many times as fast they do with each cause, and the months' own level."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.customers.departures import DeparturesResult
from crm_analytics.say import say

TICKS = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10]
FEWER_TICKS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]
"""The axis is logarithmic: twice as fast is as far from 1 as half as fast. What reaches beyond the last is cut off."""


@draw.register
def _(result: DeparturesResult) -> go.Figure:
    rows = result.table.dropna(subset=["hazard_ratio"]).iloc[::-1]
    labels = [theme.headline(say(cause), 30) for cause in rows["cause"]]
    colours = [{"faster": theme.RED, "slower": theme.GREEN}.get(verdict, theme.PALE) for verdict in rows["verdict"]]
    fig = theme.figure(title=_title(result), x=say("times as fast as without it (1: no difference)"),
                       height=240 + 46 * len(rows))  # fmt: skip
    fig.add_scatter(
        x=rows["hazard_ratio"], y=labels, mode="markers+text", showlegend=False, textposition="top center",
        text=[say("{ratio:number} ({low:number} – {high:number})", ratio=row.hazard_ratio, low=row.low, high=row.high)
              for row in rows.itertuples()],
        marker={"size": 13, "color": colours},
        error_x={"type": "data", "symmetric": False, "array": rows["high"] - rows["hazard_ratio"],
                 "arrayminus": rows["hazard_ratio"] - rows["low"], "color": theme.INK, "thickness": 1.6},
    )  # fmt: skip
    fig.add_vline(x=1, line={"color": theme.INK, "width": 1})
    low, high = max(rows["low"].min(), FEWER_TICKS[0]), min(rows["high"].max(), FEWER_TICKS[-1])
    ticks = TICKS if high < 15 * low else FEWER_TICKS
    fig.update_xaxes(
        type="log", range=[np.log10(min(0.9 * low, 0.7)), np.log10(max(1.1 * high, 1.5))], tickangle=0,
        tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks],
    )  # fmt: skip
    return fig.update_yaxes(range=[-0.6, len(rows) - 0.3])


def _title(result: DeparturesResult) -> str:
    told = result.table[result.table["verdict"].isin(["faster", "slower"])]
    if told.empty:
        return say("Nothing on record goes with leaving sooner or later, by more than chance")
    row = told.sort_values("p_value", kind="stable").iloc[0]
    return say(
        "With {cause} customers leave {ratio:number} times as fast", cause=say(row["cause"]), ratio=row["hazard_ratio"]
    )
