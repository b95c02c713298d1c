"""A waterfall: from one whole to another by what moved it, each step with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from crm_analytics.charts import theme
from crm_analytics.say import say, voice

if TYPE_CHECKING:
    import pandas as pd


def waterfall(steps: pd.DataFrame, *, title: str, before: tuple[str, float], now: tuple[str, float]) -> go.Figure:
    """Bars from `before` to `now` (a name and money each): the `steps` have label, moved, low and high, in order.

    The axis begins near the smaller whole where the steps would else be too small to see; the wholes then stand broken.
    """
    fig = theme.figure(title=title, y=voice().currency, height=480)
    starts = before[1] + steps["moved"].cumsum() - steps["moved"]
    lows = [min(start, start + moved) for start, moved in zip(starts, steps["moved"], strict=True)]
    labels = [before[0], *steps["label"], now[0]]
    crowded = len(labels) > 8
    labels = [theme.headline(label, width=10 if crowded else 12) for label in labels]
    whole, range_of = [before[1], now[1]], abs(steps["moved"]).sum()
    floor = max(min([*whole, *lows]) - 0.35 * range_of, 0) if min([*whole, *lows]) > 2 * range_of else 0
    ends = go.Bar(
        x=[labels[0], labels[-1]], y=[value - floor for value in whole], base=floor, marker_color=theme.PALE,
        text=[say("{value:money}", value=value) for value in whole], textposition="outside", showlegend=False,
        cliponaxis=False,
    )  # fmt: skip
    fig.add_trace(ends)
    colours = [theme.GREEN if moved > 0 else theme.RED for moved in steps["moved"]]
    fig.add_bar(
        x=labels[1:-1], y=steps["moved"], base=starts, marker_color=colours, showlegend=False,
        error_y={"type": "data", "symmetric": False, "array": (steps["high"] - steps["moved"]).clip(lower=0),
                 "arrayminus": (steps["moved"] - steps["low"]).clip(lower=0), "color": theme.INK, "thickness": 1.4},
        hovertext=[say("{low:money} – {high:money}", low=low, high=high) for low, high in
                   zip(steps["low"], steps["high"], strict=True)],
    )  # fmt: skip
    top = max([*whole, *(starts + steps["high"].fillna(steps["moved"])), *(starts + steps["moved"]), *starts])
    for label, start, moved, high in zip(labels[1:-1], starts, steps["moved"], steps["high"].fillna(steps["moved"]),
                                         strict=True):  # fmt: skip
        fig.add_annotation(x=label, y=max(start, start + moved, start + high), yanchor="bottom", showarrow=False,
                           yshift=4, text=say("{value:money}", value=moved), font_size=12)  # fmt: skip
    fig.update_yaxes(range=[floor, top + 0.1 * (top - floor)])
    fig.update_xaxes(categoryorder="array", categoryarray=labels, tickfont_size=11 if crowded else 12, tickangle=0)
    return fig.update_layout(bargap=0.35, margin_t=96)
