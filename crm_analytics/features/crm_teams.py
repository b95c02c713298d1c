"""What a CRM is bought for, team by team and month by month: stores, regions, or those who sell and answer."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.crm_metrics import LATELY_DAYS
from crm_analytics.features.crm_times import WIN_DAYS
from crm_analytics.features.feature import feature
from crm_analytics.features.first_contacts import AGAIN_DAYS, cases_of
from crm_analytics.features.places import placed
from crm_analytics.features.purchases import customer_days
from crm_analytics.features.trade import lines_of, orders_of
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

TEAMS = ("store", "region", "customer_region", "agent")


@feature(needs=(), grain="a metric × team × month")
def crm_teams(wh: Warehouse, as_of: date | str | None = None, team: str = "", trade: str = "ordinary") -> ir.Table:
    """How many did it of how many, by team, in every whole month before `as_of`, as far as records say whose it was.

    A team is a `store`, a `region` (by where customers bought; of deals and contacts where they live), a
    `customer_region` (by where they live) or an `agent` (who sells, who answers); not set, the first of these of which
    the records name two. Of places `came again`: customers who
    had bought there in the 90 days before the month, and of them those who bought in it, wherever. Of all but stores
    `deals won` (of those closed in the month), `days to win` (by the month of the first stage, of those won within 90
    days) and `settled at first contact` (of cases that began in the month; whoever asks again within 7 days was not
    helped). Columns as of `crm_metrics`, team and `of` (what a team is); the first three months of the records are left
    out. Ordered by metric, team and month. Raises ValueError for a team there is not, WarehouseError where the records
    name none.
    """
    import ibis

    if team not in ("", *TEAMS):
        raise ValueError(f"team is {team!r}; choose among {', '.join(TEAMS)}.")
    named = _teams(wh)
    several = [one for one, count in named.items() if count > 1]
    team = team or next(iter([*several, *named]), "store")
    if named and team not in named:
        raise WarehouseError(f"No {team.replace('_', ' ')} is on record; ask by {', or by '.join(named)}.")
    parts = []
    if team == "store":
        wh.require("orders", "order_lines")
    if team != "agent" and wh.has("orders", "order_lines"):
        parts.append(_came_again(wh, as_of, team, trade))
    if team != "store" and wh.has("deal_stages"):
        parts += _deals(wh, as_of, team)
    if team != "store" and wh.has("contacts"):
        cases = cases_of(wh, as_of)
        cases = cases.mutate(team=cases.agent if team == "agent" else cases.region)
        counts = cases.group_by("team", "month").agg(done=cases.settled.sum(), out_of=cases.count())
        parts.append(_rows(counts, "settled at first contact", ahead_days=AGAIN_DAYS))
    if not parts:
        raise WarehouseError("No order, deal or contact is on record of which a team is known; load one of these.")
    table = ibis.union(*parts) if len(parts) > 1 else parts[0]
    table = table.filter(table.team.notnull(), table.team != "", table.out_of > 0)
    begins = table.group_by(of="metric").agg(first=table.month.min().cast("timestamp"))
    begins = begins.select("of", since=(begins["first"] + ibis.interval(months=3)).cast("date"))
    table = table.inner_join(begins, table.metric == begins.of).drop("of")
    end = ibis.literal(as_of.replace(day=1), type="date")
    watched = table.month.cast("timestamp") + ibis.interval(months=1) + table.ahead_days.as_interval("D")
    today = ibis.literal(as_of, type="date").cast("timestamp")
    table = table.filter(table.month >= table.since, table.month < end, watched <= today).drop("since")
    table = table.mutate(of=ibis.literal(team), until=ibis.literal(as_of, type="date"))
    return table.order_by("metric", "team", "month")


def _teams(wh: Warehouse) -> dict[str, int]:
    """How many teams of each kind the records name, the kinds without any left out."""

    def count(table: str, column: str) -> int:
        found = getattr(wh, table)[column].nullif("").nunique() if wh.has(table) else None
        return 0 if found is None else found.to_pyarrow().as_py()

    stores, homes = count("orders", "store_id"), count("customers", "region")
    places = max(count("stores", "region") if stores else 0, homes)
    agents = max(count("deal_stages", "agent"), count("contacts", "agent"))
    found = dict(zip(TEAMS, (stores, places, homes, agents), strict=True))
    return {team: many for team, many in found.items() if many}


def _rows(table: ir.Table, metric: str, worth: ir.Value | None = None, *, ahead_days: int = 0) -> ir.Table:
    import ibis

    return table.select(
        metric=ibis.literal(metric), team=table.team, month=table.month, done=table.done.cast("float64"),
        out_of=table.out_of.cast("float64"),
        worth=(ibis.null("float64") if worth is None else worth).cast("float64"),
        ahead_days=ibis.literal(ahead_days, type="int64"),
    )  # fmt: skip


def _came_again(wh: Warehouse, as_of: date, team: str, trade: str) -> ir.Table:
    import ibis

    days = customer_days(wh, as_of, trade)
    bought = days.filter(days.bought > 0)
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.kind != "return", orders.ordered_at < as_of, orders.customer_id.notnull())
    orders = orders.semi_join(lines_of(wh, trade), "order_id")
    if team == "store":
        orders = _named(wh, orders)
    elif team == "region":
        orders = placed(wh, orders).mutate(team=ibis._.place)
    else:
        orders = _at_home(wh, orders).mutate(team=ibis._.region)
    there = orders.select("customer_id", "team", day=orders.ordered_at.date()).distinct()
    each_month = bought.select("customer_id", month=bought.day.truncate("M").cast("date")).distinct()
    months = each_month.select("month").distinct()
    later = ibis.memtable({"months": [1, 2, 3, 4]})  # a day lies within 90 days before the first of so many months
    before = there.cross_join(later)
    month = before.day.truncate("M").cast("timestamp") + before.months.as_interval("M")
    before = before.mutate(month=month.cast("date"))
    near = before.month.delta(before.day, unit="day") <= LATELY_DAYS
    before = before.filter(near).select("month", "team", "customer_id").distinct().semi_join(months, "month")
    came = each_month.select(who="customer_id", when="month", came=ibis.literal(1))
    both = before.left_join(came, [before.customer_id == came.who, before.month == came.when])
    counts = both.group_by("team", "month").agg(done=both.came.sum().fill_null(0), out_of=both.count())
    known = bought.cost_known.all()
    each = bought.agg(each=known.ifelse(bought.margin.sum(), bought.revenue.sum()) / bought.bought.sum())
    counts = counts.cross_join(each)
    return _rows(counts, "came again", counts.each)


def _named(wh: Warehouse, orders: ir.Table) -> ir.Table:
    """Orders with their store as `team`: by its name where no other store has it."""
    import ibis

    if not wh.has("stores"):
        return orders.mutate(team=orders.store_id)
    stores = wh.stores
    alone = stores.store_id.count().over(ibis.window(group_by=stores.name)) == 1
    named = stores.select(at="store_id", name=(alone & stores.name.notnull()).ifelse(stores.name, stores.store_id))
    orders = orders.left_join(named, orders.store_id == named["at"])
    return orders.mutate(team=ibis.coalesce(orders.name, orders.store_id)).drop("at", "name")


def _at_home(wh: Warehouse, rows: ir.Table) -> ir.Table:
    """Rows with the `region` in which their customer lives, null where that is not on record."""
    import ibis

    if not wh.has("customers"):
        return rows.mutate(region=ibis.null("string"))
    homes = wh.customers.select(home_of="customer_id", region="region")
    return rows.left_join(homes, rows.customer_id == homes.home_of).drop("home_of")


def _deals(wh: Warehouse, as_of: date, team: str) -> list[ir.Table]:
    rows = wh.deal_stages.filter(wh.deal_stages.entered_at < as_of)
    deals = rows.group_by("deal_id").agg(
        at=rows.entered_at.min(), closed=rows.entered_at.max(where=rows.outcome.isin(["won", "lost"])),
        won=rows.entered_at.max(where=rows.outcome == "won"), amount=rows.amount.max(), agent=rows.agent.max(),
        customer_id=rows.customer_id.max(), stages=rows.count(),
    )  # fmt: skip
    deals = _at_home(wh, deals)
    deals = deals.mutate(team=deals.agent if team == "agent" else deals.region)
    closed = deals.filter(deals.closed.notnull())
    closed = closed.group_by("team", month=closed.closed.truncate("M").cast("date")).agg(
        done=closed.won.notnull().sum(), out_of=closed.count()
    )
    closed = closed.cross_join(deals.agg(each=deals.amount.mean(where=deals.won.notnull())))
    won = deals.filter(deals.won.notnull(), deals.stages > 1)
    won = won.mutate(took=won.won.delta(won["at"], unit="day"))
    won = won.filter(won.took <= WIN_DAYS)
    took = won.group_by("team", month=won["at"].truncate("M").cast("date")).agg(done=won.took.sum(), out_of=won.count())
    return [_rows(closed, "deals won", closed.each), _rows(took, "days to win", ahead_days=WIN_DAYS)]
