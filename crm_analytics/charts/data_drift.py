"""The drift of data drawn: how far each input moved from what was learned, beside what its season does."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.diary.data_drift import LARGE, NOTICED, DataDriftResult
from crm_analytics.say import say


@draw.register
def _(result: DataDriftResult) -> go.Figure:
    rows = result.table.iloc[::-1]
    drifted = rows["verdict"] == say("drifted")
    fig = theme.figure(title=_title(result), x=say("how far it moved (population stability index)"),
                       height=190 + 34 * len(rows))  # fmt: skip
    names = [theme.headline(name, 200) for name in rows["input"]]
    fig.add_bar(x=rows["psi"], y=names, orientation="h", name=say("from what was learned"),
                marker_color=[theme.RED if one else theme.BLUE for one in drifted])  # fmt: skip
    if rows["psi_season"].notna().any():
        fig.add_scatter(x=rows["psi_season"], y=names, mode="markers", name=say("from the same season a year before"),
                        marker={"symbol": "diamond", "size": 11, "color": theme.INK})  # fmt: skip
    for value, called, side in ((NOTICED, say("to be noticed"), "right"), (LARGE, say("learn again"), "left")):
        fig.add_vline(x=value, line={"dash": "dot", "color": theme.PALE}, annotation_text=called,
                      annotation_position="top", annotation_xanchor=side)  # fmt: skip
    return fig.update_layout(margin_t=110)


def _title(result: DataDriftResult) -> str:
    drifted = result.table[result.table["verdict"] == say("drifted")]
    if drifted.empty:
        return say("No input has drifted: what moved since the models learned is the season or chance")
    return say("{names} drifted, and not by the season: learn the models that use it again",
               names=", ".join(drifted["input"]))  # fmt: skip
