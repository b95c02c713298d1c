"""Profit by customer drawn: how it piles up from the best customer to the worst, and what the losses come from."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.profit.cost_to_serve import CALLED
from crm_analytics.planning.customers.profit.profitability import IDLE, LOSES, UNLUCKY, ProfitabilityResult
from crm_analytics.say import say, voice

COLOURS = {LOSES: theme.RED, UNLUCKY: theme.YELLOW, IDLE: theme.PALE}


@draw.register
def _(result: ProfitabilityResult) -> go.Figure:
    curve, losing = result.whale, result.table[result.table["profit"] < 0]
    fig = make_subplots(cols=2, column_widths=[0.56, 0.44], horizontal_spacing=0.2)
    look = theme.figure(title=result.text, height=470).layout
    fig.update_layout(template=look.template, height=look.height, title=look.title)
    fig.add_scatter(
        x=100 * curve.customers, y=curve.profit, mode="lines", line={"color": theme.BLUE, "width": 3}, showlegend=False,
        hovertemplate="%{x:.0f} % · %{y:,.0f}<extra></extra>", row=1, col=1,
    )  # fmt: skip
    fig.add_hline(y=curve.total, line={"color": theme.PALE, "dash": "dot"}, row=1, col=1)
    top = int(np.argmax(curve.profit))
    fig.add_scatter(
        x=[100 * curve.customers[top]], y=[curve.profit[top]], mode="markers", showlegend=False, hoverinfo="skip",
        marker={"color": theme.BLUE, "size": 9}, row=1, col=1,
    )  # fmt: skip
    fig.add_annotation(
        x=100 * curve.customers[top], y=curve.profit[top], ax=-30, ay=70, row=1, col=1, align="right",
        text=say("here the profit is {most:money};<br>the rest costs {lost:money} of it",
                 most=float(curve.profit[top]), lost=float(curve.profit[top]) - curve.total),
    )  # fmt: skip
    fig.update_xaxes(title_text=say("customers, the most profitable first (%)"), range=[0, 101], row=1, col=1)
    profit = say("profit so far, {currency}", currency=voice().currency)
    fig.update_yaxes(title_text=profit, rangemode="tozero", row=1, col=1)
    order = losing.groupby("reason")["profit"].sum().sort_values(ascending=False).index
    for verdict, colour in COLOURS.items():
        loss = -losing[losing["verdict"] == verdict].groupby("reason")["profit"].sum().reindex(order).fillna(0.0)
        if not loss.any():
            continue
        fig.add_bar(
            y=[say(CALLED[reason]) for reason in order], x=loss, orientation="h", name=say(_NAMES[verdict]),
            marker_color=colour, hovertemplate="%{x:,.0f}<extra></extra>", row=1, col=2,
        )  # fmt: skip
    lost = say("lost, {currency}, by the main reason", currency=voice().currency)
    fig.update_xaxes(title_text=lost, rangemode="tozero", row=1, col=2)
    return fig.update_layout(barmode="stack", bargap=0.35, margin={"l": 72, "r": 24, "t": 104, "b": 60})


_NAMES = {LOSES: "for good", UNLUCKY: "perhaps an unlucky year", IDLE: "bought nothing"}
