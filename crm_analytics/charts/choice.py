"""Models on trial drawn: what each foretold of the hidden days, tenth by tenth, over what happened."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.worth.choice import ChoiceResult
from crm_analytics.say import say

MARKS = ("circle", "diamond-open", "square-open")


@draw.register
def _(result: ChoiceResult) -> go.Figure:
    if not result.hidden_days:
        fig = theme.figure(title=result.text, x=say("log-likelihood of the past (right is better)"), height=300)
        fig.add_scatter(
            x=result.table["log_likelihood"], y=result.table["model"], mode="markers",
            marker={"size": 14, "color": theme.BLUE},
        )  # fmt: skip
        return fig.update_layout(margin_l=110)
    fig = theme.figure(
        title=result.text,
        x=say("customers in tenths, those foretold to buy most first"),
        y=say("purchases of a tenth in {days:count} hidden days", days=result.hidden_days),
        height=440,
    )
    order = list(result.table["model"])
    best = result.tenths[result.tenths["model"] == order[0]]
    fig.add_bar(
        x=best["decile"],
        y=best["happened"],
        marker_color=theme.GRID,
        marker_line={"color": theme.PALE, "width": 1},
        name=say("happened (tenths of {model})", model=order[0]),
    )
    for place, (model, mark) in enumerate(zip(order, MARKS, strict=False)):
        some = result.tenths[result.tenths["model"] == model]
        fig.add_scatter(
            x=some["decile"] + 0.18 * (place - (len(order) - 1) / 2),
            y=some["foretold"],
            mode="markers",
            marker={"symbol": mark, "size": 10, "color": theme.SERIES[place], "line_width": 2},
            name=say("foretold by {model}", model=model),
        )
    return fig.update_xaxes(dtick=1, showgrid=False).update_yaxes(rangemode="tozero")
