"""Whom a campaign addresses and why the others are left out; and what other control shares would show."""

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.execution.audience import ADDRESSED, LEFT_ALONE, AudienceResult
from crm_analytics.say import say, voice


@draw.register
def _(result: AudienceResult) -> go.Figure:
    counts = result.table.iloc[::-1]
    treated, control = (int(counts.customers[counts.fate == fate].sum()) for fate in (ADDRESSED, LEFT_ALONE))
    colours = {ADDRESSED: theme.BLUE, LEFT_ALONE: theme.ORANGE}
    fates = go.Bar(
        x=counts.customers, y=[theme.headline(say(fate), 16) for fate in counts.fate], orientation="h",
        marker_color=[colours.get(fate, theme.PALE) for fate in counts.fate],
        text=[say("{n:count}", n=n) for n in counts.customers], textposition="outside", cliponaxis=False,
        hovertemplate="%{y}: %{text}<extra></extra>",
    )  # fmt: skip
    shares = result.by_control_share()
    curve = go.Scatter(
        x=shares.control_share, y=shares.smallest_effect, mode="lines", line_color=theme.BLUE, xaxis="x2", yaxis="y2",
        hovertemplate="%{x:.0%}: %{y:.2f}<extra></extra>",
    )  # fmt: skip
    share = control / (treated + control)
    here = go.Scatter(
        x=[share], y=[result.smallest_effect], mode="markers+text", xaxis="x2", yaxis="y2",
        marker={"color": theme.ORANGE, "size": 11}, textposition="top right",
        text=[say("{effect:cents} with {control:count} left alone", effect=result.smallest_effect, control=control)],
        error_y={"array": [result.high - result.smallest_effect], "arrayminus": [result.smallest_effect - result.low],
                 "color": theme.ORANGE},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    fig = theme.figure(
        fates, curve, here,
        title=say("{treated:count} are addressed, {control:count} left alone: effects from {effect:cents} a customer "
                  "can be shown", treated=treated, control=control, effect=result.smallest_effect),
        x=say("customers"),
    )  # fmt: skip
    return fig.update_layout(
        showlegend=False,
        xaxis={"domain": [0, 0.44], "range": [0, 1.2 * counts.customers.max()]},
        yaxis={"showgrid": False},
        xaxis2={"domain": [0.56, 1], "anchor": "y2", "tickformat": ".0%", "title_text": say("share left alone"),
                "range": [0, 0.52]},
        yaxis2={"anchor": "x2", "rangemode": "tozero", "title_text": say("smallest effect, {currency} a customer",
                                                                         currency=voice().currency)},
    )  # fmt: skip
