"""The diary drawn: what was foretold, with its interval, and what came; which conclusions still hold; tenths."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.charts.stacked import Panel, panels
from crm_analytics.effectiveness.diary.diary import BACKTEST, EXPIRED, SOON, ConclusionsResult, DiaryResult
from crm_analytics.effectiveness.diary.tenths import TenthsResult
from crm_analytics.say import say

MOST = 4
"""So many Studies are drawn, those with the most forecasts."""


@draw.register
def _(result: DiaryResult) -> go.Figure:
    scored = result.scored
    lines = scored.groupby(["study", "measure"]).size().sort_values(ascending=False, kind="stable").index[:MOST]
    fig = theme.figure(title=_title(result), height=170 + 190 * len(lines))
    named: set[str] = set()
    for panel, (study, measure) in zip(panels(len(lines), gaps=0.3), lines, strict=True):
        _line(fig, scored[(scored["study"] == study) & (scored["measure"] == measure)], panel, named)
        panel.settle(fig, say("{study}: {measure}", study=study.replace("_", " "), measure=measure),
                     x={"range": _span(scored)}, y={"tickformat": "+.0%", "title_text": say("off by")})  # fmt: skip
    return fig.update_layout(legend={"y": -0.1 - 0.06 / len(lines)}, margin_t=110, hovermode="closest")


def _line(fig: go.Figure, rows: pd.DataFrame, panel: Panel, named: set[str]) -> None:
    """Each forecast as a bar from low to high around nought, and what came as a dot; `named` is in the legend."""
    middle = rows["first"] + (rows["last"] - rows["first"]) / 2
    low, high, came = (rows[name] / rows["value"] - 1 for name in ("low", "high", "actual"))
    fig.add_scatter(
        x=middle, y=[0] * len(rows), mode="markers", marker={"symbol": "line-ew-open", "size": 9, "color": theme.BLUE},
        error_y={"type": "data", "array": high, "arrayminus": -low, "color": theme.BLUE, "thickness": 5, "width": 0},
        opacity=0.45, name=say("foretold, with its interval"), showlegend=not named, hoverinfo="skip", **panel.on,
    )  # fmt: skip
    for kind, symbol in ((BACKTEST, "circle-open"), ("foresight", "circle")):
        for inside, colour in ((True, theme.GREEN), (False, theme.RED)):
            some = (rows["kind"] == kind) & (rows["inside"] == inside)
            if some.any():
                told = say("came within" if inside else "came outside") + (
                    say(" (told afterwards)") if kind == BACKTEST else "")  # fmt: skip
                fig.add_scatter(
                    x=middle[some], y=came[some], mode="markers", name=told, showlegend=told not in named,
                    marker={"symbol": symbol, "size": 9, "color": colour, "line": {"width": 2, "color": colour}},
                    legendgroup=told, **panel.on,
                )  # fmt: skip
                named.add(told)


def _span(scored: pd.DataFrame) -> list[pd.Timestamp]:
    room = pd.Timedelta(days=20)
    return [scored["first"].min() - room, scored["last"].max() + room]


def _title(result: DiaryResult) -> str:
    template = (
        "{inside:percent} of facts lay within what was foretold, where {promised:percent} were promised: intervals are "
        "too narrow"
        if result.high < result.promised else
        "{inside:percent} of facts lay within what was foretold; {promised:percent} were promised"
    )  # fmt: skip
    return say(template, inside=result.inside, promised=result.promised)


@draw.register
def _(result: ConclusionsResult) -> go.Figure:
    rows = result.table.drop_duplicates(["study", "subject", "expires"]).tail(30).iloc[::-1]
    colours = {EXPIRED: theme.RED, SOON: theme.ORANGE}
    expired = int((result.table["standing"] == EXPIRED).sum())
    title = say("{n:count} of {all:count} conclusions have expired: ask them again before acting upon them", n=expired,
                all=len(result.table))  # fmt: skip
    fig = theme.figure(title=title, x=say("days until it expires"), height=150 + 26 * len(rows))
    days = (rows["expires"] - pd.Timestamp(result.until)).dt.days
    labels = [say("{study}: {subject}", study=one.study.replace("_", " "), subject=one.subject)
              for one in rows.itertuples()]  # fmt: skip
    fig.add_bar(x=days, y=list(range(len(rows))), orientation="h", showlegend=False,
                marker_color=[colours.get(one, theme.GREEN) for one in rows["standing"]])  # fmt: skip
    fig.update_layout(title={"xref": "container", "x": 0.02})
    ticks = [theme.headline(label if len(label) <= 48 else f"{label[:47]}…", 200) for label in labels]
    return fig.update_layout(yaxis={"tickvals": list(range(len(rows))), "ticktext": ticks},
                             shapes=[{"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1,
                                      "line": {"color": theme.INK, "width": 1}}])  # fmt: skip


@draw.register
def _(result: TenthsResult) -> go.Figure:
    slopes = result.slopes.sort_values(["told_on", "study"]).tail(3)
    share = (slopes["low"] <= 1) & (slopes["high"] >= 1)
    fig = theme.figure(
        title=say("Tenths of customers came out as foretold in {n:count} of {all:count} forecasts drawn",
                  n=int(share.sum()), all=len(slopes)),
        x=say("foretold for each customer, as a multiple of the average"), y=say("happened, likewise"), height=460,
    )  # fmt: skip
    most = 1.0
    for colour, one in zip(theme.SERIES, slopes.itertuples(), strict=False):
        rows = result.table[(result.table["study"] == one.study) & (result.table["told_on"] == one.told_on)
                            & (result.table["measure"] == one.measure)]  # fmt: skip
        unit = rows["happened"].sum() / rows["customers"].sum() or 1.0
        x, y, low, high = (rows[name] / rows["customers"] / unit for name in ("foretold", "happened", "low", "high"))
        most = max(most, float(x.max()), float(high.max()))
        fig.add_scatter(
            x=x, y=y, mode="markers", marker={"size": 9, "color": colour},
            error_y={"type": "data", "array": high - y, "arrayminus": y - low, "thickness": 1.5, "width": 0},
            name=say("{study}, told on {day:date}", study=one.study.replace("_", " "), day=one.told_on),
        )  # fmt: skip
    fig.add_scatter(x=[0, most], y=[0, most], mode="lines", line={"dash": "dot", "color": theme.PALE},
                    name=say("exactly as foretold"))  # fmt: skip
    return fig
