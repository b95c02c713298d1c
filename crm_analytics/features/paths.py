"""The ways from advertisement to order: which touches came before it, in sums that hold no visitor."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

BY = ("source", "medium", "source and medium", "campaign")
VISIT_MINUTES = 30
"""Touches of one channel that follow one another within so many minutes are one visit."""

MOST_A_DAY = 100
"""Whoever comes more often on one day is a machine, and is left out with all its touches."""

NOT_SET = "(not set)"
LOOKBACK_DAYS, IDLE_DAYS = 90, 30


@feature(needs=("touchpoints",), grain="a distinct way")
def paths(
    wh: Warehouse,
    as_of: date | str | None = None,
    by: str = "source",
    lookback_days: int = LOOKBACK_DAYS,
    idle_days: int = IDLE_DAYS,
    half_life_days: float = 7.0,
) -> ir.Table:
    """The ways of web visitors before `as_of`, from touch to touch, up to an order or until they stay away.

    A way ends with an order, or when nothing is seen of the visitor for `idle_days`; of its touches those count that
    lie at most `lookback_days` before its end. Touches of one channel within half an hour are one visit. Visitors with
    more than a hundred touches on a day are machines and left out. A touch is named `by` its source, medium, both, or
    campaign (its source where it is of none).

    One row for each distinct way: `path` (its touches in their order, " > " between them), `conversions`, `value` and
    `value_squares` (money of their orders, summed and summed in squares), `lost` (ways that ended without an order),
    `open` (ways not yet over), `decayed` and `decayed_value` (of each touch, what of conversions and value time leaves
    to it: half after `half_life_days`). The same on every row: `first_day` and `last_day` of the touches, `visitors`,
    `machines` (visitors left out), `unpriced` (orders without a value). Ordered by path.
    """

    if by not in BY:
        raise ValueError(f"by is {by!r}; choose among {', '.join(BY)}.")
    if lookback_days < 1 or idle_days < 1 or not half_life_days > 0:
        raise ValueError("lookback_days and idle_days are at least one day, and half_life_days is more than none.")
    touches, seen = _touches(wh, as_of, by)
    ways = cut(visits_of(touches), lookback_days=lookback_days, idle_days=idle_days)
    return summed(ways, seen, as_of, idle_days=idle_days, half_life_days=half_life_days)


def summed(ways: ir.Table, seen: ir.Table, as_of: date, *, idle_days: int, half_life_days: float) -> ir.Table:
    """Distinct ways with their sums, from touches that know which way they belong to."""
    import ibis

    named = _named(ways, as_of, idle_days)
    waits = named.waits
    worth = named.value.cast("decimal(38, 4)")
    table = named.group_by("path").agg(
        conversions=named.conversions.sum(),
        value=worth.sum().cast("float64"),
        value_squares=(worth * worth).sum().cast("float64"),
        lost=((named.conversions == 0) & ~waits).sum(),
        open=waits.sum(),
        unpriced=named.unpriced.sum(),
    )
    table = table.mutate(unpriced=table.unpriced.sum().over(ibis.window()))
    decayed = _decayed(ways, named, half_life_days)
    table = table.left_join(decayed, "path").drop("path_right").cross_join(seen)
    return table.order_by("path")


def ways_of(wh: Warehouse, as_of: date, by: str) -> ir.Table:
    """Each visitor's ways, one by one: what each began with, when, and how it ended. Never leaves the features."""
    touches, _ = _touches(wh, as_of, by)
    return _named(cut(visits_of(touches), lookback_days=LOOKBACK_DAYS, idle_days=IDLE_DAYS), as_of, IDLE_DAYS)


def _named(ways: ir.Table, as_of: date, idle_days: int) -> ir.Table:
    """A row for each way: its touches as one text, its money, and whether it is still open."""
    import ibis

    named = ways.group_by("visitor_id", "way").agg(
        path=ways.channel.collect(order_by=ways.at).join(" > "),
        begins_with=ways.channel.argmin(ways.at),
        began=ways.began.min(),
        ended=ways.ended.max(),
        conversions=ways.converted.cast("int64").max(),
        value=ways.value.sum().fill_null(0),
        unpriced=(ways.converted & ways.value.isnull()).cast("int64").sum(),
    )
    edge = ibis.literal(as_of, type="date").cast("timestamp") - ibis.interval(days=idle_days)
    return named.mutate(waits=(named.conversions == 0) & (named.ended >= edge))


def _touches(wh: Warehouse, as_of: date, by: str) -> tuple[ir.Table, ir.Table]:
    """The touches of people, each with the channel's name, and what is to be said of all of them."""
    import ibis

    rows = wh.touchpoints
    rows = rows.filter(rows.at < ibis.literal(as_of, type="date").cast("timestamp"))
    rows = rows.select(
        "visitor_id", "at", channel=_channel(wh, rows, by), converted=rows.converted.fill_null(False), value=rows.value
    )
    daily = rows.group_by("visitor_id", day=rows.at.date()).agg(touches=rows.count())
    machines = daily.filter(daily.touches > MOST_A_DAY).select("visitor_id").distinct()
    people = rows.anti_join(machines, "visitor_id")
    seen = people.agg(
        first_day=people.at.min().date(), last_day=people.at.max().date(), visitors=people.visitor_id.nunique()
    )
    return people, seen.cross_join(machines.agg(machines=machines.count()))


