"""The bridge between two periods: what customers won, grown, shrunk and lost moved, with what is usual beside it."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.charts.waterfall import waterfall
from crm_analytics.effectiveness.customers.bridge import BridgeResult
from crm_analytics.say import say


@draw.register
def _(result: BridgeResult) -> go.Figure:
    steps = result.table[result.table["moved"] != 0].assign(label=lambda t: [_labelled(row) for row in t.itertuples()])
    spans = result.moved.spans
    fig = waterfall(
        steps, title=_title(result), before=(spans["before"].name, result.before), now=(spans["now"].name, result.now)
    )
    if spans["prior"] is not None:
        usual = steps["usual_share"] * result.before
        starts = result.before + steps["moved"].cumsum() - steps["moved"]
        labels = [theme.headline(label, width=12) for label in steps["label"]]
        fig.add_scatter(
            x=labels, y=starts + usual, mode="markers", name=say("what the movement before would have made of it"),
            marker={"symbol": "line-ew", "size": 34, "line": {"width": 3, "color": theme.INK}},
        )  # fmt: skip
    return fig


def _labelled(row) -> str:
    name = say(row.bar)
    return say("{name} ({customers:count})", name=name, customers=row.customers) if row.customers else name


def _title(result: BridgeResult) -> str:
    (won, *_), (kept, kept_low, kept_high) = result.won, result.kept
    if kept_high < 0:
        return say(
            "Customers who came brought {won:money}; those who were there brought {kept:money} less, and "
            "{share:percent} of them bought again",
            won=won, kept=-kept, share=result.retention[0],
        )  # fmt: skip
    if kept_low > 0:
        return say("Customers who were there brought {kept:money} more, those who came {won:money}", kept=kept, won=won)
    return say(
        "Customers who came brought {won:money}; whether those who were there bring more or less cannot be told",
        won=won,
    )
