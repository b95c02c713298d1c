"""A forecast of customer value drawn beside what happened, tenth by tenth."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.worth.holdout import HoldoutResult, in_words
from crm_analytics.say import say, voice


@draw.register
def _(result: HoldoutResult) -> go.Figure:
    table = result.table
    fig = theme.figure(
        title=say(
            "Foretold a tenth at a time, the forecast of {money} is {verdict}, of purchases {verdict_orders}",
            money=say(result.basis),
            verdict=in_words(result.miss),
            verdict_orders=in_words(result.miss_orders),
        ),
        x=say("customers in tenths, those foretold to bring most first"),
        y=say(
            "{money} of a tenth in {days:count} days, {currency}",
            money=say(result.basis),
            days=result.study.horizon_days,
            currency=voice().currency,
        ),
        height=440,
    )
    fig.add_bar(x=table["decile"], y=table["happened"], name=say("happened"), marker_color=theme.PALE)
    fig.add_scatter(
        x=table["decile"],
        y=table["foretold"],
        name=say("foretold, with its 95 % interval"),
        mode="markers",
        marker={"color": theme.BLUE, "size": 10},
        error_y={
            "array": table["high"] - table["foretold"],
            "arrayminus": table["foretold"] - table["low"],
            "color": theme.BLUE,
        },
    )
    return fig.update_xaxes(dtick=1, showgrid=False).update_yaxes(rangemode="tozero")
