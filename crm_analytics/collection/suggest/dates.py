"""Dates: how a column writes its days and moments, and where day and month cannot be told apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from crm_analytics.collection.mapping.conversion import MONTHS

_DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
         "%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%d-%b-%Y", "%d %b %Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y",
         "%B %d, %Y")  # fmt: skip
_TIMES = ("", "%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%H.%M")
_SWAPPED = {"%m/%d": "%d/%m", "%d/%m": "%m/%d", "%d-%m": "%m-%d", "%m-%d": "%d-%m", "%d.%m": "%m.%d"}
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?")
_LIKE = re.compile(
    r"\d{1,4}[./ -](\d{1,2}|[A-Za-zА-Яа-яЁё]{3,9}\.?)[./ -]\d{2,4}|[A-Za-z]{3,9} \d{1,2}, \d{4}"
    r"|((19|20)\d{6}|(19|20)\d{10}(\d\d)?)$"
)
ENOUGH = 0.97


@dataclass(frozen=True, kw_only=True)
class Dating:
    """How a column writes moments: formats for the map (none where a map needs none), and what is in doubt."""

    formats: tuple[str, ...]
    first: datetime
    last: datetime
    middle: datetime
    instead: tuple[str, ...] = ()
    """The formats if day and month were the other way round, where the values allow both."""
    timed: bool = False


def dating(values: Iterable[str], *, day_first: bool) -> Dating | None:
    """How these values write moments, or None when they are none."""
    values = sorted(set(map(_spoken, values)))
    values = values[:: max(1, len(values) // 400)]
    if not values or sum(bool(_LIKE.match(value)) for value in values) < ENOUGH * len(values):
        return None
    if all(_ISO.fullmatch(value) for value in values):
        moments = [datetime.fromisoformat(value) for value in values if _valid(value)]
        return _dated(moments, (), values) if len(moments) >= ENOUGH * len(values) else None
    tail = _common_tail(values)
    found = _covering([value[: len(value) - len(tail)] for value in values], day_first)
    if not found:
        return None
    formats, moments = found
    turned = tuple(_turned(one) for one in formats)
    doubt = all(turned) and all(_reads(value[: len(value) - len(tail)], turned) for value in values)
    same = all(moment.day == moment.month for moment in moments)
    return _dated(
        moments, tuple(one + tail for one in formats), values,
        tuple(one + tail for one in turned) if doubt and not same and not formats[0].startswith("%d.") else (),
    )  # fmt: skip


def _spoken(value: str) -> str:
    """A day in Russian words as the map reads it, with the month's English name."""
    if not re.search("[а-яё]{3}", value, re.IGNORECASE):
        return value
    value = re.sub(r"(\d{4}) ?г(од|ода)?\.?(,|$| )", r"\1 ", value, flags=re.IGNORECASE)
    for month, stem in enumerate(MONTHS, 1):
        value = re.sub(rf"(^|[^а-яё]){stem}[а-яё]*\.?", rf"\g<1>{datetime(2000, month, 1):%B}", value, flags=re.I)
    return value.strip()


def _valid(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _dated(
    moments: list[datetime], formats: tuple[str, ...], values: list[str], instead: tuple[str, ...] = ()
) -> Dating:
    moments = sorted(moments)
    timed = any(moment.hour or moment.minute for moment in moments)
    middle = moments[len(moments) // 2]
    return Dating(formats=formats, first=moments[0], last=moments[-1], middle=middle, instead=instead, timed=timed)


def _common_tail(values: list[str]) -> str:
    """A zone that every value carries: it belongs to the format as it stands."""
    tails = Counter(found[0] if (found := re.search(r" ?(Z|[+-]\d{2}:?\d{2})$", value)) else "" for value in values)
    tail, times = tails.most_common(1)[0]
    timed = all(":" in value for value in values)
    return tail if times == len(values) and timed else ""


def _covering(values: list[str], day_first: bool) -> tuple[tuple[str, ...], list[datetime]] | None:
    """The fewest formats, of one order of day and month, that read nearly all values."""
    days = sorted(_DAYS, key=lambda day: day.startswith("%m") == day_first)
    formats = [day + (joint + time if time else "") for time in _TIMES for day in days for joint in (" ", "T")]
    formats += ["%Y%m%d%H%M%S", "%Y%m%d%H%M"]
    left, chosen, moments = values, [], []
    shapes = Counter(re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", value)) for value in values)
    for _ in range(min(3, len(shapes))):
        shape = Counter(re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", value)) for value in left).most_common(1)
        if not shape:
            break
        mine = [v for v in left if re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", v)) == shape[0][0]]
        apt = [one for one in dict.fromkeys(formats) if any(_read(value, one) for value in mine[:3])]
        if not apt:
            break
        best = max(apt, key=lambda one: sum(bool(_read(value, one)) for value in mine))
        read = [moment for value in mine if (moment := _read(value, best))]
        if len(read) < ENOUGH * len(mine):
            break
        chosen.append(best)
        moments += read
        left = [value for value in left if value not in set(mine)]
    if len(moments) < ENOUGH * len(values):
        return None
    return tuple(dict.fromkeys(chosen)), moments


def _read(value: str, form: str) -> datetime | None:
    if form.startswith("%Y%m") and (not value.isdigit() or len(value) not in (8, 12, 14)):
        return None
    try:
        moment = datetime.strptime(value, form)
    except ValueError:
        return None
    return moment if 1900 <= moment.year <= 2100 else None


def _reads(value: str, formats: tuple[str, ...]) -> bool:
    return any(_read(value, form) for form in formats)


def _turned(form: str) -> str:
    for order, other in _SWAPPED.items():
        if form.startswith(order):
            return other + form[len(order) :]
    return ""
