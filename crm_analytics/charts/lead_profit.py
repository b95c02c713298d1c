"""Profit, not leads, drawn: how many enquiries each source brings beside what they leave over."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.paths.lead_profit import LeadProfitResult
from crm_analytics.say import say, voice

MOST = 10
"""So many sources, those with most enquiries, are drawn."""


@draw.register
def _(result: LeadProfitResult) -> go.Figure:
    shown = result.table.sort_values(["leads", "part"], ascending=[False, True]).head(MOST)
    names = [theme.headline(str(name), 28) for name in shown["part"]]
    fig = theme.figure(title=_title(result), height=220 + 46 * len(shown))
    fig.add_bar(
        x=shown["leads"], y=names, orientation="h", marker_color=theme.PALE, name=say("enquiries"), xaxis="x",
        text=[say("{n:count}", n=n) for n in shown["leads"]], textposition="auto", showlegend=False,
    )  # fmt: skip
    fig.add_bar(
        x=shown["profit"],
        y=names,
        orientation="h",
        marker_color=[theme.RED if low < 0 and value < 0 else theme.BLUE for low, value in zip(
            shown["low"], shown["profit"], strict=True
        )],
        name=say("profit"),
        xaxis="x2",
        showlegend=False,
        error_x={
            "type": "data", "array": shown["high"] - shown["profit"], "arrayminus": shown["profit"] - shown["low"],
            "color": theme.INK, "thickness": 1.5,
        },
    )  # fmt: skip
    fig.add_shape(type="line", xref="x2", x0=0, x1=0, yref="paper", y0=0, y1=1, line={"color": theme.INK, "width": 1})
    noun = say("margin") if result.basis == "margin" else say("revenue")
    return fig.update_layout(
        xaxis={"domain": [0, 0.44], "title_text": say("enquiries"), "rangemode": "tozero"},
        xaxis2={
            "domain": [0.54, 1],
            "anchor": "y",
            "gridcolor": theme.GRID,
            "title_text": say("{noun} less cost, {currency}", noun=noun, currency=voice().currency),
            "tickformat": ",.0f",
        },
        yaxis={"autorange": "reversed", "showgrid": False},
        bargap=0.35,
        barmode="overlay",
    )


def _title(result: LeadProfitResult) -> str:
    many = result.table.loc[result.table["leads"].idxmax()]
    best = result.table.loc[result.table["each"].idxmax()]
    if many["part"] == best["part"]:
        return say("{many} brings most enquiries, and they are worth most", many=many["part"])
    return say(
        "{many} brings {share:percent} of the enquiries; one of {best} is worth {best_each:money}, one of {many} "
        "{each:money}",
        many=many["part"],
        share=many["share_of_leads"],
        best=best["part"],
        best_each=best["each"],
        each=many["each"],
    )
