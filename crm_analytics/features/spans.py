"""Two spans of days that are compared: which are taken when nobody names any."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.result.period import Period, month_number

if TYPE_CHECKING:
    from crm_analytics.warehouse.engine import Warehouse


@dataclass(frozen=True)
class Spans:
    """What is compared with what: `now` with `before`, and `before` with `prior`, which lies as far before it and is
    None where the records do not reach."""

    now: Period
    before: Period
    prior: Period | None


def spans_of(wh: Warehouse, as_of: date, now: str | None, before: str | None) -> Spans:
    """The spans as written. Where none is: the last whole year against the year before if the records reach to a third,
    else the last whole quarter against the same a year before (to a third, if it can be), else the last two quarters or
    months.

    Raises ValueError for a span that is none, or for two that overlap.
    """
    begins = _first_day(wh, as_of)
    first_month = date(begins.year, begins.month, 1)
    chosen = Period.of(now) if now else None
    earlier = Period.of(before) if before else None
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


def _usual(as_of: date, first_month: date) -> tuple[Period, Period]:
    over = month_number(as_of) - 1
    year = Period.of_months(over - (over + 1) % 12, 12)
    quarter = Period.of_months(over - (over + 1) % 3, 3)
    month = Period.of_months(over, 1)
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
