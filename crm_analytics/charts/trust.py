"""How often the intervals held the truth, estimator by estimator, and how far a plain look would have erred."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from crm_analytics.charts import draw, theme
from crm_analytics.say import say
from crm_analytics.trust.trust import PROMISED, TrustResult


@draw.register
def _(result: TrustResult) -> go.Figure:
    rows = result.estimators.sort_values("estimator", ascending=False)
    fig = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.06, column_widths=[0.5, 0.5],
        subplot_titles=[
            say("intervals that held the truth, a dot a situation, %"),
            say("typical error, % of what is usual (by tens)"),
        ],
    )  # fmt: skip
    names = [theme.headline(name, 40) for name in result.table["estimator"]]
    fig.add_trace(
        go.Scatter(
            x=100 * result.table["coverage"], y=names, mode="markers", showlegend=False,
            marker={"size": 9, "color": theme.BLUE, "opacity": 0.45},
            hovertext=[theme.headline(text) for text in result.table["situation"]],
        ),
        row=1, col=1,
    )  # fmt: skip
    labels = [theme.headline(name, 40) for name in rows["estimator"]]
    for column, name, colour, symbol in (
        ("error", say("this suite"), theme.BLUE, "circle"),
        ("naive_error", say("a plain look"), theme.ORANGE, "diamond"),
    ):
        fig.add_trace(
            go.Scatter(x=100 * rows[column], y=labels, mode="markers", name=name,
                       marker={"size": 11, "color": colour, "symbol": symbol}),
            row=1, col=2,
        )  # fmt: skip
    fig.add_vline(x=100 * PROMISED, line={"color": theme.INK, "dash": "dot", "width": 1}, row=1, col=1)
    title = say("{share:percent} of intervals that promise 95 % held the truth, where it was known",
                share=(result.table["coverage"] * result.table["answers"]).sum() / result.table["answers"].sum())
    lowest = min(85.0, 100 * float(result.table["coverage"].min()) - 2)
    fig.update_layout(template=theme.TEMPLATE, title_text=theme.headline(title), height=230 + 34 * len(rows),
                      margin={"l": 130, "t": 110}, legend_y=-62 / (60 + 34 * len(rows)))
    fig.update_xaxes(range=[lowest, 101], ticksuffix=" %", row=1, col=1)
    fig.update_xaxes(type="log", dtick=1, ticksuffix=" %", row=1, col=2)
    return fig.update_annotations(font={"size": 13})
