"""The world outside drawn: what one typical step of each series does to sales, with its interval."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.market.outside import OutsideResult
from crm_analytics.say import say


@draw.register
def _(result: OutsideResult) -> go.Figure:
    rows = result.table[result.table["effect"].notna()].iloc[::-1]
    scale = [row.step if row.kind != "holiday" else 1.0 for row in rows.itertuples()]
    names = [
        say("{series}<br>a holiday in the week", series=theme.headline(row.series))
        if row.kind == "holiday"
        else say(
            "{series}<br>+{step:number} %, a usual quarter's step", series=theme.headline(row.series), step=row.step
        )
        for row in rows.itertuples()
    ]
    fig = theme.figure(title=result.text, x=say("change of sales, %"), height=190 + 62 * len(rows))
    fig.add_vline(x=0, line={"color": theme.PALE, "width": 1})
    fig.add_scatter(
        x=rows["effect"] * scale,
        y=names,
        mode="markers",
        marker={
            "size": 12,
            "color": [theme.BLUE if verdict == "yes" else theme.PALE for verdict in rows["moves_sales"]],
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (rows["high"] - rows["effect"]) * scale,
            "arrayminus": (rows["effect"] - rows["low"]) * scale,
            "color": theme.PALE,
        },
        hoverinfo="x",
    )
    return fig.update_yaxes(type="category")
