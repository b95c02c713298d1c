"""The decisions to take, as a forest: what each is worth and how surely."""

from __future__ import annotations

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.effectiveness.review.management_review import EVIDENCE, MONEY, SURELY, ManagementReviewResult
from crm_analytics.say import say, voice

_COLOURS = dict(zip(EVIDENCE, (theme.BLUE, theme.GREEN, theme.VIOLET, theme.PALE), strict=True))


@draw.register
def _(result: ManagementReviewResult) -> go.Figure:
    rows = result.claimed[result.claimed["measure"].str.contains(MONEY)]
    sure = int((result.table["sure"] == SURELY).sum())
    title = say("All {n:count} decisions shown stand on firm ground" if sure == len(result.table) > 1 else
                "{sure:count} of the {n:count} decisions shown {sure:stands|stand} on firm ground",
                n=len(result.table), sure=sure)
    fig = theme.figure(title=title, x=say("money at stake, {unit}", unit=voice().currency),
                       height=230 + 46 * max(len(rows), 1))
    for row in rows.itertuples():
        label = f"{row.subject}: {row.measure}"
        fig.add_trace(theme.interval(label, row.value, row.low, row.high, _COLOURS[row.evidence]))
    for grade in EVIDENCE:
        if (rows["evidence"] == grade).any():
            fig.add_scatter(x=[None], y=[None], mode="markers", name=_words(grade),
                            marker={"size": 11, "color": _COLOURS[grade]})
    fig.add_vline(x=0, line={"color": theme.INK, "dash": "dot", "width": 1})
    fig.update_layout(margin_t=112, legend={"y": 1.0, "yanchor": "bottom"})
    return fig.update_yaxes(autorange="reversed")


def _words(grade: str) -> str:
    return {
        "tested": say("tested by lot"), "compared": say("compared"), "modelled": say("modelled"),
        "assumed": say("assumed"),
    }[grade]  # fmt: skip
