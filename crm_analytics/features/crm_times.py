"""How long things take with the company, month by month: a first answer, a deal's way, a stay in a stage.

A young case has had no time to be slow, so every case is watched for equally many days and no longer, and a month
counts once all its cases have been watched so long. What has not happened by then counts with the whole of that time:
a restricted mean (Royston & Parmar 2013), which needs no guess about what is still open.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

DEAL_DAYS = 60
"""A lead that is no deal after so many days is none."""
ANSWER_DAYS = 14
"""A lead without an answer after so many days counts with all of them."""
REPLY_DAYS = 3
"""A contact without an answer after so many days counts with all of their hours."""
STAGE_DAYS = 60
"""A deal that is still in its stage after so many days counts with all of them."""
WIN_DAYS = 90
"""Of deals won within so many days of their first stage, how many they took."""
_DAY, _HOUR = 86_400, 3_600


def times_of(wh: Warehouse, as_of: date) -> dict[str, tuple[ir.Table, int]]:
    """Each measure of time that the company's tables carry: month, done (days or hours), out_of; and for how many days
    its cases are watched."""
    found = {}
    if wh.has("deal_stages"):
        found["days in a stage"] = _in_stages(wh, as_of), STAGE_DAYS
        found["days to win"] = _won(wh, as_of), WIN_DAYS
        if wh.has("leads"):
            found["days to first stage"] = _first_stage(wh, as_of), DEAL_DAYS
    if wh.has("contacts"):
        if wh.has("leads"):
            found["days to first answer"] = _first_answer(wh, as_of), ANSWER_DAYS
        found["hours to answer"] = _replies(wh, as_of), REPLY_DAYS
    return {name: (_old_enough(table, as_of, days), days) for name, (table, days) in found.items()}


def _first_stage(wh: Warehouse, as_of: date) -> ir.Table:
    stages = _stages(wh, as_of)
    began = stages.group_by("deal_id", "customer_id").agg(at=stages.entered_at.min().cast("timestamp"))
    leads = wh.leads.select("customer_id", at=wh.leads["at"].truncate("D").cast("timestamp"))
    cases = _followed(leads, began.select("customer_id", "at"))
    cases = cases.filter(cases.waited <= DEAL_DAYS * _DAY)
    return _monthly(cases, cases.waited, _DAY)


def _first_answer(wh: Warehouse, as_of: date) -> ir.Table:
    return _answered(wh.leads, wh, as_of, days=ANSWER_DAYS, unit=_DAY)


def _replies(wh: Warehouse, as_of: date) -> ir.Table:
    return _answered(wh.contacts.filter(wh.contacts.kind == "in"), wh, as_of, days=REPLY_DAYS, unit=_HOUR)


def _answered(cases: ir.Table, wh: Warehouse, as_of: date, *, days: int, unit: int) -> ir.Table:
    """From each case to the next word that somebody said to this customer; a campaign's mailing answers nobody.

    The months up to the one in which such words began to be recorded are left out: they would look as if nobody had
    ever answered.
    """
    out = wh.contacts.filter(wh.contacts.kind == "out", wh.contacts.campaign_id.isnull(), wh.contacts["at"] < as_of)
    waits = _followed(cases.select("customer_id", "at"), out.select("customer_id", "at"))
    table = _monthly(waits, waits.waited.fill_null(days * _DAY).clip(upper=days * _DAY), unit)
    answered = waits.filter(waits.waited <= days * _DAY)
    recorded = answered.agg(first=answered.then.min()).first.as_scalar()
    return table.filter(table.month.cast("timestamp") > recorded.truncate("M").cast("timestamp"))


def _followed(cases: ir.Table, answers: ir.Table) -> ir.Table:
    """Each case with `waited`: seconds until the customer's next answer, null where there is none."""
    import ibis

    both = ibis.union(cases.mutate(case=True), answers.mutate(case=False)).filter(ibis._.customer_id.notnull())
    onward = ibis.window(group_by="customer_id", order_by=["at", both.case.desc()], preceding=0, following=None)
    told = both.mutate(then=both.case.ifelse(ibis.null("timestamp"), both["at"]).min().over(onward))
    told = told.filter(told.case)
    return told.mutate(waited=told.then.epoch_seconds() - told["at"].epoch_seconds())


def _stages(wh: Warehouse, as_of: date) -> ir.Table:
    return wh.deal_stages.filter(wh.deal_stages.entered_at < as_of)


def _won(wh: Warehouse, as_of: date) -> ir.Table:
    rows = _stages(wh, as_of)
    deals = rows.group_by("deal_id").agg(
        at=rows.entered_at.min(), won=rows.entered_at.max(where=rows.outcome == "won"), stages=rows.count()
    )
    deals = deals.filter(deals.won.notnull(), deals.stages > 1)
    deals = deals.mutate(took=deals.won.delta(deals["at"], unit="day"))
    deals = deals.filter(deals.took <= WIN_DAYS)
    return _monthly(deals, deals.took, 1)


def _in_stages(wh: Warehouse, as_of: date) -> ir.Table:
    """Days from one stage to the next, as if every month had the same mix of stages: a late stage that lasts long, and
    is reached more often, would look like delay."""
    import ibis

    rows = _stages(wh, as_of)
    rows = rows.mutate(over=rows.outcome.isin(["won", "lost"]).fill_null(False))
    onward = ibis.window(group_by="deal_id", order_by=["entered_at", "over", "stage"])
    rows = rows.mutate(left=rows.entered_at.lead().over(onward))
    rows = rows.filter(~rows.over)
    stay = rows.left.delta(rows.entered_at, unit="day").fill_null(STAGE_DAYS).clip(upper=STAGE_DAYS)
    rows = _old_enough(rows.mutate(stay=stay, month=rows.entered_at.truncate("M").cast("date")), as_of, STAGE_DAYS)
    cells = rows.group_by("month", "stage").agg(sum=rows.stay.sum(), n=rows.count())
    usual = ibis.window(group_by="stage")
    cells = cells.mutate(
        beyond=cells.sum - cells.n * cells.sum.sum().over(usual) / cells.n.sum().over(usual),
        level=cells.sum.sum().over() / cells.n.sum().over(),
    )
    months = cells.group_by("month").agg(done=cells.beyond.sum(), out_of=cells.n.sum(), level=cells.level.min())
    return months.select("month", "out_of", done=(months.done + months.out_of * months.level).round(6))


def _monthly(cases: ir.Table, amount: ir.Value, unit: int) -> ir.Table:
    cases = cases.mutate(amount=amount, month=cases["at"].truncate("M").cast("date"))
    return cases.group_by("month").agg(done=cases.amount.sum() / unit, out_of=cases.count())


def _old_enough(table: ir.Table, as_of: date, days: int) -> ir.Table:
    """Months whose last case has been watched for so many days."""
    import ibis

    old = ibis.literal(as_of, type="date").cast("timestamp") - ibis.interval(days=days)
    return table.filter(table.month.cast("timestamp") + ibis.interval(months=1) <= old)
