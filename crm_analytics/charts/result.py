"""The picture of an answer that cannot be given: the sentence that says why, where the chart would be."""

import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.result import NotEnough


@draw.register
def _(result: NotEnough) -> go.Figure:
    fig = theme.figure(title="Not enough evidence", height=220)
    fig.add_annotation(text=theme.headline(result.text), showarrow=False, x=0, xref="paper", xanchor="left",
                       y=0.5, yref="paper", align="left", font_size=14)
    return fig.update_xaxes(visible=False).update_yaxes(visible=False)
