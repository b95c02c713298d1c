"""Segments drawn: an area as large as the money each brought; and who moved between them since."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.rfm import NOT_YET, SEGMENTS, MigrationResult, RFMResult
from crm_analytics.say import say

COLOURS = {
    "best": theme.BLUE,
    "loyal": "#4f93c7",
    "promising": theme.GREEN,
    "cooling": theme.YELLOW,
    "at risk": theme.ORANGE,
    "lost": theme.PALE,
}

INKS = {"cooling": theme.INK, "lost": theme.INK}


@draw.register
def _(result: RFMResult) -> go.Figure:
    rows = result.segments[result.segments["money"] > 0]
    fig = theme.figure(title=result.text, height=460)
    fig.add_treemap(
        labels=[say(name) for name in rows["segment"]],
        parents=[""] * len(rows),
        values=rows["money"],
        marker={"colors": [COLOURS[name] for name in rows["segment"]], "line": {"width": 3, "color": theme.PAPER}},
        text=[
            say(
                "{money:money} · {share:percent} of the money<br>{customers:count} customers · "
                "{share_of_customers:percent} of all<br>{each:money} each",
                money=row.money,
                share=row.share_of_money,
                customers=row.customers,
                share_of_customers=row.share_of_customers,
                each=row.money_per_customer,
            )
            for row in rows.itertuples()
        ],
        texttemplate="<b>%{label}</b><br>%{text}",
        textfont={"size": 15, "color": [INKS.get(name, "white") for name in rows["segment"]]},
        hovertemplate="<b>%{label}</b><br>%{text}<extra></extra>",
        tiling={"packing": "squarify", "squarifyratio": 1.6},
        sort=True,
    )
    return fig.update_layout(margin={"l": 8, "r": 8, "t": 76, "b": 8})


@draw.register
def _(result: MigrationResult) -> go.Figure:
    before = [name for name in SEGMENTS if (result.table["before"] == name).any()]
    moved = result.table[result.table["before"] != NOT_YET]
    money = moved.pivot(index="before", columns="after", values="money").reindex(before, columns=SEGMENTS)
    people = moved.pivot(index="before", columns="after", values="customers").reindex(before, columns=SEGMENTS)
    fell = np.array([[SEGMENTS.index(after) > SEGMENTS.index(name) for after in SEGMENTS] for name in before])
    fig = theme.figure(title=result.text, x=say("now (orange: fell to a worse group)"), y=say("before"), height=470)
    fig.add_heatmap(
        x=[say(name) for name in SEGMENTS],
        y=[say(name) for name in before],
        z=np.where(fell, -1, 1) * money.to_numpy(),
        zmid=0,
        colorscale=[[0, theme.ORANGE], [0.5, "#f7f8fa"], [1, theme.BLUE]],
        showscale=False,
        xgap=3,
        ygap=3,
        hoverongaps=False,
    )
    most = float(money.max().max())
    for row, name in enumerate(before):
        for column, after in enumerate(SEGMENTS):
            if people.loc[name, after] > 0:
                fig.add_annotation(
                    x=column,
                    y=row,
                    showarrow=False,
                    text=say(
                        "{customers:count}<br>{money:money}",
                        customers=people.loc[name, after],
                        money=money.loc[name, after],
                    ),
                    font_color="white" if money.loc[name, after] > 0.5 * most else theme.INK,
                )
    fig.update_xaxes(side="top", showgrid=False, title_standoff=4)
    return fig.update_yaxes(autorange="reversed", showgrid=False).update_layout(margin_t=130)
