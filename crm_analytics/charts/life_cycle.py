"""The stages of customers drawn: how many stand at each, the year's money they brought, and how many buy on."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.base.life_cycle import LifeCycleResult
from crm_analytics.say import say

COLOURS = {
    "growing": theme.GREEN,
    "steady": theme.BLUE,
    "returned": "#4f93c7",
    "new": theme.VIOLET,
    "declining": theme.ORANGE,
    "dormant": theme.YELLOW,
    "lost": theme.PALE,
    "prospect": theme.GRID,
}


@draw.register
def _(result: LifeCycleResult) -> go.Figure:
    rows = result.table[result.table["customers"] > 0].iloc[::-1]
    names, colours = [say(name) for name in rows["stage"]], [COLOURS[name] for name in rows["stage"]]
    fig = make_subplots(
        cols=3,
        shared_yaxes=True,
        horizontal_spacing=0.05,
        subplot_titles=[
            say("customers"),
            say("brought in the last year"),
            say("bought within {days:count} days, judged before", days=result.period_days),
        ],
    )
    style = theme.figure(title=result.text, height=150 + 42 * len(rows)).layout
    fig.update_layout(template=style.template, height=style.height, title=style.title, showlegend=False, margin_t=118)
    counted = [say("{n:count} · {share:percent}", n=row.customers, share=row.share) for row in rows.itertuples()]
    _bars(fig, 1, rows["customers"], names, colours=colours, text=counted)
    _bars(fig, 2, rows["money_year"], names, colours=colours,
          text=[say("{money:money}", money=money) for money in rows["money_year"]])  # fmt: skip
    foretold = [
        say("{share:percent} ({span:percents})", share=row.bought_next, span=(row.bought_low, row.bought_high))
        if row.bought_next == row.bought_next
        else ""
        for row in rows.itertuples()
    ]
    fig.add_scatter(
        x=rows["bought_next"], y=names, mode="markers", marker={"color": theme.INK, "size": 8}, row=1, col=3,
        hoverinfo="skip",
        error_x={
            "array": rows["bought_high"] - rows["bought_next"], "arrayminus": rows["bought_next"] - rows["bought_low"],
            "color": theme.INK, "thickness": 1.2,
        },
    )  # fmt: skip
    beside = [1.05] * len(rows)
    fig.add_scatter(
        x=beside, y=names, mode="text", text=foretold, textposition="middle right", hoverinfo="skip",
        cliponaxis=False, row=1, col=3,
    )  # fmt: skip
    fig.update_xaxes(showticklabels=False, showgrid=False)
    fig.update_xaxes(range=[0, 2.2], row=1, col=3)
    return fig.update_yaxes(showgrid=False, tickfont_size=14)


def _bars(fig: go.Figure, col: int, values, names: list[str], *, colours: list[str], text: list[str]) -> None:
    fig.add_bar(
        x=values, y=names, orientation="h", marker_color=colours, text=text, textposition="outside", cliponaxis=False,
        row=1, col=col, hovertemplate="%{y}: %{text}<extra></extra>",
    )  # fmt: skip
    fig.update_xaxes(range=[0, 1.7 * max(float(values.max()), 1e-9)], row=1, col=col)
