"""What every widget is put together from: a slider that can be read aloud, and patience while it is being dragged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import ipywidgets

_PAUSE_S = 0.15
"""A slider that is being dragged speaks many times a second; the answer comes once it rests this long."""


def slider(label: str, value: float, top: float) -> tuple[ipywidgets.IntSlider, ipywidgets.HBox]:
    """A slider beside a number box of the same value; the box carries the label, so that it can be read aloud."""
    step, value, top = max(1, round(top / 200)), round(value), round(top)
    moved = ipywidgets.IntSlider(value=value, min=step, max=top, step=step, readout=False)
    moved.layout.width = "50%"
    box = ipywidgets.BoundedIntText(
        value=value, min=step, max=top, step=step, description=label, style={"description_width": "180px"}
    )
    box.layout.width = "320px"
    ipywidgets.link((moved, "value"), (box, "value"))
    return moved, ipywidgets.HBox([box, moved])


class Rested:
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
