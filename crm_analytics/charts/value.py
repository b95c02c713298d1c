"""Customer value drawn: what a customer is worth in each tenth, so that everybody sees who carries the rest."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.worth.value import ValueResult
from crm_analytics.say import say, voice


@draw.register
def _(result: ValueResult) -> go.Figure:
    tenths = result.tenths
    each, share = tenths["value"] / tenths["customers"], tenths["value"] / tenths["value"].sum()
    best_fifth = tenths["decile"] <= len(tenths) / 5
    fig = theme.figure(
        title=result.text,
        x=say("customers in tenths, the most valuable first"),
        y=say(
            "{money} of one customer in {days:count} days, {currency}",
            money=say(result.forecast.basis),
            days=result.study.horizon_days,
            currency=voice().currency,
        ),
    )
    fig.add_bar(
        x=tenths["decile"],
        y=each,
        marker_color=[theme.BLUE if best else theme.PALE for best in best_fifth],
        error_y={
            "array": tenths["high"] / tenths["customers"] - each,
            "arrayminus": each - tenths["low"] / tenths["customers"],
            "color": theme.INK,
            "thickness": 1.2,
        },
        hovertemplate="%{y:,.2f}<extra></extra>",
    )
    for decile, top, part in zip(tenths["decile"], tenths["high"] / tenths["customers"], share, strict=True):
        fig.add_annotation(
            x=decile, y=top, text=say("{part:percent}", part=part), showarrow=False, yshift=12, bgcolor=theme.PAPER
        )
    fig.add_annotation(
        text=say("Above each tenth: its share of the whole. Whiskers: 19 of 20 cases."),
        x=1,
        y=1,
        xref="paper",
        yref="paper",
        xanchor="right",
        yanchor="bottom",
        showarrow=False,
        font_color=theme.INK,
    )
    fig.add_hline(
        y=result.mean,
        line_dash="dot",
        line_color=theme.ORANGE,
        annotation_text=say("average customer: {mean:money}", mean=result.mean),
        annotation_font_color=theme.ORANGE,
    )
    return fig.update_xaxes(dtick=1, showgrid=False).update_layout(showlegend=False)
