"""What campaigns were meant to do, what they cost, and what the customers in their arms did before and after."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from crm_analytics.features.answers import answers
from crm_analytics.features.by_lot import BEFORE_WEEKS, moments, unlike_before
from crm_analytics.features.feature import feature
from crm_analytics.features.recorded import activity
from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.warehouse.engine import TableAbsent
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

WEEKS = 4
"""How long after its start a campaign's outcome is read, unless asked otherwise."""

CURVE = ("curve_a", "curve_b", "curve_spend", "curve_se", "curve_bend_sd", "now", "told")
"""What a kept channel mix says of a channel that the budget needs."""
_SUMS = {"n_treated": "float64", "n_control": "float64", "mean_treated": "float64", "mean_control": "float64",
         "var_treated": "float64", "var_control": "float64", "cost": "float64"}  # fmt: skip

LINKED_DAYS = 14
"""How long after a campaign's end the sales of those who responded are still put down to it in plan and fact."""


@feature(needs=("campaigns", "arms", "orders", "order_lines"), grain="a customer in the arms of a campaign")
def campaign_outcomes(
    wh: Warehouse,
    as_of: date | str | None = None,
    campaign: str | None = None,
    weeks: int = WEEKS,
    before_weeks: int = 12,
    trade: str = "ordinary",
) -> ir.Table:
    """What each customer in a campaign's arms bought in the `weeks` from its start, and in the `before_weeks` before.

    Without `campaign` it is the last one with a control group whose weeks are over before `as_of`. Raises
    WarehouseError when there is no such campaign or its weeks are not over: then it is too early to judge; ValueError
    for less than a week.
    Wholesale and goods made to order are set apart (`trade`); returns are taken off. Columns: campaign_id, campaign
    (its name), starts, cost (of the whole campaign, null when not recorded), customer_id, arm, contacted (by this
    campaign; null where its contacts are not recorded), days (of the outcome), region, kind, outcome_revenue,
    outcome_margin (null where a unit cost is lacking), outcome_orders, before_revenue, before_orders; and for every
    measure of `activity` (visits, points …) its sum, as outcome_… and before_…; money as float. Ordered by customer.
    """
    import ibis

    if weeks < 1 or before_weeks < 1:
        raise ValueError(f"weeks is {weeks} and before_weeks {before_weeks}; look at one week at least.")
    chosen = judged(wh, as_of, campaign, weeks)
    arms = wh.arms.filter(wh.arms.campaign_id == chosen["campaign_id"]).select("campaign_id", "customer_id", "arm")
    starts, until = chosen["starts"], chosen["starts"] + timedelta(weeks=weeks)
    after = spent(wh, arms.mutate(since=ibis.literal(starts), until=ibis.literal(until)), "outcome", trade)
    since = starts - timedelta(weeks=before_weeks)
    before = spent(wh, arms.mutate(since=ibis.literal(since), until=ibis.literal(starts)), "before", trade)
    table = after.drop("since", "until").inner_join(
        before.select("customer_id", "before_revenue", "before_orders"), "customer_id"
    )
    table = _with_activity(wh, table, starts, weeks=weeks, before_weeks=before_weeks)
    table = table.mutate(
        campaign=ibis.literal(chosen["name"]), starts=ibis.literal(starts), days=ibis.literal(7 * weeks)
    )
    table = _with_contacts(wh, _with_cost(wh, table, as_of), until)
    return _with_traits(wh, table).order_by("customer_id")


