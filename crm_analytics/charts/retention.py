"""How long customers stay, drawn: the share still there by days since they came, with its band, and by group."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.customers.retention import RetentionResult
from crm_analytics.say import say

MOST_GROUPS = 5


@draw.register
def _(result: RetentionResult) -> go.Figure:
    fig = theme.figure(title=_title(result), x=say("days since the customer came"), y=say("share still customers"),
                       height=460)  # fmt: skip
    groups = list(result.table["group"])
    whole = result.curves[result.curves["group"] == groups[0]]
    named = say("{share:percent} interval of all", share=result.study.confidence)
    fig.add_traces(theme.band(whole["days"], whole["low"], whole["high"], name=named)).update_traces(line_shape="hv")
    for place, group in enumerate(groups[1 : MOST_GROUPS + 1]):
        curve = result.curves[result.curves["group"] == group]
        fig.add_scatter(
            x=curve["days"],
            y=curve["retained"],
            mode="lines",
            name=theme.headline(str(group), 30),
            line={"shape": "hv", "width": 1.6, "color": theme.SERIES[(place + 1) % len(theme.SERIES)]},
        )
    fig.add_scatter(x=whole["days"], y=whole["retained"], mode="lines", name=say("all"),
                    line={"shape": "hv", "width": 3, "color": theme.BLUE})  # fmt: skip
    fig.add_vline(x=result.horizon_days, line={"color": theme.PALE, "dash": "dot"})
    fig.update_yaxes(rangemode="tozero", tickformat=".0%", range=[0, 1.02])
    return fig


def _title(result: RetentionResult) -> str:
    row = result.table.iloc[0]
    return say(
        "{share:percent} ({span:percents}) of customers are still customers after {days:count} days",
        share=row["retained"], span=(row["low"], row["high"]), days=result.horizon_days,
    )  # fmt: skip
