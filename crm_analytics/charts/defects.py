"""Defects drawn: the money each kind of mistake touches, the dearest first."""

from __future__ import annotations

import html

import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.collection.value.defects import DefectsResult
from crm_analytics.say import say

MOST_BARS = 14
COLOURS = {"certain": theme.RED, "likely": theme.ORANGE, "possible": theme.YELLOW}


@draw.register
def _(result: DefectsResult) -> go.Figure:
    shown = result.found[~result.found.meant].head(MOST_BARS).iloc[::-1]
    fig = theme.figure(title=_title(result), height=200 + 38 * max(len(shown), 3))
    if not len(shown):
        fig.update_layout(xaxis_visible=False, yaxis_visible=False)
        return fig
    by_money = shown.money.sum() > 0
    size = (shown.money if by_money else shown.rows).fillna(0).to_numpy()
    names = [_name(row) for row in shown.itertuples()]
    for sure, colour in COLOURS.items():
        mine = (shown.sure == sure).to_numpy()
        fig.add_bar(
            y=[name for name, one in zip(names, mine, strict=True) if one],
            x=size[mine],
            orientation="h",
            name=say(sure),
            marker_color=colour,
            text=[_label(row, by_money) for row in shown[mine].itertuples()],
            textposition="outside",
            cliponaxis=False,
        )
    fig.update_layout(
        barmode="overlay",
        bargap=0.3,
        margin={"t": 112, "r": 190},
        legend={"y": 1.0, "yanchor": "bottom", "x": 0},
        xaxis={"title_text": say("money at stake") if by_money else say("rows"), "nticks": 5, "rangemode": "tozero"},
        yaxis={"tickfont_size": 12, "categoryorder": "array", "categoryarray": names},
    )
    return fig


def _name(row) -> str:
    place = say("{column} of {table}", column=row.column.replace("_", " "), table=row.table.replace("_", " "))
    return theme.headline(row.kind, 44) + f"<br><span style='color:{theme.PALE}'>{html.escape(place)}</span>"


def _label(row, by_money: bool) -> str:
    if by_money and pd.notna(row.money):
        return say("{money:money}, {rows:count} rows", money=row.money, rows=row.rows)
    return say("{rows:count} rows", rows=row.rows)


def _title(result: DefectsResult) -> str:
    counted = result.found[~result.found.meant]
    if not len(counted):
        return say(
            "No mistake was found, of {kinds:count} kinds that were looked for", kinds=result.looked.kind.nunique()
        )
    if not result.money > 0:
        return say(
            "{rows:count} rows have mistakes of {kinds:count} kinds",
            rows=int(counted.rows.sum()),
            kinds=counted.kind.nunique(),
        )
    return say(
        "Mistakes touch up to {money:money}; {kind} alone {worst:money}",
        money=result.money,
        kind=counted.kind.iloc[0],
        worst=counted.money.iloc[0],
    )
