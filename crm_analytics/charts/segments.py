"""Segments drawn: how many and with what money, who is in several and who in none; and what became of them since."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.segments.segments import OverlapResult, SegmentsLaterResult, SegmentsResult
from crm_analytics.say import say, voice

WITHIN, SEVERAL = "#8fb8dc", "#0d3f6b"
"""A segment within another; the customers of a segment who are in one beside it as well."""
MOST = 12


@draw.register
def _(result: SegmentsResult) -> go.Figure:
    rows = result.table.iloc[::-1].reset_index(drop=True)
    colours = [
        theme.PALE if row.rule == "" else theme.BLUE if row.level == 0 else WITHIN for row in rows.itertuples()
    ]
    several = rows["in_several"] / rows["customers"].where(rows["customers"] > 0, 1) * rows["share_of_customers"]
    fig = theme.figure(title=result.text, height=190 + 34 * len(rows))
    fig.add_bar(
        x=rows["share_of_customers"] - several, y=rows.index, orientation="h", marker_color=colours, showlegend=False,
        name=say("customers"), hoverinfo="skip",
    )  # fmt: skip
    fig.add_bar(
        x=several, y=rows.index, orientation="h", marker_color=SEVERAL, hoverinfo="skip",
        name=say("in another segment beside it as well"), showlegend=bool(several.any()),
        text=None,
    )  # fmt: skip
    for row in rows.itertuples():
        told = say("{n:count} · {share:percent}", n=row.customers, share=row.share_of_customers)
        fig.add_annotation(x=row.share_of_customers, y=row.Index, text=told, showarrow=False, xanchor="left", xshift=5)
    money = rows["share_of_money"].fillna(0.0)
    fig.add_bar(
        x=money, y=rows.index, orientation="h", marker_color=colours, showlegend=False, xaxis="x2", hoverinfo="skip",
    )  # fmt: skip
    for row in rows.itertuples():
        told, end = _worth(result, row), max(0.0, float(money[row.Index]))
        fig.add_annotation(x=end, xref="x2", y=row.Index, text=told, showarrow=False, xanchor="left", xshift=5)
    ends = [1.45 * max(0.02, float(rows["share_of_customers"].max())), 1.6 * max(0.02, float(money.max()))]
    measured = say("share of the money") if result.study.measure.startswith("revenue") else say("share of the orders")
    return fig.update_layout(
        barmode="relative",
        bargap=0.25,
        xaxis={"domain": [0, 0.47], "range": [0, ends[0]], "tickformat": ".0%",
               "title_text": say("share of customers")},
        xaxis2={"domain": [0.53, 1], "range": [min(0, 1.1 * money.min()), ends[1]], "tickformat": ".0%",
                "title_text": measured, "anchor": "y"},
        yaxis=_names(rows),
        legend={"y": -60 / (34 * len(rows) + 60)},
        margin={"t": 110, "b": 80},
    )  # fmt: skip


def _worth(result: SegmentsResult, row: object) -> str:
    if result.study.measure.startswith("revenue"):
        return say("{share:percent} · {each:money} each", share=row.share_of_money, each=row.each)
    return say("{share:percent} · {each:number} each", share=row.share_of_money, each=row.each)


def _names(rows: object) -> dict[str, object]:
    """An axis with the segments' names, the inner ones set in."""
    said = ["└ " * row.level + theme.headline(row.segment, 30) for row in rows.itertuples()]
    return {"tickvals": list(rows.index), "ticktext": said, "showgrid": False, "range": [-0.6, len(rows) - 0.4]}


@draw.register
def _(result: SegmentsLaterResult) -> go.Figure:
    rows = result.table[result.table["then"] > 0].iloc[::-1].reset_index(drop=True)
    fig = theme.figure(title=result.text, height=190 + 36 * len(rows))
    fig.add_scatter(
        x=rows["brought"], y=rows.index, mode="markers", marker={"size": 11, "color": theme.BLUE}, showlegend=False,
        error_x={"array": rows["brought_high"] - rows["brought"], "color": theme.BLUE},
        hovertemplate=say("{currency} %{{x:.0f}} a customer<extra></extra>", currency=voice().currency),
    )  # fmt: skip
    fig.add_bar(
        x=rows["stayed_share"], y=rows.index, orientation="h", marker_color=WITHIN, showlegend=False, xaxis="x2",
        text=[say("{share:percent} of {n:count}", share=row.stayed_share, n=row.then) for row in rows.itertuples()],
        textposition="outside", cliponaxis=False, hoverinfo="skip",
    )  # fmt: skip
    return fig.update_layout(
        xaxis={"domain": [0, 0.56], "rangemode": "tozero",
               "title_text": say("brought since, {currency} a customer", currency=voice().currency)},
        xaxis2={"domain": [0.62, 1], "range": [0, 1.4], "tickvals": [0, 0.5, 1], "tickformat": ".0%", "anchor": "y",
                "title_text": say("members who are still in")},
        yaxis=_names(rows),
        margin={"t": 110, "b": 70},
    )  # fmt: skip


@draw.register
def _(result: OverlapResult) -> go.Figure:
    rows = result.table.head(MOST).iloc[::-1].reset_index(drop=True)
    fig = theme.figure(title=result.text, x=say("customers in both"), height=180 + 34 * len(rows))
    fig.add_bar(
        x=rows["in_both"], y=rows.index, orientation="h", marker_color=theme.BLUE, hoverinfo="skip",
        textposition="outside", cliponaxis=False,
        text=[
            say("{n:count} · {one:percent} of the first, {two:percent} of the second",
                n=row.in_both, one=row.share_of_segment, two=row.share_of_other)
            for row in rows.itertuples()
        ],
    )  # fmt: skip
    said = [theme.headline(f"{row.segment} & {row.other}", 34) for row in rows.itertuples()]
    return fig.update_layout(
        xaxis_range=[0, 1.9 * max(1, rows["in_both"].max() if len(rows) else 1)],
        yaxis={"tickvals": list(rows.index), "ticktext": said, "showgrid": False},
    )
