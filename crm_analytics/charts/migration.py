"""Who moved, drawn: customers and their money from group to group; what is unusual stands out, what is ordinary not."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.base.migration import MigrationResult
from crm_analytics.say import say

UP, STAYED, USUAL = "#d3e4f2", "#eef1f4", "#fbf3ea"
DOWN = ("#fbe9d8", "#f7d0aa", "#f0a868")
"""Below a twentieth of all that is at stake, below a tenth, and above."""


@draw.register
def _(result: MigrationResult) -> go.Figure:
    rows = result.table[result.table["before"] != result.newcomers]
    groups = [name for name in result.order if name in set(rows["before"]) | set(rows["after"])]
    before = [name for name in groups if name in set(rows["before"])]
    fig = theme.figure(title=result.text, x=_key(result), y=say("before"), height=130 + 66 * len(before))
    size = 12 if len(groups) < 7 else 10
    for row in rows.to_dict("records"):
        one = _cell(result, row)
        x, y = groups.index(row["after"]), before.index(row["before"])
        fig.add_shape(
            type="rect", x0=x - 0.48, x1=x + 0.48, y0=y - 0.47, y1=y + 0.47, line_width=0, fillcolor=one.colour
        )
        fig.add_annotation(x=x, y=y, text=one.text, showarrow=False, font={"color": one.ink, "size": size})
    fig.add_scatter(
        x=rows["after"].map(groups.index), y=rows["before"].map(before.index), mode="markers",
        marker={"opacity": 0, "size": 40}, customdata=_hover(rows), hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    ticks = {"showgrid": False, "zeroline": False}
    fig.update_xaxes(
        side="top", tickvals=list(range(len(groups))), ticktext=[say("now: {name}", name=say(n)) for n in groups],
        range=[-0.5, len(groups) - 0.5], title_standoff=4, **ticks,
    )  # fmt: skip
    fig.update_yaxes(
        tickvals=list(range(len(before))), ticktext=[say(n) for n in before], range=[len(before) - 0.5, -0.5], **ticks
    )
    return fig.update_layout(margin_t=150, showlegend=False)


class _Cell(NamedTuple):
    text: str
    colour: str
    ink: str


def _cell(result: MigrationResult, row: dict) -> _Cell:
    step = result.order.index(row["after"]) - result.order.index(row["before"])
    unusual = row.get("verdict") == "more than usual"
    if step == 0:
        text = say("{customers:count} stayed", customers=row["customers"])
        return _Cell(text + "<br>" + say("brought {money:money}", money=row["money_after"]), STAYED, theme.INK)
    if "verdict" in row:
        colour = USUAL if step > 0 else STAYED
    else:
        part = row["at_stake"] / result.at_stake if result.at_stake > 0 else 0.0
        colour = DOWN[int(part >= 0.05) + int(part >= 0.1)] if step > 0 else UP
    head = say("<b>{customers:count}</b>", customers=row["customers"])
    if unusual:
        colour = theme.ORANGE if step > 0 else theme.BLUE
        head += " " + say("(+{more:count})", more=row["more"])
    money = say("{before:money} → {after:money}", before=row["money_before"], after=row["money_after"])
    return _Cell(head + "<br>" + money, colour, "white" if unusual else theme.INK)


def _key(result: MigrationResult) -> str:
    return say(
        "orange: more fell than usual (so many more) · blue: more rose · pale: as usual · money before → after"
        if "verdict" in result.table
        else "orange: fell, the darker the more money at stake · blue: rose · money before → after"
    )


def _hover(rows: pd.DataFrame) -> list[str]:
    return [
        say(
            "{before} → {after}: {customers:count} customers, {share:percent} of the group; at stake {stake:money}",
            before=say(row.before), after=say(row.after), customers=row.customers, share=row.share, stake=row.at_stake,
        )
        for row in rows.itertuples()
    ]  # fmt: skip
