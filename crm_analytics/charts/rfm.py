"""Segments drawn: an area as large as the money each brought."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.base.rfm import RFMResult
from crm_analytics.say import say

COLOURS = {
    "best": theme.BLUE,
    "loyal": "#4f93c7",
    "promising": theme.GREEN,
    "cooling": theme.YELLOW,
    "at risk": theme.ORANGE,
    "lost": theme.PALE,
}

INKS = {"cooling": theme.INK, "lost": theme.INK}


@draw.register
def _(result: RFMResult) -> go.Figure:
    rows = result.segments[result.segments["money"] > 0]
    fig = theme.figure(title=result.text, height=460)
    fig.add_treemap(
        labels=[say(name) for name in rows["segment"]],
        parents=[""] * len(rows),
        values=rows["money"],
        marker={"colors": [COLOURS[name] for name in rows["segment"]], "line": {"width": 3, "color": theme.PAPER}},
        text=[
            say(
                "{money:money} · {share:percent} of the money<br>{customers:count} customers · "
                "{share_of_customers:percent} of all<br>{each:money} each",
                money=row.money,
                share=row.share_of_money,
                customers=row.customers,
                share_of_customers=row.share_of_customers,
                each=row.money_per_customer,
            )
            for row in rows.itertuples()
        ],
        texttemplate="<b>%{label}</b><br>%{text}",
        textfont={"size": 15, "color": [INKS.get(name, "white") for name in rows["segment"]]},
        hovertemplate="<b>%{label}</b><br>%{text}<extra></extra>",
        tiling={"packing": "squarify", "squarifyratio": 1.6},
        sort=True,
    )
    return fig.update_layout(margin={"l": 8, "r": 8, "t": 76, "b": 8})
