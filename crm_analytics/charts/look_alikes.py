"""Look-alikes drawn: what the best had in common before they were it, and what became of those called alike."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.scores.look_alikes import LookAlikesResult
from crm_analytics.say import say

MOST = 8


@draw.register
def _(result: LookAlikesResult) -> go.Figure:
    rows, fifths = result.shared.head(MOST).iloc[::-1], result.fifths
    fig = theme.figure(title=result.text, height=440)
    fig.add_scatter(
        x=rows["times"], y=[theme.headline(what, 34) for what in rows["what"]], mode="markers", customdata=rows["told"],
        marker={"color": [theme.GREEN if times > 1 else theme.ORANGE for times in rows["times"]], "size": 11},
        error_x={"array": rows["high"] - rows["times"], "arrayminus": rows["times"] - rows["low"], "thickness": 1.2,
                 "color": theme.PALE},
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )  # fmt: skip
    fig.add_vline(x=1, line_dash="dot", line_color=theme.PALE, xref="x")
    fig.add_bar(
        x=fifths["fifth"], y=100 * fifths["became"], xaxis="x2", yaxis="y2",
        marker_color=[theme.BLUE, *([theme.PALE] * (len(fifths) - 1))], hovertemplate="%{y:.1f} %<extra></extra>",
        error_y={"array": 100 * (fifths["high"] - fifths["became"]), "color": theme.INK, "thickness": 1.2,
                 "arrayminus": 100 * (fifths["became"] - fifths["low"])},
    )  # fmt: skip
    return fig.update_layout(
        xaxis={"domain": [0, 0.4], "title_text": say("how many times as usual among later best")},
        xaxis2={"domain": [0.6, 1], "anchor": "y2", "dtick": 1, "showgrid": False,
                "title_text": say("held-out people in fifths, the most alike first")},
        yaxis={"showgrid": False},
        yaxis2={"anchor": "x2", "title_text": say("became one of the best, %"), "rangemode": "tozero"},
        showlegend=False,
    )  # fmt: skip
