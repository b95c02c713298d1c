"""Price, volume and mix between two periods, as steps from one to the other."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw
from crm_analytics.charts.waterfall import waterfall
from crm_analytics.effectiveness.customers.price_volume import PriceVolumeResult
from crm_analytics.say import say

LABELS = {
    "price": "price", "place": "where it was sold", "unit_cost": "unit cost", "volume": "volume", "mix": "mix",
    "new": "new products", "discontinued": "discontinued products", "returns": "returns", "odd": "without a product",
}  # fmt: skip


@draw.register
def _(result: PriceVolumeResult) -> go.Figure:
    steps = result.table[result.table["moved"] != 0]
    steps = steps.assign(label=[say(LABELS[bar]) for bar in steps["bar"]])
    before, now = result.days
    return waterfall(steps, title=_title(result), before=(before.name, result.before), now=(now.name, result.now))


def _title(result: PriceVolumeResult) -> str:
    bars = result.table.set_index("bar")
    told = [
        say("{name} {moved:money}", name=say(LABELS[name]), moved=bars.loc[name, "moved"])
        for name in bars.index
        if not (bars.loc[name, "low"] <= 0 <= bars.loc[name, "high"])  # or it is not known how far chance goes
    ]
    if not told:
        return say("Neither price nor volume nor mix moved more than another draw of the same customers would")
    return say("What moved sales by {change:money}: {told}", change=result.change, told=", ".join(told[:4]))
