"""Words dragged into shape: sliders for the edges of every word of a selection, and the picture that follows them."""

from __future__ import annotations

import html
import os
from typing import Any

import ipywidgets
import numpy as np

from crm_analytics.charts import draw
from crm_analytics.charts.live import live, redraw
from crm_analytics.planning.customers.words.fuzzy_selection import FuzzySelectionResult
from crm_analytics.planning.customers.words.words import Edge, Word
from crm_analytics.result import enough
from crm_analytics.say import say
from crm_analytics.widgets.controls import Rested


def words(selection: FuzzySelectionResult) -> Words | Any:
    """The selection with sliders for where each word begins and where it is fully true, and for the least degree.

    Where nobody can move a slider, as in a report (the environment says CRM_STILL), the selection's still picture.
    """
    return draw(selection) if os.environ.get("CRM_STILL") else Words(selection)


class Words(ipywidgets.VBox):
    """Sliders over a selection. `selection` is the one on show; `edges` (by word and `rises` or `falls`) and
    `at_least` hold the sliders."""

    def __init__(self, selection: FuzzySelectionResult):
        self.selection = selection
        self.edges: dict[tuple[str, str], ipywidgets.FloatRangeSlider] = {}
        rows = []
        for word in selection.words:
            values = selection.people[word.of].to_numpy(float)
            for side in ("rises", "falls"):
                if getattr(word, side):
                    self.edges[word.name, side], row = _edge(word, side, values[np.isfinite(values)])
                    rows.append(row)
        self.at_least = ipywidgets.BoundedFloatText(
            value=selection.study.at_least, min=0.05, max=1, step=0.05, description=say("least degree"),
            style={"description_width": "280px"}, layout={"width": "400px"},
        )  # fmt: skip
        self._text = ipywidgets.HTML()
        self._picture = live(draw(selection))
        self._tell(selection.text)
        answer = Rested(self._ask)
        for moved in (*self.edges.values(), self.at_least):
            moved.observe(answer, names="value")
        super().__init__([*rows, self.at_least, self._text, self._picture])

    @property
    def text(self) -> str:
        """What is said under the sliders."""
        return self._text.value

    def _ask(self) -> None:
        try:
            answer = self.selection.but(*map(self._moved, self.selection.words), at_least=self.at_least.value)
        except ValueError as problem:
            self._tell(str(problem))
            return
        self._tell(answer.text)
        if enough(answer):
            self.selection = answer
            redraw(self._picture, draw(answer))

    def _moved(self, word: Word) -> Word:
        sides = {side: self.edges.get((word.name, side)) for side in ("rises", "falls")}
        return Word(name=word.name, of=word.of, **{side: found and found.value for side, found in sides.items()})

    def _tell(self, text: str) -> None:
        self._text.value = f"<p class='crm-answer'>{html.escape(text)}</p>"


def _edge(word: Word, side: str, values: np.ndarray) -> tuple[ipywidgets.FloatRangeSlider, ipywidgets.HBox]:
    """A slider with two handles beside two number boxes of the same values, which carry its label."""
    edge: Edge = getattr(word, side)
    reach = 2 * max(edge[1] - edge[0], 1e-9)
    edge = tuple(float(f"{corner:.6g}") for corner in edge)
    low, high = min(values.min(), edge[0]), max(min(values.max(), edge[1] + 10 * reach), edge[1])
    step = float(f"{(high - low) / 200 or 1:.0e}")
    slider = ipywidgets.FloatRangeSlider(value=edge, min=low, max=high, step=step, readout=False)
    slider.layout.width = "40%"
    labels = {
        "rises": (say("{name}: not at all below", name=word.name), say("fully from")),
        "falls": (say("{name}: fully up to", name=word.name), say("not at all above")),
    }[side]
    boxes = [
        ipywidgets.FloatText(
            value=value, step=step, description=label,
            style={"description_width": width}, layout={"width": total},
        )
        for value, label, width, total in zip(
            edge, labels, ("280px", "110px"), ("400px", "220px"), strict=True
        )
    ]  # fmt: skip

    def typed(_change: object) -> None:
        slider.value = tuple(sorted(box.value for box in boxes))

    def dragged(change: Any) -> None:
        for box, value in zip(boxes, change["new"], strict=True):
            box.unobserve(typed, names="value")
            box.value = float(f"{value:.6g}")
            box.observe(typed, names="value")

    for box in boxes:
        box.observe(typed, names="value")
    slider.observe(dragged, names="value")
    return slider, ipywidgets.HBox([*boxes, slider])
