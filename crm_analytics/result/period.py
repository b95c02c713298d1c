"""Periods: any span of days, how it is written and said, and what it is fairly compared with."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from crm_analytics.say import say

SAME_WEEKDAYS = 364
"""Days between a span and the one a year before that holds the same weekdays."""


@dataclass(frozen=True, order=True)
class Period:
    """The days from `first` to `last`, both of them included."""

    first: date
    last: date

    @classmethod
    def of(cls, written: str | Period) -> Period:
        """A period as people write it: `2025`, `2025-Q2`, `2025-06`, `2025-06-15`, or from one to another of these with
        two points between: `2025-04..2025-06`. Raises ValueError for anything else."""
        if isinstance(written, Period):
            return written
        ends = [_unit(part.strip()) for part in str(written).split("..")]
        if len(ends) > 2 or ends[0].first > ends[-1].last:
            raise ValueError(f"{written!r} is no period; a period begins before it ends: 2025-04..2025-06.")
        return cls(ends[0].first, ends[-1].last)

    @classmethod
    def of_months(cls, last: int, months: int) -> Period:
        """So many whole months that end with the month of this number."""
        return cls(_month_day(last - months + 1), _month_day(last + 1) - timedelta(days=1))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def months(self) -> int:
        """How many whole months it is; 0 where it is not."""
        whole = self.first.day == 1 and (self.last + timedelta(days=1)).day == 1
        return month_number(self.last) - month_number(self.first) + 1 if whole else 0

    @property
    def months_spoken(self) -> tuple[date, date]:
        return self.first.replace(day=1), self.last.replace(day=1)

    @property
    def within_a_month(self) -> bool:
        return month_number(self.first) == month_number(self.last)

    @property
    def when(self) -> str:
        """As the end of a sentence: «in April – June 2025», «on 14 – 15 June 2025», «from … to …»."""
        if self.months:
            return say("in {span:months}", span=self.months_spoken)
        if self.days == 1:
            return say("on {day:date}", day=self.first)
        if self.within_a_month:
            return say("on {first} – {last:date}", first=self.first.day, last=self.last)
        return say("from {first:date} to {last:date}", first=self.first, last=self.last)

    @property
    def name(self) -> str:
        """As it stands in a legend."""
        if self.months:
            return say("{span:months}", span=self.months_spoken)
        if self.days == 1:
            return say("{day:date}", day=self.first)
        if self.within_a_month:
            return say("{first} – {last:date}", first=self.first.day, last=self.last)
        return say("{first:date} – {last:date}", first=self.first, last=self.last)

    def __str__(self) -> str:
        """As `of` reads it."""
        if self.days == 1:
            return self.first.isoformat()
        if self.months == 1:
            return self.first.isoformat()[:7]
        if self.months:
            return f"{self.first.isoformat()[:7]}..{self.last.isoformat()[:7]}"
        return f"{self.first}..{self.last}"

    def earlier(self, *, months: int = 0, days: int = 0) -> Period:
        """The same period so much earlier; months only where it is whole months."""
        if months:
            return Period.of_months(month_number(self.last) - months, self.months)
        return Period(self.first - timedelta(days=days), self.last - timedelta(days=days))

    def year_before(self) -> Period:
        return self.earlier(months=12) if self.months else self.earlier(days=SAME_WEEKDAYS)

    def just_before(self) -> Period:
        return self.earlier(months=self.months) if self.months else self.earlier(days=self.days)

    def as_far_before(self, later: Period) -> Period:
        """The period of this length that lies as far before this one as this lies before `later`."""
        if self.months and later.months:
            return self.earlier(months=month_number(later.last) - month_number(self.last))
        return self.earlier(days=(later.last - self.last).days)


def as_day(written: str | date | None) -> date | None:
    """A day of a knob, which is a date or is written 2025-06-15; None where none was given. Raises ValueError for
    anything else."""
    return date.fromisoformat(written) if isinstance(written, str) else written


def month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _month_day(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _unit(written: str) -> Period:
    """A year, a quarter, a month or a day."""
    try:
        if found := re.fullmatch(r"(\d{4})-?[Qq]([1-4])", written):
            return Period.of_months(int(found[1]) * 12 + 3 * int(found[2]) - 1, 3)
        if re.fullmatch(r"\d{4}", written):
            return Period.of_months(int(written) * 12 + 11, 12)
        if found := re.fullmatch(r"(\d{4})-(\d{1,2})", written):
            first = date(int(found[1]), int(found[2]), 1)
            return Period(first, first.replace(day=calendar.monthrange(first.year, first.month)[1]))
        day = date.fromisoformat(written)
        return Period(day, day)
    except ValueError:
        raise ValueError(
            f"{written!r} is no period; write 2025, 2025-Q2, 2025-06 or 2025-06-15, or two of them with .. between."
        ) from None
