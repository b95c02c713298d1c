"""What is missing: days on which a store seems to have sold nothing, and sources that broke off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.defects.detector import Found, detector, grouped
from crm_analytics.features.rows import day_of, nothing
from crm_analytics.warehouse.tables import TABLES

if TYPE_CHECKING:
    from crm_analytics.warehouse.engine import Warehouse


EXPECTED = 20.0
"""A store that sells to so many customers a day does not sell to none by chance (once in half a billion days)."""

OTHERS = 0.5
"""A day on which less than this share of the other stores sold is a holiday."""

STEADY = ("orders", "touchpoints", "stock", "competitor_prices", "market")
"""Tables that fill by themselves, week by week; messages and surveys come when somebody sends them."""

BEFORE_WEEKS, BROKEN, REGULAR = 8, 0.2, 0.6
"""A week with less than a fifth of the median of the weeks before, when none of those was below .6 of it."""


@detector("a day without orders", needs=("orders",), sure="likely", fix="look")
def silent_days(wh: Warehouse) -> Found:
    """A store that always sells on this weekday sold nothing while others did. At stake is an ordinary day of it."""
    orders = wh.orders.filter(wh.orders.kind == "sale")
    orders = orders.select("source", "order_id", store=orders.store_id.fill_null(""), day=orders.ordered_at.date())
    if wh.has("order_lines"):
        sold = wh.order_lines.group_by("order_id").agg(money=wh.order_lines.amount.sum())
        orders = orders.left_join(sold, "order_id").drop("order_id_right")
    else:
        orders = orders.mutate(money=nothing("decimal(38, 4)"))
    days = orders.group_by("source", "store", "day").agg(n=orders.count(), money=orders.money.sum())
    lives = days.group_by("source", "store").agg(opened=days.day.min(), last=days.day.max())
    calendar = days.select("day").distinct()
    grid = lives.join(calendar, [calendar.day >= lives.opened, calendar.day <= lives.last])
    grid = grid.left_join(days, ["source", "store", "day"]).select("source", "store", "day", "n", "money")
    grid = grid.mutate(n=grid.n.fill_null(0), weekday=grid.day.day_of_week.index())
    weeks = ibis.window(group_by=["source", "store", "weekday"], order_by="day", preceding=8, following=8)
    grid = grid.mutate(usual=grid.n.median().over(weeks), usual_money=grid.money.cast("float64").mean().over(weeks))
    same_day = ibis.window(group_by="day")
    grid = grid.mutate(open=(grid.n > 0).mean().over(same_day), stores=grid.count().over(same_day))
    wrong = grid.filter((grid.n == 0) & (grid.usual >= EXPECTED) & ((grid.open >= OTHERS) | (grid.stores == 1)))
    yield "orders.store_id", grouped(wrong, example=wrong.day, money=wrong.usual_money, value=wrong.store)


@detector("a week with hardly any rows", sure="likely", fix="look")
def broken_weeks(wh: Warehouse) -> Found:
    """A source that comes steadily brought next to nothing for a week: an export that broke off."""
    for name in STEADY:
        if not wh.has(name):
            continue
        rows = getattr(wh, name)
        day = rows[day_of(TABLES[name])].cast("date")
        weeks = rows.mutate(week=day.truncate("W")).group_by("source", "week").agg(n=lambda t: t.count())
        every = weeks.select("week").distinct()
        lives = weeks.group_by("source").agg(first=weeks.week.min(), last=weeks.week.max())
        grid = lives.join(every, [every.week > lives.first, every.week < lives.last])
        grid = grid.left_join(weeks, ["source", "week"]).select("source", "week", "n")
        grid = grid.mutate(n=grid.n.fill_null(0))
        before = ibis.window(group_by="source", order_by="week", preceding=(BEFORE_WEEKS, 1))
        grid = grid.mutate(
            usual=grid.n.median().over(before), least=grid.n.min().over(before), known=grid.n.count().over(before)
        )
        steady = (grid.known == BEFORE_WEEKS) & (grid.least >= REGULAR * grid.usual) & (grid.usual >= EXPECTED)
        wrong = grid.filter(steady & (grid.n < BROKEN * grid.usual))
        yield f"{name}.{day_of(TABLES[name])}", grouped(wrong, example=wrong.week, value=wrong.week)
