"""What if: sliders over a budget plan. Each movement asks the plan for another one; nothing is fitted again."""

from __future__ import annotations

import html
import os
from typing import Any

import ipywidgets

from crm_analytics.charts import draw
from crm_analytics.charts.live import live, redraw
from crm_analytics.planning.offers.budget import BudgetResult
from crm_analytics.say import say, voice
from crm_analytics.widgets.controls import Rested, slider


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
        self.budget, *rows = slider(say("Budget, {currency}", currency=voice().currency), plan.budget, top)
        self.caps = {}
        for part in plan.table.part:
            cap = min(plan.study.caps.get(part, top), top)
            self.caps[part], *row = slider(say("At most for {part}", part=part), cap, top)
            rows += row
        self._text = ipywidgets.HTML()
        self._picture = live(draw(plan))
        self._tell()
        answer = Rested(self._ask)
        for moved in (self.budget, *self.caps.values()):
            moved.observe(answer, names="value")
        super().__init__([*rows, self._text, self._picture])

    @property
    def text(self) -> str:
        """What is said under the sliders."""
        return self._text.value

    def _ask(self) -> None:
        caps = {part: most.value for part, most in self.caps.items() if most.value < most.max}
        try:
            self.plan = self._start.but(budget=self.budget.value, caps=caps)
        except ValueError as problem:
            self._text.value = f"<p class='crm-answer'>{html.escape(str(problem))}</p>"
            return
        self._tell()
        redraw(self._picture, draw(self.plan))

    def _tell(self) -> None:
        self._text.value = f"<p class='crm-answer'>{html.escape(self.plan.text)}</p>"
