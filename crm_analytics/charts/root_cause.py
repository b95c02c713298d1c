"""Which part carries a change, drawn: what each part did, beside what it would have done like the rest."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.amounts import noun_of, unit_of
from crm_analytics.effectiveness.causes.root_cause import RootCauseResult
from crm_analytics.effectiveness.causes.root_cause_words import worded
from crm_analytics.say import say


@draw.register
def _(result: RootCauseResult) -> go.Figure:
    rows = result.table.iloc[::-1]
    names = [theme.headline(text, width=30) for text in rows["part"]]
    along = say("change, {unit}", unit=unit_of(result.study.measure))
    fig = theme.figure(title=_title(result), x=along, height=220 + 70 * len(rows))
    colours = [theme.PALE if place == 0 else theme.BLUE for place in range(len(rows))]
    fig.add_bar(
        y=names,
        x=rows["change"],
        orientation="h",
        width=0.5,
        marker_color=colours,
        name=say("what it changed"),
        text=[worded(result, value) for value in rows["change"]],
        textposition="outside",
        cliponaxis=False,
        showlegend=False,
        hoverinfo="skip",
    )
    shown = rows.iloc[1:]
    fig.add_scatter(
        y=names[1:],
        x=shown["expected"],
        mode="markers",
        name=say("had it moved like the rest, and how far it strays"),
        marker={"symbol": "line-ns", "size": 22, "line": {"width": 2, "color": theme.ORANGE}},
        hoverinfo="skip",
        error_x={"type": "data", "array": shown["ordinary_high"], "color": theme.ORANGE, "thickness": 2, "width": 8},
    )
    ends = [
        0.0,
        *rows["change"],
        *(shown["expected"] + shown["ordinary_high"]),
        *(shown["expected"] - shown["ordinary_high"]),
    ]
    span = max(ends) - min(ends)
    fig.update_xaxes(
        range=[min(ends) - 0.18 * span * (min(ends) < 0), max(ends) + 0.18 * span],
        zeroline=True,
        zerolinecolor=theme.INK,
    )
    return fig.update_layout(title={"xref": "container", "x": 0.02})


def _title(result: RootCauseResult) -> str:
    first = result.table.iloc[0]
    frame = {"change": worded(result, result.change), "what": noun_of(result.study.measure)}
    if not result.cuts:
        return say("Nothing unusual: of {change} {what} every part holds about its usual share", **frame)
    return say(
        "{part}: {carried} of {change} {what}; like the rest it would have been {expected}",
        **frame,
        part=first["part"],
        carried=worded(result, first["change"]),
        expected=worded(result, first["expected"]),
    )
