"""Gaps drawn: the pairs of goods of which the second is likely to bring most from those who have the first."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.segments.gaps import GapsResult
from crm_analytics.say import say, voice

MOST = 10


@draw.register
def _(result: GapsResult) -> go.Figure:
    rows = result.table.head(MOST).iloc[::-1].reset_index(drop=True)
    fig = theme.figure(title=result.text, height=190 + 42 * len(rows))
    fig.add_bar(
        x=rows["likely"], y=rows.index, orientation="h", hoverinfo="skip",
        marker_color=[theme.BLUE if matters else theme.PALE for matters in rows["matters"]],
        error_x={"array": rows["likely_high"] - rows["likely"], "arrayminus": rows["likely"] - rows["likely_low"],
                 "color": theme.INK, "thickness": 1.2},
    )  # fmt: skip
    for row in rows.itertuples():
        told = say("{n:count} customers, of whom {uptake:percent} take to it", n=row.customers, uptake=row.uptake)
        fig.add_annotation(x=row.likely_high, y=row.Index, text=told, showarrow=False, xanchor="left", xshift=8)
    said = [
        say("has {has}<br>lacks <b>{lacks}</b>", has=theme.headline(row.has, 26), lacks=theme.headline(row.lacks, 26))
        for row in rows.itertuples()
    ]
    return fig.update_layout(
        xaxis={"range": [0, 1.75 * float(rows["likely_high"].max())], "title_text": say(
            "likely to come within one window, {currency} (blue: having the first matters beyond chance)",
            currency=voice().currency)},
        yaxis={"tickvals": list(rows.index), "ticktext": said, "showgrid": False},
        margin={"t": 110},
        bargap=0.4,
    )  # fmt: skip
