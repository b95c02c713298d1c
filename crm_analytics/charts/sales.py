"""Sales drawn: the parts in both periods and what each adds to the change; for one whole, its months over the years."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.sales import SalesResult
from crm_analytics.say import say, voice

MOST_PARTS = 12
"""Bars that can be read at a glance; smaller parts are drawn as one."""


@draw.register
def _(result: SalesResult) -> go.Figure:
    return _parts(result) if result.parted else _months(result)


def _parts(result: SalesResult) -> go.Figure:
    rows = _readable(result)
    fig = theme.figure(title=_title(result), height=190 + 34 * len(rows))
    fig.add_bar(y=rows.name, x=rows.before, orientation="h", name=say("{span:months}", span=result.span_before),
                marker_color=theme.PALE, xaxis="x", yaxis="y")
    fig.add_bar(y=rows.name, x=rows.now, orientation="h", name=say("{span:months}", span=result.span),
                marker_color=theme.BLUE, xaxis="x", yaxis="y")
    fig.add_bar(
        y=rows.name, x=rows.change, orientation="h", showlegend=False, xaxis="x2", yaxis="y2", cliponaxis=False,
        marker_color=[theme.BLUE if change >= 0 else theme.ORANGE for change in rows.change],
        text=[_signed(result, change) for change in rows.change], textposition="outside",
    )
    fall, rise = max(-rows.change.min(), 0), max(rows.change.max(), 0)
    room = 0.45 * (fall + rise)
    shared = {"autorange": "reversed", "categoryorder": "array", "categoryarray": list(rows.name)}
    return fig.update_layout(
        barmode="group", bargap=0.3,
        xaxis={"domain": [0, 0.52], "title_text": _unit(result)},
        xaxis2={"domain": [0.58, 1], "anchor": "y2", "title_text": say("change of {unit}", unit=_unit(result)),
                "range": [-fall - room * (fall > 0), rise + room * (rise > 0)], "zeroline": True,
                "zerolinecolor": theme.PALE},
        yaxis={**shared, "tickfont_size": 12}, yaxis2={**shared, "anchor": "x2", "showticklabels": False},
        margin_t=112, legend={"y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )


def _readable(result: SalesResult) -> pd.DataFrame:
    """The largest parts by name, the rest as one; long names cut, so that the bars keep their room."""
    rows = result.table[["before", "now", "change"]].assign(name=result.names)
    if len(rows) > MOST_PARTS:
        size = rows[["before", "now"]].abs().max(axis=1)
        kept = size.sort_values(ascending=False, kind="stable").index[: MOST_PARTS - 1]
        rest = rows.drop(index=kept)
        others = say("{count:count} others", count=len(rest))
        folded = rest[["before", "now", "change"]].sum().to_frame().T.assign(name=others)
        rows = pd.concat([rows.loc[sorted(kept)], folded], ignore_index=True)
    rows["name"] = [theme.headline(name if len(name) <= 28 else name[:27] + "…") for name in rows.name]
    return rows


def _months(result: SalesResult) -> go.Figure:
    history = result.history.assign(month=pd.to_datetime(result.history.month))
    year_before = history.assign(month=history.month + pd.DateOffset(years=1))
    year_before = year_before[year_before.month <= history.month.max()]
    fig = theme.figure(title=_title(result), y=say("{unit} a month", unit=_unit(result)))
    if len(year_before):
        fig.add_scatter(x=year_before.month, y=year_before.value, name=say("a year before"), mode="lines",
                        line={"color": theme.PALE, "dash": "dot"})
    fig.add_scatter(x=history.month, y=history.value, name=say("each month"), mode="lines+markers",
                    line_color=theme.BLUE, marker_size=5)
    half = pd.Timedelta(days=15)
    for span, colour, label in (
        (result.span_before, "rgba(154, 165, 177, .18)", say("before")), (result.span, theme.BAND, say("now")),
    ):
        fig.add_vrect(x0=pd.Timestamp(span[0]) - half, x1=pd.Timestamp(span[1]) + half, fillcolor=colour, line_width=0,
                      layer="below", annotation_text=label, annotation_position="bottom left")
    return fig.update_yaxes(rangemode="tozero")


def _title(result: SalesResult) -> str:
    if pd.isna(result.total.change_share):
        return result.text
    measure = say(result.study.measure).capitalize()
    found = say("{measure} in {span:months}: {moved}.", measure=measure, span=result.span, moved=result.moved)
    return f"{found} {result.carried}".strip()


def _unit(result: SalesResult) -> str:
    measure = result.study.measure
    money = measure in ("revenue", "margin")
    return say("{measure}, {currency}", measure=say(measure), currency=voice().currency) if money else say(measure)


def _signed(result: SalesResult, change: float) -> str:
    money = result.study.measure in ("revenue", "margin")
    size = say("{size:money}" if money else "{size:count}", size=abs(change))
    return f"+{size}" if change > 0 else f"−{size}" if change < 0 else size
