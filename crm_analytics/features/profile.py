"""Each customer in one row: who it is, how it buys, what it was told and what else is on record. What segments, words,
clusters and scores are about."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.recorded import activity, traits
from crm_analytics.features.trade import lines_of, orders_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

PROFILE = {
    "customer_id": "string", "kind": "string", "region": "string", "gender": "string", "age": "float64",
    "acquired_channel": "string", "reason_first_purchase": "string", "known_days": "float64",
    "first_day": "date", "last_day": "date", "recency_days": "float64",
    "orders": "float64", "orders_window": "float64", "revenue": "float64", "revenue_window": "float64",
    "revenue_before": "float64", "margin_window": "float64", "mean_order": "float64", "days_between": "float64",
    "lines_per_order": "float64", "categories": "float64", "top_category": "string", "top_category_share": "float64",
    "first_category": "string", "top_channel": "string", "day_part": "string", "weekend_share": "float64",
    "discount_share": "float64", "return_share": "float64",
    "contacts_window": "float64", "responses_window": "float64", "deals_won": "float64",
}  # fmt: skip
"""The columns every company's profile has, and their kinds; traits and measured activity follow them."""

TAKEN = (*PROFILE, "first_seen", "birth_year")
"""Names that no trait and no measure can have for its own."""

DAY_PARTS = ((5, 12, "morning"), (12, 17, "afternoon"), (17, 23, "evening"))
"""From which full hour to which; the rest is night."""

COUNTED = {
    "orders": ("orders", "order_lines"), "orders_window": ("orders", "order_lines"),
    "revenue": ("orders", "order_lines"), "revenue_window": ("orders", "order_lines"),
    "revenue_before": ("orders", "order_lines"), "contacts_window": ("contacts",),
    "responses_window": ("responses",), "deals_won": ("deal_stages",),
}  # fmt: skip
"""What is nothing, not unknown, for a customer of whom the company's tables say nothing."""


@feature(needs=("customers",), grain="a customer")
def profile(
    wh: Warehouse, as_of: date | str | None = None, window_days: int = 365, trade: str = "ordinary"
) -> ir.Table:
    """Every customer known before `as_of` in one row, whether a buyer yet or not.

    An order is a day with a purchase of more than nothing, as in `purchases`. Amounts are in the company's money and
    net of returns; those of the `window` are of the `window_days` before `as_of`, `revenue_before` of as many days
    before that. `margin_window` is null where a unit cost is lacking. What describes habits is over the customer's
    whole history: `top_category` and `top_channel` by revenue, `day_part` by purchases, the shares of revenue
    (`top_category_share`), of the list price (`discount_share`), of what was sold (`return_share`), of purchase days
    (`weekend_share`). `first_category` led the first purchase. `age` is in whole years of birth, as of that day.

    Each trait known before `as_of` (or without a day) is a column of the trait's own name, a number where every value
    is one; a trait `age` or `region` is that of the customers whose own row lacks it. Each measure of the table
    `activity` is a column too: its sum over the window. What a company does not record is null; what it records and
    did not happen is 0. Ordered by customer.
    """
    return described(wh, as_of, window_days=window_days, trade=trade, wanted=frozenset(PROFILE))


def described(
    wh: Warehouse, as_of: date, *, window_days: int, trade: str, wanted: frozenset[str]
) -> ir.Table:
    """The profile with the columns that are wanted, and with every trait and activity: what nobody asks for, no engine
    has to count."""
    import ibis

    wide = _who(wh, as_of)
    parts = [_bought(wh, as_of, window_days, trade)]
    parts += [part(wh, as_of, window_days, trade) for part, told in _BESIDE.items() if wanted & told]
    known = traits(wh, as_of, taken=TAKEN)
    done = activity(wh, as_of, window_days, taken=(*TAKEN, *(known.columns if known is not None else ())))
    parts += [known, done]
    for part in parts:
        if part is not None:
            wide = wide.left_join(part, "customer_id").drop("customer_id_right")
    wide = wide.filter(wide.first_seen.isnull() | (wide.first_seen < _day(as_of)) | _some(wide, "first_day").notnull())
    first = ibis.least(wide.first_seen, _some(wide, "first_day"))
    told = {
        "age": (as_of.year - wide.birth_year).cast("float64"),
        "known_days": ibis.literal(as_of).delta(first, unit="day"),
        "recency_days": ibis.literal(as_of).delta(_some(wide, "last_day"), unit="day"),
    }
    wide = wide.mutate(**told)
    always = {name: _some(wide, name) for name in PROFILE if name in wanted or name == "customer_id"}
    same = {f"{name} (trait)": name for name, kind in PROFILE.items() if _fits(wide, f"{name} (trait)", kind)}
    always |= {name: ibis.coalesce(always[name], wide[trait]) for trait, name in same.items() if name in always}
    always |= {name: always[name].fill_null(0) for name, of in COUNTED.items() if name in always and wh.has(*of)}
    beside = [name for name in wide.columns if name not in (*PROFILE, *same, "first_seen", "birth_year")]
    return wide.select(**always, **{name: wide[name] for name in beside}).order_by("customer_id")


