"""Word of mouth: who came by recommendation and when, how many were there to recommend, and who says they would."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.purchases import customer_days

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

RECOMMENDED = (
    r"(?i)recommend|\brefer(ral|red|rals)?\b|word.of.mouth|\bfriends?\b|\brelatives?\b|\bcolleagues?\b"
    r"|\bacquaintances?\b|\bneighbou?rs?\b|рекоменд|друз(ья|ей|ьям)|подруг|(^|[^а-яё])друг(а|у|ом)?([^а-яё]|$)"
    r"|знаком(ый|ая|ые|ых|ым|ыми|ого|ой|ому)([^а-яё]|$)|сарафан|по совет|посовет|советова|родствен|коллег|приятел"
    r"|сосед(и|ка|ки|ей|а|у)?([^а-яё]|$)"
)
"""How companies word, in English and Russian, that somebody told the customer; the engine knows \\b of Latin only."""
DENIED = r"(?i)\b(no|not|without|nobody|never)\b.{0,20}(recommend|refer)|(^|[^а-яё])(без|не|нет|никто)[^а-яё].{0,12}" \
         r"(рекоменд|совет)"  # fmt: skip
RECOMMENDING = r"(?i)recommend|refer|порекоменд|рекоменд|посовет"
TOLD_US = r"(?i)^\s*(who|how did|were|was|did|have)\b|(^|[^а-яё])(кто|кем|вам)[^а-яё].{0,20}(рекоменд|совет)"
"""A question that asks who recommended us to the customer, and not whether the customer would."""
YES, NO = ("yes", "true", "y", "да"), ("no", "false", "n", "нет")
UNSAID = ("", "-", "?", "unknown", "n/a", "na", "none", "null", "not stated", "not specified", "неизвестно",
          "не указано", "нет данных", "не известно")  # fmt: skip
"""What stands where nobody noted how a customer came."""
UNDATED = ("1900-01-01", "1970-01-01")
"""Days that stand where a system knows none."""
FIRST_DAYS, ACTIVE_MONTHS, ANSWER_DAYS = 180, 12, 730
MONEY = "decimal(24, 4)"
DIMENSIONS = ("all", "kind", "region")
SAYS = ("either", "channel", "reason")


def by_recommendation(text: ir.Value) -> ir.Value:
    """Whether these words say that somebody recommended us; null where nothing is said."""
    return text.re_search(RECOMMENDED) & ~text.re_search(DENIED)


@feature(needs=("customers", "orders", "order_lines"), grain="a group × month × what is counted")
def word_of_mouth(
    wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary", says: str = "either"
) -> ir.Table:
    """Customers who came by recommendation, and otherwise, month by month; who was there; who would recommend.

    `dimension` is `all`, `kind` or `region`, `value` the group, `month` the first day of a whole month before `as_of`.
    `counted` says whom `customers` counts: those who came in that month as `recommended`, `other` or of `unknown`
    source; the `active` (bought in the twelve months before it); and, in the month of their newest answer of two years,
    `promoter` (9 and 10 of 0–10, or yes), `passive` (7, 8) and `detractor` (0–6, or no), whose survey weights are
    summed in `weight` and `weight_squares`. A customer came on the first day known, or else bought on first. `says`
    tells where that it was by recommendation has to be on record: the acquiring `channel`, the `reason` of the first
    purchase, or `either`; `twice` counts those of whom both say so. Of those who came 180 days ago or more (`observed`)
    `revenue` and `revenue_squares` are sums over customers of what each brought in those days. `begins` is the day of
    the first purchase on record. Ordered by dimension, value, month and counted. Raises ValueError for another `says`.
    """
    import ibis

    if says not in SAYS:
        raise ValueError(f"There is no record {says!r} of how a customer came; choose among {', '.join(SAYS)}.")
    days = customer_days(wh, as_of, trade)
    who = _people(wh, days, as_of, says)
    parts = [_counted(part) for part in (_came(who, days, as_of), _active(who, days), _answered(wh, who, as_of))]
    table = ibis.union(*parts)
    end = ibis.literal(as_of.replace(day=1), type="date")
    begins = wh.orders.ordered_at.min().date().to_pyarrow().as_py() or as_of
    table = table.filter(table.month < end, table.month >= ibis.literal(begins.replace(day=1), type="date"))
    table = table.mutate(until=end, begins=ibis.literal(begins, type="date"))
    return table.order_by("dimension", "value", "month", "counted")


def _people(wh: Warehouse, days: ir.Table, as_of: date, says: str) -> ir.Table:
    """All known customers, with the day they came and how."""
    import ibis

    bought = days.filter(days.bought > 0)
    bought = bought.group_by(buyer=bought.customer_id).agg(first_bought=bought.day.min())
    who = wh.customers.left_join(bought, wh.customers.customer_id == bought.buyer)
    seen = who.first_seen.cast("date")
    seen = seen.isin([ibis.literal(day, type="date") for day in UNDATED]).ifelse(ibis.null("date"), seen)
    fields = {"channel": who.acquired_channel, "reason": who.reason_first_purchase}
    fields = {name: field.strip() for name, field in fields.items() if says in ("either", name)}
    fields = {name: field.lower().isin(UNSAID).ifelse(ibis.null("string"), field) for name, field in fields.items()}
    told = [by_recommendation(field) for field in fields.values()]
    ever = ibis.or_(*(one.fill_null(False) for one in told))
    known = ibis.or_(*(field.notnull() for field in fields.values()))
    who = who.select(
        "customer_id", came=seen.coalesce(who.first_bought), kind=who.kind.fill_null("unknown"),
        region=who.region.fill_null("unknown"),
        counted=ibis.cases((ever, "recommended"), (known, "other"), else_="unknown"),
        twice=(ibis.and_(*(one.fill_null(False) for one in told)) & (len(told) > 1)).cast("int64"),
    )  # fmt: skip
    return who.filter(who.came.isnull() | (who.came < ibis.literal(as_of, type="date")))


def _came(who: ir.Table, days: ir.Table, as_of: date) -> ir.Table:
    import ibis

    lived = days.select("day", "revenue", buyer="customer_id")
    near = who.inner_join(lived, who.customer_id == lived.buyer)
    near = near.filter(near.day.delta(near.came, unit="day").between(0, FIRST_DAYS - 1))
    brought = near.group_by(buyer=near.customer_id).agg(brought=near.revenue.sum().cast(MONEY))
    rows = who.filter(who.came.notnull()).left_join(brought, who.customer_id == brought.buyer)
    whole = rows.came <= ibis.literal(as_of - timedelta(days=FIRST_DAYS), type="date")
    money = whole.ifelse(rows.brought.fill_null(0), 0).cast(MONEY)
    return rows.select(
        "kind", "region", "counted", "twice", month=rows.came.truncate("M").cast("date"),
        observed=whole.cast("int64"), money=money, weight=ibis.literal(1.0),
    )  # fmt: skip


def _active(who: ir.Table, days: ir.Table) -> ir.Table:
    """Each customer in each of the twelve months that follow one with a purchase."""
    import ibis

    bought = days.filter(days.bought > 0)
    bought = bought.select(buyer=bought.customer_id, bought=bought.day.truncate("M").cast("date")).distinct()
    later = ibis.range(1, ACTIVE_MONTHS + 1).unnest().name("months").as_table()
    after = bought.cross_join(later)
    month = (after.bought + after.months.as_interval("M")).cast("date")
    after = after.select("buyer", month=month).distinct()
    rows = after.inner_join(who, after.buyer == who.customer_id)
    return rows.select("kind", "region", counted=ibis.literal("active"), twice=ibis.literal(0, type="int64"),
                       month=rows.month, observed=ibis.literal(0, type="int64"), money=ibis.literal(0).cast(MONEY),
                       weight=ibis.literal(1.0))  # fmt: skip


def _answered(wh: Warehouse, who: ir.Table, as_of: date) -> ir.Table:
    """The newest answer of each who was asked whether they would recommend us."""
    import ibis

    if not wh.has("survey_answers"):
        return _active(who, who.filter(False).mutate(bought=0, day=who.came))
    said = wh.survey_answers
    since = as_of - timedelta(days=ANSWER_DAYS)
    said = said.filter(
        said.answered_at < ibis.literal(as_of, type="date"), said.answered_at >= ibis.literal(since, type="date"),
        said.question.re_search(RECOMMENDING), ~said.question.re_search(TOLD_US),
    )  # fmt: skip
    ten = said.position.notnull() & said.lowest.isin((0, 1)) & (said.highest == 10)
    word = said.answer.strip().lower()
    says = ibis.cases(
        (ten & (said.position >= 9), "promoter"), (ten & (said.position >= 7), "passive"), (ten, "detractor"),
        (word.isin(YES), "promoter"), (word.isin(NO), "detractor"),
    )  # fmt: skip
    said = said.select("customer_id", "answered_at", "question", "survey", "weight", says=says,
                       person=said.customer_id.coalesce(said.survey + " " + said.respondent_id))  # fmt: skip
    said = said.filter(said.says.notnull())
    newest = ibis.window(group_by=said.person, order_by=[said.answered_at.desc(), said.survey, said.question])
    said = said.mutate(place=ibis.row_number().over(newest)).filter(lambda t: t.place == 0)
    known = who.select("kind", "region", buyer="customer_id")
    rows = said.left_join(known, said.customer_id == known.buyer)
    return rows.select(
        kind=rows.kind.fill_null("unknown"), region=rows.region.fill_null("unknown"), counted=rows.says,
        twice=ibis.literal(0, type="int64"), month=rows.answered_at.truncate("M").cast("date"),
        observed=ibis.literal(0, type="int64"), money=ibis.literal(0).cast(MONEY),
        weight=rows.weight.cast("float64").fill_null(1.0),
    )  # fmt: skip


def _counted(rows: ir.Table) -> ir.Table:
    """These people by month, of all and group by group."""
    import ibis

    parts = []
    for name in DIMENSIONS:
        value = ibis.literal("all") if name == "all" else rows[name]
        of = rows.mutate(value=value, exact=rows.money.cast("float64"), heavy=rows.weight.cast(MONEY))
        grouped = of.group_by("value", "month", "counted").agg(
            customers=of.count(), twice=of.twice.sum(), observed=of.observed.sum(),
            revenue=of.money.sum().cast("float64"),
            revenue_squares=(of.exact * of.exact).round(4).cast("decimal(38, 4)").sum().cast("float64"),
            weight=of.heavy.sum().cast("float64"),
            weight_squares=(of.weight * of.weight).cast(MONEY).sum().cast("float64"),
        )  # fmt: skip
        parts.append(grouped.select(
            "value", "month", "counted", "customers", "twice", "observed", "revenue", "revenue_squares", "weight",
            "weight_squares", dimension=ibis.literal(name),
        ))  # fmt: skip
    return ibis.union(*parts)
