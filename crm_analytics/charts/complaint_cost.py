"""What a complaint costs, drawn: the loss by customers' habit, and over all, with intervals."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.service.complaint_cost import ComplaintCostResult
from crm_analytics.say import say, voice


@draw.register
def _(result: ComplaintCostResult) -> go.Figure:
    rows = result.table.iloc[::-1]
    names = [say("bought on {n:count} days and more", n=habit) if habit == rows["habit"].max() else
             say("bought on {n:count} {n:day|days}", n=habit) for habit in rows["habit"]]  # fmt: skip
    names.append(say("<b>all</b>"))
    value, low, high = ([*rows[name], total] for name, total in
                        (("loss", result.loss), ("low", result.low), ("high", result.high)))  # fmt: skip
    fig = theme.figure(
        title=_title(result), height=200 + 34 * len(names),
        x=say("{measure} lost in the half year after a complaint, {unit} a customer; by habit of the year before",
              measure=say(result.measure), unit=voice().currency),
    )  # fmt: skip
    fig.add_scatter(
        x=value, y=names, mode="markers", showlegend=False,
        marker={"size": [9] * len(rows) + [13], "color": [theme.BLUE] * len(rows) + [theme.INK]},
        error_x={"type": "data", "array": [h - v for h, v in zip(high, value, strict=True)],
                 "arrayminus": [v - one for one, v in zip(low, value, strict=True)], "color": theme.PALE, "width": 0,
                 "thickness": 4},
    )  # fmt: skip
    return fig.add_vline(x=0, line={"color": theme.INK, "width": 1})


def _title(result: ComplaintCostResult) -> str:
    if result.low > 0:
        return say("A complaint is followed by {loss:money} less from a customer in half a year", loss=result.loss)
    return say("No loss after complaints that so few of them could show")
