"""Payback drawn: what a customer of each channel has brought month after month, and where the cost is back."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.worth.payback import PaybackResult
from crm_analytics.say import say, voice

MOST = 4
"""So many channels, the dearest, are drawn; more lines could not be told apart."""


@draw.register
def _(result: PaybackResult) -> go.Figure:
    fig = theme.figure(
        title=result.text,
        x=say("months since the first purchase"),
        y=say("{money} of one customer so far, {currency}", money=say(result.basis), currency=voice().currency),
        height=460,
    )
    shown = result.table.head(MOST)
    for row, colour in zip(shown.itertuples(), theme.SERIES, strict=False):
        curve = result.curves[result.curves["channel"] == row.channel]
        _band(fig, curve, colour)
        name = theme.headline(str(row.channel), 40)
        fig.add_scatter(
            x=curve["months"], y=curve["brought"], name=name, mode="lines", line={"color": colour, "width": 3}
        )
        ends = [0, int(curve["months"].max())]
        fig.add_scatter(
            x=ends,
            y=[row.cost_each] * 2,
            mode="lines",
            line={"color": colour, "dash": "dot", "width": 1.5},
            name=say("cost of winning one: {cost:money}", cost=row.cost_each),
        )
        if row.payback_months == row.payback_months:
            _paid(fig, row, colour)
    return fig.update_yaxes(rangemode="tozero")


def _band(fig: go.Figure, curve: object, colour: str) -> None:
    months, low, high = (list(curve[name]) for name in ("months", "low", "high"))
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    fig.add_scatter(
        x=months + months[::-1],
        y=high + low[::-1],
        fill="toself",
        fillcolor=f"rgba({red}, {green}, {blue}, .14)",
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def _paid(fig: go.Figure, row: object, colour: str) -> None:
    fig.add_annotation(
        x=row.payback_months,
        y=row.cost_each,
        text=say("paid back after {months:count} months", months=row.payback_months),
        arrowcolor=colour,
        font_color=colour,
        bgcolor=theme.PAPER,
        ax=70,
        ay=45,
    )
