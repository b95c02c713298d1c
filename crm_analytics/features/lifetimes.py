"""How long customers stay: until the last purchase before a silence too long for them, or as a contract says."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.feature import feature
from crm_analytics.features.purchases import _purchases_made
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

BEFORE = ("customer_kind", "region", "acquired_channel", "acquired_campaign", "reason_first_purchase")
"""What is known of a customer when it comes."""
UNKNOWN = "unknown"
STAGES = 6
"""Customers with so many purchases or more are measured alike."""
STEPS = 8
"""So many steps to a doubling of the silence."""
LEAST_WATCHED, FIRST_GUESS_DAYS, SHORTEST = 50, 30.0, 0.004
SETTLED = 0.001
READ = {f"{name}{end}": value for end in ("", "_near", "_far") for name, value in (("as_long", 1.0), ("never", 0.0))}
"""What a silence is read by, and what it is where nothing can be read."""
OLDEST = date(1950, 1, 1)
"""Dates before it stand for one that is not known."""


@feature(needs=("orders", "order_lines"), grain="a customer")
def lifetimes(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """How long each customer has been one, and how telling its silence is, where no contract says when one left.

    A silence is measured in the customer's own usual pause, and held against all pauses after as many purchases: how
    many of those that ended had lasted so long (`as_long`), and how many never end (`never`). That is seen through to
    the longest pauses on record as Kaplan and Meier do, since young pauses may end yet. Beyond them `_near` goes on as
    their share falls (Aitken's limit of a power law), `_far` takes it that nobody comes back later than could be seen;
    without an ending stands the middle of both.

    One row per customer: customer_id, `start` (day of the first purchase, or when first seen, if that was before the
    records), `entered` (days from then until it was first watched), `last` (days until the last purchase), `days`
    (until `as_of`), `purchases`, these readings of its silence, `from_start` (it bought in the first days on record and
    nobody knows since when it had); what was known when it came (`unknown` where nothing is), `stated` (False),
    `begins`, `until`. Ordered by customer.
    """
    until = ibis.literal(as_of, type="date")
    made, base = pauses(wh, as_of, trade)
    first = first_day(wh, as_of)
    begins = ibis.literal(first, type="date")
    people = made.filter(made.next_day.isnull()).select(
        "customer_id", "first_day", "day", "stage", "step", purchases="number"
    )
    kinds = {"stage": "int64", "step": "int64"} | dict.fromkeys(READ, "float64")
    share = ibis.memtable(_still_out(made), schema=kinds)
    people = people.left_join(share, ["stage", "step"]).drop("stage_right", "step_right")
    people = known(wh, people)
    early = people.first_seen.notnull() & (people.first_seen < begins)
    start = early.ifelse(people.first_seen, people.first_day)
    warm_up = min(2 * base, (as_of - first).days / 4)
    return people.select(
        "customer_id",
        start=start,
        entered=people.first_day.delta(start, unit="day"),
        last=people.day.delta(start, unit="day"),
        days=until.delta(start, unit="day"),
        purchases=people.purchases,
        **{name: people[name].fill_null(otherwise) for name, otherwise in READ.items()},
        from_start=people.first_seen.isnull() & (people.first_day.delta(begins, unit="day") < warm_up),
        **{name: people[name] for name in BEFORE},
        stated=ibis.literal(False),
        begins=begins,
        until=until,
    ).order_by("customer_id")


@feature(needs=("customers", "traits"), grain="a customer")
def memberships(wh: Warehouse, as_of: date | str | None = None, left: str | None = None) -> ir.Table:
    """How long each customer stayed, where a contract or a cancellation says when one left: the day the trait `left`
    became known, or is its value; who has none is still there, and where no trait is named, everybody is.

    A customer starts on the day it was first seen. Cancellations before the first one on record are unknown, so who
    came earlier is watched from then on (`entered`) and does not count as having stayed until then. The columns are
    those of `lifetimes`: `last` is the day of leaving, or the last day seen, and `as_long` 0 of who left and 1 of who
    is there. Raises WarehouseError naming the traits there are.
    """
    until = ibis.literal(as_of, type="date")
    traits = wh.traits
    written = traits.value.re_replace(r"^(\d\d)\.(\d\d)\.(\d{4})", r"\3-\2-\1").left(10)
    traits = traits.mutate(known_at=traits.known_at.fill_null(written.try_cast("date")))
    traits = traits.filter(traits.known_at.notnull())
    named = sorted(traits.select("trait").distinct().to_pyarrow()["trait"].to_pylist())
    if left is not None and left not in named:
        raise WarehouseError(f"There is no trait {left!r} that says who left; there are {', '.join(named) or 'none'}.")
    gone = traits.filter(traits.trait == (left or ""), traits.known_at < until)
    gone = gone.group_by("customer_id").agg(left_day=gone.known_at.min())
    people = wh.customers.filter(wh.customers.first_seen.notnull(), wh.customers.first_seen < until)
    people = people.select("customer_id", start="first_seen").left_join(gone, "customer_id").drop("customer_id_right")
    people = _only_buyers(wh, people, until)
    watched = ibis.literal(gone.left_day.min().to_pyarrow().as_py() or as_of, type="date")
    begins = people.start.min().to_pyarrow().as_py() or as_of
    table = known(wh, people)
    days = ibis.greatest(table.left_day.fill_null(until).delta(table.start, unit="day"), 0)
    there = table.left_day.isnull().cast("float64")
    return table.select(
        "customer_id",
        "start",
        entered=ibis.greatest(watched.delta(table.start, unit="day"), 0),
        last=days,
        days=days,
        purchases=ibis.literal(1, type="int64"),
        **{name: there if name.startswith("as_long") else ibis.literal(0.0) for name in READ},
        from_start=ibis.literal(False),
        **{name: table[name] for name in BEFORE},
        stated=ibis.literal(True),
        begins=ibis.literal(begins, type="date"),
        until=until,
    ).order_by("customer_id")


def _only_buyers(wh: Warehouse, people: ir.Table, until: ir.Value) -> ir.Table:
    """Where nobody ever left who had not bought, those who never bought have nothing to leave: a trial that came to
    nothing is no customer who stayed."""
    if not wh.has("orders"):
        return people
    bought = wh.orders.filter(wh.orders.customer_id.notnull(), wh.orders.ordered_at < until.cast("timestamp"))
    buyers = people.semi_join(bought, "customer_id").select(*people.columns)
    left = people.left_day.count().to_pyarrow().as_py()
    return buyers if left and buyers.left_day.count().to_pyarrow().as_py() >= 0.98 * left else people


def pauses(wh: Warehouse, as_of: date, trade: str) -> tuple[ir.Table, float]:
    """Every purchase with the silence that followed it, measured in the customer's own usual pause, and the middle
    pause of all.

    Columns: customer_id, number, day, first_day, next_day (null for the last), `silence` (days until the next or until
    `as_of`), `stage` (the number, up to STAGES) and `step` (the logarithm of silence over usual pause). The usual pause
    is the mean of the customer's pauses so far and one of the base's middle ones.
    """
    until = ibis.literal(as_of, type="date")
    made = _purchases_made(wh, as_of, trade).select("customer_id", "day", number=ibis._.number.cast("int64"))
    mine = ibis.window(group_by=made.customer_id, order_by=made.number)
    made = made.mutate(next_day=made.day.lead().over(mine), first_day=made.day.first().over(mine))
    pause = made.next_day.delta(made.day, unit="day")
    made = made.mutate(
        pause=pause, silence=pause.fill_null(until.delta(made.day, unit="day")), stage=ibis.least(made.number, STAGES)
    )
    base = float(made.pause.quantile(0.5).to_pyarrow().as_py() or FIRST_GUESS_DAYS)
    usual = (made.day.delta(made.first_day, unit="day") + base) / made.number
    times = ibis.greatest(made.silence / usual, SHORTEST)
    return made.mutate(step=(times.log2() * STEPS).floor().cast("int64")).drop("pause"), base


def first_day(wh: Warehouse, as_of: date) -> date:
    """The first day on record."""
    first = wh.orders.ordered_at.min().to_pyarrow().as_py()
    return first.date() if first else as_of


def known(wh: Warehouse, people: ir.Table) -> ir.Table:
    """With what was known of each customer when it came, and when it was first seen."""
    if not wh.has("customers"):
        return people.mutate(first_seen=ibis.null("date"), **dict.fromkeys(BEFORE, ibis.literal(UNKNOWN)))
    told = wh.customers.select("customer_id", "first_seen", *BEFORE[1:], customer_kind="kind")
    believed = (told.first_seen >= ibis.literal(OLDEST, type="date")).ifelse(told.first_seen, ibis.null("date"))
    told = told.mutate(first_seen=believed, **{name: told[name].fill_null(UNKNOWN) for name in BEFORE})
    return people.left_join(told, "customer_id").drop("customer_id_right")


def _still_out(made: ir.Table) -> dict[str, list]:
    """By number of purchases and length of silence: how many of the pauses that ended were as long."""
    counts = made.group_by("stage", "step").agg(all=made.count(), ended=made.next_day.count()).order_by("stage", "step")
    rows = counts.to_pyarrow().to_pylist()
    whole: dict[int, list] = {}
    for row in rows:
        whole.setdefault(row["step"], [row["step"], 0, 0])
        whole[row["step"]][1] += row["all"]
        whole[row["step"]][2] += row["ended"]
    table: dict[str, list] = {name: [] for name in ("stage", "step", *READ)}
    for stage in range(1, STAGES + 1):
        mine = [[row["step"], row["all"], row["ended"]] for row in rows if row["stage"] == stage]
        enough = sum(row[2] for row in mine) >= 4 * LEAST_WATCHED
        for row in _curve(mine if enough else [whole[step] for step in sorted(whole)]):
            for name, value in zip(table, (stage, *row), strict=True):
                table[name].append(value)
    return table


def _curve(counts: list[list]) -> list[tuple[float, ...]]:
    """For each step of silence the columns of READ, in their order."""
    watched, out, shares = sum(row[1] for row in counts), 1.0, {}
    least, trusted = max(LEAST_WATCHED, 0.02 * watched), None
    for step, all_of, ended in counts:
        shares[step] = out
        if watched >= least:
            trusted = step
        out *= 1 - ended / watched if watched else 1
        watched -= all_of
    if trusted is None or shares[trusted] >= 1:  # nobody has come back yet, so no silence says anything
        return [(step, *(share, 0.0) * 3) for step, share in shares.items()]

    def at(step: float) -> float:
        return next((shares[known] for known in sorted(shares, reverse=True) if known <= step), 1.0)

    end = shares[trusted]
    one, two = at(trusted - 2 * STEPS), at(trusted - STEPS)
    bend = one + end - 2 * two
    near = min(max((one * end - two**2) / bend, 0.0), end) if bend > 1e-9 else 0.0
    if two - end <= SETTLED * end:  # hardly anybody came back in the last doubling, so who is silent has gone
        near = end
    rows = []
    for step, share in shares.items():
        readings = (((max(share, end) - limit) / (1 - limit), limit) for limit in ((near + end) / 2, near, end))
        rows.append((step, *(value for reading in readings for value in reading)))
    return rows
