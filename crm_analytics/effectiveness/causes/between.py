"""The two periods that a question of causes is about, as people give them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from crm_analytics.result import Study
from crm_analytics.result.period import as_day

WEEKS_LATER = 4
"""So long is a later period whose end nobody gave."""


@dataclass(frozen=True, kw_only=True)
class BetweenPeriods(Study):
    """A question about what changed from an earlier period to a later one.

    The later one runs from `starts` to `ends`, or over four weeks; the earlier one from `before_starts` to
    `before_ends`, or over as many days just before. Days are dates or are written 2025-06-15, and both ends belong to
    their period.
    """

    starts: str | date | None = None
    ends: str | date | None = None
    before_starts: str | date | None = None
    before_ends: str | date | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        starts, ends, was, until = self._days
        if (ends or was) and not starts:
            raise ValueError("Give the first day of the later period as starts.")
        if (was is None) != (until is None):
            raise ValueError("Give both before_starts and before_ends, or neither.")
        if (ends and ends < starts) or (was and not was <= until < starts):
            raise ValueError("Periods run from an earlier to a later day, and before_ends lies before starts.")

    @property
    def _days(self) -> tuple[date | None, ...]:
        return tuple(map(as_day, (self.starts, self.ends, self.before_starts, self.before_ends)))

    def rows(self, first: pd.Timestamp, days: int) -> tuple[slice, slice] | None:
        """Both, the earlier one first, as rows of a history of so many days that begins on `first`; None where it does
        not hold them. Without `starts` the later one is the last four weeks."""

        def row(day: date) -> int:
            return (pd.Timestamp(day) - first).days

        starts, ends, was, until = self._days
        start = row(starts) if starts else days - 7 * WEEKS_LATER
        later = slice(start, min(row(ends) + 1 if ends else start + 7 * WEEKS_LATER, days))
        earlier = slice(row(was), row(until) + 1) if was else slice(2 * later.start - later.stop, later.start)
        fits = 0 <= earlier.start < earlier.stop <= later.start < later.stop
        return (earlier, later) if fits else None
