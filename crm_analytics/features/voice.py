"""What customers said when they were asked, what they preferred, and what they bought before and after."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.feature import feature
from crm_analytics.features.purchases import customer_days, spend

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

YEAR_DAYS = 365
NOTHING, BANDS = "nothing in a year", ("least", "middle", "most")


@feature(needs=("survey_answers",), grain="a respondent × question × item")
def answers(wh: Warehouse, as_of: date | str | None = None) -> ir.Table:
    """Every answer given before `as_of`; answers of unknown date are among them.

    As in the table survey_answers, and with `region` and `customer_kind` of the customer who answered, where that is
    known. `weight` is 1 where the survey has none. Ordered by survey, respondent, question and item.
    """
    rows = _answered(wh, as_of)
    if wh.has("customers"):
        who = wh.customers.select("customer_id", "region", customer_kind="kind")
        rows = rows.left_join(who, "customer_id").drop("customer_id_right")
    else:
        nothing = ibis.null().cast("string")
        rows = rows.mutate(region=nothing, customer_kind=nothing)
    return rows.order_by(["survey", "respondent_id", "question", "item"])


@feature(needs=("survey_answers", "survey_profiles"), grain="a respondent × profile × attribute")
def preferences(wh: Warehouse, as_of: date | str | None = None) -> ir.Table:
    """How each respondent judged each profile that was shown, and what the profile was made of.

    A profile is rated or ranked where answers name it as their item (`value` is the answer's position), and chosen
    where it was one of the profiles of a question (`value` is 1 for the chosen one and 0 for the others). One row for
    each attribute: `survey`, `respondent_id`, `question`, `profile`, `attribute`, `level`, `value`, `weight`.
    """
    rows = _answered(wh, as_of)
    shown = wh.survey_profiles.drop("source")
    shown = shown.select("attribute", "level", profile="item", of_survey=shown.survey.fill_null(""), task="question")
    rows = rows.mutate(of_survey=rows.survey.fill_null(""))
    rated = rows.inner_join(shown, [rows.of_survey == shown.of_survey, rows["item"] == shown.profile])
    rated = rated.filter(rated.task.isnull() | (rated.task == rated.question))
    said = rated.answer.lower()
    marked = ibis.cases((said == "yes", 1.0), (said == "no", 0.0))
    rated = rated.mutate(value=rated.position.coalesce(marked))
    single = rows.filter(rows["item"].isnull())
    chosen = single.inner_join(shown, [single.of_survey == shown.of_survey, single.question == shown.task])
    chosen = chosen.mutate(value=(chosen.answer == chosen.profile).ifelse(1.0, 0.0))
    columns = ["survey", "respondent_id", "question", "profile", "attribute", "level", "value", "weight"]
    found = rated.select(columns).union(chosen.select(columns))
    return found.filter(found.value.notnull()).order_by(columns)


@feature(needs=("customers",), grain="a customer")
def customer_base(wh: Warehouse, as_of: date | str | None = None) -> ir.Table:
    """Whom a survey could have asked: every customer known before `as_of`, in the groups a survey is held against.

    `region`, `customer_kind`, and `bought`: what the customer bought in the year before `as_of` (nothing in a year, or
    the least, middle and most third of the buyers by money). A group nobody knows is `unknown`. Ordered by customer.
    """
    who = wh.customers
    known = who.filter(who.first_seen.isnull() | (who.first_seen < ibis.literal(as_of, type="date")))
    base = known.select(
        "customer_id", region=known.region.fill_null("unknown"), customer_kind=known.kind.fill_null("unknown")
    )
    if not wh.has("orders", "order_lines"):
        return base.mutate(bought=ibis.literal("unknown")).order_by("customer_id")
    paid = spend(wh, since=as_of - timedelta(days=YEAR_DAYS), as_of=as_of)
    paid = paid.filter(paid.revenue > 0)
    third = ibis.ntile(len(BANDS)).over(order_by=[paid.revenue, paid.customer_id])
    named = ibis.cases(*((third == place, band) for place, band in enumerate(BANDS)))
    paid = paid.select("customer_id", bought=named)
    base = base.left_join(paid, "customer_id").drop("customer_id_right")
    return base.mutate(bought=base.bought.fill_null(NOTHING)).order_by("customer_id")


@feature(needs=("survey_answers", "orders", "order_lines"), grain="a respondent × question")
def spend_after_answers(
    wh: Warehouse, as_of: date | str | None = None, days: int = 90, trade: str = "ordinary"
) -> ir.Table:
    """What customers bought in the `days` after they answered, beside each scale they answered on.

    Only respondents whose customer is known and whose whole window lies before `as_of`: others have not had the time.
    `spend_before` is the money of the 365 days before the day of the answer, `spend_after` that of the `days` after it;
    the day itself is in neither. Counted as in `purchases`, net of returns. One row for each question that is a scale
    as a whole: `survey`, `respondent_id`, `customer_id`, `question`, `position`, `lowest`, `highest`, `weight`,
    `answered_at`, `spend_before`, `spend_after`, `days`.
    """
    rows = _answered(wh, as_of)
    until = ibis.literal(as_of, type="date")
    rows = rows.filter(
        rows.kind == "scale",
        rows["item"].isnull(),
        rows.position.notnull(),
        rows.customer_id.notnull(),
        rows.answered_at + ibis.interval(days=days) < until,
    )
    bought = customer_days(wh, as_of, trade).select(buyer="customer_id", day="day", revenue="revenue")
    moments = rows.select("customer_id", "answered_at").distinct()
    apart = moments.left_join(bought, moments.customer_id == bought.buyer)
    gap = apart.day.delta(apart.answered_at, unit="day")
    nothing = ibis.literal(0).cast(apart.revenue.type())
    summed = apart.group_by("customer_id", "answered_at").agg(
        spend_before=apart.revenue.sum(where=(gap < 0) & (gap >= -YEAR_DAYS)).fill_null(nothing).cast("float64"),
        spend_after=apart.revenue.sum(where=(gap > 0) & (gap <= days)).fill_null(nothing).cast("float64"),
    )
    columns = ["survey", "respondent_id", "customer_id", "question", "position", "lowest", "highest", "weight"]
    joined = rows.inner_join(summed, ["customer_id", "answered_at"])
    told = joined.select(*columns, "answered_at", "spend_before", "spend_after")
    return told.mutate(days=ibis.literal(days, type="int64")).order_by(columns)


def _answered(wh: Warehouse, as_of: date) -> ir.Table:
    rows = wh.survey_answers.drop("source")
    rows = rows.filter(rows.answered_at.isnull() | (rows.answered_at < ibis.literal(as_of, type="date")))
    return rows.mutate(weight=rows.weight.fill_null(1.0))
