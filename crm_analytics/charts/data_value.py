"""The value of the data drawn: what each question can rest on today, and beside it what would add most."""

from __future__ import annotations

import html

import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.collection.value.data_value import DataValueResult, words
from crm_analytics.collection.value.worth import PARTS
from crm_analytics.say import say

MOST_BARS = 6
COLOURS = dict(zip(PARTS, (theme.BLUE, theme.GREEN, theme.YELLOW, theme.VIOLET, theme.PALE), strict=True))


@draw.register
def _(result: DataValueResult) -> go.Figure:
    asked = result.questions.sort_values(["score", "question"], ignore_index=True)
    more = result.advice.head(MOST_BARS).iloc[::-1]
    names = [html.escape(one.replace("_", " ")) for one in asked.question]
    fig = theme.figure(title=_title(result), height=230 + 26 * max(len(asked), 5))
    for part in PARTS:
        fig.add_bar(y=names, x=asked[part], orientation="h", name=say(part), marker_color=COLOURS[part])
    fig.add_bar(
        y=[theme.headline(words(one), 26) for one in more.ask_for],
        x=more.gain,
        orientation="h",
        showlegend=False,
        marker_color=theme.ORANGE,
        xaxis="x2",
        yaxis="y2",
        text=[_what(one) for one in more.itertuples()],
        textposition="outside",
        cliponaxis=False,
    )
    for row in asked[~asked.can_be_asked].itertuples():
        fig.add_annotation(
            x=1,
            y=names[row.Index],
            xanchor="left",
            showarrow=False,
            font={"size": 11, "color": theme.RED},
            text=theme.headline(say("lacks {tables}", tables=", ".join(words(one) for one in row.missing)), 48),
        )
    fig.update_layout(
        barmode="stack",
        bargap=0.3,
        margin={"t": 124, "r": 96},
        legend={"y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        xaxis={"domain": [0, 0.46], "range": [0, 101], "title_text": say("points of 100 each question can rest on")},
        xaxis2={
            "domain": [0.74, 0.94],
            "anchor": "y2",
            "range": [0, 1.15 * max(more.gain.max() if len(more) else 0, 0.1)],
            "title_text": say("points the score would gain"),
            "nticks": 4,
        },
        yaxis={"tickfont_size": 12},
        yaxis2={"anchor": "x2", "tickfont_size": 12},
    )
    if not len(more):
        fig.update_layout(xaxis_domain=[0, 1], xaxis2_visible=False, yaxis2_visible=False)
    return fig


def _what(row) -> str:
    if len(row.opens):
        return say("opens {count:count}", count=len(row.opens))
    return say("sharpens {count:count}", count=row.sharpens)


def _title(result: DataValueResult) -> str:
    can, every = int(result.questions.can_be_asked.sum()), len(result.questions)
    more: pd.DataFrame = result.advice
    start = say(
        "{score:count} of 100 points: {can:count} of {all:count} questions can be asked",
        score=result.score,
        can=can,
        all=every,
    )
    return start + (say("; {name} would help most", name=words(more.ask_for.iloc[0])) if len(more) else "")
