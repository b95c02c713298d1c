"""The reconciliation drawn: what came, beside it what was refused and why."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.collection.value.reconciliation import LOADED, SourcesResult
from crm_analytics.say import say

MOST_BARS = 10
LONGEST = 60


@draw.register
def _(result: SourcesResult) -> go.Figure:
    came, why = _came(result), _why(result)
    fig = theme.figure(title=_title(result, why), height=200 + 36 * max(len(came), len(why), 3))
    fig.add_bar(y=came.name, x=came.loaded, orientation="h", name=say("loaded"), marker_color=theme.BLUE)
    fig.add_bar(
        y=came.name,
        x=came.refused,
        orientation="h",
        name=say("refused"),
        marker_color=theme.ORANGE,
        cliponaxis=False,
        text=[
            say("{share:percent} refused", share=share) for share in came.refused / came.read.where(came.read > 0, 1)
        ],
        textposition="outside",
    )
    fig.add_bar(
        y=why.index,
        x=why.to_numpy(),
        orientation="h",
        showlegend=False,
        marker_color=theme.ORANGE,
        xaxis="x2",
        yaxis="y2",
        text=[say("{lines:count}", lines=lines) for lines in why],
        textposition="outside",
        cliponaxis=False,
    )
    upside_down = {"autorange": "reversed", "tickfont_size": 12}
    fig.update_layout(
        barmode="stack",
        bargap=0.35,
        margin_t=112,
        legend={"y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        xaxis={
            "domain": [0, 0.42],
            "title_text": say("lines that came"),
            "range": [0, _room(came.read, 1.5)],
            "nticks": 4,
        },
        xaxis2={
            "domain": [0.74, 1],
            "anchor": "y2",
            "title_text": say("lines refused"),
            "range": [0, _room(why, 1.3)],
            "nticks": 3,
        },
        yaxis=upside_down,
        yaxis2={**upside_down, "anchor": "x2"},
    )
    if not len(why):
        fig.update_layout(xaxis_domain=[0, 1], xaxis2_visible=False, yaxis2_visible=False)
    return fig


def _room(lines: pd.Series, more: float) -> float:
    return more * max(lines.max() if len(lines) else 0, 1)


def _came(result: SourcesResult) -> pd.DataFrame:
    """One bar a file; one a source where there are too many files."""
    files = result.files.assign(name=result.files.file.map(_short))
    if len(files) > MOST_BARS:
        files = files.assign(name=files.source)
    bars = files.groupby("name", sort=False, as_index=False).agg(
        read=("lines_read", "sum"), loaded=("loaded", "sum"), refused=("refused", "sum")
    )
    return bars.sort_values(["read", "name"], ascending=[False, True]).head(MOST_BARS)


def _why(result: SourcesResult) -> pd.Series:
    """Refused lines by reason, the most frequent first, the rare ones as one."""
    refused = result.table[result.table.fate != LOADED]
    lines = refused.assign(fate=refused.fate.map(_short)).groupby("fate").lines.sum()
    lines = lines.reset_index().sort_values(["lines", "fate"], ascending=[False, True]).set_index("fate").lines
    if len(lines) > MOST_BARS:
        rest = lines.iloc[MOST_BARS - 1 :]
        others = say("{count:count} other reasons", count=len(rest))
        lines = pd.concat([lines.iloc[: MOST_BARS - 1], pd.Series({others: rest.sum()})])
    return lines


def _short(text: str) -> str:
    return theme.headline(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…", width=LONGEST // 2 + 2)


def _title(result: SourcesResult, why: pd.Series) -> str:
    if not len(why):
        return say("All {read:count} lines that came were loaded", read=result.read)
    return say(
        "{refused:count} of {read:count} lines were refused ({share:percent}); the rest was loaded",
        refused=result.refused,
        read=result.read,
        share=result.refused_share,
    )
