"""Attribution drawn: what every model credits each channel with, so that nobody takes one of them for the truth."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.paths.attribution import AttributionResult, called
from crm_analytics.say import say

MOST = 12
"""So many channels, the largest, are drawn."""

DRAWN = {
    "last": ("triangle-right", theme.ORANGE),
    "first": ("triangle-left", theme.GREEN),
    "linear": ("circle-open", theme.VIOLET),
    "shapley": ("diamond-open", theme.YELLOW),
    "markov": ("square-open", theme.INK),
}
"""The models that are told apart; the others lie between them, on the grey line."""


@draw.register
def _(result: AttributionResult) -> go.Figure:
    shown = result.table.head(MOST)
    fig = theme.figure(title=_title(result), x=say("share of conversions, %"), height=200 + 46 * len(shown), y="")
    names = [theme.headline(str(name), 32) for name in shown["channel"]]
    for name, row in zip(names, shown.itertuples(), strict=True):
        fig.add_scatter(
            x=[100 * row.least_share, 100 * row.most_share],
            y=[name, name],
            mode="lines",
            line={"color": theme.GRID, "width": 10},
            showlegend=False,
            hoverinfo="skip",
        )
    credits = result.credits.set_index(["model", "channel"])
    for model, (symbol, colour) in DRAWN.items():
        if model == result.study.model or model not in credits.index:
            continue
        fig.add_scatter(
            x=[100 * credits.loc[(model, channel), "share"] for channel in shown["channel"]],
            y=names,
            mode="markers",
            name=called(model),
            marker={"symbol": symbol, "size": 11, "color": colour, "line_width": 2},
        )
    told = shown["share"] * 100
    per = 100 / result.conversions
    fig.add_scatter(
        x=told,
        y=names,
        mode="markers",
        name=say("{model}, with its interval", model=called(result.study.model)),
        marker={"size": 13, "color": theme.BLUE},
        error_x={
            "type": "data",
            "array": shown["high"] * per - told,
            "arrayminus": told - shown["low"] * per,
            "color": theme.BLUE,
        },
    )
    return fig.update_layout(
        yaxis={"autorange": "reversed", "showgrid": False}, xaxis={"rangemode": "tozero"}
    )


def _title(result: AttributionResult) -> str:
    table = result.table
    widest = table.loc[(table["most_share"] - table["least_share"]).idxmax()]
    return say(
        "«{channel}» gets {range:percents} of the conversions, depending on the model: none of them knows the cause",
        channel=widest["channel"],
        range=(widest["least_share"], widest["most_share"]),
    )
