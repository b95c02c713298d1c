"""A jump, drawn as a waterfall: from the earlier period through each cause to the later one, with what is unsure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.amounts import amount, change, noun_of, unit_of
from crm_analytics.effectiveness.causes.evidence import FAIR, ORDINARY, STRONG
from crm_analytics.effectiveness.causes.jump import JumpResult
from crm_analytics.effectiveness.causes.jump_words import called
from crm_analytics.effectiveness.causes.split import UNEXPLAINED
from crm_analytics.result.period import Period
from crm_analytics.say import say

SHOWN = 6
SMALL = 0.004
"""Causes whose money is a smaller share of the earlier period are drawn as one bar."""


@draw.register
def _(result: JumpResult) -> go.Figure:
    steps = _steps(result)
    measure = result.study.measure
    fig = theme.figure(title=_title(result), y=unit_of(measure), height=520)
    level = result.was + steps["change"].cumsum()
    start = level - steps["change"]
    names = [_name(text) for text in steps["cause"]]
    labels = [_name(Period(*result.before).name), *names, _name(Period(*result.after).name)]
    fig.add_bar(
        x=[labels[0], labels[-1]],
        y=[result.was, result.now],
        marker_color=theme.PALE,
        width=0.7,
        text=[amount(measure, value) for value in (result.was, result.now)],
        textposition="outside",
        showlegend=False,
        hoverinfo="skip",
        cliponaxis=False,
    )
    known = steps["grade"].isin((STRONG, FAIR))
    for shown, legend, pattern in (
        (known, say("known from earlier times"), ""),
        (~known, say("weakly known, or not explained"), "/"),
    ):
        rows = steps[shown]
        if len(rows):
            fig.add_bar(
                x=[names[i] for i in rows.index],
                base=start[rows.index],
                y=rows["change"],
                name=legend,
                width=0.7,
                marker={"color": [_colour(row) for row in rows.itertuples()], "pattern_shape": pattern},
                customdata=[change(measure, value) for value in rows["change"]],
                hovertemplate="%{customdata}<extra></extra>",
            )
    up, down = steps["high"] - steps["change"], steps["change"] - steps["low"]
    fig.add_scatter(
        x=names,
        y=level,
        mode="markers",
        marker={"size": 1, "color": theme.INK},
        showlegend=False,
        hoverinfo="skip",
        error_y={
            "type": "data",
            "symmetric": False,
            "array": up,
            "arrayminus": down,
            "color": theme.INK,
            "thickness": 1.4,
            "width": 5,
        },
    )
    tops, bottoms = np.maximum(level + up, start), np.minimum(level - down, start)
    for place, (name, top, row) in enumerate(zip(names, tops, steps.itertuples(), strict=True)):
        fig.add_annotation(x=name, y=top, yshift=12, showarrow=False, text=change(measure, row.change), font_size=12)
        fig.add_shape(
            type="line",
            x0=place + 0.35,
            x1=place + 0.65,
            y0=start[place],
            y1=start[place],
            line={"color": theme.PALE, "width": 1},
        )
    top, low = max(tops.max(), result.was, result.now), min(bottoms.min(), result.was, result.now)
    fig.update_yaxes(
        range=[low - 0.5 * (top - low) if low > 0.7 * top else min(0.0, low * 1.1), top + 0.14 * (top - low)]
    )
    fig.update_xaxes(categoryorder="array", categoryarray=labels, tickangle=0, tickfont_size=11)
    return fig.update_layout(barmode="overlay", legend_y=-0.32, hovermode="closest")


def _colour(row) -> str:
    return theme.PALE if row.key == UNEXPLAINED else theme.GREEN if row.change >= 0 else theme.RED


def _steps(result: JumpResult) -> pd.DataFrame:
    """The bars between the two totals: the largest causes, the small ones as one, the unexplained last."""
    table = result.table[["cause", "key", "change", "low", "high", "grade"]]
    causes, rest = table[table["key"] != UNEXPLAINED], table[table["key"] == UNEXPLAINED]
    large = causes["change"].abs() >= SMALL * result.was
    large &= large.cumsum() <= SHOWN
    small = causes[~large & (causes["change"] != 0)]
    parts = [causes[large]]
    if len(small):
        spread = float(((small["high"] - small["low"]) / 2).pow(2).sum() ** 0.5)
        moved = float(small["change"].sum())
        parts.append(
            pd.DataFrame(
                [
                    {
                        "cause": say("smaller causes"),
                        "key": "",
                        "change": moved,
                        "low": moved - spread,
                        "high": moved + spread,
                        "grade": ORDINARY,
                    }
                ]
            )
        )
    return pd.concat([*parts, rest], ignore_index=True)


def _name(text: str) -> str:
    return theme.headline(text, width=12)


def _title(result: JumpResult) -> str:
    main, measure = result.main, result.study.measure
    frame = {"change": change(measure, result.change), "what": noun_of(measure)}
    if main is None:
        if result.unusual:
            return say("{change} {what}, and no cause on record is known well enough to be named", **frame)
        return say("Nothing unusual: {change} {what}, as neighbouring days often differ", **frame)
    if main["key"] == UNEXPLAINED:
        return say("Of {change} {what}, {value} has no cause on record", **frame, value=change(measure, main["change"]))
    return say(
        "Of {change} {what}, {value} came from {cause}{rest}",
        **frame,
        value=change(measure, main["change"]),
        cause=called(main["key"]),
        rest=_besides(result, main["key"]),
    )


def _besides(result: JumpResult, main: str) -> str:
    """What is commonly thought to have done it, where it is not the main cause."""
    campaigns = result.table[result.table["key"].str.startswith("campaign: ")]
    if main.startswith("campaign") or campaigns.empty:
        return ""
    row = campaigns.iloc[0]
    return say("; {cause}: {value}", cause=row["cause"], value=change(result.study.measure, row["change"]))
