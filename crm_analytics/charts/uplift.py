"""Whom a campaign changes, drawn: what an order of the customers gains over a lot, and each fifth as the test says."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.by_lot import drawn_alike
from crm_analytics.effectiveness.control.uplift import UpliftResult
from crm_analytics.say import say


@draw.register
def _(result: UpliftResult) -> go.Figure:
    fig = theme.figure(title=_title(result), height=450)
    shares, gains, errors = result.learned.trial.curve()
    reach = result.qini.interval(result.study.confidence)
    reach = (reach[1] - reach[0]) / 2 / result.qini.se if result.qini.se else 0.0
    percent = 100 * shares
    fig.add_traces(theme.band(percent, gains - reach * errors, gains + reach * errors))
    fig.add_scatter(
        x=[0, 100],
        y=[0, gains[-1]],
        mode="lines",
        name=say("addressed by lot"),
        line={"color": theme.PALE, "dash": "dot"},
    )
    fig.add_scatter(
        x=percent, y=gains, mode="lines", name=say("the most changed first"), line={"color": theme.BLUE, "width": 3}
    )
    colours = {say("won over"): theme.GREEN, say("put off"): theme.RED}
    for row in result.table.itertuples():
        colour = colours.get(row.kind, theme.PALE)
        fig.add_scatter(
            x=[f"{row.group}<br>{theme.headline(row.kind, 9)}"],
            y=[row.effect],
            xaxis="x2",
            yaxis="y2",
            mode="markers",
            showlegend=False,
            marker={"size": 11, "color": colour},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [row.high - row.effect],
                "arrayminus": [row.effect - row.low],
                "color": colour,
                "thickness": 2.5,
                "width": 7,
            },
        )
        fig.add_scatter(
            x=[f"{row.group}<br>{theme.headline(row.kind, 9)}"],
            y=[row.foretold],
            xaxis="x2",
            yaxis="y2",
            mode="markers",
            marker={"size": 16, "symbol": "line-ew-open", "color": theme.INK},
            name=say("foretold"),
            showlegend=row.group == 1,
        )
    fig.add_shape(
        type="line",
        xref="x2 domain",
        x0=0,
        x1=1,
        yref="y2",
        y0=0,
        y1=0,
        line={"color": theme.INK, "width": 1, "dash": "dot"},
    )
    unit = result.measured.unit
    return fig.update_layout(
        xaxis={"domain": [0, 0.46], "title_text": say("share of customers addressed, %"), "range": [0, 100]},
        yaxis={"title_text": say("gained, {unit} per customer of all", unit=unit)},
        xaxis2={"domain": [0.6, 1], "anchor": "y2", "title_text": say("fifths, the most changed first")},
        yaxis2={
            "anchor": "x2",
            "title_text": say("effect on one of them, {unit}", unit=unit),
            "gridcolor": theme.GRID,
            "automargin": True,
            "zeroline": False,
        },
        legend={"y": -0.32},
    )


def _title(result: UpliftResult) -> str:
    if not drawn_alike(result.checks):
        return say("Whom the campaign changes cannot be told: who was addressed was not drawn by lot")
    if not result.usable:
        return say("Do not target by this: customers cannot be told apart by what the campaign changes")
    first, last = result.table.iloc[0], result.table.iloc[-1]
    return say(
        "The fifth that is changed most gains {first} a customer, the last fifth {last}",
        first=result.measured.amount(first.effect),
        last=result.measured.amount(last.effect),
    )
