"""Sales in any cut, worked by hand: choose what is measured, what it is cut by and when, go into a part and back."""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from typing import Any

import ipywidgets

from crm_analytics.charts import draw
from crm_analytics.charts.live import live
from crm_analytics.charts.sales import MOST_PARTS
from crm_analytics.planning.customers.cut.sales import SalesResult
from crm_analytics.planning.customers.cut.sales_cut import DIMENSIONS
from crm_analytics.planning.customers.cut.sales_measures import MEASURES
from crm_analytics.result import Result, enough
from crm_analytics.say import say

_NOTHING = ""


def cut(sales: SalesResult) -> Cut | Any:
    """The sales with their controls and the picture that follows them; where nobody can work them, as in a report
    (the environment says CRM_STILL), or where there is no answer, the still picture."""
    return draw(sales) if os.environ.get("CRM_STILL") or not enough(sales) else Cut(sales)


class Cut(ipywidgets.VBox):
    """Controls over sales. `sales` is the answer on show, `path` the crumbs that lead back, `parts` those to go into.

    A part is gone into by its bar, or by choosing it and pressing Enter or the button beside it.
    """

    def __init__(self, sales: SalesResult):
        self.sales = sales
        self._trail: list[tuple[str, SalesResult]] = []
        self._here = say("All sales")
        self._quiet = False
        first, *more = (*sales.study.by, _NOTHING, _NOTHING)
        names = [(say(name.replace("_", " ")), name) for name in DIMENSIONS]
        self.measure = _choice(say("Measure"), [(say(m.replace("_", " ")), m) for m in MEASURES], sales.study.measure)
        self.by = _choice(say("Cut by"), [(say("– the whole –"), _NOTHING), *names], first)
        self.and_by = _choice(say("and by"), [(say("– nothing more –"), _NOTHING), *names], more[0])
        self.now = _line(say("Period"), str(sales.now))
        self.before = _line(say("compared with"), str(sales.before))
        self.parts = _choice(say("Part"), [], None)
        self.go = _button(say("Go into it"), self._into_chosen)
        self.path = ipywidgets.HBox()
        self._text = ipywidgets.HTML()
        self._picture = ipywidgets.VBox()
        for control in (self.measure, self.by, self.and_by, self.now, self.before):
            control.observe(self._ask, names="value")
        super().__init__([
            ipywidgets.HBox([self.measure, self.by, self.and_by]), ipywidgets.HBox([self.now, self.before]), self.path,
            ipywidgets.HBox([self.parts, self.go]), self._text, self._picture,
        ])  # fmt: skip
        self._show(sales)

    @property
    def text(self) -> str:
        """What is said above the picture."""
        return self._text.value

    def into(self, name: str) -> None:
        """Go into a part of the cut on show, and take it apart by what usually comes next."""
        part = self.sales.names.index(name)
        values = [str(self.sales.table[dimension][part]) for dimension in self.sales.study.by]
        here = self.sales
        inside = self._asked(lambda: here.into(*values))
        if inside is not None:
            self._trail.append((self._here, here))
            self._here = name
            self._show(inside)

    def back(self, level: int) -> None:
        """Back to this crumb of the path, with what is measured now."""
        here, there = self._trail[level]
        found = self._asked(lambda: there.but(measure=self.sales.study.measure))
        if found is not None:
            del self._trail[level:]
            self._here = here
            self._show(found)

    def _ask(self, change: dict[str, Any]) -> None:
        if self._quiet:
            return
        by = tuple(dict.fromkeys(name for name in (self.by.value, self.and_by.value) if name))
        now, before = self.now.value.strip() or None, self.before.value.strip() or None
        if change["owner"] is self.now or now is None:  # what it is compared with goes along
            before = None
        found = self._asked(lambda: self.sales.but(measure=self.measure.value, by=by, now=now, before=before))
        if found is not None:
            self._show(found)

    def _asked(self, ask: Callable[[], Result]) -> SalesResult | None:
        """The answer; where there is none, why, and what was on show stays."""
        try:
            found = ask()
        except ValueError as problem:
            self._say(str(problem))
            return None
        if not enough(found):
            self._say(found.text)
            return None
        return found

    def _show(self, sales: SalesResult) -> None:
        self.sales = sales
        self._quiet = True
        first, second, *_ = (*sales.study.by, _NOTHING, _NOTHING)
        self.measure.value, self.by.value, self.and_by.value = sales.study.measure, first, second
        self.now.value, self.before.value = str(sales.now), str(sales.before)
        self.parts.options = sales.names if sales.parted else []
        self.parts.index = 0 if sales.parted else None  # what has been empty does not choose for itself
        self.parts.disabled = self.go.disabled = not sales.parted
        self._quiet = False
        crumbs = [_button(name, lambda _, level=level: self.back(level)) for level, (name, _) in enumerate(self._trail)]
        here = f"<b aria-current='page'>{html.escape(self._here)}</b>"
        self.path.children = [*crumbs, ipywidgets.HTML(here)]
        self._say(sales.text, *(c.text for c in sales.checks if c.verdict != "holds"))
        picture = live(draw(sales))
        for bars in picture.data:
            if bars.type == "bar":
                bars.on_click(self._clicked)
        self._picture.children = [picture]

    def _say(self, answer: str, *doubts: str) -> None:
        told = "".join(f"<li>{html.escape(doubt)}</li>" for doubt in doubts)
        self._text.value = (
            f"<p class='crm-answer' role='status' aria-live='polite'>{html.escape(answer)}</p><ul>{told}</ul>"
        )

    def _into_chosen(self, _button: object = None) -> None:
        if self.parts.value is not None:
            self.into(self.parts.value)

    def _clicked(self, _bars: object, points: Any, _state: object) -> None:
        """A bar stands for a part by its place, whatever its shortened name; the last of many stands for the rest."""
        if points.point_inds:
            shown = self.sales.largest(MOST_PARTS).name.tolist()
            name = shown[points.point_inds[0]]
            if name in self.sales.names:
                self.into(name)


def _choice(label: str, options: list, value: Any) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(
        options=options, value=value, description=label, style={"description_width": "initial"},
        layout={"width": "300px"},
    )  # fmt: skip


def _line(label: str, value: str) -> ipywidgets.Text:
    """A line to write in, answered when Enter is pressed or it is left."""
    return ipywidgets.Text(
        value=value, description=label, continuous_update=False, style={"description_width": "initial"},
        placeholder="2025-04..2025-06", layout={"width": "300px"},
    )  # fmt: skip


def _button(label: str, pressed: Callable[[object], None]) -> ipywidgets.Button:
    button = ipywidgets.Button(description=label, tooltip=label, layout={"width": "auto"})
    button.on_click(pressed)
    return button
