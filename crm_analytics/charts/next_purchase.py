"""The next purchases drawn: in which week, of what, and whether such chances were borne out before."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.next.next_purchase import NextPurchaseResult
from crm_analytics.say import say

MOST_KINDS = 10


@draw.register
def _(result: NextPurchaseResult) -> go.Figure:
    fig = make_subplots(
        cols=3, horizontal_spacing=0.11, column_widths=[0.32, 0.36, 0.32],
        subplot_titles=[
            say("When: first purchases to expect"), say("What: purchases that hold it"),
            say("Was it so? {days:count} hidden days", days=result.study.horizon_days),
        ],
    )  # fmt: skip
    style = theme.figure(title=result.text, height=460).layout
    fig.update_layout(template=style.template, height=style.height, title=style.title, showlegend=False, margin_t=124)
    _when(fig, result)
    _what(fig, result)
    _so(fig, result)
    fig.update_annotations(font_size=14)
    return fig


def _when(fig: go.Figure, result: NextPurchaseResult) -> None:
    weeks = result.weeks
    pace = weeks["buyers"] * 7 / weeks["days"]  # the last week may be a short one
    fig.add_bar(
        x=weeks["week"], y=pace, marker_color=theme.BLUE, row=1, col=1,
        customdata=[say("{buyers:count} customers, {money:money}", buyers=row.buyers, money=row.money)
                    for row in weeks.itertuples()],
        hovertemplate="%{x}: %{customdata}<extra></extra>",
    )  # fmt: skip
    fig.update_xaxes(title_text=say("week from now"), showgrid=False, row=1, col=1)
    fig.update_yaxes(title_text=say("customers a week"), rangemode="tozero", row=1, col=1)


def _what(fig: go.Figure, result: NextPurchaseResult) -> None:
    goods = result.goods.set_index("customer_id")
    chance = result.table.set_index("customer_id")["p_buys"].reindex(goods.index)
    sums = goods.mul(chance, axis=0).sum().sort_values(ascending=False, kind="stable").head(MOST_KINDS).iloc[::-1]
    names = [theme.headline(str(name)[:28], 100) for name in sums.index]
    fig.add_bar(
        x=sums, y=names, orientation="h", marker_color=theme.GREEN, row=1, col=2, textposition="outside",
        text=[say("{n:count}", n=value) for value in sums], cliponaxis=False,
        hovertemplate="%{y}: %{text}<extra></extra>",
    )  # fmt: skip
    fig.update_xaxes(title_text=say("purchases"), range=[0, 1.2 * float(sums.max())], row=1, col=2)
    fig.update_yaxes(showgrid=False, row=1, col=2)


def _so(fig: go.Figure, result: NextPurchaseResult) -> None:
    bins = result.calibration
    end = min(1.0, 1.1 * float(max(bins["foretold"].max(), bins["high"].max())))
    fig.add_scatter(x=[0, end], y=[0, end], mode="lines", line={"color": theme.PALE, "dash": "dot"}, hoverinfo="skip",
                    row=1, col=3)  # fmt: skip
    fig.add_scatter(
        x=bins["foretold"], y=bins["happened"], mode="markers", marker={"color": theme.INK, "size": 8}, row=1, col=3,
        error_y={"array": bins["high"] - bins["happened"], "arrayminus": bins["happened"] - bins["low"],
                 "color": theme.INK, "thickness": 1.2},
        hovertemplate="%{x:.0%} → %{y:.0%}<extra></extra>",
    )  # fmt: skip
    fig.update_xaxes(title_text=say("chance foretold"), tickformat=".0%", range=[0, end], row=1, col=3)
    fig.update_yaxes(title_text=say("bought"), tickformat=".0%", range=[0, end], row=1, col=3)
