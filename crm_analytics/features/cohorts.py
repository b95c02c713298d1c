"""Customers who came together, month after month: how many of them buy, and what they bring."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.feature import feature
from crm_analytics.features.lifetimes import BEFORE, first_day, known
from crm_analytics.features.purchases import customer_days

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

MONTH_DAYS = 30.4375
PERIODS = {"month": "M", "quarter": "Q", "year": "Y"}
_HEX = "0123456789abcdef"


@feature(needs=("orders", "order_lines"), grain="a cohort × part × month of age")
def cohorts(
    wh: Warehouse, as_of: date | str | None = None, cohort: str = "quarter", trade: str = "ordinary"
) -> ir.Table:
    """What customers who first bought in the same quarter (month, year), or who came by the same channel, campaign or
    reason, did month after month since.

    Ages are twelfths of a year since the customer's own first purchase, from 0. `customers` counts those of the part
    who have been seen for the whole of that age, `active` those of them who bought in it (at age 0: again, on a later
    day), `revenue` what they brought, net of returns, and `of` all customers of the cohort's part: where fewer have
    been seen, the cell is not complete. The customers of a cohort are dealt into 32 parts, from whose differences
    intervals come. Columns: `kind` (what `cohort` was), cohort, `came` (its first day; null where it is no period),
    part, age, customers, active, revenue, of, `begins` and `until`. Who was known before the records begin is left out.
    Ordered by cohort, part and age. Raises ValueError for another kind of cohort.
    """
    if cohort not in (*PERIODS, *BEFORE):
        raise ValueError(f"cohort is {cohort!r}; take {', '.join((*PERIODS, *BEFORE))}.")
    until = ibis.literal(as_of, type="date")
    days = customer_days(wh, as_of, trade)
    bought = days.filter(days.bought > 0)
    people = known(wh, bought.group_by("customer_id").agg(first_day=bought.day.min()))
    begins = first_day(wh, as_of)
    people = people.filter(people.first_seen.isnull() | (people.first_seen >= ibis.literal(begins, type="date")))
    seen = (until.delta(people.first_day, unit="day") / MONTH_DAYS).floor().cast("int64")
    dealt = people.customer_id.hexdigest("md5")
    part = 2 * ibis.literal(_HEX).find(dealt.substr(0, 1)) + (dealt.substr(1, 1) < "8").ifelse(0, 1)
    if cohort in PERIODS:
        came = people.first_day.truncate(PERIODS[cohort]).cast("date")
        people = people.mutate(cohort=_named(came, cohort), came=came)
    else:
        people = people.mutate(cohort=people[cohort], came=ibis.null("date"))
    people = people.select("customer_id", "first_day", "cohort", "came", seen=seen, part=part.cast("int64"))
    sold = days.inner_join(people, "customer_id")
    sold = sold.mutate(age=(sold.day.delta(sold.first_day, unit="day") / MONTH_DAYS).floor().cast("int64"))
    sold = sold.filter(sold.age >= 0, sold.age < sold.seen)
    again = (sold.bought > 0) & (sold.day > sold.first_day)
    did = sold.group_by("cohort", "part", "age").agg(
        active=sold.customer_id.nunique(where=again), revenue=sold.revenue.sum().cast("float64")
    )
    whole = people.group_by("cohort", "came", "part").agg(of=people.count())
    alike = people.group_by("cohort", "part", "seen").agg(customers=people.count())
    alike = alike.mutate(age=ibis.range(0, alike.seen).unnest())
    risk = alike.group_by("cohort", "part", "age").agg(customers=alike.customers.sum())
    table = whole.left_join(risk, ["cohort", "part"]).drop("cohort_right", "part_right")
    table = table.left_join(did, ["cohort", "part", "age"])
    return table.select(
        "cohort",
        "came",
        "part",
        age=table.age.fill_null(0),
        customers=table.customers.fill_null(0),
        active=table.active.fill_null(0),
        revenue=table.revenue.fill_null(0.0),
        of="of",
        kind=ibis.literal(cohort),
        begins=ibis.literal(begins, type="date"),
        until=until,
    ).order_by("cohort", "part", "age")


def _named(came: ir.DateValue, period: str) -> ir.StringValue:
    year = came.year().cast("string")
    if period == "year":
        return year
    if period == "quarter":
        return year.concat("-Q", came.quarter().cast("string"))
    return came.strftime("%Y-%m")
