"""Whom campaigns annoyed, drawn: what each cost in permissions or complaints, and beside it what it won."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.opt_outs import OptOutsResult
from crm_analytics.effectiveness.control.opt_outs_segments import OptOutsBySegment
from crm_analytics.say import say, voice


@draw.register
def _(result: OptOutsResult) -> go.Figure:
    rows = result.table[::-1]
    opt_outs = result.study.event == "opt_outs"
    lost = say("permissions lost to it") if opt_outs else say("complaints caused by it")
    fig = theme.figure(title=_title(result), x=lost, height=230 + 36 * len(rows))
    for row in rows.itertuples():
        low, high = row.treated * row.low, row.treated * row.high
        fig.add_trace(theme.interval(row.campaign, row.caused, low, high, theme.RED if row.annoys else theme.PALE))
    fig.add_vline(x=0, line={"color": theme.INK, "dash": "dot", "width": 1})
    fig.update_layout(margin_t=96)
    if "won" not in rows:
        return fig
    for row in rows.dropna(subset=["won"]).itertuples():
        colour = theme.GREEN if row.won_low > 0 else theme.RED if row.won_high < 0 else theme.PALE
        trace = theme.interval(row.campaign, row.won, row.won_low, row.won_high, colour)
        fig.add_trace(trace.update(xaxis="x2", yaxis="y2"))
    fig.add_shape(type="line", xref="x2", yref="y2 domain", x0=0, x1=0, y0=0, y1=1,
                  line={"color": theme.INK, "dash": "dot", "width": 1})  # fmt: skip
    return fig.update_layout(
        xaxis={"domain": [0, 0.46]},
        xaxis2={"domain": [0.54, 1], "anchor": "y2", "title": {"text": say("won by it, {of}", of=voice().currency)}},
        yaxis2={"anchor": "x2", "matches": "y", "showticklabels": False},
    )  # fmt: skip


@draw.register
def _(result: OptOutsBySegment) -> go.Figure:
    rows = result.table[::-1]
    title = (
        say(
            "Most are annoyed in «{name}»: {more:number} of 100",
            name=result.table.iloc[0]["segment"],
            more=100 * result.table.iloc[0]["more"],
        )
        if result.differ_p < 1 - result.study.confidence
        else say("No group is annoyed more than others: the differences are no larger than chance makes them")
    )
    fig = theme.figure(title=title, height=190 + 36 * len(rows),
                       x=say("more of the addressed than of those left alone, in 100"))  # fmt: skip
    for row in rows.itertuples():
        name = f"{row.segment} ({row.treated + row.control:,})"
        colour = theme.RED if row.annoyed else theme.PALE
        fig.add_trace(theme.interval(name, 100 * row.more, 100 * row.low, 100 * row.high, colour))
    fig.add_vline(x=0, line={"color": theme.INK, "dash": "dot", "width": 1})
    return fig.add_vline(x=100 * result.overall, line={"color": theme.BLUE, "width": 1},
                         annotation_text=say("all customers"), annotation_position="top")  # fmt: skip


def _title(result: OptOutsResult) -> str:
    if not result.beyond_noise:
        return (
            say("Campaigns cost no permissions beyond noise")
            if result.study.event == "opt_outs"
            else say("Campaigns caused no complaints beyond noise")
        )
    if result.high < 0:
        return say("The addressed did so less than those left alone")
    told = (
        say("Campaigns cost {n:count} permissions", n=result.caused)
        if result.study.event == "opt_outs"
        else say("Campaigns caused {n:count} complaints", n=result.caused)
    )
    won = result.money
    if won is None or won.low <= 0:
        return told
    return say("{told}, and won {money:money}", told=told, money=won.won)
