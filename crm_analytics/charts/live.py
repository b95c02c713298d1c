"""A picture that can be drawn anew where it stands: for widgets, never for a report."""

import plotly.graph_objects as go


def live(figure: go.Figure) -> go.FigureWidget:
    """The picture as a widget, for a page with a running kernel."""
    return go.FigureWidget(figure)


def redraw(shown: go.FigureWidget, figure: go.Figure) -> None:
    """Let a picture on show become another one of the same kind, in one movement."""
    with shown.batch_update():
        for trace, fresh in zip(shown.data, figure.data, strict=True):
            trace.update(fresh.to_plotly_json(), overwrite=True)
        shown.layout.update(figure.layout.to_plotly_json(), overwrite=True)
