"""Cases settled at the first contact and others, beside what customers said of their satisfaction and bought later."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.first_contacts import AGAIN_DAYS, cases_of
from crm_analytics.features.purchases import customer_days

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

SATISFIED = "satisf|удовлетвор|довол|csat"
RECOMMEND = "recommend|refer|рекоменд|посовет|nps"
IMPORTANT = "importan|matter|важн|значим"
WITHIN_DAYS, AFTER_DAYS, YEAR_DAYS = 90, 180, 365


@feature(needs=("contacts",), grain="a case")
def settled_cases(
    wh: Warehouse,
    as_of: date | str | None = None,
    again_days: int = AGAIN_DAYS,
    within_days: int = WITHIN_DAYS,
    question: str | None = None,
    trade: str = "ordinary",
) -> ir.Table:
    """Each case of a customer (as in `first_contacts`): whether the first contact settled it, and what came after it.

    `satisfaction` is the place, from 0 to 1, of the customer's first answer on its scale within `within_days` after the
    case (null where there is none): to `question`, else to whatever asks for satisfaction as a whole, else for
    recommending; an answer counts for the newest case before it. `before` and `after` are what the customer brought in
    the year before and in the 180 days after the case and its `again_days` (null where those are not over, or sales are
    not known), revenue net of returns. Columns: who (a number that names nobody; one customer may have several cases),
    month, reason, channel, settled (1 or 0), satisfaction, lowest, highest (of the scale), before, after, again_days,
    within_days, until. Ordered by month, who and reason. Raises ValueError for no day.
    """
    import ibis

    if again_days < 1 or within_days < 1:
        raise ValueError(f"again_days is {again_days} and within_days {within_days}; give one day at least.")
    cases = cases_of(wh, as_of, again_days)
    cases = cases.select("customer_id", "month", "reason", "channel", "settled", day=cases["at"].date())
    cases = cases.mutate(case=ibis.row_number().over(ibis.window(order_by=["day", "customer_id"])))
    cases = _with_answers(wh, cases, as_of, within_days=within_days, question=question)
    cases = _with_money(wh, cases, as_of, trade, since=again_days)
    cases = cases.mutate(who=ibis.dense_rank().over(ibis.window(order_by=cases.customer_id)))
    cases = cases.select("who", "month", "reason", "channel", "settled", "satisfaction", "lowest", "highest", "before",
                         "after", again_days=ibis.literal(again_days), within_days=ibis.literal(within_days),
                         until=ibis.literal(as_of, type="date"))  # fmt: skip
    return cases.order_by("month", "who", "reason", "settled", "before")


def _with_answers(wh: Warehouse, cases: ir.Table, as_of: date, *, within_days: int, question: str | None) -> ir.Table:
    import ibis

    if not wh.has("survey_answers"):
        nothing = ibis.null("float64")
        return cases.mutate(satisfaction=nothing, lowest=nothing, highest=nothing)
    rows = wh.survey_answers
    asked = rows.question.lower()
    rows = rows.mutate(
        wanted=(rows.question == question).ifelse(1, 0)
        if question
        else ibis.cases((asked.re_search(IMPORTANT), 0), (asked.re_search(SATISFIED), 2),
                        (asked.re_search(RECOMMEND), 1), else_=0)
    )  # fmt: skip
    rows = rows.filter(
        rows.kind == "scale", rows["item"].isnull(), rows.position.notnull(), rows.customer_id.notnull(),
        rows.answered_at < as_of, rows.highest > rows.lowest, rows.wanted > 0,
    )  # fmt: skip
    rows = rows.filter(rows.wanted == rows.wanted.max().over(ibis.window()))
    said = rows.select("customer_id", "respondent_id", "answered_at", lowest=rows.lowest.cast("float64"),
                       highest=rows.highest.cast("float64"),
                       satisfaction=(rows.position - rows.lowest) / (rows.highest - rows.lowest))  # fmt: skip
    near = cases.select("customer_id", "case", "day").inner_join(said, "customer_id")
    gap = near.answered_at.delta(near.day, unit="day")
    near = near.filter(gap >= 0, gap <= within_days)
    newest = ibis.window(group_by=[near.respondent_id, near.answered_at], order_by=[near.day.desc(), near.case])
    near = near.mutate(place=ibis.row_number().over(newest))
    near = near.filter(near.place == 0)
    first = ibis.window(group_by=near.case, order_by=[near.answered_at, near.respondent_id])
    near = near.mutate(turn=ibis.row_number().over(first))
    near = near.filter(near.turn == 0).select("case", "satisfaction", "lowest", "highest")
    return cases.left_join(near, "case").drop("case_right")


def _with_money(wh: Warehouse, cases: ir.Table, as_of: date, trade: str, *, since: int) -> ir.Table:
    import ibis

    if not wh.has("orders", "order_lines"):
        return cases.mutate(before=ibis.null("float64"), after=ibis.null("float64"))
    days = customer_days(wh, as_of, trade).select(buyer="customer_id", bought="day", revenue="revenue")
    near = cases.select("case", "customer_id", "day").left_join(days, cases.customer_id == days.buyer)
    gap = near.bought.delta(near.day, unit="day")
    sums = near.group_by("case").agg(
        before=near.revenue.sum(where=(gap < 0) & (gap >= -YEAR_DAYS)).fill_null(0).cast("float64"),
        after=near.revenue.sum(where=(gap > since) & (gap <= since + AFTER_DAYS)).fill_null(0).cast("float64"),
    )
    cases = cases.left_join(sums, "case").drop("case_right")
    over = cases.day < ibis.literal(as_of - timedelta(days=since + AFTER_DAYS), type="date")
    return cases.mutate(after=over.ifelse(cases.after, ibis.null("float64")))
