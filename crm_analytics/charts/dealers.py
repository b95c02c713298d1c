"""Dealers drawn: who has which discount for how much turnover, against the scale; and whose money is overdue."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.profit.dealer_terms import HOLD, LEAVE, LOWER, RAISE
from crm_analytics.planning.customers.profit.dealers import DealersResult
from crm_analytics.say import say, voice

COLOURS = {RAISE: theme.GREEN, HOLD: theme.ORANGE, LOWER: theme.RED, LEAVE: theme.PALE}
NAMES = {RAISE: "raise", HOLD: "talk first", LOWER: "lower", LEAVE: "leave as it is"}
MOST_BARS = 10


@draw.register
def _(result: DealersResult) -> go.Figure:
    table = result.facts[(result.facts["turnover"] > 0) & result.facts["discount"].notna()]
    fig = make_subplots(cols=2, column_widths=[0.62, 0.38], horizontal_spacing=0.16)
    look = theme.figure(title=result.text, height=470).layout
    fig.update_layout(template=look.template, height=look.height, title=look.title)
    _scales(fig, result)
    for verdict, colour in COLOURS.items():
        some = table[table["verdict"] == verdict]
        if not len(some):
            continue
        fig.add_scatter(
            x=some["yearly"], y=100 * some["discount"], mode="markers", name=say(NAMES[verdict]),
            marker={"color": colour, "size": 9, "opacity": 0.85, "line": {"color": theme.PAPER, "width": 1}},
            customdata=[theme.headline(f"{row.customer_id}: {row.reasons}", 60) for row in some.itertuples()],
            hovertemplate="%{customdata}<extra></extra>", row=1, col=1,
        )  # fmt: skip
    for row in table[table["verdict"].isin([RAISE, LOWER])].head(40).itertuples():
        fig.add_scatter(
            x=[row.yearly] * 2, y=[100 * row.discount, 100 * row.suggested], mode="lines", showlegend=False,
            line={"color": COLOURS[row.verdict], "width": 1.5}, hoverinfo="skip", row=1, col=1,
        )  # fmt: skip
    currency = voice().currency
    turnover = say("turnover of a year, {currency}", currency=currency)
    fig.update_xaxes(type="log", title_text=turnover, dtick=1, row=1, col=1)
    fig.update_yaxes(title_text=say("discount off the list price, %"), rangemode="tozero", row=1, col=1)
    _overdue(fig, result, currency)
    return fig.update_layout(margin={"l": 72, "r": 24, "t": 124, "b": 60})


def _scales(fig: go.Figure, result: DealersResult) -> None:
    """The scale as a line of steps, over the turnover that there is."""
    table = result.facts[result.facts["yearly"] > 0]
    if not len(table):
        return
    low, high = float(table["yearly"].min()), float(table["yearly"].max())
    for scale in dict.fromkeys(result.scales.values()):
        x, y = [], []
        for number, step in enumerate(scale.steps):
            ends = scale.steps[number + 1].turnover if number + 1 < len(scale.steps) else 1.2 * high
            x += [max(step.turnover, 0.8 * low), max(ends, 0.8 * low)]
            y += [100 * step.discount] * 2
        fig.add_scatter(
            x=x, y=y, mode="lines", line={"color": theme.BLUE, "width": 2, "dash": "dot"},
            showlegend=scale is next(iter(result.scales.values())), name=say("scale"), hoverinfo="skip", row=1, col=1,
        )  # fmt: skip


def _overdue(fig: go.Figure, result: DealersResult, currency: str) -> None:
    """The dealers with the most money overdue."""
    owing = result.facts[result.facts["overdue"] > 0].nlargest(MOST_BARS, "overdue")[::-1]
    if not len(owing):
        fig.update_xaxes(visible=False, row=1, col=2)
        fig.update_yaxes(visible=False, row=1, col=2)
        fig.add_annotation(text=say("No money is overdue,<br>or payments are not recorded."), showarrow=False,
                           x=0.5, y=0.5, xref="x2 domain", yref="y2 domain")  # fmt: skip
        return
    fig.add_bar(
        y=[theme.headline(str(name), 24) for name in owing["customer_id"]], x=owing["overdue"], orientation="h",
        marker_color=[COLOURS[verdict] for verdict in owing["verdict"]], showlegend=False,
        text=[say("{days:count} days", days=days) for days in owing["overdue_days"]], textposition="auto",
        hovertemplate="%{x:,.0f}<extra></extra>", row=1, col=2,
    )  # fmt: skip
    fig.update_xaxes(title_text=say("overdue, {currency}, the oldest for so long", currency=currency), row=1, col=2)
    fig.update_yaxes(type="category", row=1, col=2)
