"""Where it worked: each unit's change as a share of what was to be expected of it, beside that of all together."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.unlinked.local_effects import LocalResult
from crm_analytics.say import say

SHOWN = 30
"""So many units are drawn: those with the largest and the smallest change."""


@draw.register
def _(result: LocalResult) -> go.Figure:
    table = result.table.dropna(subset=["share"]).sort_values("share", ascending=False)
    if len(table) > SHOWN:
        table = table.iloc[[*range(SHOWN // 2), *range(len(table) - SHOWN // 2, len(table))]]
    fig = theme.figure(
        title=_title(result), x=say("change against what was to be expected"), height=max(420, 170 + 26 * len(table))
    )
    fig.add_vline(x=0, line={"color": theme.INK, "width": 1})
    if result.expected > 0:
        low, effect, high = (value / result.expected for value in (result.low, result.effect, result.high))
        fig.add_trace(theme.interval(say("all that were reached"), effect, low, high, theme.BLUE))
    for row in table.iloc[::-1].itertuples():
        colour = theme.PALE if not row.reached else theme.GREEN if row.low > 0 else theme.RED if row.high < 0 else (
            theme.INK)
        named = row.unit if row.reached else say("{unit} (left alone)", unit=row.unit)
        fig.add_trace(theme.interval(named, row.share, row.share_low, row.share_high, colour))
    return fig.update_xaxes(tickformat="+.0%")


def _title(result: LocalResult) -> str:
    ran = result.table[result.table["reached"]]
    sure = int((ran["low"] > 0).sum())
    return say(
        "In {sure:count} of {all:count} units surely more was sold than was to be expected", sure=sure, all=len(ran)
    )
