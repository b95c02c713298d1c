"""The effect in each group of customers, drawn as a forest: one interval a row, the overall effect as a line."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.lift_segments import LiftBySegment
from crm_analytics.say import say, voice


@draw.register
def _(result: LiftBySegment) -> go.Figure:
    rows = result.table
    found = int(rows.beyond_noise.sum())
    title = (
        say("{found:count} of {n:count} groups show an effect beyond noise", found=found, n=len(rows))
        if result.differ_p < 0.05 or found
        else say("No group stands out: the differences are no larger than chance makes them")
    )
    unit = say("orders") if result.study.measure == "orders" else voice().currency
    fig = theme.figure(title=title, x=say("effect per addressed customer, {unit}", unit=unit),
                       height=190 + 36 * len(rows))
    names = [theme.headline(f"{row.segment} ({row.treated + row.control:,})") for row in rows.itertuples()]
    colours = [theme.BLUE if row.beyond_noise else theme.PALE for row in rows.itertuples()]
    for name, row, colour in zip(names, rows.itertuples(), colours, strict=True):
        fig.add_scatter(
            x=[row.effect], y=[name], mode="markers", marker={"size": 11, "color": colour}, showlegend=False,
            error_x={"type": "data", "symmetric": False, "array": [row.high - row.effect],
                     "arrayminus": [row.effect - row.low], "color": colour, "thickness": 2.5, "width": 7},
        )
    fig.add_vline(x=0, line={"color": theme.INK, "dash": "dot", "width": 1})
    fig.add_vline(x=result.overall, line={"color": theme.BLUE, "width": 1}, annotation_text=say("all customers"),
                  annotation_position="top")
    return fig.update_yaxes(autorange="reversed")
