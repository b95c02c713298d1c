"""The outlook drawn: the past year in windows, and those ahead with their intervals."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.amounts import amount, unit_of
from crm_analytics.effectiveness.diary.outlook import OutlookResult
from crm_analytics.say import say


@draw.register
def _(result: OutlookResult) -> go.Figure:
    study, table = result.study, result.table
    unit = unit_of(study.measure)
    first = table.iloc[0]
    fig = theme.figure(
        title=say("From {first:date} on {value} in {days:count} days, give or take {share:percent}",
                  first=first["first"], value=amount(study.measure, first["value"]), days=study.window_days,
                  share=(first["high"] - first["low"]) / 2 / first["value"]),
        y=say("{unit} in {days:count} days", unit=unit, days=study.window_days),
    )  # fmt: skip
    past = result.history.iloc[::-1].reset_index(drop=True)
    past = past.groupby(past.index // study.window_days).agg({"day": "min", study.measure: ["sum", "size"]})
    past.columns = ["day", "sum", "days"]
    past = past[past["days"] == study.window_days].iloc[::-1]
    half = pd.Timedelta(days=study.window_days / 2)
    fig.add_scatter(x=past["day"] + half, y=past["sum"], mode="lines+markers", line_color=theme.INK, name=say("sold"))
    fig.add_scatter(
        x=table["first"] + half, y=table["value"], mode="markers", marker={"size": 9, "color": theme.BLUE},
        error_y={"type": "data", "array": table["high"] - table["value"], "thickness": 4, "width": 0,
                 "arrayminus": table["value"] - table["low"], "color": theme.BAND},
        name=say("to be expected, with its interval"),
    )  # fmt: skip
    return fig.update_layout(yaxis_rangemode="tozero")
