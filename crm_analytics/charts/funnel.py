"""The funnel drawn: how many go on at each step, part beside part, and the leak marked."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.paths.funnel import ALL, FunnelResult
from crm_analytics.say import say

MOST = 6
"""So many parts, those with most people, are drawn beside all together."""


@draw.register
def _(result: FunnelResult) -> go.Figure:
    now = result.steps[(result.steps["period"] == "now") & (result.steps["decided"] > 0)]
    fig = theme.figure(title=_title(result), x=say("go on, %"), height=460)
    order = now[now["part"] == ALL].sort_values("step_no")
    labels = {
        row.step_no: theme.headline(say("{step} → {next}", step=say(row.step), next=say(row.next_step)), 26)
        for row in order.itertuples()
    }
    sizes = now[now["step_no"] == now["step_no"].min()].set_index("part")["entered"].drop(ALL, errors="ignore")
    leaking = [part for part in result.leaks["part"].unique() if part in sizes.index] if len(result.table) else []
    parts = list(dict.fromkeys([*leaking[:2], *sizes.sort_values(ascending=False, kind="stable").index]))[:MOST]
    shown = ([ALL] if len(parts) != 1 else []) + parts
    for i, part in enumerate(shown):
        rows = now[(now["part"] == part) & now["step_no"].isin(labels)]
        offset = (i - (len(shown) - 1) / 2) * 0.8 / max(len(shown), 1)
        whole = part == ALL
        fig.add_scatter(
            x=100 * rows["rate"],
            y=rows["step_no"] + offset,
            mode="markers",
            name=say("all together") if whole else theme.headline(str(part), 32),
            marker={
                "size": 12 if whole else 9,
                "color": theme.INK if whole else theme.SERIES[(i - 1) % len(theme.SERIES)],
                "symbol": "diamond" if whole else "circle",
            },
            error_x={
                "type": "data",
                "array": 100 * (rows["high"] - rows["rate"]),
                "arrayminus": 100 * (rows["rate"] - rows["low"]),
                "thickness": 1.5,
            },
            customdata=rows[["passed", "decided"]],
            hovertemplate="%{customdata[0]:.0f} / %{customdata[1]:.0f}: %{x:.1f} %",
        )
    _mark(fig, result, shown, labels)
    height = 240 + 24 * len(shown) * len(labels)
    fig.update_xaxes(range=[0, 104])
    return fig.update_layout(
        yaxis={
            "tickvals": list(labels),
            "ticktext": list(labels.values()),
            "range": [max(labels) + 0.6, min(labels) - 0.6],
            "showgrid": False,
        },
        legend={"y": -60 / height, "yanchor": "top"},
        height=height,
    )


def _mark(fig: go.Figure, result: FunnelResult, shown: list[str], labels: dict[int, str]) -> None:
    if not len(result.leaks):
        return
    leak = result.leaks.iloc[0]
    at = result.steps[
        (result.steps["part"] == leak["part"])
        & (result.steps["period"] == "now")
        & (result.steps["step"] == leak["step"])
    ].iloc[0]
    if leak["part"] not in shown or at["step_no"] not in labels:
        return
    offset = (shown.index(leak["part"]) - (len(shown) - 1) / 2) * 0.8 / max(len(shown), 1)
    told = say("−{lost:money}", lost=leak["lost"]) if leak["lost"] == leak["lost"] else say("leak")
    fig.add_annotation(
        x=100 * at["high"],
        y=at["step_no"] + offset,
        text=told,
        showarrow=False,
        xanchor="left",
        xshift=8,
        font={"color": theme.RED, "size": 14},
        bgcolor=theme.PAPER,
    )


def _title(result: FunnelResult) -> str:
    if not len(result.leaks):
        return say("No step leaks more than chance explains")
    leak = result.leaks.iloc[0]
    values = {
        "step": say(leak["step"]),
        "next": say(leak["next_step"]),
        "part": say("everybody") if leak["part"] == ALL else leak["part"],
        "rate": leak["rate"],
        "usual": leak["usual"],
    }
    return say("The leak: from {step} to {next} of {part}, {rate:percent} go on instead of {usual:percent}", **values)