def _channel(wh: Warehouse, rows: ir.Table, by: str) -> ir.Value:
    """The name of a touch; what stands between touches is kept out of it."""

    source, medium = (plain(rows[name]).fill_null(NOT_SET) for name in ("source_name", "medium"))
    if by == "source":
        return source
    if by == "medium":
        return medium
    if by == "source and medium":
        return source + " / " + medium
    if not wh.has("campaigns"):
        return plain(rows.campaign_id).fill_null(source)
    called, name = list(campaign_names(wh).items()), plain(rows.campaign_id)
    return (name.cases(*called, else_=name) if called else name).fill_null(source)


def campaign_names(wh: Warehouse) -> dict[str, str]:
    """What touches of each campaign are called: its name, told apart by its id where another has the same."""
    rows = wh.campaigns.select("campaign_id", "name").to_pyarrow().to_pylist()
    names = {one["campaign_id"]: (one["name"] or "").replace(">", "›").strip() or one["campaign_id"] for one in rows}
    twice = [name for name, count in Counter(names.values()).items() if count > 1]
    return {key: f"{name} ({key})" if name in twice else name for key, name in names.items()}


def plain(name: ir.Value) -> ir.Value:
    return name.strip().nullif("").replace(">", "›")


def visits_of(touches: ir.Table) -> ir.Table:
    """Touches of one channel that follow at once made one; an order ends a visit."""
    import ibis

    so_far = ibis.window(group_by=touches.visitor_id, order_by=touches.at)
    before = touches.mutate(
        last_channel=touches.channel.lag().over(so_far),
        last_at=touches.at.lag().over(so_far),
        last_converted=touches.converted.lag().over(so_far),
    )
    gap = before.at.epoch_seconds() - before.last_at.epoch_seconds()
    same = (before.last_channel == before.channel) & ~before.last_converted & (gap <= 60 * VISIT_MINUTES)
    marked = before.mutate(begins=same.fill_null(False).ifelse(0, 1))
    running = ibis.cumulative_window(group_by=marked.visitor_id, order_by=marked.at)
    marked = marked.mutate(visit=marked.begins.sum().over(running))
    return marked.group_by("visitor_id", "visit").agg(
        at=marked.at.max(),
        began=marked.at.min(),
        channel=marked.channel.min(),
        converted=marked.converted.any(),
        value=marked.value.sum(where=marked.converted),
    )


def cut(visits: ir.Table, *, lookback_days: int, idle_days: int) -> ir.Table:
    """Visits with the number of their way and its end, without those too long before it."""
    import ibis

    so_far = ibis.window(group_by=visits.visitor_id, order_by=visits.visit)
    before = visits.mutate(
        last_at=visits.at.lag().over(so_far), last_converted=visits.converted.lag().over(so_far).fill_null(False)
    )
    away = (before.began.epoch_seconds() - before.last_at.epoch_seconds()) > idle_days * 86_400
    marked = before.mutate(begins=(before.last_converted | away.fill_null(False)).ifelse(1, 0))
    running = ibis.cumulative_window(group_by=marked.visitor_id, order_by=marked.visit)
    marked = marked.mutate(way=marked.begins.sum().over(running))
    marked = marked.mutate(ended=marked.at.max().over(ibis.window(group_by=[marked.visitor_id, marked.way])))
    age = marked.ended.epoch_seconds() - marked.at.epoch_seconds()
    marked = marked.mutate(age_days=age / 86_400).drop("last_at", "last_converted", "begins")
    return marked.filter(marked.age_days <= lookback_days)


def _decayed(ways: ir.Table, named: ir.Table, half_life_days: float) -> ir.Table:
    """What time leaves of each way's conversions and value to the touch at each place, summed over equal ways."""
    import ibis

    each = ibis.window(group_by=[ways.visitor_id, ways.way])
    # the least age of a way is 0, so the sum below never vanishes, however short the half-life
    left = ways.mutate(left=(-ways.age_days * (math.log(2) / half_life_days)).exp())
    part = left.left / left.left.sum().over(each)
    place = ibis.row_number().over(ibis.window(group_by=[left.visitor_id, left.way], order_by=left.at))
    left = left.select("visitor_id", "way", part=part, place=place)
    left = left.inner_join(named, ["visitor_id", "way"])

    def exact(value: ir.Value) -> ir.Value:
        return value.round(9).cast("decimal(38, 9)").sum().cast("float64")

    sums = left.group_by("path", "place").agg(
        conversions=exact(left.part * left.conversions), value=exact(left.part * left.value.cast("float64"))
    )
    return sums.group_by("path").agg(
        decayed=sums.conversions.collect(order_by=sums.place), decayed_value=sums.value.collect(order_by=sums.place)
    )
