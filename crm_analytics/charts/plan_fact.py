"""Campaigns side by side: what was promised, what is linked, and what remains of it after cost."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.money.plan_fact import PlanFactResult
from crm_analytics.say import say, voice

MOST_CAMPAIGNS = 20
"""The newest so many; more cannot be read."""


@draw.register
def _(result: PlanFactResult) -> go.Figure:
    rows = result.table.tail(MOST_CAMPAIGNS)
    names = [theme.headline(_short(row.name), width=60) for row in rows.rename(columns={"name": "label"}).assign(
        name=rows["name"].fillna(rows["campaign_id"])).itertuples(index=False)]
    fig = theme.figure(title=_title(result), x=voice().currency, height=210 + 44 * len(rows))
    for column, label, colour in (
        ("promised", say("revenue promised"), theme.PALE), ("linked_revenue", say("revenue linked"), theme.BLUE),
        ("cost", say("cost"), theme.ORANGE), ("linked_margin", say("margin linked"), theme.GREEN),
    ):
        if rows[column].notna().any():
            fig.add_bar(y=names, x=rows[column], orientation="h", name=label, marker_color=colour)
    return fig.update_layout(
        barmode="group", bargap=0.28, yaxis={"autorange": "reversed", "tickfont_size": 12}, margin_t=112,
        legend={"y": 1.0, "yanchor": "bottom", "traceorder": "normal"},
    )


def _title(result: PlanFactResult) -> str:
    both = result.table[result.table["profit"].notna()]
    if len(both):
        paid = int((both["profit"] > 0).sum())
        return say("{paid:count} of {n:count} campaigns earned their cost, going by linked sales alone", paid=paid,
                   n=len(both))
    linked = result.total("linked_revenue")
    if linked != linked:
        return say("No response is on record, so nothing is linked to any campaign")
    return say("{money:money} of revenue is linked to campaigns", money=linked)


def _short(name: str) -> str:
    return name if len(name) <= 34 else name[:33] + "…"