def _who(wh: Warehouse, as_of: date) -> ir.Table:
    people = wh.customers
    return people.select(
        "customer_id", "kind", "region", "gender", "birth_year", "acquired_channel", "reason_first_purchase",
        first_seen=people.first_seen,
    )  # fmt: skip


def _some(table: ir.Table, name: str) -> ir.Column:
    """The column, of the kind it should be; all null where there is none."""
    import ibis

    kind = PROFILE[name]
    return table[name].cast(kind) if name in table.columns else ibis.null(kind)


def _fits(table: ir.Table, trait: str, kind: str) -> bool:
    return trait in table.columns and table[trait].type().is_string() == (kind == "string")


def _sold(wh: Warehouse, as_of: date, trade: str) -> ir.Table | None:
    """The lines that known customers bought or sent back before the day."""
    import ibis

    if not wh.has("orders", "order_lines"):
        return None
    orders = orders_of(wh, trade)
    orders = orders.filter(orders.customer_id.notnull(), orders.ordered_at < _day(as_of)).select(
        "order_id",
        "customer_id",
        "channel",
        "ordered_at",
        day=orders.ordered_at.date(),
        returned=orders.kind == "return",
    )
    lines = lines_of(wh, trade)
    return lines.select(
        "order_id",
        "product_id",
        "amount",
        cost=lines.quantity * lines.unit_cost,
        listed=ibis.ifelse(lines.list_price.notnull(), lines.quantity * lines.list_price, ibis.null()),
    ).inner_join(orders, "order_id")


def _bought(wh: Warehouse, as_of: date, window_days: int, trade: str) -> ir.Table | None:
    """How often, how much, how recently."""
    import ibis

    sold = _sold(wh, as_of, trade)
    if sold is None:
        return None
    kept = ~sold.returned
    days = sold.group_by("customer_id", "day").agg(
        bought=(sold.amount.sum(where=kept) > 0).fill_null(False),
        lines=kept.sum(),
        revenue=sold.amount.sum(),
        margin=(sold.amount - sold.cost).sum(),
        cost_known=sold.cost.notnull().all(),
        returned=sold.amount.sum(where=sold.returned),
        gross=sold.amount.sum(where=kept),
        paid=sold.amount.sum(where=kept & sold.listed.notnull()),
        listed=sold.listed.sum(where=kept),
    )
    start, before = _day(as_of - timedelta(days=window_days)), _day(as_of - timedelta(days=2 * window_days))
    window, earlier = days.day >= start, (days.day >= before) & (days.day < start)
    weekend = days.day.day_of_week.index() >= 5
    customers = days.group_by("customer_id").agg(
        first_day=days.day.min(where=days.bought),
        last_day=days.day.max(where=days.bought),
        orders=days.bought.sum(),
        orders_window=(days.bought & window).sum(),
        revenue=days.revenue.sum(),
        revenue_window=days.revenue.sum(where=window),
        revenue_before=days.revenue.sum(where=earlier),
        margin=days.margin.sum(where=window),
        cost_known=days.cost_known.all(where=window),
        lines=days.lines.sum(where=days.bought),
        weekends=(days.bought & weekend).sum(),
        returned=days.returned.sum(),
        gross=days.gross.sum(),
        paid=days.paid.sum(),
        listed=days.listed.sum(),
    )
    number = {name: customers[name].cast("float64") for name in ("revenue", "revenue_window", "revenue_before")}
    apart = customers.last_day.delta(customers.first_day, unit="day")
    return customers.select(
        "customer_id",
        "first_day",
        "last_day",
        "orders",
        "orders_window",
        **number,
        margin_window=ibis.ifelse(
            customers.cost_known.fill_null(True), customers.margin.fill_null(0), ibis.null()
        ).cast("float64"),
        mean_order=number["revenue"] / customers.orders.nullif(0),
        days_between=apart / (customers.orders - 1).nullif(0),
        lines_per_order=customers.lines / customers.orders.nullif(0),
        weekend_share=customers.weekends / customers.orders.nullif(0),
        discount_share=1 - _share(customers.paid, customers.listed),
        return_share=_share(-1 * customers.returned.fill_null(0), customers.gross),
    )


def _share(part: ir.Value, whole: ir.Value) -> ir.Value:
    """A share of what is above nothing."""
    import ibis

    return part.cast("float64") / ibis.ifelse(whole > 0, whole.cast("float64"), ibis.null())


