"""First contacts drawn: how many cases each settles, as if all had the same kinds of cases, beside the plain count."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.service.first_contact import FirstContactResult
from crm_analytics.say import say

MOST_ROWS = 20


@draw.register
def _(result: FirstContactResult) -> go.Figure:
    rows = result.table.head(MOST_ROWS)[::-1]
    height = 210 + 30 * len(rows)
    fig = theme.figure(title=_title(result), x=say("share of cases settled at the first contact"), height=height)
    for row in rows.itertuples():
        colour = theme.PALE if row.verdict == say("as others") else (
            theme.ORANGE if row.verdict == say("fewer settled") else theme.GREEN)  # fmt: skip
        fig.add_trace(theme.interval(str(row.value), row.rate, row.low, row.high, colour))
    fig.add_scatter(x=rows["plain"], y=[theme.headline(str(one), 40) for one in rows["value"]], mode="markers",
                    marker={"symbol": "x-thin", "size": 9, "line": {"width": 1.5, "color": theme.INK}},
                    name=say("as counted"))  # fmt: skip
    fig.add_vline(x=result.usual, line={"color": theme.INK, "dash": "dot"},
                  annotation_text=say("usual: {rate:percent}", rate=result.usual),
                  annotation_position="top")  # fmt: skip
    return fig.update_layout(xaxis_tickformat=".1%" if rows["high"].max() - rows["low"].min() < 0.05 else ".0%",
                             legend={"y": -75 / (height - 150)}, margin_t=105)  # fmt: skip


def _title(result: FirstContactResult) -> str:
    worst = result.table.iloc[0]
    rate = result.overall[0]
    if worst["verdict"] == say("fewer settled"):
        return say("{value} settles fewer cases at the first contact than others: {rate:percent}, where {all:percent} "
                   "is usual", value=worst["value"], rate=worst["rate"], all=result.usual)  # fmt: skip
    return say(
        "{rate:percent} of cases are settled at the first contact, and nothing stands out beyond chance"
        if (result.table["verdict"] == say("as others")).all()
        else "{rate:percent} of cases are settled at the first contact; some settle more",
        rate=rate,
    )
