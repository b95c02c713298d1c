"""The cut-off of a score, moved by what a contact costs and a success is worth. Nothing is learned again."""

from __future__ import annotations

import html
import os
from typing import Any

import ipywidgets

from crm_analytics.charts import draw
from crm_analytics.charts.live import live, redraw
from crm_analytics.planning.customers.scores.score import ScoreResult
from crm_analytics.say import say, voice
from crm_analytics.widgets.controls import Rested


def cut_off(score: ScoreResult) -> CutOff | Any:
    """The score with sliders for the cost of a contact and the worth of a success, and the picture that follows them.

    Where nobody can move a slider, as in a report (the environment says CRM_STILL), the score's still picture.
    """
    return draw(score) if os.environ.get("CRM_STILL") or not hasattr(score, "found") else CutOff(score)


class CutOff(ipywidgets.VBox):
    """Sliders over a score. `score` is the one on show; `cost` and `gain` hold the sliders."""

    def __init__(self, score: ScoreResult):
        self.score = score
        currency, study = voice().currency, score.study
        self.cost, costs = _slider(say("A contact costs, {currency}", currency=currency), study.cost, 4 * study.gain)
        self.gain, gains = _slider(say("A success brings, {currency}", currency=currency), study.gain, 20 * study.gain)
        self._text = ipywidgets.HTML()
        self._picture = live(draw(score))
        self._tell()
        answer = Rested(self._ask)
        for slider in (self.cost, self.gain):
            slider.observe(answer, names="value")
        super().__init__([costs, gains, self._text, self._picture])

    @property
    def text(self) -> str:
        """What is said under the sliders."""
        return self._text.value

    def _ask(self) -> None:
        try:
            self.score = self.score.but(cost=self.cost.value, gain=self.gain.value)
        except ValueError as problem:
            self._text.value = f"<p class='crm-answer'>{html.escape(str(problem))}</p>"
            return
        self._tell()
        redraw(self._picture, draw(self.score))

    def _tell(self) -> None:
        self._text.value = f"<p class='crm-answer'>{html.escape(self.score.text)}</p>"


def _slider(label: str, value: float, top: float) -> tuple[ipywidgets.FloatSlider, ipywidgets.HBox]:
    """A slider beside a number box of the same value, which carries the label, so that it can be read aloud."""
    top = max(top, value, 1.0)
    step = top / 400
    slider = ipywidgets.FloatSlider(value=value, min=0, max=top, step=step, readout=False)
    box = ipywidgets.BoundedFloatText(
        value=value, min=0, max=top, step=step, description=label, style={"description_width": "180px"}
    )
    slider.layout.width, box.layout.width = "50%", "320px"
    ipywidgets.link((slider, "value"), (box, "value"))
    return slider, ipywidgets.HBox([box, slider])
