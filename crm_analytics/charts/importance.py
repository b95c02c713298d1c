"""What matters against how well it is done: a map of factors whose upper left corner is the work to do first."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.collection.voice.importance import IMPROVE, KEEP, LOW, OVERKILL, ImportanceResult
from crm_analytics.say import say

COLOURS = {IMPROVE: theme.RED, KEEP: theme.GREEN, OVERKILL: theme.YELLOW, LOW: theme.PALE}


@draw.register
def _(result: ImportanceResult) -> go.Figure:
    table, border = result.table, 1 / len(result.table)
    fig = theme.figure(
        title=_title(result),
        x=say("how customers rate it, of {top:count}", top=result.highest),
        y=say("share of what moves satisfaction"),
        height=500,
    )
    for place, row in enumerate(table.itertuples()):
        colour = COLOURS[row.priority]
        fig.add_scatter(
            x=[row.performance],
            y=[row.importance],
            mode="markers+text",
            text=[theme.headline(row.factor, 26)],
            textposition="top right" if place % 2 else "top left",
            textfont_color=theme.INK,
            marker={"size": 12, "color": colour},
            error_x=_reach(row.performance, row.performance_low, row.performance_high, colour),
            error_y=_reach(row.importance, row.low, row.high, colour),
            cliponaxis=False,
            showlegend=False,
        )
    middle = _crossing(result)
    fig.add_hline(y=border, line={"color": theme.INK, "dash": "dot", "width": 1})
    fig.add_vline(x=middle, line={"color": theme.INK, "dash": "dot", "width": 1})
    left, right = table.performance_low.min(), table.performance_high.max()
    room = 0.18 * max(right - left, 0.2)
    top = 1.12 * table.high.max()
    fig.update_xaxes(range=[min(left, middle) - room, max(right, middle) + room])
    fig.update_yaxes(range=[0, top], tickformat=".0%")
    for name, x, y in ((IMPROVE, 0, 1), (KEEP, 1, 1), (LOW, 0, 0), (OVERKILL, 1, 0)):
        fig.add_annotation(
            text=f"<b>{say(name)}</b>",
            x=x,
            y=y,
            xref="paper",
            yref="paper",
            showarrow=False,
            font_color=COLOURS[name] if name != LOW else theme.INK,
            xanchor="right" if x else "left",
            yanchor="top" if y else "bottom",
        )
    return fig


def _crossing(result: ImportanceResult) -> float:
    """The usual level as a place on the axis, which is the factors' own scale."""
    table = result.table
    known = table[table.level > 0]
    unit = float(((known.performance - known.performance.min()) / (known.level - known.level.min())).median())
    first = known.loc[known.level.idxmin()]
    return float(first.performance + (result.usual_level - first.level) * unit)


def _reach(value: float, low: float, high: float, colour: str) -> dict:
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value],
        "arrayminus": [value - low],
        "color": colour,
        "thickness": 1.6,
        "width": 5,
    }


def _title(result: ImportanceResult) -> str:
    first = result.table[(result.table.priority == IMPROVE) & (result.table.direction > 0)]
    if not len(first):
        return say(
            "{factor} moves satisfaction most ({share:percent}), and is done no worse than the rest",
            factor=result.table.factor.iloc[0],
            share=result.table.importance.iloc[0],
        )
    return say(
        "Improve {factor} first: {share:percent} of what moves satisfaction, rated {rated:number} of {top:count}",
        factor=first.factor.iloc[0],
        share=first.importance.iloc[0],
        rated=first.performance.iloc[0],
        top=result.highest,
    )
