"""The effect without a link, drawn: what was sold and what was to be expected, and how the difference adds up."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.amounts import amount, unit_of
from crm_analytics.effectiveness.unlinked.baseline import BaselineResult
from crm_analytics.say import say

WEEKS_BEFORE = 12
"""So much of the past is drawn: enough to see how well it was foretold."""


@draw.register
def _(result: BaselineResult) -> go.Figure:
    fig = theme.figure(title=_title(result), height=560)
    after, starts = result.table, pd.Timestamp(result.starts)
    past = result.history[result.history["day"] >= starts - pd.Timedelta(weeks=WEEKS_BEFORE)]
    ends = pd.Timestamp(result.ends) + pd.Timedelta(days=1)
    without = say("{share:percent} of days without it", share=result.study.confidence)
    fig.add_traces(theme.band(after["day"], after["low"], after["high"], name=without))
    expected = pd.concat([past[["day", "expected"]], after[["day", "expected"]]])
    fig.add_scatter(x=expected["day"], y=expected["expected"], mode="lines", name=say("to be expected"),
                    line={"color": theme.BLUE, "dash": "dot"})
    actual = pd.concat([past[["day", "actual"]], after[["day", "actual"]]])
    fig.add_scatter(x=actual["day"], y=actual["actual"], mode="lines", name=say("sold"), line_color=theme.INK)
    fig.add_traces(theme.band(after["day"], after["cumulative_low"], after["cumulative_high"], axes=("x", "y2")))
    fig.add_scatter(x=after["day"], y=after["cumulative"], mode="lines", line={"color": theme.BLUE, "width": 3},
                    showlegend=False, name=say("effect so far"), yaxis="y2")
    fig.add_shape(type="line", xref="paper", x0=0, x1=1, yref="y2", y0=0, y1=0, line={"color": theme.INK, "width": 1})
    fig.add_shape(type="rect", x0=starts, x1=min(ends, after["day"].iloc[-1] + pd.Timedelta(days=1)), yref="paper",
                  y0=0, y1=1, fillcolor="rgba(201, 162, 39, .12)", line_width=0, layer="below")
    fig.add_annotation(x=starts, y=1, yref="paper", yanchor="bottom", xanchor="left", showarrow=False,
                       text=say("campaign"), font_size=12)
    unit = unit_of(result.study.measure)
    return fig.update_layout(
        yaxis={"domain": [0.44, 1], "title_text": say("{unit} a day", unit=unit), "rangemode": "tozero"},
        yaxis2={"domain": [0, 0.34], "anchor": "x", "title_text": say("effect so far, {unit}", unit=unit),
                "gridcolor": theme.GRID, "automargin": True},
        xaxis={"anchor": "y2"}, legend={"y": -0.1}, margin_t=100,
    )


def _title(result: BaselineResult) -> str:
    effect = amount(result.study.measure, result.effect)
    if result.low <= 0 <= result.high:
        return say("No effect that this history could show: what was sold stays within what was to be expected")
    if result.low > 0:
        return say("The campaign's days sold {effect} more than was to be expected without it", effect=effect)
    return say("The campaign's days sold less than was to be expected without it: {effect}", effect=effect)
