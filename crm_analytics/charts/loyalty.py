"""What binds customers, drawn: the share of each kind with its interval, its money, and who would recommend us."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.base.loyalty import FEW, UNTOLD, LoyaltyResult
from crm_analytics.say import say

COLOURS = {
    "truly loyal": theme.BLUE,
    "inertia": "#4f93c7",
    "no alternative": theme.VIOLET,
    "bargain-led": theme.YELLOW,
    "not loyal": theme.ORANGE,
    UNTOLD: theme.PALE,
    FEW: theme.GRID,
}
FEWEST_ANSWERS = 5


@draw.register
def _(result: LoyaltyResult) -> go.Figure:
    rows = result.table[(result.table["share"] > 0) | (result.table["customers"] > 0)].iloc[::-1]
    names, colours = [say(name) for name in rows["kind"]], [COLOURS[name] for name in rows["kind"]]
    panels = [say("share of repeat customers"), say("money they brought"), say("would recommend us")]
    fig = make_subplots(cols=3, shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=panels)
    style = theme.figure(title=result.text, height=170 + 44 * len(rows)).layout
    fig.update_layout(template=style.template, height=style.height, title=style.title, showlegend=False, margin_t=130)
    shares = [
        say("{share:percent} ({span:percents})", share=row.share, span=(row.low, row.high))
        if row.share == row.share
        else say("{n:count} customers", n=row.customers)
        for row in rows.itertuples()
    ]
    recommend = [
        say("{share:percent} of {n:count}", share=row.promoters, n=row.answers)
        if row.answers >= FEWEST_ANSWERS
        else "–"
        for row in rows.itertuples()
    ]
    columns = (
        (rows["share"].fillna(0), shares),
        (rows["money"], [say("{money:money}", money=money) for money in rows["money"]]),
        (rows["promoters"].where(rows["answers"] >= FEWEST_ANSWERS).fillna(0), recommend),
    )
    for col, (values, texts) in enumerate(columns, start=1):
        fig.add_bar(
            x=values, y=names, orientation="h", marker_color=colours, text=texts, textposition="outside",
            cliponaxis=False, row=1, col=col, hovertemplate="%{y}: %{text}<extra></extra>",
        )  # fmt: skip
        fig.update_xaxes(range=[0, 2.2 * max(float(values.max()), 1e-9)], row=1, col=col)
    fig.update_xaxes(showticklabels=False, showgrid=False)
    return fig.update_yaxes(showgrid=False, tickfont_size=14)
