"""Clusters drawn: what makes each differ, trait by trait, in its own numbers; and how often each answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.clusters.clusters import ClustersResult
from crm_analytics.planning.customers.clusters.clusters_response import ClusterResponse
from crm_analytics.planning.customers.clusters.clusters_words import named_trait, said
from crm_analytics.say import say

MOST_TRAITS = 9
"""Columns that fit side by side; those in which the clusters differ least are left out."""
_SCALE = [[0, theme.ORANGE], [0.5, theme.PAPER], [1, theme.BLUE]]


@draw.register
def _(result: ClustersResult) -> go.Figure:
    shown = result.numbers[result.numbers.cluster.isin(result.table.cluster)]
    wide = shown.pivot_table(index="cluster", columns="trait", values="difference", sort=False)
    told = wide.abs().max().sort_values(ascending=False, kind="stable").index[:MOST_TRAITS]
    medians = shown.pivot_table(index="cluster", columns="trait", values="median", sort=False, dropna=False)
    everybody = shown.groupby("trait").median_all.first()
    room = max(11, 72 // len(result.table))
    heads = [_head(row, room) for row in result.table.itertuples(index=False)]
    words = [[said(trait, medians[trait].get(cluster, np.nan)) for cluster in wide.index] for trait in told]
    names = [
        f"{theme.headline(named_trait(trait), 30)}<br><span style='color:{theme.PALE}'>"
        + theme.headline(say("of all: {value}", value=said(trait, everybody[trait])), 30) + "</span>"
        for trait in told
    ]  # fmt: skip
    heat = go.Heatmap(
        z=wide[told].to_numpy().T, x=heads, y=names, text=words, texttemplate="%{text}", zmid=0, zmin=-2, zmax=2,
        colorscale=_SCALE, xgap=3, ygap=3, hovertemplate="%{y}<br>%{x}<br>%{text}<extra></extra>",
        colorbar={"thickness": 10, "len": 0.8, "tickvals": [-2, 0, 2],
                  "ticktext": [say("less"), say("as all"), say("more")]},
    )  # fmt: skip
    title = say(
        "{groups:count} clusters of customers: {first}", groups=len(result.table), first=_takeaway(result.table)
    )
    tall = max(head.count("<br>") for head in heads)
    fig = theme.figure(heat, title=title, height=200 + 18 * tall + 44 * len(names))
    return fig.update_layout(
        xaxis={"side": "top", "showgrid": False, "tickangle": 0, "tickfont_size": 12}, margin_t=110 + 18 * tall,
        yaxis={"autorange": "reversed", "showgrid": False, "tickfont_size": 12},
    )  # fmt: skip


@draw.register
def _(result: ClusterResponse) -> go.Figure:
    table = result.table.iloc[::-1]
    dots = go.Scatter(
        x=table.rate, y=[theme.headline(name, 30) for name in table.name], mode="markers", showlegend=False,
        marker={"color": theme.BLUE, "size": 11}, hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        error_x={"array": table.high - table.rate, "arrayminus": table.rate - table.low, "color": theme.PALE},
    )  # fmt: skip
    share = say("share of customers with {column}, and its 95 % interval", column=named_trait(result.column))
    fig = theme.figure(dots, title=result.text, x=share, height=200 + 52 * len(table))
    fig.add_vline(x=result.overall, line={"color": theme.PALE, "dash": "dot"}, annotation_text=say("all"))
    return fig.update_layout(xaxis={"tickformat": ".0%", "rangemode": "tozero"}, margin_t=110)


def _head(row: object, room: int) -> str:
    size = [say("{customers:count} customers", customers=row.customers), say("{share:percent}", share=row.share)]
    if hasattr(row, "revenue_share") and not pd.isna(row.revenue_share):
        size.append(say("{share:percent} of revenue", share=row.revenue_share))
    return f"<b>{theme.headline(row.name, room)}</b><br>" + "<br>".join(theme.headline(word, room) for word in size)


def _takeaway(table: pd.DataFrame) -> str:
    if "revenue_share" not in table or table.revenue_share.isna().all():
        return say("the largest is “{name}”, {share:percent}", name=table.name[0], share=table.share[0])
    rich = (table.revenue_share / table.share).idxmax()
    return say(
        "“{name}” are {share:percent} of them and bring {revenue:percent} of revenue",
        name=table.name[rich], share=table.share[rich], revenue=table.revenue_share[rich],
    )  # fmt: skip
