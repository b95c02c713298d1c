"""A test against control drawn: both arms with their intervals, and how likely each size of the effect is."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.by_lot import drawn_alike
from crm_analytics.effectiveness.control.lift import LiftResult
from crm_analytics.say import say


@draw.register
def _(result: LiftResult) -> go.Figure:
    fig = theme.figure(title=_title(result), height=430)
    arms = result.table.set_index("arm").loc[["control", "treated"]]
    names = [say("left alone ({n:count})", n=arms.customers["control"]),
             say("addressed ({n:count})", n=arms.customers["treated"])]
    for name, arm, colour in zip(names, arms.itertuples(), (theme.PALE, theme.BLUE), strict=True):
        fig.add_scatter(
            x=[name], y=[arm.mean], mode="markers", marker={"size": 13, "color": colour}, showlegend=False,
            error_y={"type": "data", "symmetric": False, "array": [arm.high - arm.mean],
                     "arrayminus": [arm.mean - arm.low], "color": colour, "thickness": 2.5, "width": 10},
        )
    effects, likely = _likelihood(result)
    fig.add_scatter(x=effects, y=likely, mode="lines", line_color=theme.BLUE, showlegend=False, xaxis="x2", yaxis="y2")
    inside = (effects >= result.low) & (effects <= result.high)
    fig.add_scatter(x=effects[inside], y=likely[inside], mode="lines", fill="tozeroy", fillcolor=theme.BAND,
                    line_width=0, showlegend=False, xaxis="x2", yaxis="y2")
    right = result.effect >= 0
    for x, label, colour, to_the_right in (
        (0.0, say("no effect"), theme.INK, not right), (result.effect, say("measured"), theme.BLUE, right),
    ):
        fig.add_scatter(x=[x, x], y=[0, 1.08], mode="lines", showlegend=False, xaxis="x2", yaxis="y2",
                        line={"color": colour, "dash": "solid" if colour == theme.BLUE else "dot"})
        fig.add_annotation(x=x, y=1.12, xref="x2", yref="y2", text=label, showarrow=False, font_size=12,
                           xanchor="left" if to_the_right else "right", yanchor="bottom")
    return fig.update_layout(
        xaxis={"domain": [0, 0.4], "range": [-0.6, 1.6]},
        yaxis={"title_text": _each(result), "rangemode": "tozero"},
        xaxis2={"domain": [0.52, 1], "anchor": "y2", "title_text": say("effect per addressed customer, {unit}",
                                                                      unit=result.measured.unit)},
        yaxis2={"anchor": "x2", "visible": False, "range": [0, 1.3]},
    )


def _likelihood(result: LiftResult) -> tuple[np.ndarray, np.ndarray]:
    """The bell that the interval comes from, its top at one."""
    spread = (result.high - result.low) / 2
    effects = np.linspace(min(result.effect - 2 * spread, -0.1 * spread), max(result.effect + 2 * spread, 0.1 * spread),
                          301)
    scale = spread / NormalDist().inv_cdf((1 + result.study.confidence) / 2)
    return effects, np.exp(-0.5 * ((effects - result.effect) / scale) ** 2)


def _title(result: LiftResult) -> str:
    worded = result.measured.amount(result.effect)
    if not drawn_alike(result.checks):
        return say("{effect} a customer parts the addressed from the others: they were not drawn alike", effect=worded)
    if result.low <= 0 <= result.high:
        return say("Within noise: the test cannot tell {effect} a customer from nothing", effect=worded)
    if result.measured.kind == "share":
        return say("{effect} more or fewer of the addressed {noun}", effect=worded, noun=result.measured.noun)
    if result.measured.is_ratio:
        return say("Being addressed changed {noun} by {effect}", noun=result.measured.noun, effect=worded)
    return say("Being addressed changed what a customer brings by {effect}", effect=worded)



def _each(result: LiftResult) -> str:
    unit = result.measured.unit
    return unit if result.measured.kind == "share" or result.measured.is_ratio else say("{unit} a customer", unit=unit)
