"""The worth of better keeping drawn: what the same customers bring over the years, and what comes on top."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.worth.better_kept import YEAR_DAYS, BetterKeptResult
from crm_analytics.say import say, voice


@draw.register
def _(result: BetterKeptResult) -> go.Figure:
    table = result.table
    ahead = [
        say("{years:count} years", years=days / YEAR_DAYS) if days % YEAR_DAYS == 0 and days > YEAR_DAYS
        else say("1 year") if days == YEAR_DAYS else say("{days:count} days", days=days)
        for days in table["horizon_days"]
    ]  # fmt: skip
    fig = theme.figure(
        title=result.text,
        x=say("time ahead"),
        y=say("gained with today's customers, {currency}", currency=voice().currency),
    )
    fig.add_bar(
        x=ahead,
        y=table["gain"],
        marker_color=theme.GREEN,
        width=0.55,
        error_y={"array": table["high"] - table["gain"], "arrayminus": table["gain"] - table["low"],
                 "color": theme.INK, "thickness": 1.2},
        hovertemplate="%{y:,.0f}<extra></extra>",
    )  # fmt: skip
    for label, row in zip(ahead, table.itertuples(), strict=True):
        fig.add_annotation(
            x=label,
            y=row.high,
            text=say("{gain:money} · {share:percent} more", gain=row.gain, share=row.gain / row.value),
            showarrow=False,
            yshift=14,
        )
    top = float(table["high"].max())
    return fig.update_yaxes(range=[0, 1.15 * top]).update_xaxes(showgrid=False).update_layout(showlegend=False)