def _habits(wh: Warehouse, as_of: date, window_days: int, trade: str) -> ir.Table | None:
    """In what, where and when the customer mostly buys."""
    import ibis

    sold = _sold(wh, as_of, trade)
    if sold is None:
        return None
    kept = sold.filter(~sold.returned, sold.amount > 0)
    habits = _mostly(kept.filter(kept.channel.notnull()), "channel", "top_channel")
    timed = kept.ordered_at != kept.ordered_at.truncate("D")
    hours = kept.filter(timed).select("customer_id", "day", hour=kept.ordered_at.hour()).distinct()
    part = ibis.cases(*((hours.hour.between(start, end - 1), name) for start, end, name in DAY_PARTS), else_="night")
    parts = _mostly(hours.mutate(part=part, amount=ibis.literal(1)), "part", "day_part")
    habits = [habits, parts]
    if wh.has("products"):
        by_category = _in_categories(wh, kept).filter(lambda t: t.category.notnull())
        habits += [_mostly(by_category, "category", "top_category", of_all="categories", share="top_category_share")]
    everybody = kept.select("customer_id").distinct()
    for found in habits:
        everybody = everybody.left_join(found, "customer_id").drop("customer_id_right")
    return everybody


def _mostly(rows: ir.Table, column: str, name: str, *, of_all: str = "", share: str = "") -> ir.Table:
    """The value that holds most of each customer's amount; of equal ones the first by name."""
    import ibis

    sums = rows.group_by("customer_id", column).agg(amount=rows.amount.sum())
    mine = ibis.window(group_by="customer_id")
    ranked = ibis.window(group_by="customer_id", order_by=[sums.amount.desc(), sums[column].asc()])
    sums = sums.mutate(
        place=ibis.row_number().over(ranked), number=sums.count().over(mine), all=sums.amount.sum().over(mine)
    )
    more = ({of_all: sums.number} if of_all else {}) | (
        {share: sums.amount.cast("float64") / sums["all"].cast("float64")} if share else {}
    )
    return sums.filter(sums.place == 0).select("customer_id", **{name: sums[column]}, **more)


def _in_categories(wh: Warehouse, rows: ir.Table) -> ir.Table:
    return rows.inner_join(wh.products.select("product_id", "category"), "product_id")


def _first_category(wh: Warehouse, as_of: date, window_days: int, trade: str) -> ir.Table | None:
    """What led the first purchase."""
    import ibis

    sold = _sold(wh, as_of, trade)
    if sold is None or not wh.has("products"):
        return None
    kept = sold.filter(~sold.returned, sold.amount > 0)
    first = kept.mutate(first=kept.day.min().over(ibis.window(group_by="customer_id")))
    first = _in_categories(wh, first.filter(first.day == first.first))
    return _mostly(first.filter(first.category.notnull()), "category", "first_category")


def _within(rows: ir.Table, at: str, as_of: date, window_days: int) -> ir.Table:
    day = rows[at].cast("timestamp")
    return rows.filter(rows.customer_id.notnull(), day < _day(as_of), day >= _day(as_of - timedelta(days=window_days)))


def _contacted(wh: Warehouse, as_of: date, window_days: int, trade: str) -> ir.Table | None:
    return _counted(wh, "contacts", as_of, window_days) if wh.has("contacts") else None


def _responded(wh: Warehouse, as_of: date, window_days: int, trade: str) -> ir.Table | None:
    return _counted(wh, "responses", as_of, window_days) if wh.has("responses") else None


def _counted(wh: Warehouse, table: str, as_of: date, window_days: int) -> ir.Table:
    rows = getattr(wh, table)
    rows = _within(rows, "at", as_of, window_days)
    if table == "contacts":
        rows = rows.filter(rows.kind == "out")
    return rows.group_by("customer_id").agg(**{f"{table}_window": rows.count()})


def _won(wh: Warehouse, as_of: date, window_days: int, trade: str) -> ir.Table | None:
    if not wh.has("deal_stages"):
        return None
    rows = wh.deal_stages
    rows = rows.filter(
        rows.customer_id.notnull(), rows.outcome == "won", rows.entered_at.cast("timestamp") < _day(as_of)
    )
    return rows.group_by("customer_id").agg(deals_won=rows.deal_id.nunique())


_BESIDE = {
    _habits: {"top_category", "top_category_share", "categories", "top_channel", "day_part"},
    _first_category: {"first_category"},
    _contacted: {"contacts_window"},
    _responded: {"responses_window"},
    _won: {"deals_won"},
}
"""What is looked at apart from how much was bought, and the columns that come of it."""


def _day(day: date) -> ir.Value:
    import ibis

    return ibis.literal(day, type="date")
