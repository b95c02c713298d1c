"""What a score learns from: customers as they stood on past days, and what each of them did next."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from crm_analytics.features.feature import feature
from crm_analytics.features.offers import in_its_time, offers_answered, offers_made, usual_channel
from crm_analytics.features.profile import PROFILE, profile
from crm_analytics.features.snapshots import Snapshots
from crm_analytics.features.targets import Target, target_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

SNAPSHOTS = 8
"""On how many past days customers are looked at, at most."""

LEARNERS = 10_000
"""How many customers a snapshot shows, at most: more would teach a model of these few columns nothing new."""


@feature(needs=("customers",), grain="a customer × snapshot")
def training(
    wh: Warehouse,
    as_of: date | str | None = None,
    target: str = "repeat",
    horizon_days: int = 90,
    every_days: int | None = None,
    trade: str = "ordinary",
) -> ir.Table:
    """Customers on past days, as they were known then, and whether what is to be foretold happened afterwards.

    `target` is what is foretold within `horizon_days`: `repeat` (who bought before buys again), `churn` (who bought in
    as many days before the snapshot buys nothing), `prospect` (who never bought buys, or a deal is won), `return` (who
    bought in the year before sends goods back), `late payment` (an open invoice falls due and is not paid in time),
    `response` (who is offered something in a campaign answers), or the name of a dated trait (who lacks it gets it).
    ValueError names them where there is no such.

    Snapshots lie `every_days` apart (the horizon, where not set, so that no two outcomes overlap), the newest so that
    its horizon is over by `as_of`, all on its weekday; of offers, the days on which they were made. Columns:
    `customer_id`, `snapshot`, `target` (1 it happened, 0 not, null: the rows of `as_of`, to be scored now), the columns
    of `profile` on the snapshot, `foretells` (the target's name) and `until` (the day on which the outcome was known).
    Of a large company a snapshot shows a sample of customers, always the same; all of them are there to be scored.
    Ordered by snapshot and customer.
    """
    import ibis

    if horizon_days < 1 or (every_days or 1) < 1:
        raise ValueError(f"horizon_days is {horizon_days} and every_days {every_days}; take one day at least.")
    now = profile(wh, as_of=as_of, trade=trade)
    now = now.mutate(snapshot=ibis.literal(as_of, type="date"), target=ibis.null("float64"))
    if target == "response":
        channel = ibis.literal(usual_channel(offers_made(wh, as_of, horizon_days)), type="string")
        now = in_its_time(now.drop("weekend_share").mutate(offer_channel=channel))
        told = laid_out([offers_answered(wh, as_of, horizon_days, trade), now], horizon_days)
        return told.mutate(foretells=ibis.literal(target)).relocate("foretells", before="until")
    foretold = target_of(wh, target, as_of, horizon_days, trade)
    then = _then(wh, foretold, _days(foretold.events, as_of, horizon_days, every_days or horizon_days), as_of, trade)
    now = foretold.about(now)
    told = laid_out([now] if then is None else [_answered(then, foretold, horizon_days), now], horizon_days)
    return told.mutate(foretells=ibis.literal(target)).relocate("foretells", before="until")


def laid_out(parts: list[ir.Table], horizon_days: int) -> ir.Table:
    """The parts one below the other in the layout of `training`. What only one part knows is null in the other."""
    import ibis

    kinds: dict[str, Any] = {}
    for part in parts:
        for name, kind in part.schema().items():
            same = name not in kinds or kinds[name] == kind or kind.is_null()
            kinds[name] = (
                kinds.get(name, kind) if same else kind if kinds[name].is_null() else _wider(kinds[name], kind)
            )
    first = ["customer_id", "snapshot", "target", *PROFILE]
    order = dict.fromkeys([*(n for n in first if n in kinds), *sorted(kinds)])
    same = [
        part.select(**{n: part[n].cast(kinds[n]) if n in part.columns else ibis.null(kinds[n]) for n in order})
        for part in parts
    ]
    table = ibis.union(*same) if len(same) > 1 else same[0]
    until = (table.snapshot + ibis.interval(days=horizon_days)).cast("date")
    rest = [name for name in order if name not in ("customer_id", "snapshot", "target")]
    return table.select("customer_id", "snapshot", "target", *rest, until=until).order_by("snapshot", "customer_id")


def _days(events: ir.Table, as_of: date, horizon_days: int, every_days: int) -> list[date]:
    """The past days to look from: their horizon is over, something was known before, the weekday is that of `as_of`."""
    first = events.day.min().to_pyarrow().as_py()
    back, step = 7 * -(-horizon_days // 7), 7 * -(-every_days // 7)
    days = [as_of - timedelta(days=back + step * place) for place in range(SNAPSHOTS)]
    return [day for day in days if first is not None and day > first]


def _then(wh: Warehouse, foretold: Target, days: list[date], as_of: date, trade: str) -> ir.Table | None:
    """Those whom the question was about on those days, as they were known then."""
    import ibis

    if not days:
        return None
    people = wh.customers.select("customer_id").distinct()
    learners = people.order_by(people.customer_id.hash(), people.customer_id).limit(LEARNERS)
    stands = learners.cross_join(ibis.memtable({"snapshot": days}, schema={"snapshot": "date"}))
    snapshots = Snapshots(wh, stands, as_of)
    return foretold.about(snapshots.back(profile(snapshots, as_of=as_of, trade=trade)))


def _answered(people: ir.Table, foretold: Target, horizon_days: int) -> ir.Table:
    """What each of them did within the horizon: 1, or 0."""
    import ibis

    events = foretold.events.select(who="customer_id", day="day")
    until = (people.snapshot + ibis.interval(days=horizon_days)).cast("date")
    stands = people.select("customer_id", "snapshot", until=until)
    within = [stands.customer_id == events.who, events.day >= stands.snapshot, events.day < stands.until]
    happened = stands.semi_join(events, within).select("customer_id", "snapshot", happened=ibis.literal(1.0))
    people = people.left_join(happened, ["customer_id", "snapshot"])
    came = people.happened.fill_null(0.0)
    people = people.mutate(target=1.0 - came if foretold.absence else came)
    return people.drop("happened", "customer_id_right", "snapshot_right")


def _wider(one: Any, other: Any) -> Any:
    import ibis.expr.datatypes as dt

    return dt.float64 if one.is_numeric() and other.is_numeric() else dt.string
