"""What each campaign earned with its interval, and beside it what linked sales claim."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.money.corrected import TESTED, CorrectedResult
from crm_analytics.say import say, voice

MOST_CAMPAIGNS = 20
"""The newest so many; more cannot be read."""


@draw.register
def _(result: CorrectedResult) -> go.Figure:
    rows = result.table[result.table["profit"].notna()].tail(MOST_CAMPAIGNS)
    rows = rows.assign(label=rows["name"].fillna(rows["campaign_id"]))
    fig = theme.figure(title=_title(result), x=say("profit after cost, {unit}", unit=voice().currency),
                       height=220 + 34 * len(rows))
    for row in rows.itertuples():
        colour = theme.BLUE if row.known == TESTED else theme.VIOLET
        fig.add_trace(theme.interval(row.label, row.profit, row.low, row.high, colour))
    claimed = rows[rows["claimed"].notna()]
    fig.add_scatter(
        x=claimed["claimed"], y=[theme.headline(label, 40) for label in claimed["label"]], mode="markers",
        name=say("claimed by linked sales"), marker={"symbol": "diamond-open", "size": 12, "color": theme.ORANGE,
                                                      "line": {"width": 2}},
    )  # fmt: skip
    for name, colour in ((say("tested against control"), theme.BLUE), (say("without a link"), theme.VIOLET)):
        fig.add_scatter(x=[None], y=[None], mode="markers", name=name, marker={"size": 11, "color": colour})
    fig.add_vline(x=0, line={"color": theme.INK, "dash": "dot", "width": 1})
    fig.update_layout(margin_t=112, legend={"y": 1.0, "yanchor": "bottom"})
    return fig.update_yaxes(autorange="reversed")


def _title(result: CorrectedResult) -> str:
    judged = result.table[result.table["profit"].notna()]
    surely = int((judged["low"] > 0).sum())
    if result.claimed > result.high:
        return say("{surely:count} of {n:count} campaigns surely paid; linked sales claim {off:money} too much",
                   surely=surely, n=len(judged), off=result.correction)
    return say("{surely:count} of {n:count} campaigns surely earned their cost, {lost:count} surely did not",
               surely=surely, n=len(judged), lost=int((judged["high"] < 0).sum()))
