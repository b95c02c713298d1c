"""Starts and lengths compared: what campaigns of each kind add to a day's sales, beside the usual campaign."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.timing.best_timing import TimingResult
from crm_analytics.say import say


@draw.register
def _(result: TimingResult) -> go.Figure:
    table = result.table.iloc[::-1]
    best = set(zip(result.best["kind"], result.best["level"], strict=True))
    fig = theme.figure(
        title=_title(result), x=say("added to a day's sales"), height=max(420, 150 + 30 * len(table)),
    )
    usual, low, high = result.usual
    fig.add_vrect(x0=low, x1=high, fillcolor=theme.BAND, line_width=0, layer="below")
    fig.add_vline(x=usual, line={"color": theme.BLUE, "dash": "dot"})
    fig.add_annotation(x=usual, y=1, yref="paper", yanchor="bottom", showarrow=False, font_size=12,
                       text=say("the usual campaign"))
    for row in table.itertuples():
        named = say("{level} ({n:count})", level=row.level, n=row.n)
        colour = theme.GREEN if (row.kind, row.level) in best else theme.INK if row.chance <= result.study.alarm else (
            theme.PALE)
        fig.add_trace(theme.interval(named, row.lift, row.low, row.high, colour))
    return fig.update_xaxes(tickformat=".0%").update_layout(margin_t=110)


def _title(result: TimingResult) -> str:
    if result.best.empty:
        return say(
            "No start and no length stands out among {count:count} campaigns: what differs is within what chance does",
            count=len(result.campaigns),
        )
    row = result.best.iloc[0]
    return say(
        "{level} did best: {against:percent} of a day's sales more than the usual campaign", level=row["level"],
        against=float(row["against"]),
    )