@feature(needs=("campaigns",), grain="a campaign")
def campaign_money(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """Plan and fact of every campaign that began before `as_of`, as they are usually put together.

    `linked_revenue` and `linked_margin` are all that responders bought from the campaign's start to two weeks after its
    end: what is commonly claimed, not what the campaign changed. Columns: campaign_id, name, channel, region, starts,
    ends, budget, promised, cost, treated (customers addressed), responders, linked_revenue, linked_margin, days_left
    (days until purchases no longer count). What the company does not record is null. Ordered by start.
    """
    import ibis

    campaigns = wh.campaigns.filter(wh.campaigns.starts < as_of)
    table = campaigns.select(
        "campaign_id",
        "name",
        "channel",
        "region",
        "starts",
        "ends",
        budget=campaigns.budget.cast("float64"),
        promised=campaigns.promised.cast("float64"),
        days_left=ibis.greatest(
            campaigns.ends.delta(ibis.literal(as_of, type="date"), unit="day") + LINKED_DAYS + 1, 0
        ),
    )
    parts = {
        "cost": ("float64", _costs),
        "treated": ("float64", _treated),
        "responders": ("float64", _responders),
        "linked_revenue": ("float64", partial(_linked, trade=trade)),
        "linked_margin": ("float64", None),
    }
    for name, (kind, part) in parts.items():
        found = part(wh, as_of) if part else None
        if found is not None:
            table = table.left_join(found, "campaign_id").drop("campaign_id_right")
        elif name not in table.columns:
            table = table.mutate(**{name: ibis.null(kind)})
    return table.order_by("starts", "campaign_id")


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
    costs = _costs(wh, as_of)
    if costs is None:
        return table.mutate(cost=ibis.null("float64"))
    return table.left_join(costs, "campaign_id").drop("campaign_id_right")


def judged(wh: Warehouse, as_of: date, campaign: str | None, weeks: int) -> dict:
    """The campaign that is asked about: the one named, else the last that can be judged."""
    tested = wh.campaigns.semi_join(wh.arms.filter(wh.arms.arm == "control"), "campaign_id")
    tested = tested.order_by("starts", "campaign_id").select("campaign_id", "name", "starts").to_pyarrow().to_pylist()
    over = {one["campaign_id"]: one["starts"] + timedelta(weeks=weeks) for one in tested}
    if campaign is None:
        tested = [one for one in tested if over[one["campaign_id"]] <= as_of]
        if not tested:
            raise TableAbsent(f"No campaign with a control group is {weeks} weeks old on {as_of}: none can be judged.")
    elif campaign not in over:
        known = ", ".join(over) or "none"
        raise WarehouseError(f"There is no campaign {campaign!r} with a control group; there are {known}.")
    elif over[campaign] > as_of:
        raise WarehouseError(
            f"It is too early to judge campaign {campaign!r}: its {weeks} weeks are over on {over[campaign]}. "
            "Ask again then, or give fewer weeks."
        )
    chosen = next(one for one in reversed(tested) if campaign in (None, one["campaign_id"]))
    return chosen | {"name": chosen["name"] or chosen["campaign_id"]}


def lines_bought(wh: Warehouse, trade: str) -> ir.Table:
    """Lines of known customers' orders: customer_id, order_id, product_id, channel, day, sold, amount, margin."""
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.customer_id.notnull())
    orders = orders.select(
        "order_id", "customer_id", "channel", day=orders.ordered_at.date(), sold=orders.kind != "return"
    )
    lines = lines_of(wh, trade)
    lines = lines.select("order_id", "product_id", "amount", margin=lines.amount - lines.quantity * lines.unit_cost)
    return lines.inner_join(orders, "order_id")


def spent(wh: Warehouse, windows: ir.Table, name: str, trade: str) -> ir.Table:
    """What each customer of `windows` bought from `since` to the day before `until`; nothing is zero."""
    import ibis

    lines = lines_bought(wh, trade)
    found = windows.select("campaign_id", "customer_id", "since", "until").inner_join(
        lines, [windows.customer_id == lines.customer_id, lines.day >= windows.since, lines.day < windows.until]
    )
    sums = found.group_by("campaign_id", "customer_id").agg(
        revenue=found.amount.sum(),
        margin=found.margin.sum(),
        known=found.margin.notnull().all(),
        orders=found.order_id.nunique(where=found.sold),
    )
    table = windows.left_join(sums, ["campaign_id", "customer_id"])
    table = table.drop("campaign_id_right", "customer_id_right")
    margin = table.known.fill_null(True).ifelse(table.margin.fill_null(0), ibis.null())
    found_in = {
        f"{name}_revenue": table.revenue.fill_null(0).cast("float64"),
        f"{name}_margin": margin.cast("float64"),
        f"{name}_orders": table.orders.fill_null(0),
    }
    return table.mutate(**found_in).drop("revenue", "margin", "known", "orders")


def _with_traits(wh: Warehouse, table: ir.Table) -> ir.Table:
    import ibis

    if not wh.has("customers"):
        return table.mutate(region=ibis.literal("unknown"), kind=ibis.literal("unknown"))
    traits = wh.customers.select("customer_id", "region", "kind")
    table = table.left_join(traits, "customer_id").drop("customer_id_right")
    return table.mutate(region=table.region.fill_null("unknown"), kind=table.kind.fill_null("unknown"))


