"""What each level of an offer is worth in money."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.charts.conjoint import bars
from crm_analytics.collection.voice.paying import WillingnessToPay
from crm_analytics.say import say, voice


@draw.register
def _(result: WillingnessToPay) -> go.Figure:
    table = result.table
    fig = theme.figure(
        title=result.text.partition(", by")[0],
        x=say("worth in {currency} against the other level", currency=voice().currency),
        height=200 + 40 * len(table),
    )
    names = [
        theme.headline(say("{level} against {other}", level=row.level, other=row.against), 40)
        for row in table.itertuples()
    ]
    bars(fig, names, table.worth, table, 0)
    fig.add_vline(x=0, line={"color": theme.INK, "width": 1})
    return fig.update_yaxes(autorange="reversed").update_layout(bargap=0.4)
