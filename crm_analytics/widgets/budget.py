"""What if: sliders over a budget plan. Each movement asks the plan for another one; nothing is fitted again."""

from __future__ import annotations

import asyncio
import html
import os
from collections.abc import Callable
from typing import Any

import ipywidgets

from crm_analytics.charts import draw
from crm_analytics.charts.live import live, redraw
from crm_analytics.planning.offers.budget import BudgetResult
from crm_analytics.say import say, voice

_PAUSE_S = 0.15
"""A slider that is being dragged speaks many times a second; the plan answers once it rests this long."""


def what_if(plan: BudgetResult) -> WhatIf | Any:
    """The plan with sliders for the budget and for the most each part may get, and the picture that follows them.

    Where nobody can move a slider, as in a report (the environment says CRM_STILL), the plan's still picture.
    """
    return draw(plan) if os.environ.get("CRM_STILL") else WhatIf(plan)


class WhatIf(ipywidgets.VBox):
    """Sliders over a plan. `plan` is the one on show; `budget` and `caps` (by part) hold the sliders."""

    def __init__(self, plan: BudgetResult):
        self.plan = self._start = plan
        top = 2 * max(plan.budget, float(plan.table.now.sum()))
        self.budget, *rows = _slider(say("Budget, {currency}", currency=voice().currency), plan.budget, top)
        self.caps = {}
        for part in plan.table.part:
            cap = min(plan.study.caps.get(part, top), top)
            self.caps[part], *row = _slider(say("At most for {part}", part=part), cap, top)
            rows += row
        self._text = ipywidgets.HTML()
        self._picture = live(draw(plan))
        self._tell()
        answer = _Rested(self._ask)
        for slider in (self.budget, *self.caps.values()):
            slider.observe(answer, names="value")
        super().__init__([*rows, self._text, self._picture])

    @property
    def text(self) -> str:
        """What is said under the sliders."""
        return self._text.value

    def _ask(self) -> None:
        caps = {part: slider.value for part, slider in self.caps.items() if slider.value < slider.max}
        try:
            self.plan = self._start.but(budget=self.budget.value, caps=caps)
        except ValueError as problem:
            self._text.value = f"<p class='crm-answer'>{html.escape(str(problem))}</p>"
            return
        self._tell()
        redraw(self._picture, draw(self.plan))

    def _tell(self) -> None:
        self._text.value = f"<p class='crm-answer'>{html.escape(self.plan.text)}</p>"


def _slider(label: str, value: float, top: float) -> tuple[ipywidgets.IntSlider, ipywidgets.HBox]:
    """A slider beside a number box of the same value; the box carries the label, so that it can be read aloud."""
    step, value, top = max(1, round(top / 200)), round(value), round(top)
    slider = ipywidgets.IntSlider(value=value, min=step, max=top, step=step, readout=False)
    slider.layout.width = "50%"
    box = ipywidgets.BoundedIntText(
        value=value, min=step, max=top, step=step, description=label, style={"description_width": "180px"}
    )
    box.layout.width = "320px"
    ipywidgets.link((slider, "value"), (box, "value"))
    return slider, ipywidgets.HBox([box, slider])


class _Rested:
    """Calls back once its caller has been quiet for a moment; at once where no event loop runs."""

    def __init__(self, callback: Callable[[], None]):
        self._callback = callback
        self._waiting: asyncio.TimerHandle | None = None

    def __call__(self, _change: object) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._callback()
            return
        if self._waiting:
            self._waiting.cancel()
        self._waiting = loop.call_later(_PAUSE_S, self._callback)
