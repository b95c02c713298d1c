"""Satisfaction beside first contacts, drawn: what settling a case at once changes, as counted and among like cases."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.service.settled import Difference, SettledResult
from crm_analytics.say import say, voice


@draw.register
def _(result: SettledResult) -> go.Figure:
    fig = theme.figure(title=_title(result), height=330)
    _panel(fig, result.satisfaction, 1)
    unit = say("more satisfied, on the scale {lowest:count} – {highest:count}", lowest=result.lowest,
               highest=result.highest)  # fmt: skip
    if result.worth is None:
        return fig.update_layout(xaxis_title_text=unit)
    _panel(fig, result.worth, 2)
    return fig.update_layout(
        xaxis={"domain": [0, 0.46], "title": {"text": unit}},
        xaxis2={"domain": [0.54, 1], "anchor": "y2",
                "title": {"text": say("brings more in half a year, {unit}", unit=voice().currency)}},
        yaxis2={"anchor": "x2", "matches": "y", "showticklabels": False},
    )  # fmt: skip


def _panel(fig: go.Figure, told: Difference, place: int) -> None:
    """The difference among like cases with its interval, and a cross for the plain one."""
    axes = {"xaxis": f"x{place if place > 1 else ''}", "yaxis": f"y{place if place > 1 else ''}"}
    colour = theme.GREEN if told.low > 0 else theme.RED if told.high < 0 else theme.PALE
    row = say("settled at once")
    fig.add_trace(theme.interval(row, told.value, told.low, told.high, colour).update(**axes))
    cross = {"symbol": "x-thin", "size": 12, "line": {"width": 2, "color": theme.INK}}
    fig.add_scatter(x=[told.plain], y=[row], mode="markers", name=say("as counted"), showlegend=place == 1,
                    marker=cross, **axes)  # fmt: skip
    fig.add_shape(type="line", xref=axes["xaxis"], yref=f"{axes['yaxis']} domain", x0=0, x1=0, y0=0, y1=1,
                  line={"color": theme.INK, "dash": "dot", "width": 1})  # fmt: skip


def _title(result: SettledResult) -> str:
    told, worth = result.satisfaction, result.worth
    if told.low > 0 and worth is not None and worth.low > 0:
        return say("Settled at once, customers are more satisfied and bring {value:money} more", value=worth.value)
    if told.low > 0:
        return say("Settled at once, customers are more satisfied")
    if told.high < 0:
        return say("Settled at once, customers are less satisfied")
    return say("Whether settling at once satisfies cannot be told yet")
