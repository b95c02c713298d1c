"""What each level of an offer is worth, attribute by attribute, the weightiest on top."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.collection.voice.conjoint import ConjointResult
from crm_analytics.say import say


@draw.register
def _(result: ConjointResult) -> go.Figure:
    table = result.table
    first = table.iloc[0]
    fig = theme.figure(
        title=say(
            "{share:percent} of the choice hangs on {attribute}",
            share=first.importance,
            attribute=first.attribute,
        ),
        x=say("worth, in points of the answers") if result.method != "choices" else say("worth, in units of utility"),
        height=200 + 30 * len(table),
    )
    groups = list(dict.fromkeys(table.attribute))
    labels = {
        name: theme.headline(
            say("{name}, {share:percent}", name=name, share=table[table.attribute == name].importance.iloc[0]), 30
        )
        for name in groups
    }
    for place, name in enumerate(groups):
        rows = table[table.attribute == name]
        bars(fig, [[labels[name]] * len(rows), rows.level.map(theme.headline)], rows.part_worth, rows, place)
    fig.add_vline(x=0, line={"color": theme.INK, "width": 1})
    return fig.update_yaxes(autorange="reversed").update_layout(bargap=0.3)


def bars(fig: go.Figure, names, worth, rows, place: int) -> None:
    """Bars of worth with their intervals, in the colour of their place."""
    fig.add_bar(
        y=names,
        x=worth,
        orientation="h",
        marker_color=theme.SERIES[place % len(theme.SERIES)],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": rows.high - worth,
            "arrayminus": worth - rows.low,
            "color": theme.INK,
            "thickness": 1.2,
            "width": 4,
        },
        showlegend=False,
    )
