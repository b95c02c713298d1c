"""Satisfaction of all and of each group, one interval a row."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.collection.voice.satisfaction import SatisfactionResult
from crm_analytics.say import say


@draw.register
def _(result: SatisfactionResult) -> go.Figure:
    rows = result.table
    fig = theme.figure(
        title=_title(result),
        x=say("mean answer, from {low:count} to {high:count}", low=result.lowest, high=result.highest),
        height=190 + 38 * len(rows),
    )
    names = [
        theme.headline(say("{group} ({answers:count})", group=row.group, answers=row.answers), 40)
        for row in rows.itertuples()
    ]
    for place, row in enumerate(rows.itertuples()):
        colour = theme.BLUE if place == 0 else theme.ORANGE if row.differs else theme.PALE
        fig.add_scatter(
            x=[row.mean],
            y=[names[place]],
            mode="markers",
            marker={"size": 12 if place == 0 else 10, "color": colour},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [row.high - row.mean],
                "arrayminus": [row.mean - row.low],
                "color": colour,
                "thickness": 2.5,
                "width": 7,
            },
            showlegend=False,
        )
    fig.add_vline(x=result.whole.value, line={"color": theme.BLUE, "width": 1, "dash": "dot"})
    return fig.update_yaxes(autorange="reversed")


def _title(result: SatisfactionResult) -> str:
    apart = result.table[result.table.differs]
    start = say(
        "{mean:number} of {top:count} on average",
        mean=result.whole.value,
        top=result.highest,
    )
    if len(result.table) < 3:
        return say("{start}, by {answers:count} answers", start=start, answers=int(result.table.answers.iloc[0]))
    if len(apart):
        return say("{start}; {name} is not like the others", start=start, name=apart.group.iloc[0])
    return say("{start}; the groups differ no more than chance makes them", start=start)
