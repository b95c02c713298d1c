"""How many write of each theme, and how satisfied they are."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.collection.voice.voices import CHANCE, VoicesResult
from crm_analytics.say import say


@draw.register
def _(result: VoicesResult) -> go.Figure:
    rows = result.table
    first = rows.iloc[0]
    fig = theme.figure(
        title=say(
            "{share:percent} of those who wrote something write of {theme}", share=first.share, theme=first.theme
        ),
        x=say("share of those who wrote something"),
        height=210 + 42 * len(rows),
    )
    names = [theme.headline(name, 34) for name in rows.theme]
    colours = [theme.RED if row.p < CHANCE and row.gap < 0 else theme.GREEN if row.p < CHANCE else theme.BLUE
               for row in rows.itertuples()]  # fmt: skip
    told = [
        ""
        if row.gap != row.gap
        else say("satisfaction {mean:number}", mean=row.satisfaction) + (say(" (not chance)") if row.p < CHANCE else "")
        for row in rows.itertuples()
    ]
    fig.add_bar(
        y=names,
        x=rows.share,
        orientation="h",
        marker_color=colours,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": rows.high - rows.share,
            "arrayminus": rows.share - rows.low,
            "color": theme.INK,
            "thickness": 1.2,
            "width": 4,
        },
        showlegend=False,
    )
    for name, row, text in zip(names, rows.itertuples(), told, strict=True):
        fig.add_annotation(
            y=name, x=row.high, text=text, showarrow=False, xanchor="left", xshift=10, font_color=theme.INK
        )
    fig.update_xaxes(tickformat=".0%", range=[0, 1.55 * rows.high.max()])
    return fig.update_yaxes(autorange="reversed").update_layout(bargap=0.35)
