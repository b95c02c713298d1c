"""Whether one day, such as that of one huge order, passes for an effect of weeks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.effectiveness.panel.panel_effect import PanelEffectResult

LEAST_DAYS = 7
"""What is shorter may well do its work on one day."""


def odd_day(result: PanelEffectResult) -> pd.Timestamp | None:
    """The one day, such as that of one huge order, that an effect of a week or more hangs on."""
    frame, measure = result.reading.daily, result.study.measure
    if result.low <= 0 <= result.high or measure not in frame:
        return None
    days = frame[frame["on"]].groupby("day")[measure].sum()
    beyond = days - days.median()
    day = (beyond * np.sign(result.low)).idxmax()
    hangs = result.low - beyond[day] <= 0 <= result.high - beyond[day]
    return day if hangs and len(days) >= LEAST_DAYS and abs(beyond[day]) > abs(result.effect) / 2 else None


def one_day(result: PanelEffectResult) -> list[Check]:
    """Whether the answer hangs on one day; nothing where it does not."""
    day = odd_day(result)
    if day is None:
        return []
    return [
        Check(
            name=say("One day's weight"),
            verdict="fails",
            text=say(
                "The answer hangs on {day:date}: were it a day like the others, nothing would be left that could be "
                "told from noise. Look at that day for one order, one mistake or one customer.",
                day=day,
            ),
        )
    ]