def _with_activity(wh: Warehouse, table: ir.Table, starts: date, *, weeks: int, before_weeks: int) -> ir.Table:
    """What customers did beside buying, after the start and before it."""
    parts = (("outcome", starts + timedelta(weeks=weeks), weeks), ("before", starts, before_weeks))
    for name, until, length in parts:
        done = activity(wh, until, 7 * length, taken=("customer_id", "revenue", "margin", "orders"))
        if done is None:
            continue
        names = [column for column in done.columns if column != "customer_id"]
        done = done.select("customer_id", **{f"{name}_{column}": done[column] for column in names})
        table = table.left_join(done, "customer_id").drop("customer_id_right")
        table = table.mutate(**{f"{name}_{column}": table[f"{name}_{column}"].fill_null(0.0) for column in names})
    return table


def _with_cost(wh: Warehouse, table: ir.Table, as_of: date) -> ir.Table:
    import ibis

    costs = _costs(wh, as_of)
    if costs is None:
        return table.mutate(cost=ibis.null("float64"))
    return table.left_join(costs, "campaign_id").drop("campaign_id_right")


def _with_contacts(wh: Warehouse, table: ir.Table, until: date) -> ir.Table:
    """Whether the campaign touched each of them by then."""
    import ibis

    unknown = table.mutate(contacted=ibis.null("boolean"))
    if not wh.has("contacts"):
        return unknown
    touched = wh.contacts.filter(
        wh.contacts.kind == "out", wh.contacts.customer_id.notnull(), wh.contacts.at < ibis.literal(until, type="date")
    ).select("campaign_id", "customer_id").distinct()  # fmt: skip
    touched = touched.semi_join(table, "campaign_id").select("customer_id", touched=ibis.literal(True))
    table = table.left_join(touched, "customer_id").drop("customer_id_right")
    known = table.touched.notnull().any().over(ibis.window())
    return table.mutate(contacted=known.ifelse(table.touched.fill_null(False), ibis.null())).drop("touched")


def _costs(wh: Warehouse, as_of: date) -> ir.Table | None:
    if not wh.has("campaign_costs"):
        return None
    costs = wh.campaign_costs.filter(wh.campaign_costs.day < as_of)
    return costs.group_by("campaign_id").agg(cost=costs.amount.sum().cast("float64"))


def _treated(wh: Warehouse, as_of: date) -> ir.Table | None:
    if not wh.has("arms"):
        return None
    return wh.arms.group_by("campaign_id").agg(treated=(wh.arms.arm == "treated").sum().cast("float64"))


def _responders(wh: Warehouse, as_of: date) -> ir.Table | None:
    if not wh.has("responses"):
        return None
    responses = answers(wh, as_of)
    return responses.group_by("campaign_id").agg(responders=responses.customer_id.nunique().cast("float64"))


def _linked(wh: Warehouse, as_of: date, *, trade: str) -> ir.Table | None:
    """What those who responded bought while the campaign ran and two weeks after."""
    import ibis

    if not wh.has("responses", "orders", "order_lines"):
        return None
    responded = answers(wh, as_of).select("campaign_id", "customer_id").distinct()
    campaigns = wh.campaigns
    ends = (campaigns.ends.cast("timestamp") + ibis.interval(days=LINKED_DAYS + 1)).cast("date")
    until = ibis.least(ends, ibis.literal(as_of, type="date"))
    windows = responded.inner_join(campaigns.select("campaign_id", since=campaigns.starts, until=until), "campaign_id")
    bought = spent(wh, windows, "linked", trade)
    bought = bought.mutate(  # sums of decimals do not depend on their order
        linked_revenue=bought.linked_revenue.cast("decimal(18, 4)"),
        linked_margin=bought.linked_margin.cast("decimal(18, 4)"),
    )
    return bought.group_by("campaign_id").agg(
        linked_revenue=bought.linked_revenue.sum().cast("float64"),
        linked_margin=bought.linked_margin.notnull()
        .all()
        .ifelse(bought.linked_margin.sum(), ibis.null())
        .cast("float64"),
    )
