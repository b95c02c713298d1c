"""Next products drawn: how many of those alike bought each, with its interval, beside how many of all."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.offers.next_product import NextProductResult
from crm_analytics.say import say

SHOWN = 10


@draw.register
def _(result: NextProductResult) -> go.Figure:
    rows = result.table.head(SHOWN).iloc[::-1]
    names = [theme.headline(str(name)[:44]) for name in rows["product"]]
    fig = theme.figure(title=result.text, x=say("share of customers who bought it, %"), height=170 + 30 * len(rows))
    fig.add_scatter(
        x=100 * rows["share_alike"],
        y=names,
        mode="markers",
        name=say("customers who buy alike (95 %)"),
        marker={"color": theme.BLUE, "size": 11},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": 100 * (rows["high"] - rows["share_alike"]),
            "arrayminus": 100 * (rows["share_alike"] - rows["low"]),
            "color": theme.BLUE,
        },
    )
    fig.add_scatter(
        x=100 * rows["share_all"], y=names, mode="markers", name=say("all customers"),
        marker={"color": theme.PALE, "size": 9, "symbol": "diamond"},
    )  # fmt: skip
    fig.update_xaxes(rangemode="tozero")
    return fig.update_yaxes(type="category").update_layout(legend={"y": -0.16 - 0.6 / len(rows)})
