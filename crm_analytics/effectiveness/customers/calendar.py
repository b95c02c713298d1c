"""Two periods as a calendar sees them: how long they are, which days of the week they hold, and whose Easter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

ABOUT_A_YEAR = 350


@dataclass(frozen=True)
class Days:
    """The days from `first` to `last`, both of them included."""

    first: date
    last: date

    @classmethod
    def of(cls, frame: pd.DataFrame, name: str) -> Days | None:
        """The period that a table of a feature names in `<name>_first` and `<name>_last`; None where it has none."""
        import pandas as pd

        first, last = (pd.to_datetime(frame[f"{name}_{end}"]).max() for end in ("first", "last"))
        return None if pd.isna(first) else cls(first.date(), last.date())

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def name(self) -> str:
        """As it is said: April – June 2025, or from day to day."""
        whole = self.first.day == 1 and (self.last + timedelta(days=1)).day == 1
        if whole:
            return say("{span:months}", span=(self.first, self.last.replace(day=1)))
        return say("{first:date} – {last:date}", first=self.first, last=self.last)

    @property
    def weekdays(self) -> list[int]:
        """How many Mondays, Tuesdays … it holds."""
        return [sum(1 for day in range(self.count) if (self.first.weekday() + day) % 7 == place) for place in range(7)]

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last

    def next(self, after: Days) -> Days:
        """The period that follows this one as this one follows `after`: as many months, else days, later."""
        if all(day.day == 1 for day in (self.first, after.first, self._end)):
            shift = _month(self.first) - _month(after.first)
            return Days(
                _month_day(_month(self.first) + shift), _month_day(_month(self._end) + shift) - timedelta(days=1)
            )
        start = self.first + (self.first - after.first)
        return Days(start, start + timedelta(days=self.count - 1))

    @property
    def _end(self) -> date:
        return self.last + timedelta(days=1)


def alike(now: Days, before: Days) -> Check:
    """Whether the two periods can be compared as they stand, or what a calendar alone makes differ."""
    said = []
    if now.count != before.count:
        said.append(say(
            "{now:count} days are compared with {before:count}: by {share:percent} the difference is length alone.",
            now=now.count, before=before.count, share=now.count / before.count - 1,
        ))  # fmt: skip
    shift = [a - b for a, b in zip(now.weekdays, before.weekdays, strict=True)]
    if now.count == before.count and any(shift) and now.count < ABOUT_A_YEAR:
        named = ", ".join(
            say("{count:+d} {day}", count=change, day=say(day))
            for change, day in zip(shift, _WEEKDAYS, strict=True)
            if change
        )
        said.append(say("The weekdays differ ({named}).", named=named))
    for church, easter in _easters(now, before).items():
        said.append(say("{church} Easter lies in one of them only, on {day:date}.", church=say(church), day=easter))
    in_year = (now.first - before.first).days
    if abs(in_year - 365.25 * max(round(in_year / 365.25), 1)) > 7 and now.count < ABOUT_A_YEAR:
        said.append(say("They lie in different seasons, so the season is in every number here."))
    return Check(
        name=say("calendar"),
        verdict="weak" if said else "holds",
        text=" ".join(said) or say(
            "Both periods have {days:count} days, lie in the same season and hold the same weekdays and Easter.",
            days=now.count,
        ),
    )  # fmt: skip


def not_over(now: Days, before: Days, *, begins: date, until: date) -> str:
    """Why these periods cannot be compared; empty where they can."""
    if now.last >= until:
        return say(
            "Not enough evidence: the period {now} runs to {last:date}, and records end on {until:date}. Ask again "
            "when it is over, or for the part of both periods that is: from .. to.",
            now=now.name, last=now.last, until=until - timedelta(days=1),
        )  # fmt: skip
    if before.first < begins.replace(day=1):
        return say(
            "Not enough evidence: the period {before} begins before the records do, on {begins:date}; compare with one "
            "that lies within them.",
            before=before.name, begins=begins,
        )  # fmt: skip
    return ""


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _month_day(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _easters(now: Days, before: Days) -> dict[str, date]:
    from dateutil.easter import EASTER_ORTHODOX, EASTER_WESTERN, easter

    found = {}
    for church, method in (("Western", EASTER_WESTERN), ("Orthodox", EASTER_ORTHODOX)):
        held = [[easter(year, method) for year in range(days.first.year, days.last.year + 1)
                 if days.holds(easter(year, method))] for days in (now, before)]  # fmt: skip
        if len(held[0]) != len(held[1]):
            found[church] = (held[0] or held[1])[0]
    return found
