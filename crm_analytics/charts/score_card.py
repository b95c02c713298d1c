"""A score's calibration, its drift, its card, and the reasons of one customer."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.scores.score_card import CalibrationResult, CardResult, DriftResult, WhyResult
from crm_analytics.planning.customers.scores.score_drift import LARGE, NOTICED, SCORE
from crm_analytics.say import say


@draw.register
def _(result: CalibrationResult) -> go.Figure:
    table = result.table
    most = 105 * max(float(table["high"].max()), float(table["foretold"].max()), 0.01)
    fig = theme.figure(
        title=result.text,
        x=say("foretold, % of a tenth of the people"),
        y=say("happened, % (whiskers: 19 of 20 cases)"),
    )
    fig.add_scatter(x=[0, most], y=[0, most], mode="lines", line={"color": theme.PALE, "dash": "dot"},
                    name=say("as foretold"), hoverinfo="skip")  # fmt: skip
    fig.add_scatter(
        x=100 * table["foretold"], y=100 * table["happened"], mode="markers", name=say("a tenth of the people"),
        marker={"color": theme.BLUE, "size": 10}, hovertemplate="%{x:.1f} % → %{y:.1f} %<extra></extra>",
        error_y={"array": 100 * (table["high"] - table["happened"]), "color": theme.BLUE,
                 "arrayminus": 100 * (table["happened"] - table["low"]), "thickness": 1.2},
    )  # fmt: skip
    return fig.update_xaxes(range=[0, most]).update_yaxes(range=[0, most])


@draw.register
def _(result: DriftResult) -> go.Figure:
    table = result.table
    rows = table[(table["column"] == SCORE) | (table.index < 12)].iloc[::-1]
    names = [theme.headline(say(SCORE) if name == SCORE else name, 30) for name in rows["column"]]
    fig = theme.figure(title=result.text, x=say("population stability index"), height=160 + 28 * len(rows))
    fig.add_scatter(
        x=rows["psi"], y=names, mode="markers", marker={"color": theme.BLUE, "size": 10}, hoverinfo="x+y",
        error_x={"array": (rows["high"] - rows["psi"]).clip(lower=0), "color": theme.BLUE,
                 "arrayminus": (rows["psi"] - rows["low"]).clip(lower=0)},
    )  # fmt: skip
    for at, name in ((NOTICED, say("noticed")), (LARGE, say("learn again"))):
        fig.add_vline(x=at, line_dash="dot", line_color=theme.ORANGE, annotation_text=name,
                      annotation_font_color=theme.ORANGE, annotation_position="bottom right")  # fmt: skip
    return fig.update_layout(showlegend=False)


@draw.register
def _(result: WhyResult) -> go.Figure:
    rows = result.table.head(10).iloc[::-1]
    colours = [theme.GREEN if points > 0 else theme.ORANGE for points in rows["points"]]
    fig = theme.figure(title=result.text, x=say("what it adds to the score, log-odds"), height=140 + 30 * len(rows))
    fig.add_bar(x=rows["points"], y=[theme.headline(text, 46) for text in rows["reason"]], orientation="h",
                marker_color=colours, hovertemplate="%{y}: %{x:.2f}<extra></extra>")  # fmt: skip
    return fig.add_vline(x=0, line_color=theme.INK, line_width=1).update_layout(showlegend=False)


@draw.register
def _(result: CardResult) -> go.Figure:
    table = result.table
    fig = theme.figure(title=result.text, height=150 + 46 * len(table))
    fig.add_table(
        columnwidth=[1, 4],
        header={"values": [say("about"), say("told")], "align": "left", "fill_color": theme.GRID},
        cells={"values": [table["about"], [theme.headline(text, 100) for text in table["told"]]], "align": "left",
               "height": 26, "fill_color": theme.PAPER},
    )  # fmt: skip
    return fig
