"""Campaigns side by side: each effect with an interval that holds for all; those that may be the best in blue."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.best_campaign import BestCampaignResult
from crm_analytics.say import say


@draw.register
def _(result: BestCampaignResult) -> go.Figure:
    rows = result.table
    fig = theme.figure(
        title=_title(result), height=220 + 36 * len(rows),
        x=say("effect per addressed customer, {unit}", unit=result.measured.unit),
    )  # fmt: skip
    for row in rows.itertuples():
        colour = theme.BLUE if row.may_be_best else theme.PALE
        fig.add_trace(theme.interval(row.campaign, row.effect, row.low, row.high, colour))
    fig.add_scatter(
        x=rows["expected"], y=[theme.headline(name, 40) for name in rows["campaign"]], mode="markers",
        marker={"symbol": "line-ns-open", "size": 16, "color": theme.INK}, name=say("to be expected of it"),
    )  # fmt: skip
    fig.add_vline(x=0, line={"color": theme.INK, "dash": "dot", "width": 1})
    return fig.update_yaxes(autorange="reversed")


def _title(result: BestCampaignResult) -> str:
    best, may = result.table.iloc[0], int(result.table["may_be_best"].sum())
    if result.settled:
        return say("«{name}» was better than every other campaign", name=best.campaign)
    return say(
        "«{name}» brought most, but {n:count} of {all:count} campaigns (blue) may be the best",
        name=best.campaign,
        n=may,
        all=len(result.table),
    )
