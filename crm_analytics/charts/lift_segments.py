"""The effect in each group of customers, drawn as a forest: one interval a row, the overall effect as a line."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.lift_segments import LiftBySegment
from crm_analytics.say import say


@draw.register
def _(result: LiftBySegment) -> go.Figure:
    rows = result.table
    found = int(rows.beyond_noise.sum())
    title = (
        say("{found:count} of {n:count} groups show an effect beyond noise", found=found, n=len(rows))
        if result.differ_p < 0.05 or found
        else say("No group stands out: the differences are no larger than chance makes them")
    )
    unit = result.measured.unit
    fig = theme.figure(title=title, x=say("effect per addressed customer, {unit}", unit=unit),
                       height=190 + 36 * len(rows))
    for row in rows.itertuples():
        colour = theme.BLUE if row.beyond_noise else theme.PALE
        name = f"{row.segment} ({row.treated + row.control:,})"
        fig.add_trace(theme.interval(name, row.effect, row.low, row.high, colour))
    fig.add_vline(x=0, line={"color": theme.INK, "dash": "dot", "width": 1})
    fig.add_vline(x=result.overall, line={"color": theme.BLUE, "width": 1}, annotation_text=say("all customers"),
                  annotation_position="top")
    return fig.update_yaxes(autorange="reversed")
