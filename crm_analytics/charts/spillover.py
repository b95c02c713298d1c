"""What a campaign moved in each category, brand or channel: a row each with its interval, those it was for marked."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.by_lot import drawn_alike
from crm_analytics.effectiveness.control.spillover import SpilloverResult
from crm_analytics.say import say


@draw.register
def _(result: SpilloverResult) -> go.Figure:
    rows = result.table
    fig = theme.figure(
        title=_title(result), height=200 + 34 * len(rows),
        x=say("effect per addressed customer, {unit}", unit=result.measured.unit),
    )  # fmt: skip
    for row in rows.itertuples():
        sure = theme.GREEN if row.effect > 0 else theme.RED
        name = say("{part} (promoted)", part=row.part) if row.promoted else row.part
        fig.add_trace(theme.interval(name, row.effect, row.low, row.high, sure if row.beyond_noise else theme.PALE))
    fig.add_vline(x=0, line={"color": theme.INK, "dash": "dot", "width": 1})
    return fig.update_yaxes(autorange="reversed")


def _title(result: SpilloverResult) -> str:
    amount = result.measured.amount
    if not drawn_alike(result.checks):
        return say("What the campaign moved cannot be told: the arms were not drawn alike")
    if result.promoted is not None:
        return say(
            "{promoted} a customer in what the campaign was for, {elsewhere} elsewhere",
            promoted=amount(result.promoted.value), elsewhere=amount(result.elsewhere.value),
        )  # fmt: skip
    found = result.table[result.table["beyond_noise"]]
    if found.empty:
        return say("In no part did the campaign move sales beyond noise")
    lost = found[found["effect"] < 0]
    if len(lost):
        return say("What the campaign moved, {parts} paid for", parts=", ".join(lost["part"]))
    return say("{n:count} of {all:count} parts gained beyond noise, and none lost", n=len(found), all=len(result.table))
