"""Four readings of one test whose lot was not kept: two that may be believed, and two that compare who chose."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.lift_reached import LiftReached
from crm_analytics.say import say


@draw.register
def _(result: LiftReached) -> go.Figure:
    fig = theme.figure(
        title=say(
            "A contact changed what a customer brings by {effect}; comparing who was contacted misleads",
            effect=result.measured.amount(result.effect),
        ),
        x=say("effect per customer, {unit}", unit=result.measured.unit),
        height=370,
    )
    for row in result.table.itertuples():
        if row.effect == row.effect:
            fig.add_trace(
                theme.interval(row.reading, row.effect, row.low, row.high, theme.BLUE if row.honest else theme.PALE)
            )
    fig.add_vline(x=0, line={"color": theme.INK, "dash": "dot", "width": 1})
    return fig.update_yaxes(autorange="reversed")
