"""The groups of a trait drawn: which share of each bought again."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.segments.trait_groups import TraitGroups
from crm_analytics.say import say

MOST = 15


@draw.register
def _(result: TraitGroups) -> go.Figure:
    table = result.table.head(MOST)[::-1]
    fig = theme.figure(title=result.text, x=say("share that bought again (95 %)"), height=170 + 34 * len(table))
    fig.add_scatter(
        x=table["repeat_rate"],
        y=[
            say("{group} ({customers:count})", group=theme.headline(str(row.group), 30), customers=row.customers)
            for row in table.itertuples()
        ],
        mode="markers",
        marker={"size": 13, "color": theme.BLUE},
        error_x={
            "symmetric": False,
            "array": table["repeat_high"] - table["repeat_rate"],
            "arrayminus": table["repeat_rate"] - table["repeat_low"],
            "color": theme.INK,
            "thickness": 1.4,
        },
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        showlegend=False,
    )
    fig.update_xaxes(tickformat=".0%")
    return fig
