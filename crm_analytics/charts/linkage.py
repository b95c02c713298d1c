"""What customers spent after they answered, by what they answered."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.collection.voice.linkage import LinkageResult
from crm_analytics.say import say, voice

NAMES = {"low": "unsatisfied", "middle": "in between", "high": "satisfied"}


@draw.register
def _(result: LinkageResult) -> go.Figure:
    rows = result.table
    clear = result.low > 0 or result.high < 0
    title = (
        say(
            "Satisfied customers spend {more:money} more in {days:count} days", more=result.difference, days=result.days
        )
        if clear and result.difference > 0
        else say("No difference in later spending that chance would not make")
        if not clear
        else say("Satisfied customers spend {less:money} less", less=-result.difference)
    )
    fig = theme.figure(
        title=title,
        x=say("answer"),
        y=say(
            "spent in the next {days:count} days, {currency} a customer", days=result.days, currency=voice().currency
        ),
    )
    fig.add_bar(
        x=[
            say(NAMES[row.group]) + say("<br>({answers:count} answers)", answers=row.answers)
            for row in rows.itertuples()
        ],
        y=rows.spend,
        marker_color=[{"low": theme.RED, "middle": theme.PALE, "high": theme.GREEN}[group] for group in rows.group],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": rows.high - rows.spend,
            "arrayminus": rows.spend - rows.low,
            "color": theme.INK,
            "thickness": 1.4,
            "width": 8,
        },
        width=0.5,
        showlegend=False,
    )
    return fig.update_yaxes(rangemode="tozero")
