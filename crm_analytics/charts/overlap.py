"""Two campaigns at once: what one did for those whom another addressed, and for those it left alone."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.overlap import OverlapResult
from crm_analytics.say import say


@draw.register
def _(result: OverlapResult) -> go.Figure:
    rows = result.table
    fig = theme.figure(
        title=_title(result), height=210 + 44 * len(rows),
        x=say("how much more one campaign did for those whom the other addressed, {unit}", unit=result.measured.unit),
    )  # fmt: skip
    for row in rows.itertuples():
        sure = theme.GREEN if row.difference > 0 else theme.RED
        fig.add_trace(
            theme.interval(row.campaign, row.difference, row.low, row.high, sure if row.beyond_noise else theme.PALE)
        )
    fig.add_vline(x=0, line={"color": theme.INK, "dash": "dot", "width": 1})
    return fig.update_yaxes(autorange="reversed")


def _title(result: OverlapResult) -> str:
    found = result.table[result.table["beyond_noise"]]
    if found.empty:
        return say("No other campaign changed what «{mine}» did", mine=result.asked)
    row = found.iloc[0]
    return say(
        "«{mine}» did {difference} a customer where «{other}» had addressed, too",
        mine=result.asked, difference=result.measured.amount(row.difference), other=row.campaign,
    )  # fmt: skip
