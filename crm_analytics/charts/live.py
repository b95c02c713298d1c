"""A picture that can be drawn anew where it stands: for widgets, never for a report."""

import plotly.graph_objects as go

_TITLE_PX = 52
"""What a title takes of the margin above a picture."""


def live(figure: go.Figure) -> go.FigureWidget:
    """The picture as a widget, for a page with a running kernel. It has no title: the words above it say as much."""
    return go.FigureWidget(_untitled(figure))


def redraw(shown: go.FigureWidget, figure: go.Figure) -> None:
    """Let a picture on show become another one of the same kind, in one movement."""
    fresh = _untitled(figure)
    with shown.batch_update():
        for trace, new in zip(shown.data, fresh.data, strict=True):
            trace.update(new.to_plotly_json(), overwrite=True)
        shown.layout.update(fresh.layout.to_plotly_json(), overwrite=True)


def _untitled(figure: go.Figure) -> go.Figure:
    top = figure.layout.margin.t or figure.layout.template.layout.margin.t or 84
    return go.Figure(figure).update_layout(title_text="", margin_t=max(top - _TITLE_PX, 32))
