"""What response curves are learned from: finished tests in sums, and the channels of a mix that was kept."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.bought import spent
from crm_analytics.features.by_lot import BEFORE_WEEKS, moments, unlike_before
from crm_analytics.features.campaign_money import with_cost
from crm_analytics.features.campaigns import WEEKS
from crm_analytics.features.feature import feature
from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

CURVE = ("curve_a", "curve_b", "curve_spend", "curve_se", "curve_bend_sd", "now", "told")
"""What a kept channel mix says of a channel that the budget needs."""
_SUMS = {"n_treated": "float64", "n_control": "float64", "mean_treated": "float64", "mean_control": "float64",
         "var_treated": "float64", "var_control": "float64", "cost": "float64"}  # fmt: skip


@feature(
    needs=("campaigns", "orders", "order_lines"), grain="a campaign with a control group, or a channel of a kept mix"
)
def campaign_returns(
    wh: Warehouse, as_of: date | str | None = None, weeks: int = WEEKS, trade: str = "ordinary"
) -> ir.Table:
    """What every finished test against control says in sums: all that response curves need, and no customer's row.

    Columns: campaign_id, channel, region, starts, cost (null when not recorded), n_treated, n_control, mean_treated,
    mean_control, var_treated, var_control: money a customer brought in the `weeks` from the start, in `measure`
    (`margin` where every line has its unit cost, else `revenue`); `until` (`as_of`, the same on every row). Only
    campaigns whose weeks are over before `as_of` and whose arms were alike before: arms that were chosen are no test.
    Where a channel mix was kept by then, its channels follow, a row each without those sums: curve_a, curve_b,
    curve_spend, curve_se, curve_bend_sd, now (see `ChannelMix`) in the measure of the tests where that can be known,
    and told. Raises TableAbsent where there are neither arms nor a kept mix.
    """
    import ibis

    kept = _kept_mix(wh, as_of)
    if kept is None or wh.has("arms"):
        wh.require("arms")
        tests = _test_sums(wh, as_of, weeks, trade)
        table = tests if kept is None else _one_below_the_other(tests, kept)
    else:
        table = kept
    return table.mutate(until=ibis.literal(as_of, type="date")).order_by("starts", "campaign_id")


def _kept_mix(wh: Warehouse, as_of: date) -> ir.Table | None:
    """What the channel mix that was last kept by `as_of` says of each channel, in margin where that is known."""
    import ibis

    try:
        kept = wh.kept("channel_mix")
    except TableAbsent:
        return None
    if not {"as_of", "channel", "measure", "margin_share", *CURVE} <= set(kept.columns):
        return None
    kept = kept.filter(kept.as_of <= as_of.isoformat(), kept.measure.isin(["revenue", "margin"]))
    last = kept.as_of.max().to_pyarrow().as_py()
    if last is None:
        return None
    kept = kept.filter(kept.as_of == last)
    worth = (kept.measure == "revenue").ifelse(kept.margin_share.nullif(float("nan")), 1.0)
    scale = worth.fill_null(1.0)
    in_margin = worth.notnull() | (kept.measure == "margin")
    return kept.select(
        campaign_id=ibis.literal("mix: ") + kept.channel, channel="channel", region=ibis.null("string"),
        starts=ibis.literal(last).cast("date"), measure=in_margin.ifelse("margin", "revenue"),
        **{name: ibis.null(kind) for name, kind in _SUMS.items()},
        **{name: kept[name].cast("float64") for name in CURVE if name not in ("curve_a", "curve_se", "told")},
        curve_a=kept.curve_a * scale, curve_se=kept.curve_se * scale, told="told",
    )  # fmt: skip


def _one_below_the_other(tests: ir.Table, kept: ir.Table) -> ir.Table:
    import ibis

    lacking = {name: ibis.null(kind) for name, kind in kept.schema().items() if name not in tests.columns}
    tests = tests.mutate(**lacking).cast(_SUMS)
    return tests.union(kept.select(*tests.columns).cast(dict(tests.schema()))).cast(_SUMS)


def _test_sums(wh: Warehouse, as_of: date, weeks: int, trade: str) -> ir.Table:
    import ibis

    length = ibis.interval(weeks=weeks)
    campaigns = wh.campaigns.filter((wh.campaigns.starts.cast("timestamp") + length) <= ibis.literal(as_of))
    arms = wh.arms.inner_join(campaigns.select("campaign_id", "starts"), "campaign_id")
    arms = arms.select(
        "campaign_id",
        "customer_id",
        "arm",
        since=arms.starts,
        until=(arms.starts.cast("timestamp") + length).cast("date"),
    )
    before = arms.mutate(since=(arms.since.cast("timestamp") - ibis.interval(weeks=BEFORE_WEEKS)).cast("date"),
                         until=arms.since)  # fmt: skip
    arms = arms.anti_join(unlike_before(spent(wh, before, "before", trade)), "campaign_id").select(*arms.columns)
    people = spent(wh, arms, "outcome", trade)
    known = people.outcome_margin.notnull().all().over(ibis.window())
    people = people.mutate(money=known.ifelse(people.outcome_margin, people.outcome_revenue), known=known)
    sums = people.group_by("campaign_id").agg(
        measure=people.known.all().ifelse("margin", "revenue"),
        **moments(people.money, people.arm, "treated"),
        **moments(people.money, people.arm, "control"),
    )
    sums = sums.filter(sums.n_treated > 1, sums.n_control > 1)
    table = campaigns.select("campaign_id", "channel", "region", "starts").inner_join(sums, "campaign_id")
    return with_cost(wh, table, as_of)
