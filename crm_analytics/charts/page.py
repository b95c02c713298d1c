"""One customer drawn: every purchase in money over time, and below it every word that passed."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.one.page import BOUGHT, TOLD, PageResult, StandingResult
from crm_analytics.say import say, voice

LANES = {
    "offered": theme.ORANGE,
    "response": theme.GREEN,
    "out": theme.VIOLET,
    "in": theme.YELLOW,
    "answer": theme.PALE,
    "lead": theme.INK,
    "left alone": theme.PALE,
}
WORDS = {"in": "from the customer", "out": "to the customer"}


@draw.register
def _(result: PageResult) -> go.Figure:
    events = result.table
    money = events[events["event"].isin((*BOUGHT, "return"))]
    told = [lane for lane in LANES if lane in set(events["event"]) & set(TOLD)]
    days = (money["at"].max() - money["at"].min()).days
    fig = theme.figure(title=result.text, height=430 + 24 * len(told))
    for kinds, colour, name in ((BOUGHT, theme.BLUE, say("bought")), (("return",), theme.RED, say("sent back"))):
        mine = money[money["event"].isin(kinds)]
        if len(mine):
            fig.add_bar(
                x=mine["at"],
                y=mine["money"],
                width=max(days, 60) / 200 * 86_400_000,
                name=name,
                marker_color=colour,
                customdata=[theme.headline(str(what)) for what in mine["what"]],
                hovertemplate="%{x|%d.%m.%Y}: %{y:,.0f}<br>%{customdata}<extra></extra>",
            )
    floor = 0.08 * len(told)
    for lane in told:
        mine = events[events["event"] == lane]
        fig.add_scatter(
            x=mine["at"],
            y=[say(WORDS.get(lane, lane))] * len(mine),
            yaxis="y2",
            mode="markers",
            marker={"color": LANES[lane], "size": 9, "symbol": "square"},
            customdata=[
                theme.headline(", ".join(str(word) for word in (row.channel, row.what) if word == word and word))
                for row in mine.itertuples()
            ],
            hovertemplate="%{x|%d.%m.%Y}: %{customdata}<extra></extra>",
            showlegend=False,
        )
    if result.next_purchase:
        _, low, high = result.next_purchase
        fig.add_vrect(x0=low, x1=high, fillcolor=theme.BAND, line_width=0, layer="below")
        fig.add_annotation(
            x=low, y=1, yref="paper", showarrow=False, xanchor="left", yanchor="bottom", text=say("next expected"),
            font={"size": 12, "color": theme.BLUE},
        )  # fmt: skip
    fig.update_layout(yaxis_domain=[floor + (0.06 if told else 0), 1], barmode="overlay", legend={"y": -0.12})
    fig.update_yaxes(title_text=voice().currency, rangemode="tozero")
    if told:
        fig.update_layout(yaxis2={"domain": [0, floor], "showgrid": True, "gridcolor": theme.GRID})
    return fig


@draw.register
def _(result: StandingResult) -> go.Figure:
    rows = result.table.iloc[::-1]
    fig = theme.figure(title=result.text, x=say("share of customers who stand below, %"), height=150 + 84 * len(rows))
    fig.add_bar(
        x=100 * rows["above"],
        y=[
            f"{theme.headline(row.score)}<br><b>{theme.headline(row.figure)}</b><br>"
            f"<span style='font-size:11px'>{theme.headline(row.reason, 44)}</span>"
            for row in rows.itertuples()
        ],
        orientation="h",
        width=0.45,
        marker_color=theme.BLUE,
    )
    return fig.update_xaxes(range=[0, 100])
