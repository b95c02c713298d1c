"""What experiments said of a channel: tests against control on record, and what other tests were kept as claims."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.campaigns import WEEKS, campaign_revenue_tests
from crm_analytics.features.feature import feature
from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

NORMAL = {0.8: 1.2816, 0.9: 1.6449, 0.95: 1.96, 0.99: 2.5758}
"""Standard errors from the middle of an interval to its end, by its confidence."""


@feature(needs=(), grain="an experiment")
def experiments(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """Revenue that experiments found a channel to have brought, each with its standard error.

    From the facts: every campaign with a control group whose four weeks are over before `as_of`. From what was kept by
    then: claims of incremental revenue that were tested or compared, whose scope names a channel or whose subject is a
    campaign without a control group. Columns: channel, first, last (days, both included), measure (revenue),
    incremental, se, told_by. Ordered by channel and first day; empty where nobody tested.
    """
    import ibis

    kinds = {"channel": "string", "first": "date", "last": "date", "measure": "string", "incremental": "float64",
             "se": "float64", "told_by": "string"}  # fmt: skip
    found = ibis.memtable({name: [] for name in kinds}, schema=kinds)
    if wh.has("campaigns", "arms", "orders", "order_lines"):
        tests = campaign_revenue_tests(wh, as_of, trade)
        found = found.union(
            tests.select(
                channel=tests.channel.cast("string"), first=tests.starts.cast("date"),
                last=(tests.starts.cast("timestamp") + ibis.interval(days=7 * WEEKS - 1)).cast("date"),
                measure=ibis.literal("revenue"), incremental=tests.incremental, se=tests.se,
                told_by=ibis.literal("test against control"),
            )
        )  # fmt: skip
    claimed = _claimed(wh, as_of)
    if claimed is not None:
        found = found.union(claimed.select(*kinds))
    return found.filter(found.channel.notnull(), found.se > 0).order_by("channel", "first", "last", "incremental")


def _claimed(wh: Warehouse, as_of: date) -> ir.Table | None:
    """Kept claims that speak of a channel; None where nothing was kept or it can be told of no channel."""
    import ibis

    try:
        claims = wh.claims()
    except TableAbsent:
        return None
    told = claims.filter(
        claims.measure == "incremental revenue", claims.evidence.isin(["tested", "compared"]),
        claims.told_on < ibis.literal(as_of + timedelta(days=1)), claims.study != "channel_mix",
    )  # fmt: skip
    told = told.mutate(scoped=told.scope.re_extract('"channel": "([^"]*)"', 1).nullif(""))
    told = told.mutate(by_name=ibis.null("string"), known=ibis.literal(False))
    if wh.has("campaigns"):
        run = wh.campaigns
        arms = wh.arms.select("campaign_id").distinct().mutate(known=True) if wh.has("arms") else None
        run = run.select("campaign_id", subject=run.name.fill_null(run.campaign_id), by_name="channel")
        if arms is not None:
            run = run.left_join(arms, "campaign_id").drop("campaign_id_right")
        else:
            run = run.mutate(known=ibis.literal(False))
        run = run.group_by("subject").agg(by_name=run.by_name.min(), known=run.known.fill_null(False).any())
        told = told.drop("by_name", "known").left_join(run, "subject")
    wide = ibis.cases(*((told.confidence == share, width) for share, width in NORMAL.items()), else_=ibis.null())
    told = told.filter(~told.known.fill_null(False))
    return told.select(
        channel=ibis.coalesce(told.scoped, told.by_name), first=told["first"].cast("date"),
        last=told["last"].cast("date"), measure=ibis.literal("revenue"), incremental=told.value,
        se=((told.high - told.low) / 2 / wide).cast("float64"), told_by=told.study,
    )  # fmt: skip
