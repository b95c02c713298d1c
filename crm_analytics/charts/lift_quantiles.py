"""What a campaign changed at quantiles of its customers: a row each, with its interval; the mass of zeros is named."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.control.lift_quantiles import LiftByQuantile
from crm_analytics.say import say


@draw.register
def _(result: LiftByQuantile) -> go.Figure:
    rows = result.table
    fig = theme.figure(
        title=_title(result), height=190 + 40 * len(rows),
        x=say("difference between the arms at that quantile, {unit}", unit=result.measured.unit),
    )
    for row in rows.itertuples():
        name = say("{share:percent} of the customers bring less", share=row.share)
        if row.in_the_mass:
            fig.add_annotation(x=0, y=theme.headline(name, 40), text=say("alike in both arms"), showarrow=False,
                               xanchor="left", xshift=8, font={"color": theme.PALE})
            fig.add_scatter(x=[0], y=[theme.headline(name, 40)], mode="markers", showlegend=False,
                            marker={"color": theme.PALE, "size": 7, "symbol": "line-ns-open"})
            continue
        colour = theme.BLUE if row.low > 0 or row.high < 0 else theme.PALE
        fig.add_trace(theme.interval(name, row.effect, row.low, row.high, colour))
    fig.add_vline(x=0, line={"color": theme.INK, "dash": "dot", "width": 1})
    return fig.update_yaxes(autorange="reversed")


def _title(result: LiftByQuantile) -> str:
    told = result.table[~result.table["in_the_mass"]]
    shown = told[(told["low"] > 0) | (told["high"] < 0)]
    if shown.empty:
        return say("At no quantile that was asked for do the two arms differ by more than chance")
    row = shown.loc[shown["effect"].abs().idxmax()]
    return say(
        "The campaign moved the {share:percent} quantile most: by {effect}",
        share=row.share, effect=result.measured.amount(row.effect),
    )
