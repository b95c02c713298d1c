"""Complaints and returns, and what was sold meanwhile: where they come from, and what customers do after them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.contact_words import COMPLAINT, says
from crm_analytics.features.feature import feature
from crm_analytics.features.purchases import customer_days
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

BLAMED_DAYS = 30
"""A complaint is about something bought in so many days before it."""
AFTER_DAYS = 180
DIMENSIONS = ("product", "category", "store", "channel", "region")
MONEY = "decimal(24, 4)"


@feature(needs=("orders", "order_lines", "contacts", "customers"), grain="a group × month, or a complaint × group")
def complaints(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """What known customers bought, sent back and complained of, by product, category, store, channel and region.

    Two sorts of rows. Of what was sold (`case` is null): `dimension`, `value`, `month` (its first day), `orders` of
    known customers that held it, `returns` of it and `returned` (their money). Of each complaint, a row for each value
    it may be about: what the customer had bought in the 30 days before (several products, so several rows), with
    `case`, a number that names nobody; `dimension` is `none` where nothing was bought. `days` is the length of the
    history. Ordered by dimension, value, month and case.
    """
    import ibis

    goods = _goods(wh, as_of, trade)
    sold = goods.filter(goods.kind != "return")
    back = goods.filter(goods.kind == "return")
    cases = _cases(wh, as_of)
    bought = cases.inner_join(
        sold,
        [cases.who == sold.customer_id, sold.day <= cases["at"],
         sold.day >= cases["at"] - ibis.interval(days=BLAMED_DAYS)],
    )  # fmt: skip
    parts = []
    for name in DIMENSIONS:
        of = sold.filter(sold[name].notnull())
        month = of.day.truncate("M").cast("date")
        orders = of.group_by(value=of[name], month=month).agg(orders=of.order_id.nunique())
        of_back = back.filter(back[name].notnull())
        returned = of_back.group_by(value=of_back[name], month=of_back.day.truncate("M").cast("date")).agg(
            returns=of_back.order_id.nunique(), returned=(-of_back.amount).sum()
        )
        both = orders.outer_join(returned, ["value", "month"])
        parts.append(both.select(
            dimension=ibis.literal(name), value=ibis.coalesce(both.value, both.value_right).cast("string"),
            month=ibis.coalesce(both.month, both.month_right), case=ibis.null("int64"),
            orders=both.orders.fill_null(0), returns=both.returns.fill_null(0),
            returned=both.returned.fill_null(0).cast("float64"),
        ))  # fmt: skip
        blamed = bought.filter(bought[name].notnull()).select("case", "at", value=bought[name]).distinct()
        parts.append(_case_rows(blamed, name))
    parts.append(_case_rows(cases.anti_join(bought, "case").mutate(value=ibis.literal("nothing bought")), "none"))
    table = ibis.union(*parts)
    begins = wh.orders.ordered_at.min().date().to_pyarrow().as_py()
    table = table.mutate(days=ibis.literal((as_of - begins).days, type="int64"), until=ibis.literal(as_of, type="date"))
    return table.order_by("dimension", "value", "month", "case")


def _case_rows(blamed: ir.Table, dimension: str) -> ir.Table:
    import ibis

    return blamed.select(
        dimension=ibis.literal(dimension), value=blamed.value.cast("string"),
        month=blamed["at"].truncate("M").cast("date"), case=blamed["case"].cast("int64"),
        orders=ibis.literal(0, type="int64"), returns=ibis.literal(0, type="int64"),
        returned=ibis.literal(0.0, type="float64"),
    )  # fmt: skip


def _cases(wh: Warehouse, as_of: date) -> ir.Table:
    """Complaints of known customers, one a customer and day, numbered by their moment."""
    import ibis

    rows = wh.contacts
    rows = rows.filter(says(rows, COMPLAINT), rows.customer_id.notnull(),
                       rows.kind.fill_null("in") == "in", rows["at"] < ibis.literal(as_of, type="date"))  # fmt: skip
    rows = rows.select(who="customer_id", at=rows["at"].date()).distinct()
    return rows.mutate(case=ibis.row_number().over(ibis.window(order_by=[rows["at"], rows.who])))


def _goods(wh: Warehouse, as_of: date, trade: str) -> ir.Table:
    """Lines of known customers with everything they can be grouped by."""
    import ibis

    orders = orders_of(wh, trade)
    orders = orders.filter(orders.ordered_at < ibis.literal(as_of, type="date"), orders.customer_id.notnull())
    orders = orders.select("order_id", "customer_id", "kind", "channel", "store_id", day=orders.ordered_at.date())
    homes = wh.customers.select("customer_id", "region")
    orders = orders.left_join(homes, "customer_id").drop("customer_id_right")
    if wh.has("stores"):
        stores = wh.stores.select(at="store_id", store=wh.stores.name.fill_null(wh.stores.store_id))
        orders = orders.left_join(stores, orders.store_id == stores["at"]).drop("at")
    else:
        orders = orders.mutate(store=orders.store_id)
    lines = lines_of(wh, trade).select("order_id", "product_id", "amount")
    lines = lines.inner_join(orders, "order_id")
    if not wh.has("products"):
        return lines.mutate(product=lines.product_id, category=ibis.null("string"))
    named = wh.products.select("product_id", "category", product=wh.products.name.fill_null(wh.products.product_id))
    return lines.left_join(named, "product_id").drop("product_id_right")


@feature(needs=("orders", "order_lines", "contacts"), grain="a stratum of like purchases × complained")
def after_complaints(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """What customers brought in half a year after a purchase they complained of, and after like ones they did not.

    A customer's last purchase of each quarter whose 210 days are over is looked at. `complained`: within 30 days after
    it. The outcome is what came in the 180 days that follow those 30; `before` the same of the 180 days before the
    purchase, in which a complaint can have changed nothing. Like are purchases of the same `quarter`, of customers with
    as many purchase days in the year before (`habit`: 0, 1, 2, 3, 5 or 8 and more) and of as long an acquaintance
    (`known_years`, 0 to 3). Who complained later within those days is no one's like. Columns: quarter, habit,
    known_years, complained, customers, and sums and sums of squares `after`, `after_squares`, `before`,
    `before_squares`, `before_after` (products of the two) of margin where all its costs are known, else of revenue
    (`measure`), `bought` (who came again).
    """
    import ibis

    days = customer_days(wh, as_of, trade)
    all_known = days.cost_known.all().over(ibis.window())
    days = days.mutate(money=all_known.ifelse(days.margin, days.revenue).cast(MONEY), known=all_known)
    bought = days.filter(days.bought > 0)
    first = bought.group_by("customer_id").agg(first=bought.day.min())
    latest = ibis.literal(as_of - timedelta(days=BLAMED_DAYS + AFTER_DAYS), type="date")
    begins = wh.orders.ordered_at.min().date().to_pyarrow().as_py() + timedelta(days=365)
    index = bought.filter(bought.day < latest, bought.day >= ibis.literal(begins, type="date"))
    index = index.group_by("customer_id", quarter=index.day.truncate("Q").cast("date")).agg(at=index.day.max())
    index = index.inner_join(first, "customer_id")
    lived = days.select("day", "bought", "money", who="customer_id")
    near = index.left_join(lived, index.customer_id == lived.who)
    gap = near.day.delta(near["at"], unit="day")
    inside = (gap > BLAMED_DAYS) & (gap <= BLAMED_DAYS + AFTER_DAYS)
    earlier = (gap < 0) & (gap >= -AFTER_DAYS)
    units = near.group_by("customer_id", "quarter", "at", "first").agg(
        after=near.money.sum(where=inside).fill_null(0).cast(MONEY),
        again=near.bought.max(where=inside).fill_null(0),
        before=near.money.sum(where=earlier).fill_null(0).cast(MONEY),
        habit=near.bought.sum(where=(gap < 0) & (gap >= -365)).fill_null(0),
    )
    cases = _cases(wh, as_of)
    told = units.left_join(cases.select("who", told="at"), units.customer_id == cases.who)
    since = told.told.delta(told["at"], unit="day")
    flags = told.group_by("customer_id", "quarter").agg(
        complained=((since >= 0) & (since <= BLAMED_DAYS)).any().fill_null(False),
        later=((since > BLAMED_DAYS) & (since <= BLAMED_DAYS + AFTER_DAYS)).any().fill_null(False),
    )
    units = units.inner_join(flags, ["customer_id", "quarter"])
    units = units.filter(units.complained | ~units.later)
    habit = units.habit
    band = ibis.cases((habit >= 8, 8), (habit >= 5, 5), (habit >= 3, 3), else_=habit)
    years = (units["at"].delta(units["first"], unit="day") // 365).clip(0, 3)
    units = units.mutate(band=band.cast("int64"), known_years=years.cast("int64"))
    after, before = units.after.cast("float64"), units.before.cast("float64")
    table = units.group_by("quarter", "known_years", "complained", habit=units.band).agg(
        customers=units.count(), bought=units.again.sum(),
        after=units.after.sum().cast("float64"), before=units.before.sum().cast("float64"),
        after_squares=(after * after).round(4).cast("decimal(38, 4)").sum().cast("float64"),
        before_squares=(before * before).round(4).cast("decimal(38, 4)").sum().cast("float64"),
        before_after=(before * after).round(4).cast("decimal(38, 4)").sum().cast("float64"),
    )  # fmt: skip
    measure = days.known.all().as_scalar().ifelse("margin", "revenue")
    table = table.mutate(measure=measure, until=ibis.literal(as_of, type="date"))
    return table.order_by("quarter", "habit", "known_years", "complained")
