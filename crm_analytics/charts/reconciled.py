"""Claimed and caused, drawn: the credit of each channel beside what experiments say it brought."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.paths.attribution import called
from crm_analytics.effectiveness.paths.reconciled import GRADES, ReconciledResult
from crm_analytics.say import say, voice

MOST = 10
"""So many channels are drawn: those whose credit is farthest from what they brought."""


@draw.register
def _(result: ReconciledResult) -> go.Figure:
    told = result.table[result.table["evidence"] != "anyway"].head(MOST)
    names = [theme.headline(str(name), 32) for name in told["channel"]]
    fig = theme.figure(
        title=_title(result), x=say("revenue, {currency}", currency=voice().currency), height=210 + 44 * len(told)
    )
    for name, row in zip(names, told.itertuples(), strict=True):
        fig.add_scatter(
            x=[row.claimed, row.incremental],
            y=[name, name],
            mode="lines",
            line={"color": theme.PALE, "width": 2},
            showlegend=False,
            hoverinfo="skip",
        )
    fig.add_scatter(
        x=told["last_touch"], y=names, mode="markers", name=say("credited by the last touch"),
        marker={"symbol": "triangle-right-open", "size": 12, "color": theme.ORANGE, "line_width": 2},
    )  # fmt: skip
    fig.add_scatter(
        x=told["claimed"], y=names, mode="markers",
        name=say("credited by {model}", model=called(result.study.model)),
        marker={"size": 12, "color": theme.ORANGE},
    )  # fmt: skip
    for grade, name, colour in (
        (GRADES[:3], say("brought, by experiment"), theme.BLUE),
        (GRADES[3:], say("shared out of the known total"), theme.PALE),
    ):
        rows = told[told["evidence"].isin(grade)]
        if rows.empty:
            continue
        fig.add_scatter(
            x=rows["incremental"],
            y=[theme.headline(str(name), 32) for name in rows["channel"]],
            mode="markers",
            name=name,
            marker={"size": 12, "color": colour, "symbol": "diamond"},
            error_x={
                "type": "data",
                "array": rows["high"] - rows["incremental"],
                "arrayminus": rows["incremental"] - rows["low"],
                "color": colour,
            },
        )
    dark = told[told["evidence"] == "unknown"]
    for channel, most in zip(dark["channel"], dark[["claimed", "last_touch"]].max(axis=1), strict=True):
        fig.add_annotation(
            x=most, y=theme.headline(str(channel), 32), text=say("no experiment"), showarrow=False, xanchor="left",
            xshift=12, font={"color": theme.PALE, "size": 12},
        )  # fmt: skip
    fig.add_vline(x=0, line={"color": theme.INK, "width": 1})
    return fig.update_layout(
        yaxis={"autorange": "reversed", "showgrid": False}, legend={"y": -0.2}, xaxis={"tickformat": ",.0f"}
    )


def _title(result: ReconciledResult) -> str:
    tested = result.table[result.table["evidence"].isin(GRADES[:3]) & (result.table["claimed"] > 0)]["channel"]
    values = {"claimed": result.claimed, "value": result.incremental, "low": result.low, "high": result.high}
    values["names"] = (
        tested.iloc[0] if len(tested) == 1 else say("The {n:count} channels that were tested", n=len(tested))
    )
    if result.claimed > result.high:
        return say(
            "{names}: credited with {claimed:money}, brought {value:money} ({low:money} – {high:money})", **values
        )
    if result.claimed < result.low:
        return say(
            "{names}: ways show {claimed:money} only of the {value:money} ({low:money} – {high:money}) brought",
            **values,
        )
    return say("{names}: credited with {claimed:money}, brought {low:money} – {high:money}", **values)
