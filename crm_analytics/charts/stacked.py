"""Several small pictures over one another with a heading each, on one page-wide figure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import plotly.graph_objects as go

from crm_analytics.charts import theme


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One of them: the number of its axes as Plotly writes it, and where it lies, as shares of the height."""

    axis: str
    top: float
    bottom: float

    @property
    def is_first(self) -> bool:
        """Its traces name themselves in the legend for all."""
        return not self.axis

    @property
    def on(self) -> dict[str, str]:
        """What a trace says to be drawn here."""
        return {"xaxis": f"x{self.axis}", "yaxis": f"y{self.axis}"}

    @property
    def at(self) -> dict[str, str]:
        """What a shape says to be drawn here, in the units of both axes."""
        return {"xref": f"x{self.axis}", "yref": f"y{self.axis}"}

    def settle(self, fig: go.Figure, heading: str, *, x: dict | None = None, y: dict | None = None) -> None:
        """Put the axes where they belong, all along one another, and the heading above; the heading is plain text."""
        fig.update_layout({
            f"yaxis{self.axis}": {"domain": [self.bottom, self.top], "anchor": f"x{self.axis}", **(y or {})},
            f"xaxis{self.axis}": {"anchor": f"y{self.axis}", "matches": None if self.is_first else "x", **(x or {})},
        })  # fmt: skip
        fig.add_annotation(text=theme.headline(heading, 120), x=0, xref="paper", y=self.top, yref="paper",
                           xanchor="left", yanchor="bottom", showarrow=False, font_size=13)  # fmt: skip

    def upright(self, fig: go.Figure, x: float | str) -> None:
        """A line over the whole height, where something began."""
        fig.add_shape(type="line", xref=f"x{self.axis}", yref=f"y{self.axis} domain", x0=x, x1=x, y0=0, y1=1,
                      line={"color": theme.ORANGE, "width": 2})  # fmt: skip


def panels(count: int, *, gaps: float) -> Iterator[Panel]:
    """So many, the first on top; `gaps` is the share of a panel's height that is left between two, for headings."""
    gap = gaps / max(count, 1)
    each = (1 - gap * (count - 1)) / max(count, 1)
    for place in range(count):
        top = 1 - place * (each + gap)
        yield Panel(axis="" if place == 0 else str(place + 1), top=top, bottom=max(top - each, 0))
