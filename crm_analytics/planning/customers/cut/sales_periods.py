"""Periods of sales that are compared: as places on one line, and as far as the newer has gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from crm_analytics.result.period import Period, month_number


@dataclass(frozen=True)
class Steps:
    """A period and the one it is compared with as places on a line of months or days, so that both can be moved back
    together. `length` is 0 where they differ in length: then nothing earlier is like them."""

    unit: str
    last: int
    last_before: int
    length: int

    @classmethod
    def between(cls, now: Period, before: Period) -> Steps:
        if now.months and now.months == before.months:
            return cls("month", month_number(now.last), month_number(before.last), now.months)
        length = now.days if now.days == before.days else 0
        return cls("day", now.last.toordinal(), before.last.toordinal(), length)


def so_far(now: Period, before: Period, *, until: date) -> tuple[Period, Period]:
    """Both periods as far as the first has gone by `until`: this year so far is compared with last year so far."""
    if now.last < until or now.first >= until:
        return now, before
    gone = Period(now.first, until - timedelta(days=1))
    if gone.months and before.months:
        last = Period.of_months(month_number(before.first) + gone.months - 1, gone.months)
        return gone, Period(before.first, min(before.last, last.last))
    return gone, Period(before.first, min(before.last, before.first + timedelta(days=gone.days - 1)))
