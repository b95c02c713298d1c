"""Changes drawn: when customers changed, and the money a year that went with it, month by month."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.one.changes import KINDS, ChangesResult
from crm_analytics.say import say, voice

_DAY_MS = 86_400_000
COLOURS = dict(zip(KINDS, (theme.RED, theme.ORANGE, theme.BLUE, theme.YELLOW, theme.GREEN), strict=True))


@draw.register
def _(result: ChangesResult) -> go.Figure:
    currency = voice().currency
    fig = theme.figure(
        title=result.text, x=say("month of the change"), y=say("{currency} a year, won or lost", currency=currency)
    )
    table = result.table.assign(month=pd.to_datetime(result.table["changed_on"]).dt.to_period("M").dt.to_timestamp())
    for kind in KINDS:
        mine = table[table["change"] == kind].groupby("month")["money_a_year"].agg(["sum", "count"])
        if len(mine):
            fig.add_bar(
                x=mine.index + pd.Timedelta(days=14),
                y=mine["sum"],
                name=say(kind),
                marker_color=COLOURS[kind],
                width=25 * _DAY_MS,
                customdata=[
                    say("{kind}: {n:count} customers, {money:money} a year", kind=say(kind), n=n, money=money)
                    for n, money in zip(mine["count"], mine["sum"], strict=True)
                ],
                hovertemplate="%{customdata}<extra></extra>",
            )
    if table.empty:
        fig.add_annotation(text=say("Nobody is named."), showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")
        return fig.update_xaxes(visible=False).update_yaxes(visible=False).update_layout(height=220)
    fig.add_hline(y=0, line={"color": theme.INK, "width": 1})
    fig.update_yaxes(tickformat=",~s")
    beside = pd.DateOffset(months=4)  # one month alone would be shown by the hour
    reach = [table["month"].min() - beside, table["month"].max() + beside]
    fig.update_xaxes(range=reach, ticklabelmode="period")
    return fig.update_layout(barmode="relative", bargap=0.15, showlegend=True)
