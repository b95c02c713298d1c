"""The channel mix, drawn: what money brought and the next would, how channels saturate, sales in parts."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.amounts import unit_of
from crm_analytics.effectiveness.media.mix import ForecastResult, MixResult, PartsResult
from crm_analytics.effectiveness.media.response import TIMES
from crm_analytics.say import say, voice

CURVES = 3
"""So many channels' curves are drawn: more bands on top of one another would hide each other."""


@draw.register
def _(result: MixResult) -> go.Figure:
    table, unit = result.table.iloc[::-1], unit_of(result.study.measure)
    fig = theme.figure(title=_title(result), height=max(430, 240 + 34 * len(table)))
    names = [theme.headline(name, 18) for name in table["channel"]]
    places = np.arange(len(table))
    told = table["told"].to_numpy()
    most = _reach(table[told] if told.any() else table)
    for what, label, colour, shift, symbol in (
        ("roas", say("each unit of money so far"), theme.BLUE, 0.14, "circle"),
        ("marginal", say("the next one"), theme.ORANGE, -0.14, "diamond"),
    ):
        low, high = table[f"{what}_low"].to_numpy(), table[f"{what}_high"].to_numpy()
        for place in places:
            fig.add_scatter(
                x=[low[place], min(high[place], most)], y=[places[place] + shift] * 2, mode="lines", showlegend=False,
                line={"color": colour, "width": 3}, opacity=0.75 if told[place] else 0.25, hoverinfo="skip",
            )  # fmt: skip
        value = table[what].to_numpy()
        inside, beyond = value <= most, high > most
        fig.add_scatter(
            x=np.full(beyond.sum(), most), y=places[beyond] + shift, mode="markers", showlegend=False, hoverinfo="skip",
            marker={"color": colour, "size": 9, "symbol": "triangle-right", "opacity": np.where(told, 1, 0.4)[beyond]},
        )  # fmt: skip
        fig.add_scatter(
            x=value[inside], y=places[inside] + shift, mode="markers", name=label,
            marker={"color": colour, "size": 10, "symbol": symbol, "opacity": np.where(told, 1, 0.4)[inside]},
            hovertemplate="%{x:.3g}<extra></extra>",
        )  # fmt: skip
    if result.study.measure in ("revenue", "margin"):
        fig.add_shape(type="line", x0=1, x1=1, y0=-0.5, y1=len(table) - 0.5, line={"color": theme.INK, "dash": "dot"})
    _curves(fig, result)
    return fig.update_layout(
        xaxis={"domain": [0, 0.4], "range": [0, 1.05 * most], "title_text": say(
            "{unit} for each unit of money (pale: cannot be told)", unit=unit), "nticks": 6},
        yaxis={"tickvals": places, "ticktext": names, "range": [-0.6, len(table) - 0.4], "showgrid": False},
        xaxis2={"domain": [0.55, 0.97], "anchor": "y2", "rangemode": "tozero", "nticks": 5, "title_text": say(
            "spend, {currency} a year (● its last year)", currency=voice().currency)},
        yaxis2={"anchor": "x2", "rangemode": "tozero", "title_text": say("brings, {unit} a year", unit=unit)},
        legend={"y": -0.24},
    )  # fmt: skip


def _curves(fig: go.Figure, result: MixResult) -> None:
    """The curves of the channels that are told best, with their bands and the place of the last year's spend."""
    table = result.table.sort_values("told", ascending=False, kind="stable").head(CURVES)
    for place, name in enumerate(table["channel"]):
        response, colour = result.responses[name], theme.SERIES[(place + 2) % len(theme.SERIES)]
        spend, (low, high) = response.spend * TIMES, np.quantile(response.curve, result.study.ends(), axis=0)
        mean = response.curve.mean(axis=0)
        fig.add_traces(theme.band(spend, low, high, colour=_pale(colour), axes=("x2", "y2")))
        fig.add_scatter(x=spend, y=mean, mode="lines", line={"color": colour, "width": 2.5}, xaxis="x2", yaxis="y2",
                        name=theme.headline(name, 18), hovertemplate="%{x:,.0f} → %{y:,.0f}")  # fmt: skip
        now = list(TIMES).index(1.0)
        fig.add_scatter(x=[spend[now]], y=[mean[now]], mode="markers", marker={"color": colour, "size": 10},
                        xaxis="x2", yaxis="y2", showlegend=False, hoverinfo="skip")  # fmt: skip


@draw.register
def _(result: PartsResult) -> go.Figure:
    table = result.table
    fig = theme.figure(title=result.text.partition(". ")[0], height=460,
                       y=say("{unit} a {period}", unit=unit_of(result.study.measure),
                             period=say(result.period)))  # fmt: skip
    base = table.drop(columns=["starts", "sales", "rest", *result.channels]).sum(axis=1)
    fig.add_bar(x=table["starts"], y=base, name=say("without advertising"), marker_color=theme.PALE)
    shown = list(result.channels[: len(theme.SERIES) - 1])
    for place, name in enumerate(shown):
        fig.add_bar(x=table["starts"], y=table[name], name=theme.headline(name, 18), marker_color=theme.SERIES[place])
    others = [name for name in result.channels if name not in shown]
    if others:
        fig.add_bar(x=table["starts"], y=table[others].sum(axis=1), name=say("other channels"),
                    marker_color=theme.SERIES[-1])  # fmt: skip
    fig.add_scatter(x=table["starts"], y=table["sales"], mode="lines", name=say("sold"), line_color=theme.INK)
    return fig.update_layout(barmode="stack", bargap=0)


@draw.register
def _(result: ForecastResult) -> go.Figure:
    table = result.table.iloc[::-1]
    bars = go.Bar(
        x=table["brought"], y=[theme.headline(name, 18) for name in table["channel"]], orientation="h",
        marker_color=theme.BLUE, text=[say("{times:number} ×", times=t) for t in table["times_last_year"]],
        textposition="none", hovertemplate="%{x:,.0f}<extra></extra>",
        error_x={"array": table["high"] - table["brought"], "arrayminus": table["brought"] - table["low"],
                 "color": theme.INK},
    )  # fmt: skip
    return theme.figure(bars, title=result.text, x=say("brings, {unit} a year", unit=unit_of(result.study.measure)),
                        height=200 + 36 * len(table))  # fmt: skip


def _reach(table) -> float:
    """The axis shows all of most intervals; a triangle at its end says that one goes on."""
    ends = table[["roas_high", "marginal_high"]].to_numpy().ravel()
    return float(max(1.3, min(1.05 * ends.max(), 2.5 * np.median(ends))))


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, .14)"


def _title(result: MixResult) -> str:
    """What to take away: where money should move, else which channel is told best, else that none is."""
    move, table = result.move, result.table
    if move and move.low > 0:
        return say("{money:money} a year moved from {source} to {target} should bring {gain:money} ({low:money} – "
                   "{high:money}) more", money=move.money, source=move.source, target=move.target, gain=move.gain,
                   low=move.low, high=move.high)  # fmt: skip
    told = table[table["told"] & (table["roas_low"] > 0)]
    if told.empty:
        return say("What a single channel brought cannot be told from these weeks")
    best = told.loc[told["roas_low"].idxmax()]
    return say("{channel} brought {roas:number} ({low:number} – {high:number}) for each unit of money; no move of "
               "money is proven better", channel=best.channel, roas=best.roas, low=best.roas_low,
               high=best.roas_high)  # fmt: skip
