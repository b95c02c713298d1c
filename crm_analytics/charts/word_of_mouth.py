"""Word of mouth drawn: how many others 100 active customers bring, month by month and year by year."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.service.word_of_mouth import WordOfMouthResult
from crm_analytics.say import say


@draw.register
def _(result: WordOfMouthResult) -> go.Figure:
    months = result.months[result.months["active"] > 0]
    known = months["recommended"] + months["other"]
    share = (known / (known + months["unknown"])).where(known > 0)
    monthly = 1200 * months["recommended"] / (months["active"] * share)
    fig = theme.figure(title=_title(result), y=say("customers by recommendation<br>per 100 active ones, a year"))
    fig.add_bar(x=months["month"], y=monthly, marker={"color": theme.GRID}, name=say("month, times twelve"))
    for place, row in enumerate(result.table.itertuples()):
        day = [row.first, row.last]
        fig.add_scatter(x=day + day[::-1], y=[row.rate_high] * 2 + [row.rate_low] * 2, fill="toself", mode="none",
                        fillcolor=theme.BAND, showlegend=place == 0, hoverinfo="skip",
                        name=say("with its interval"))  # fmt: skip
        fig.add_scatter(x=day, y=[row.rate] * 2, mode="lines", line={"color": theme.BLUE, "width": 4},
                        showlegend=place == 0, name=say("twelve months"))  # fmt: skip
    return fig.update_layout(yaxis_rangemode="tozero", bargap=0.15)


def _title(result: WordOfMouthResult) -> str:
    now = result.table.iloc[-1]
    told = say("100 active customers bring {rate:number} others a year by recommendation", rate=now["rate"])
    if now["change_low"] > 1:
        return told + say(", more than the year before")
    if now["change_high"] < 1:
        return told + say(", fewer than the year before")
    return told + (say("; no change that could be told from chance") if now["change"] == now["change"] else "")
