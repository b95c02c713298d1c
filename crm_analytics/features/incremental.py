"""What campaigns really brought, as far as tests and kept answers say: what attribution is held against."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.bought import spent
from crm_analytics.features.by_lot import BEFORE_WEEKS, unlike_before
from crm_analytics.features.feature import feature
from crm_analytics.features.paths import campaign_names
from crm_analytics.features.purchases import customer_days
from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

GRADES = ("assumed", "modelled", "compared", "tested")
COLUMNS = {"channel": "string", "incremental": "float64", "low": "float64", "high": "float64", "evidence": "string"}
NINETEEN_OF_TWENTY = 1.96

Known = dict[str, tuple[float, float, float, str]]
"""Of each campaign or channel: what it brought, between what and what, and how that is known."""


@feature(needs=("campaigns",), grain="a campaign or source whose effect is known")
def incremental(
    wh: Warehouse, as_of: date | str | None = None, by: str = "campaign", weeks: int = 4, trade: str = "ordinary"
) -> ir.Table:
    """The revenue each campaign added: by its test against control in the `weeks` from its start, else by the best
    answer that was kept of it and told before `as_of` (a claim of incremental revenue: tested, compared, modelled).

    With `by` source, campaigns are added up by the source that most of their visits came from; a claim about the
    channel of that name is taken before their sum. Columns: channel (the campaign as `features.paths` names it, or the
    source), incremental, low, high (95 %; money), evidence. Ordered by channel; empty where nothing is known.
    """
    import ibis

    if by not in ("campaign", "source"):
        raise ValueError(f"by is {by!r}; ask by campaign or by source.")
    if weeks < 1:
        raise ValueError(f"weeks is {weeks}; look at one week at least.")
    names = campaign_names(wh)
    campaigns, channels = _claimed(wh, as_of, names)
    campaigns |= tested_effects(wh, as_of, weeks, trade)
    found = (
        {names[key]: told for key, told in campaigns.items()}
        if by == "campaign"
        else _by_source(wh, as_of, campaigns) | channels
    )
    rows = [dict(zip(COLUMNS, (name, *told), strict=True)) for name, told in sorted(found.items())]
    return ibis.memtable(rows, schema=COLUMNS)


def tested_effects(wh: Warehouse, as_of: date, weeks: int, trade: str) -> Known:
    """Difference of the arms' mean revenue times the number addressed, of campaigns whose weeks are over and whose
    arms were alike before: arms that were chosen are no test."""
    import ibis

    if not wh.has("arms", "orders", "order_lines"):
        return {}
    starts = wh.campaigns.select("campaign_id", since="starts")
    until = (starts.since.cast("timestamp") + ibis.interval(weeks=weeks)).cast("date")
    arms = wh.arms.inner_join(starts.mutate(until=until), "campaign_id")
    arms = arms.filter(arms.until <= ibis.literal(as_of, type="date"))
    since = (arms.since.cast("timestamp") - ibis.interval(weeks=BEFORE_WEEKS)).cast("date")
    earlier = spent(wh, arms.mutate(since=since, until=arms.since), "before", trade)
    arms = arms.anti_join(unlike_before(earlier), "campaign_id").select(*arms.columns)
    days = customer_days(wh, as_of, trade).select(buyer="customer_id", day="day", revenue="revenue")
    bought = arms.inner_join(
        days, [arms.customer_id == days.buyer, days.day >= arms.since, days.day < arms.until]
    ).group_by("campaign_id", "customer_id")
    sums = bought.agg(revenue=ibis._.revenue.sum().cast("decimal(38, 4)"))
    people = arms.select("campaign_id", "customer_id", "arm").left_join(sums, ["campaign_id", "customer_id"])
    people = people.mutate(revenue=people.revenue.fill_null(0))
    sums = people.group_by("campaign_id", "arm").agg(
        n=people.count(), total=people.revenue.sum(), squares=(people.revenue * people.revenue).sum()
    )
    arm: dict[tuple[str, str], tuple[int, float, float]] = {}
    for one in sums.order_by("campaign_id", "arm").to_pyarrow().to_pylist():
        n, total, squares = one["n"], float(one["total"]), float(one["squares"])
        if n > 1:
            arm[one["campaign_id"], one["arm"]] = n, total / n, (squares - total * total / n) / (n - 1)
    found: Known = {}
    for campaign in sorted({key for key, _ in arm}):
        if (campaign, "treated") not in arm or (campaign, "control") not in arm:
            continue
        (n, mean, spread), (m, usual, other) = arm[campaign, "treated"], arm[campaign, "control"]
        value, half = n * (mean - usual), NINETEEN_OF_TWENTY * n * (spread / n + other / m) ** 0.5
        found[campaign] = value, value - half, value + half, "tested"
    return found


def _claimed(wh: Warehouse, as_of: date, names: dict[str, str]) -> tuple[Known, Known]:
    """What kept answers claim of campaigns and of channels: of each the best graded, then the last told."""
    try:
        claims = wh.claims()
    except TableAbsent:
        return {}, {}
    claims = claims.filter(claims.measure == "incremental revenue", claims.study != "attribution")
    rows = [
        one for one in claims.to_pyarrow().to_pylist() if one["told_on"].date() <= as_of and one["last"].date() < as_of
    ]
    rows.sort(key=lambda one: (GRADES.index(one["evidence"]), one["told_on"], one["last"], one["study"]))
    ids = {name: key for key, name in names.items()} | {key: key for key in names}
    campaigns, channels = {}, {}
    for one in rows:
        scope = json.loads(one["scope"])
        told = (one["value"], one["low"], one["high"], one["evidence"])
        campaign = ids.get(scope.get("campaign", one["subject"]))
        if campaign:
            campaigns[campaign] = told
        elif set(scope) - {"trade"} == {"channel"}:
            channels[scope["channel"]] = told
    return campaigns, channels


def _by_source(wh: Warehouse, as_of: date, campaigns: Known) -> Known:
    """Campaigns added up by source; as well known as the least known of them."""
    source = sources_of(wh, as_of)
    found: Known = {}
    for name in sorted({source[key] for key in campaigns if key in source}):
        told = [campaigns[key] for key in sorted(campaigns) if source.get(key) == name]
        value = sum(one[0] for one in told)
        below, above = (sum((one[i] - one[0]) ** 2 for one in told) ** 0.5 for i in (1, 2))
        found[name] = value, value - below, value + above, min((one[3] for one in told), key=GRADES.index)
    return found


def sources_of(wh: Warehouse, as_of: date) -> dict[str, str]:
    """Of each campaign that can be seen on the web the source of most of its visits."""
    if not wh.has("touchpoints"):
        return {}
    touches = wh.touchpoints
    touches = touches.filter(touches.at < as_of, touches.campaign_id.notnull(), touches.source_name.notnull())
    counted = touches.group_by("campaign_id", "source_name").agg(touches=touches.count())
    rows = counted.order_by("campaign_id", "touches", "source_name").to_pyarrow().to_pylist()
    return {one["campaign_id"]: one["source_name"].strip().replace(">", "›") for one in rows}
