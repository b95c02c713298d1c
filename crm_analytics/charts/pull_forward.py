"""What a campaign brought so far, day by day, with a band that may be looked at daily."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.parts import Between
from crm_analytics.effectiveness.control.pull_forward import PullForwardResult
from crm_analytics.say import say


@draw.register
def _(result: PullForwardResult) -> go.Figure:
    rows, first = result.table, 7 * result.study.first_weeks
    fig = theme.figure(
        title=_title(result), x=say("days since the campaign began"), height=430,
        y=say("effect so far per customer, {unit}", unit=result.measured.unit),
    )  # fmt: skip
    told = rows[rows["low"].notna()]
    fig.add_traces(theme.band(told["day"] + 1, told["low"], told["high"]))
    fig.add_scatter(x=rows["day"] + 1, y=rows["cumulative"], mode="lines", line={"color": theme.BLUE, "width": 3},
                    showlegend=False)  # fmt: skip
    fig.add_hline(y=0, line={"color": theme.INK, "width": 1})
    fig.add_vrect(x0=0, x1=first, fillcolor="rgba(201, 162, 39, .12)", line_width=0, layer="below")
    fig.add_annotation(x=0, y=1, yref="paper", yanchor="bottom", xanchor="left", showarrow=False, font_size=12,
                       text=say("the first {weeks:count} weeks", weeks=result.study.first_weeks))  # fmt: skip
    return fig.update_xaxes(range=[0, len(rows)])


def _title(result: PullForwardResult) -> str:
    confidence = result.study.confidence
    if isinstance(result.first, Between) and result.first.interval(confidence)[0] <= 0:
        return say("A gain cannot be told apart from how the addressed were chosen")
    if result.first.interval(confidence)[0] <= 0:
        return say("No gain beyond noise in the first weeks that later ones could take back")
    if result.later.interval(confidence)[1] < 0:
        return say("{share:percent} of the gain was only brought forward", share=result.borrowed[0])
    if result.later.interval(confidence)[0] > 0:
        return say("Nothing was brought forward: the gain went on growing")
    if result.borrowed[2] < 1:
        return say("The gain lasts: {share:percent} of it at most was brought forward", share=result.borrowed[2])
    return say("A gain in the first weeks; whether it lasts cannot be told yet")
