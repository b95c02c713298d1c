"""One customer drawn: how alike the pairs of records are, where they were joined, and which look alike and are not."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.collection.identity.one_customer import OneCustomerResult
from crm_analytics.say import say

WIDTH_BITS = 2
LIMIT_BITS = 40


@draw.register
def _(result: OneCustomerResult) -> go.Figure:
    if not len(result.pairs):
        return _without_pairs(result)
    pairs = result.pairs.dropna(subset=["weight"])
    edges = np.arange(-6, LIMIT_BITS + WIDTH_BITS, WIDTH_BITS)
    middle = edges[:-1] + WIDTH_BITS / 2
    fig = theme.figure(
        title=_title(result), x=say("evidence that two records are one customer, bits (0: even odds)"), y=say("pairs")
    )
    joined = pairs.joined.astype(bool)
    doubt = pairs.doubt.fillna("") != ""
    for name, rows, colour in (
        (say("joined"), joined, theme.BLUE),
        (say("kept apart: they contradict each other"), ~joined & doubt, theme.ORANGE),
        (say("kept apart: not sure enough"), ~joined & ~doubt, theme.PALE),
    ):
        counts, _ = np.histogram(pairs.weight[rows].clip(edges[0], edges[-1] - 1e-9), bins=edges)
        fig.add_bar(x=middle, y=counts, name=name, marker_color=colour, width=WIDTH_BITS * 0.9)
    fig.add_vline(x=result.threshold_bits, line_dash="dot", line_color=theme.INK)
    fig.add_annotation(
        x=result.threshold_bits,
        y=1,
        yref="paper",
        yanchor="bottom",
        text=say("sure to {p:percent}", p=result.study.threshold),
        showarrow=False,
        font_size=12,
    )
    fig.update_layout(barmode="stack", margin_t=112, xaxis={"range": [edges[0] - 1, edges[-1] + 1]})
    return fig


def _without_pairs(result: OneCustomerResult) -> go.Figure:
    fig = theme.figure(title=_title(result), x=say("records"), height=260)
    fig.add_bar(
        x=[result.before["customers"], result.after["customers"]],
        y=[say("records"), say("customers")],
        orientation="h",
        marker_color=[theme.PALE, theme.BLUE],
        text=[say("{n:count}", n=result.before["customers"]), say("{n:count}", n=result.after["customers"])],
        textposition="auto",
    )
    return fig


def _title(result: OneCustomerResult) -> str:
    if not result.surplus:
        return say("{n:count} records: none is known to be another's duplicate", n=result.before["customers"])
    return say(
        "{records:count} records are {customers:count} customers: {surplus:count} were counted twice",
        records=result.before["customers"],
        customers=result.after["customers"],
        surplus=result.surplus,
    )
