"""Sales drawn: the parts in both periods and what each adds to the change; for one whole, its months over the years."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.cut.sales import SalesResult
from crm_analytics.planning.customers.cut.sales_words import carried, moved, reversed_words
from crm_analytics.say import say, voice

MOST_PARTS = 12
"""Bars that can be read at a glance; smaller parts are drawn as one."""


@draw.register
def _(result: SalesResult) -> go.Figure:
    return _parts(result) if result.parted else _months(result)


def _parts(result: SalesResult) -> go.Figure:
    rows = readable(result)
    fig = theme.figure(title=_title(result), height=214 + 34 * len(rows))
    for side, period, colour in (("before", result.before, theme.PALE), ("now", result.now, theme.BLUE)):
        fig.add_bar(y=rows.name, x=rows[side], orientation="h", name=period.name, marker_color=colour, xaxis="x",
                    yaxis="y", text=[result.measure.said(value) for value in rows[side]], textposition="none",
                    hovertemplate="%{y}: %{text}<extra></extra>")  # fmt: skip
    effects = _effects(result, rows)
    for values, name, colours in effects:
        fig.add_bar(
            y=rows.name, x=values, orientation="h", name=name, showlegend=len(effects) > 1, xaxis="x2", yaxis="y2",
            marker_color=colours, cliponaxis=False, textposition="outside", textfont_size=11,
            text=[result.measure.step(value) for value in values], hovertemplate="%{y}: %{text}<extra></extra>",
        )  # fmt: skip
    fall = max(-min(values.min() for values, *_ in effects), 0)
    rise = max(max(values.max() for values, *_ in effects), 0)
    room = 0.45 * (fall + rise)
    shared = {"autorange": "reversed", "categoryorder": "array", "categoryarray": list(rows.name)}
    axis = {"tickformat": ".1%"} if result.measure.unit == "share" else {}
    return fig.update_layout(
        barmode="group", bargap=0.3,
        xaxis={"domain": [0, 0.5], "title_text": _unit(result), **axis},
        xaxis2={"domain": [0.58, 1], "anchor": "y2", "title_text": _unit_of_effects(result), "zeroline": True, **axis,
                "range": [-fall - room * (fall > 0), rise + room * (rise > 0)], "zerolinecolor": theme.PALE},
        yaxis={**shared, "tickfont_size": 12}, yaxis2={**shared, "anchor": "x2", "showticklabels": False},
        margin_t=130, legend={"y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )  # fmt: skip


def readable(result: SalesResult) -> pd.DataFrame:
    """The largest parts by name, the rest as one; long names cut, so that the bars keep their room."""
    rows = result.largest(MOST_PARTS)
    short = [name if len(name) <= 28 else name[:27] + "…" for name in rows.name]
    twice = pd.Series(short).duplicated(keep=False)
    rows["name"] = [
        theme.headline(f"{name} ({place + 1})" if again else name, 40)
        for place, (name, again) in enumerate(zip(short, twice, strict=True))
    ]
    return rows


def _effects(result: SalesResult, rows: pd.DataFrame) -> list[tuple[pd.Series, str, object]]:
    """What each part did to the whole: its change; of a ratio, its own value and the shift of its weight."""
    if "rate" not in rows:
        return [(rows.change, say("change"), [theme.BLUE if change >= 0 else theme.ORANGE for change in rows.change])]
    return [
        (rows.rate, say("by its own value"), theme.GREEN),
        (rows.mix, say("by the shift of its weight"), theme.YELLOW),
    ]


def _months(result: SalesResult) -> go.Figure:
    history = result.history.assign(month=pd.to_datetime(result.history.month))
    year_before = history.assign(month=history.month + pd.DateOffset(years=1))
    year_before = year_before[year_before.month <= history.month.max()]
    fig = theme.figure(title=_title(result), y=say("{unit} a month", unit=_unit(result)))
    if len(year_before):
        fig.add_scatter(x=year_before.month, y=year_before.value, name=say("a year before"), mode="lines",
                        line={"color": theme.PALE, "dash": "dot"})  # fmt: skip
    fig.add_scatter(x=history.month, y=history.value, name=say("each month"), mode="lines+markers",
                    line_color=theme.BLUE, marker_size=5)  # fmt: skip
    half = pd.Timedelta(days=15)
    for period, colour, label in (
        (result.before, "rgba(154, 165, 177, .18)", say("before")), (result.now, theme.BAND, say("now")),
    ):  # fmt: skip
        fig.add_vrect(x0=pd.Timestamp(period.first.replace(day=1)) - half,
                      x1=pd.Timestamp(period.last.replace(day=1)) + half, fillcolor=colour, line_width=0,
                      layer="below", annotation_text=label, annotation_position="bottom left")  # fmt: skip
    share = {"tickformat": ".1%"} if result.measure.unit == "share" else {}
    return fig.update_yaxes(rangemode="tozero", **share)


def _title(result: SalesResult) -> str:
    if pd.isna(result.total.change_share):
        return result.text
    called = say(result.study.measure.replace("_", " ")).capitalize()
    found = say("{called} {when}: {moved}.", called=called, when=result.now.when, moved=moved(result))
    if path := " › ".join(value for _, value in result.study.only):
        found = say("{path}: {found}", path=path, found=found)
    return f"{found} {reversed_words(result) or carried(result)}".strip()


def _unit(result: SalesResult) -> str:
    called = say(result.study.measure.replace("_", " "))
    unit = result.measure.unit
    return say("{called}, {currency}", called=called, currency=voice().currency) if unit == "money" else called


def _unit_of_effects(result: SalesResult) -> str:
    if result.measure.under:
        return say("what it did to the whole's {unit}", unit=_unit(result))
    return say("change of {unit}", unit=_unit(result))
