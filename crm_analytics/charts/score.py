"""A score drawn: what the best hold, and what contacting them brings, with the cut-off; one customer's reasons."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.scores.gains import GRID
from crm_analytics.planning.customers.scores.score import ScoreResult
from crm_analytics.planning.customers.scores.score_checks import proven_profit
from crm_analytics.say import say, voice


@draw.register
def _(result: ScoreResult) -> go.Figure:
    trial, study = result.found.trial, result.study
    percent = 100 * GRID
    fig = theme.figure(title=result.text, x=say("people contacted, the best first, %"), height=470)
    _banded(fig, percent, 100 * trial.gains, theme.BLUE, say("successes among them, %"), axis="")
    fig.add_scatter(x=[0, 100], y=[0, 100], mode="lines", line={"color": theme.PALE, "dash": "dot"},
                    name=say("by chance"), hoverinfo="skip")  # fmt: skip
    profit = 1000 * trial.profit(cost=study.cost, gain=study.gain)
    _banded(fig, percent, profit, theme.GREEN, say("profit a thousand people"), axis="2")
    share = proven_profit(result)[1]
    for axis in ("x", "x2"):
        fig.add_vline(x=100 * share, line={"color": theme.ORANGE, "width": 2}, xref=axis)
    fig.add_hline(y=0, line={"color": theme.PALE, "width": 1}, yref="y2", xref="x2")
    fig.add_annotation(
        text=say("cut-off {cut:percent}:<br>{share:percent} of people", cut=result.cut_off, share=share),
        x=100 * share, y=0.02, yref="y domain", xref="x", xanchor="left" if share < 0.6 else "right", yanchor="bottom",
        showarrow=False, align="left", xshift=6 if share < 0.6 else -6,
        font={"color": theme.ORANGE, "size": 12}, bgcolor=theme.PAPER,
    )  # fmt: skip
    top = say("{half:percent} in the better half", half=result.top_half[0])
    fig.add_annotation(text=top, x=50, y=100 * result.top_half[0], ax=-38, ay=-26, arrowcolor=theme.INK, xref="x",
                       yref="y", font={"size": 12}, bgcolor=theme.PAPER)  # fmt: skip
    return fig.update_layout(
        xaxis={"domain": [0, 0.43], "range": [0, 100]},
        yaxis={"range": [0, 103], "title_text": say("successes on days held out, %")},
        xaxis2={"domain": [0.57, 1], "range": [0, 100], "anchor": "y2",
                "title_text": say("people contacted, the best first, %")},
        yaxis2={"anchor": "x2", "title_text": say("profit a thousand people, {currency}", currency=voice().currency)},
        showlegend=False,
    )  # fmt: skip


def _banded(fig: go.Figure, x: np.ndarray, draws: np.ndarray, colour: str, name: str, *, axis: str) -> None:
    """The curve found, in the band of 19 of 20 resamplings."""
    low, high = np.quantile(draws[1:], (0.025, 0.975), axis=0)
    on = (f"x{axis}", f"y{axis}")
    fig.add_traces(theme.band(x, low, high, colour=_pale(colour), axes=on))
    fig.add_scatter(x=x, y=draws[0], line={"color": colour, "width": 2.5}, name=name, mode="lines", showlegend=False,
                    xaxis=on[0], yaxis=on[1], hovertemplate="%{x:.0f} % → %{y:,.1f}<extra></extra>")  # fmt: skip


def _pale(colour: str) -> str:
    return theme.BAND if colour == theme.BLUE else "rgba(42, 140, 90, .16)"
