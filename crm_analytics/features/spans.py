"""Two spans of days that are compared: how they are written, and which are taken when nobody names any."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_analytics.warehouse.engine import Warehouse

SAME_WEEKDAYS = 364
"""Days between a span and the one a year before that holds the same weekdays."""


@dataclass(frozen=True, order=True)
class Span:
    """The days from `first` to `last`, both of them included."""

    first: date
    last: date

    @classmethod
    def of(cls, written: str) -> Span:
        """A span as people write it: `2025`, `2025-Q2`, `2025-06`, `2025-06-15`, or from one of these to another:
        `2025-04..2025-06`. Raises ValueError for anything else."""
        ends = [_unit(part.strip()) for part in str(written).split("..")]
        if len(ends) > 2 or ends[0].first > ends[-1].last:
            raise ValueError(f"{written!r} is no period; a period begins before it ends: 2025-04..2025-06.")
        return cls(ends[0].first, ends[-1].last)

    @classmethod
    def of_months(cls, last: int, months: int) -> Span:
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

    def year_before(self) -> Span:
        return self._earlier(months=12) if self.months else self._earlier(days=SAME_WEEKDAYS)

    def just_before(self) -> Span:
        return self._earlier(months=self.months) if self.months else self._earlier(days=self.days)

    def as_far_before(self, later: Span) -> Span:
        """The span of this length that lies as far before this one as this lies before `later`."""
        if self.months and later.months:
            return self._earlier(months=month_number(later.last) - month_number(self.last))
        return self._earlier(days=(later.last - self.last).days)

    def _earlier(self, *, months: int = 0, days: int = 0) -> Span:
        if months:
            return Span.of_months(month_number(self.last) - months, self.months)
        return Span(self.first - timedelta(days=days), self.last - timedelta(days=days))


@dataclass(frozen=True)
class Spans:
    """What is compared with what: `now` with `before`, and `before` with `prior`, which lies as far before it and is
    None where the records do not reach."""

    now: Span
    before: Span
    prior: Span | None


def spans_of(wh: Warehouse, as_of: date, now: str | None, before: str | None) -> Spans:
    """The spans as written. Where none is: the last whole year against the year before if the records reach to a third,
    else the last whole quarter against the same a year before (to a third, if it can be), else the last two quarters or
    months.

    Raises ValueError for a span that is none, or for two that overlap.
    """
    begins = _first_day(wh, as_of)
    first_month = date(begins.year, begins.month, 1)
    chosen = Span.of(now) if now else None
    earlier = Span.of(before) if before else None
    if chosen is None:
        chosen, usual = _usual(as_of, first_month)
        earlier = earlier or usual
    if earlier is None:
        earlier = chosen.year_before() if chosen.year_before().first >= first_month else chosen.just_before()
    if earlier.last >= chosen.first:
        raise ValueError(
            f"The periods {earlier.first} to {earlier.last} and {chosen.first} to {chosen.last} overlap; the one that "
            "is compared with has to end before the other begins."
        )
    prior = earlier.as_far_before(chosen)
    return Spans(chosen, earlier, prior if prior.first >= first_month else None)


def _usual(as_of: date, first_month: date) -> tuple[Span, Span]:
    over = month_number(as_of) - 1
    year = Span.of_months(over - (over + 1) % 12, 12)
    quarter = Span.of_months(over - (over + 1) % 3, 3)
    month = Span.of_months(over, 1)
    pairs = (
        (year, year.year_before()), (quarter, quarter.year_before()), (quarter, quarter.just_before()),
        (month, month.just_before()),
    )  # fmt: skip
    reaching = [pair for pair in pairs if pair[1].first >= first_month]
    thrice = [pair for pair in reaching[:2] if pair[1].as_far_before(pair[0]).first >= first_month]
    return next(iter(thrice or reaching or pairs[-1:]))


def _first_day(wh: Warehouse, as_of: date) -> date:
    import ibis

    orders = wh.orders.filter(wh.orders.ordered_at < ibis.literal(as_of, type="date"))
    first = orders.ordered_at.min().to_pyarrow().as_py()
    return first.date() if first else as_of


def month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _month_day(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _unit(written: str) -> Span:
    """A year, a quarter, a month or a day."""
    try:
        if found := re.fullmatch(r"(\d{4})-?[Qq]([1-4])", written):
            return Span.of_months(int(found[1]) * 12 + 3 * int(found[2]) - 1, 3)
        if re.fullmatch(r"\d{4}", written):
            return Span.of_months(int(written) * 12 + 11, 12)
        if found := re.fullmatch(r"(\d{4})-(\d{1,2})", written):
            first = date(int(found[1]), int(found[2]), 1)
            return Span(first, first.replace(day=calendar.monthrange(first.year, first.month)[1]))
        day = date.fromisoformat(written)
        return Span(day, day)
    except ValueError:
        raise ValueError(
            f"{written!r} is no period; write 2025, 2025-Q2, 2025-06 or 2025-06-15, or two of them with .. between."
        ) from None
