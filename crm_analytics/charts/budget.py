"""Where the money goes now and where it should; what each part brings; plans side by side."""

import numpy as np
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.offers.budget import BudgetResult, ScenariosResult
from crm_analytics.say import say, voice


@draw.register
def _(result: BudgetResult) -> go.Figure:
    table, curves = result.table, result.curves
    present = result.budget * curves.now / curves.now.sum()
    order = np.argsort(table.spend.to_numpy(), kind="stable")
    names = [theme.headline(part, 18) for part in table.part[order]]
    bars = [
        go.Bar(
            x=spend[order], y=names, orientation="h", name=name, marker_color=colour, textposition="outside",
            text=[say("{x:money}", x=x) for x in spend[order]], cliponaxis=False, textfont_size=11,
            hovertemplate="%{y}: %{text}<extra></extra>", legendrank=rank,
        )
        for spend, name, colour, rank in (
            (present, say("same money split as in the last year"), theme.PALE, 1),
            (table.spend.to_numpy(), say("this plan"), theme.BLUE, 2),
        )
    ]  # fmt: skip
    reach = 1.15 * max(table.spend.max(), present.max(), 1.0)
    tallest = max(table.high.max(), table.expected_return.max(), 1.0)
    colour = {part: theme.SERIES[place % len(theme.SERIES)] for place, part in enumerate(order[::-1])}
    fig = theme.figure(*bars, title=_takeaway(result), x=say("spend, {currency} a year", currency=_money()))
    ends = _apart(curves.a * np.log1p(reach / curves.b), 0.07 * tallest)
    for part, row in table.iterrows():
        fig.add_traces(_curve(result, part, np.linspace(0, reach, 80), colour[part]))
        fig.add_trace(_dot(present[part], result, part, colour[part]))
        fig.add_annotation(text=theme.headline(row.part, 18), xref="x2", yref="y2", x=reach, xanchor="left",
                           y=ends[part], showarrow=False, font={"size": 11, "color": colour[part]})  # fmt: skip
    return fig.update_layout(
        barmode="group",
        xaxis={"domain": [0, 0.42], "range": [0, 1.3 * max(table.spend.max(), present.max(), 1.0)], "nticks": 5},
        yaxis={"showgrid": False},
        xaxis2={"domain": [0.55, 0.93], "anchor": "y2", "range": [0, reach], "nticks": 5,
                "title_text": say("spend, {currency} a year (○ last year’s split, ● this plan)", currency=_money())},
        yaxis2={"anchor": "x2", "title_text": say("return, {currency} a year", currency=_money())},
    )  # fmt: skip


@draw.register
def _(result: ScenariosResult) -> go.Figure:
    table = result.table.iloc[::-1]
    returns = go.Scatter(
        x=table.expected_return, y=[theme.headline(name, 24) for name in table.scenario], mode="markers+text",
        marker={"color": [theme.PALE] * (len(table) - 1) + [theme.BLUE], "size": 12}, textposition="top center",
        text=[say("{x:money}", x=x) for x in table.expected_return],
        error_x={"array": table.high - table.expected_return, "arrayminus": table.expected_return - table.low,
                 "color": theme.PALE},
        hovertemplate="%{y}: %{text}<extra></extra>",
    )  # fmt: skip
    fig = theme.figure(returns, title=result.text, x=say("return, {currency} a year", currency=_money()),
                       height=180 + 80 * len(table))  # fmt: skip
    return fig.update_layout(showlegend=False, yaxis={"range": [-0.6, len(table) - 0.3]})


def _takeaway(result: BudgetResult) -> str:
    best = result.table.loc[result.table.spend.idxmax()]
    title = say("{part} should get most, {spend:money}", part=best.part, spend=best.spend)
    more, low, high = result.gain
    if low <= 0:  # first what may not be overlooked
        return say("Not proven to beat last year's split: {title}", title=title)
    return say("{more:money} ({low:money} – {high:money}) more than last year's split: {title}",
               more=more, low=low, high=high, title=title)  # fmt: skip


def _curve(result: BudgetResult, part: int, spend: np.ndarray, colour: str) -> list[go.Scatter]:
    """What a part brings as its spend grows, and the plan's place on it with its interval."""
    curves, row = result.curves, result.table.loc[part]
    shared = {"name": row.part, "showlegend": False, "xaxis": "x2", "yaxis": "y2",
              "hovertemplate": "%{x:,.0f} → %{y:,.0f}"}  # fmt: skip
    line = go.Scatter(x=spend, y=curves.a[part] * np.log1p(spend / curves.b[part]), mode="lines", line_color=colour,
                      **shared)  # fmt: skip
    here = go.Scatter(
        x=[row.spend], y=[row.expected_return], mode="markers", marker={"color": colour, "size": 9}, **shared,
        error_y={"array": [row.high - row.expected_return], "arrayminus": [row.expected_return - row.low],
                 "color": colour, "thickness": 1.2},
    )  # fmt: skip
    return [line, here]


def _dot(spend: float, result: BudgetResult, part: int, colour: str) -> go.Scatter:
    """A hollow mark: where the last year's split stands on the curve."""
    brought = result.curves.a[part] * np.log1p(spend / result.curves.b[part])
    return go.Scatter(
        x=[spend], y=[brought], mode="markers", name=result.table.part[part], showlegend=False, xaxis="x2", yaxis="y2",
        marker={"color": theme.PAPER, "size": 9, "line": {"color": colour, "width": 2}},
        hovertemplate="%{x:,.0f} → %{y:,.0f}",
    )  # fmt: skip


def _apart(heights: np.ndarray, gap: float) -> np.ndarray:
    """Heights for labels, moved up until none covers another."""
    apart, below = heights.copy(), -np.inf
    for place in np.argsort(heights, kind="stable"):
        apart[place] = below = max(heights[place], below + gap)
    return apart


def _money() -> str:
    return voice().currency
