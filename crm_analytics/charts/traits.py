"""Traits drawn: how much each tells beyond what customers bought, with its doubt."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.segments.trait_axes import in_words
from crm_analytics.planning.customers.segments.traits import NOTHING, UNSURE, WORTH, TraitsResult
from crm_analytics.say import say

COLOURS = {WORTH: theme.GREEN, UNSURE: theme.YELLOW, NOTHING: theme.PALE}
MOST = 15
"""More traits than these nobody reads in ten seconds; the least telling are left to the table."""


@draw.register
def _(result: TraitsResult) -> go.Figure:
    table = result.table.head(MOST)[::-1].reset_index(drop=True)
    gain, low, high = (table[name].clip(lower=0) for name in ("gain", "low", "high"))
    fig = theme.figure(
        title=_title(result),
        x=say("share of what recency, frequency and money leave open that the trait tells (95 %)"),
        height=150 + 34 * len(table),
    )
    names = [theme.headline(in_words(name), 32) for name in table["trait"]]
    for verdict, colour in COLOURS.items():
        mine = table.index[table["verdict"] == verdict]
        if len(mine):
            fig.add_scatter(
                x=gain[mine], y=[names[place] for place in mine], mode="markers", name=say(verdict),
                marker={"size": 13, "color": colour, "line": {"width": 1, "color": theme.INK}},
                error_x={"symmetric": False, "array": (high - gain)[mine], "arrayminus": (gain - low)[mine],
                         "color": theme.INK, "thickness": 1.4, "width": 5},
                hovertemplate="%{y}: %{x:.2%}<extra></extra>",
            )  # fmt: skip
    fig.add_vline(x=result.study.worth_having, line={"color": theme.RED, "dash": "dot", "width": 1.5})
    fig.add_annotation(
        x=result.study.worth_having, y=1, yref="paper", yanchor="bottom", xanchor="left", showarrow=False,
        text=say("worth having"), font={"color": theme.RED, "size": 12},
    )  # fmt: skip
    fig.update_xaxes(tickformat=".1%", rangemode="tozero")
    fig.update_yaxes(categoryorder="array", categoryarray=names)
    return fig.update_layout(legend={"y": -0.9 / (1 + 0.35 * len(table))}, margin={"t": 100})


def _title(result: TraitsResult) -> str:
    worth = [in_words(name) for name in result.table.loc[result.table["verdict"] == WORTH, "trait"]]
    if not worth:
        return say(
            "None of {traits:count} traits proves its worth beyond what purchases already tell.",
            traits=len(result.table),
        )
    return say(
        "{worth:count} of {traits:count} traits tell more than purchases do: {names}",
        worth=len(worth),
        traits=len(result.table),
        names=", ".join(worth),
    )
