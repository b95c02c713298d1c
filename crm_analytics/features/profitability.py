"""What every customer and every category brought and cost: each cost on exactly one of them, or on nobody, said so."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.trade import checked, trade_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

WINDOW, BEFORE = "window", "before"
TOUCHES = ("within", "besides")
"""Whether what the touches of a campaign cost is within its costs, or was paid besides."""

MONEY_PARTS = (
    "sold", "sold_list", "sold_listed", "sold_cost", "sold_uncosted", "returned", "returned_cost", "returned_uncosted",
    "serving", "handling", "contacts", "campaigns", "late_money_days", "lost",
)  # fmt: skip
MOMENTS = ("profit_squares", "profit_by_paid", "paid_squares")
_OF_AN_ORDER = ("serving", "handling")
_SUMS = ("weight", "orders", *MOMENTS, *MONEY_PARTS, "unpriced_contacts")
_OF_A_CUSTOMER = ("contacts", "campaigns", "late_money_days", "lost", "unpriced_contacts")
_PLACE = ("category", "trade")
_DECIMAL, _LINE, _CENTS = "decimal(38, 4)", "decimal(18, 4)", "decimal(18, 2)"


@feature(needs=("orders", "order_lines"), grain="a customer × category × trade × period")
def profitability(
    wh: Warehouse,
    as_of: date | str | None = None,
    window_days: int = 365,
    trade: str = "all",
    tariff: str = "",
    touches: str = "within",
    lost_after_days: int = 90,
) -> ir.Table:
    """What each customer's trade in each category brought and cost, in the window before `as_of` and in the one before.

    Sales: `sold` (paid for what was sold), of which `sold_listed` has a list price and would have cost `sold_list`;
    `sold_cost` (its goods), `sold_uncosted` (the part of `sold` whose goods' cost nobody wrote down); `returned`,
    `returned_cost`, `returned_uncosted` likewise for what came back, as positive numbers. Costs: `serving` (delivery,
    packaging and what else an order cost), `handling` (of returns), `contacts`, `campaigns`, `late_money_days` (money
    paid late × days late that fell in the period) and `lost` (open `lost_after_days` after it was due). `orders`,
    `profit_squares`, `profit_by_paid` and `paid_squares` (sums over orders, each counted where most of it was bought,
    of what it brought squared, times what was paid, and of that squared) tell how much chance is in it;
    `unpriced_contacts` are touches of which nobody knows the cost.

    A cost of an order is shared out over its lines by what was paid; a cost of a customer over what the customer bought
    in the period. A contact's cost is what was written down, else what `tariff` says of its channel («phone 2.40,
    mail 0.95»); a campaign's costs fall on those it touched, and hold what the touches cost unless `touches` is
    `besides`. Where `customer_id` is null nobody is known; where `category` is null, too, nothing was bought: costs of
    campaigns that touched nobody by name, for one. What the company does not record is null, not zero. Sums over all
    rows of a period are the company's, to the cent. Money as float; ordered by customer, category, trade, period.
    Raises ValueError for a tariff that cannot be read.
    """

    if window_days < 1 or lost_after_days < 0:
        raise ValueError(f"window_days is {window_days} and lost_after_days {lost_after_days}; give a day at least.")
    if touches not in TOUCHES:
        raise ValueError(f"touches is {touches!r}; it is one of {', '.join(TOUCHES)}.")
    spans = _Spans(as_of, window_days)
    bought, nobodys = _with_order_costs(_cells(wh, spans), _order_costs(wh, spans))
    table = _with_customer_costs(
        _summed(bought, ("customer_id", "period", *_PLACE)),
        _contacts(wh, spans, _read_tariff(tariff), touches),
        _campaigns(wh, spans),
        _payments(wh, spans, lost_after_days),
    )
    parts = [table] if nobodys is None else [table, nobodys]
    table = _union(parts, ("customer_id", "period", *_PLACE))
    table = table.mutate(trade=table.trade.fill_null("ordinary"))
    if checked(trade) != "all":
        table = table.filter(table.trade == trade)
    return _told(wh, table).order_by("customer_id", "category", "trade", "period")


class _Spans:
    """The window before a day, and the one before that."""

    def __init__(self, as_of: date, window_days: int):
        self.as_of, self.days = as_of, window_days
        self.starts = as_of - timedelta(days=window_days)
        self.first = self.starts - timedelta(days=window_days)

    def period(self, at: ir.Value) -> ir.Value:
        """Which of the two a day lies in."""
        import ibis

        return (at >= ibis.literal(self.starts, type="date")).ifelse(WINDOW, BEFORE)

    def holds(self, at: ir.Value) -> ir.BooleanValue:
        import ibis

        return (at >= ibis.literal(self.first, type="date")) & (at < ibis.literal(self.as_of, type="date"))


def _cells(wh: Warehouse, spans: _Spans) -> ir.Table:
    """What was sold and returned in each order of each category."""
    import ibis

    orders = wh.orders.filter(spans.holds(wh.orders.ordered_at))
    orders = orders.select("order_id", "customer_id", "kind", day=orders.ordered_at.date())
    lines = wh.order_lines.select("order_id", "product_id", "quantity", "amount", "list_price", "unit_cost")
    lines = orders.left_join(lines, "order_id").drop("order_id_right")
    if wh.has("products"):
        goods = wh.products.select("product_id", "category", "made_to_order")
        lines = lines.left_join(goods, "product_id").drop("product_id_right")
    else:
        lines = lines.mutate(category=ibis.null("string"), made_to_order=ibis.null("boolean"))
    lines = lines.mutate(
        category=lines.category.fill_null("unknown"),
        made=lines.made_to_order.fill_null(False),
        at_list=(lines.quantity * lines.list_price).cast(_LINE),
        at_cost=(lines.quantity * lines.unit_cost).cast(_LINE),
    )
    costed, listed = lines.unit_cost.notnull(), lines.list_price.notnull()
    sums = lines.group_by("order_id", "category", "made").agg(
        customer_id=lines.customer_id.max(),  # one of an order, as are its kind and its day
        kind=lines.kind.max(),
        day=lines.day.max(),
        weight=lines.amount.abs().sum(),
        amount=lines.amount.sum(),
        at_list=lines.at_list.sum(),
        listed=lines.amount.sum(where=listed),
        at_cost=lines.at_cost.sum(),
        uncosted=lines.amount.sum(where=~costed),
    )
    back = sums.kind == "return"

    def on(side: ir.BooleanValue, money: ir.Value) -> ir.Value:
        return side.ifelse(money, 0).fill_null(0).cast(_DECIMAL)

    return sums.select(
        "order_id",
        "customer_id",
        "category",
        period=spans.period(sums.day),
        trade=trade_of(sums.kind, sums.made),
        weight=sums.weight.fill_null(0).cast(_DECIMAL),
        sold=on(~back, sums.amount),
        sold_list=on(~back, sums.at_list),
        sold_listed=on(~back, sums.listed),
        sold_cost=on(~back, sums.at_cost),
        sold_uncosted=on(~back, sums.uncosted),
        returned=on(back, -sums.amount),
        returned_cost=on(back, -sums.at_cost),
        returned_uncosted=on(back, -sums.uncosted),
    )


def _order_costs(wh: Warehouse, spans: _Spans) -> ir.Table | None:
    """What each order cost beside its goods: to send it, and to take it back."""
    import ibis

    if not wh.has("order_costs"):
        return None
    costs = wh.order_costs
    costs = costs.filter(costs.day.isnull() | (costs.day < ibis.literal(spans.as_of, type="date")))
    orders = wh.orders.select("order_id", "customer_id", "ordered_at", order_kind="kind")
    costs = costs.left_join(orders, "order_id").drop("order_id_right")
    costs = costs.mutate(at=ibis.coalesce(costs.ordered_at.date(), costs.day))
    costs = costs.filter(spans.holds(costs.at))
    word = costs.kind.lower()
    back = (costs.order_kind == "return").fill_null(False) | word.contains("return") | word.contains("возврат")
    costs = costs.mutate(period=spans.period(costs.at), back=back)
    return costs.group_by("order_id", "period").agg(
        serving=costs.amount.sum(where=~costs.back).fill_null(0).cast(_DECIMAL),
        handling=costs.amount.sum(where=costs.back).fill_null(0).cast(_DECIMAL),
    )


def _with_order_costs(cells: ir.Table, costs: ir.Table | None) -> tuple[ir.Table, ir.Table | None]:
    """The cells with their part of what their orders cost; and apart from them the costs of no order."""
    import ibis

    if costs is None:
        return _with_moments(cells), None
    of_orders = costs.filter(costs.order_id.notnull()).drop("period")
    table = cells.left_join(of_orders, "order_id").drop("order_id_right")
    table = _parts(table, of=("order_id",), over=_PLACE, amounts=_OF_AN_ORDER)
    nobodys = costs.filter(costs.order_id.isnull()).drop("order_id").mutate(customer_id=ibis.null("string"))
    return _with_moments(table), nobodys


def _with_customer_costs(sold: ir.Table, *costs: ir.Table | None) -> ir.Table:
    """The places where customers bought with their part of what the customers cost; what finds no place has none."""
    import ibis

    some = [found for found in costs if found is not None]
    if not some:
        return sold
    owed = _union(some, ("customer_id", "period"))
    owed = owed.rename(owing="customer_id", when="period")
    table = sold.outer_join(owed, [sold.customer_id == owed.owing, sold.period == owed.when])
    table = table.mutate(
        customer_id=ibis.coalesce(table.customer_id, table.owing),
        period=ibis.coalesce(table.period, table.when),
        bought=table.category.notnull(),
    ).drop("owing", "when")
    return _parts(table, of=("customer_id", "period", "bought"), over=_PLACE, amounts=_OF_A_CUSTOMER).drop("bought")


def _contacts(wh: Warehouse, spans: _Spans, tariff: dict[str, str], touches: str) -> ir.Table | None:
    """What each customer's contacts cost, those of campaigns left out whose costs hold them."""
    import ibis

    if not wh.has("contacts"):
        return None
    contacts = wh.contacts.filter(spans.holds(wh.contacts.at))
    if touches == "within" and wh.has("campaign_costs"):
        booked = wh.campaign_costs.filter(wh.campaign_costs.campaign_id.notnull()).select("campaign_id").distinct()
        contacts = contacts.anti_join(booked, "campaign_id")
    by_channel = [(contacts.channel == name, ibis.literal(cost).cast(_DECIMAL)) for name, cost in tariff.items()]
    said = ibis.cases(*by_channel, else_=ibis.null(_DECIMAL)) if by_channel else ibis.null(_DECIMAL)
    contacts = contacts.mutate(period=spans.period(contacts.at), price=contacts.cost.cast(_DECIMAL).fill_null(said))
    return contacts.group_by("customer_id", "period").agg(
        contacts=contacts.price.sum().cast(_DECIMAL),
        unpriced_contacts=contacts.price.isnull().sum().cast(_DECIMAL),
    )


def _campaigns(wh: Warehouse, spans: _Spans) -> ir.Table | None:
    """Each customer's part of what campaigns cost: as much for every touch; of a campaign without touches, for
    everybody it was to address; of one that addressed nobody by name, nobody's."""
    import ibis

    if not wh.has("campaign_costs"):
        return None
    costs = wh.campaign_costs.filter(spans.holds(wh.campaign_costs.day))
    costs = costs.group_by("campaign_id", period=spans.period(costs.day)).agg(
        campaigns=costs.amount.sum().cast(_DECIMAL)
    )
    reached = []
    if wh.has("contacts"):
        out = wh.contacts.filter(
            wh.contacts.campaign_id.notnull(),
            wh.contacts.kind.fill_null("out") == "out",
            wh.contacts.at < ibis.literal(spans.as_of, type="date"),
        )
        reached.append(out.group_by("campaign_id", "customer_id").agg(weight=out.count().cast(_DECIMAL)))
    if wh.has("arms"):
        arms = wh.arms.filter(wh.arms.arm == "treated")
        arms = arms.anti_join(reached[0], "campaign_id") if reached else arms
        reached.append(arms.group_by("campaign_id", "customer_id").agg(weight=arms.count().cast(_DECIMAL)))
    if not reached:
        return costs.group_by("period").agg(campaigns=costs.campaigns.sum()).mutate(customer_id=ibis.null("string"))
    weights = ibis.union(*reached) if len(reached) > 1 else reached[0]
    parts = _spread(costs, weights, by="campaign_id", amount="campaigns")
    return parts.group_by("customer_id", "period").agg(campaigns=parts.campaigns.sum().cast(_DECIMAL))


def _payments(wh: Warehouse, spans: _Spans, lost_after_days: int) -> ir.Table | None:
    """Money × days that each customer was late in each period, and what is not to be hoped for any more."""
    import ibis

    if not wh.has("payments"):
        return None
    today = ibis.literal(spans.as_of, type="date")
    rows = wh.payments
    rows = rows.filter(rows.due_at < today, rows.invoiced_at.isnull() | (rows.invoiced_at < today))
    owners = wh.orders.select("order_id", owner="customer_id")
    rows = rows.left_join(owners, "order_id").drop("order_id_right")
    paid = (rows.paid_at < today).ifelse(rows.paid_at, ibis.null("date"))
    rows = rows.mutate(customer_id=rows.customer_id.fill_null(rows.owner), paid=paid, until=paid.fill_null(today))
    given_up = (rows.due_at.cast("timestamp") + ibis.interval(days=lost_after_days)).cast("date")
    found = []
    for name, starts, ends in (
        (WINDOW, spans.starts, spans.as_of),
        (BEFORE, spans.first, spans.starts),
    ):
        first, last = ibis.literal(starts, type="date"), ibis.literal(ends, type="date")
        until = ibis.least(rows.until, last, rows.paid.isnull().ifelse(given_up, last))
        days = until.delta(ibis.greatest(rows.due_at, first), unit="day")
        lost = rows.paid.isnull() & (given_up >= first) & (given_up < last)
        of_span = rows.select(
            "customer_id",
            period=ibis.literal(name),
            late=(rows.amount * ibis.greatest(days, 0)).cast(_DECIMAL),
            gone=lost.ifelse(rows.amount, 0).cast(_DECIMAL),
        )
        found.append(
            of_span.group_by("customer_id", "period").agg(
                late_money_days=of_span.late.sum().cast(_DECIMAL), lost=of_span.gone.sum().cast(_DECIMAL)
            )
        )
    both = ibis.union(*found)
    return both.filter((both.late_money_days != 0) | (both.lost != 0))


def _spread(costs: ir.Table, weights: ir.Table, *, by: str, amount: str) -> ir.Table:
    """Share costs out over customers in proportion to weights; where there is nobody to take it a cost is nobody's."""
    weights = weights.rename(whose=by)
    joined = costs.left_join(weights, costs[by] == weights.whose).drop("whose")
    return _parts(joined, of=(by, "period"), over=("customer_id",), amounts=(amount,))


def _parts(table: ir.Table, *, of: tuple[str, ...], over: tuple[str, ...], amounts: tuple[str, ...]) -> ir.Table:
    """Where every row of a group holds the group's whole amount, leave each row its part by its `weight`, exactly: the
    parts sum to the whole in the last digit.

    Each part is the difference of two rounded running totals, in the order of `over`. Where nothing weighs anything all
    parts are equal.
    """
    import ibis

    amounts = tuple(name for name in amounts if name in table.columns)
    even = table.weight.sum().over(ibis.window(group_by=of)).fill_null(0) == 0
    table = table.mutate(share_=even.ifelse(ibis.literal(1).cast(_DECIMAL), table.weight))
    running = table.share_.sum().over(ibis.cumulative_window(group_by=of, order_by=over)).cast("float64")
    ratio = running / table.share_.sum().over(ibis.window(group_by=of)).cast("float64")
    so_far = {name: (table[name].cast("float64") * ratio).round(4).cast(_DECIMAL) for name in amounts}
    table = table.mutate(**so_far)
    before = ibis.window(group_by=of, order_by=over)
    parts = {name: table[name] - table[name].lag().over(before).fill_null(0) for name in amounts}
    return table.mutate(**parts).drop("share_")


def _union(parts: list[ir.Table], keys: tuple[str, ...]) -> ir.Table:
    """One row for each combination of the keys, with what all the parts say of it; null where no part has a column."""
    import ibis

    have = [name for name in _SUMS if any(name in part.columns for part in parts)]
    filled = [
        part.select(
            *(part[key] if key in part.columns else ibis.null("string").name(key) for key in keys),
            **{n: part[n].cast(_DECIMAL) if n in part.columns else ibis.null(_DECIMAL) for n in have},
        )
        for part in parts
    ]
    return _summed(ibis.union(*filled) if len(filled) > 1 else filled[0], keys)


def _summed(table: ir.Table, keys: tuple[str, ...]) -> ir.Table:
    """One row for each combination of the keys."""
    have = [name for name in _SUMS if name in table.columns]
    return table.group_by(*keys).agg(**{name: table[name].sum().cast(_DECIMAL) for name in have})


def _with_moments(orders: ir.Table) -> ir.Table:
    """With the number of orders, and the squares and the product of what each brought and was paid, at its largest
    part."""
    import ibis

    profit = orders.sold - orders.sold_cost - orders.returned + orders.returned_cost
    for name in _OF_AN_ORDER:
        profit = profit - orders[name].fill_null(0) if name in orders.columns else profit
    whole = ibis.window(group_by=orders.order_id)
    largest = ibis.window(group_by=orders.order_id, order_by=[orders.weight.desc(), orders.category, orders.trade])
    orders = orders.mutate(
        profit=profit.sum().over(whole).cast(_CENTS),
        paid=(orders.sold - orders.returned).sum().over(whole).cast(_CENTS),
        first=(ibis.row_number().over(largest) == 0) & orders.order_id.notnull(),
    )
    return orders.mutate(
        orders=orders.first.ifelse(1, 0).cast(_DECIMAL),
        **{
            name: orders.first.ifelse(one * other, 0).cast(_DECIMAL)
            for name, one, other in (
                ("profit_squares", orders.profit, orders.profit),
                ("profit_by_paid", orders.profit, orders.paid),
                ("paid_squares", orders.paid, orders.paid),
            )
        },
    ).drop("profit", "paid", "first")


def _read_tariff(tariff: str) -> dict[str, str]:
    """«phone 2.40, mail 0.95» as the cost of a contact by channel."""
    said = {}
    for one in filter(None, (part.strip() for part in tariff.split(","))):
        channel, _, cost = one.rpartition(" ")
        if not channel or not cost.replace(".", "", 1).isdigit():
            raise ValueError(f"The tariff says {one!r}; say a cost by channel, like «phone 2.40, mail 0.95».")
        said[channel.strip()] = cost
    return said


def _told(wh: Warehouse, table: ir.Table) -> ir.Table:
    """With every column, whether recorded or not, and what kind of customer it is."""
    import ibis

    names = ("orders", *MOMENTS, *MONEY_PARTS, "unpriced_contacts")
    none = ibis.null("float64")
    money = {n: table[n].fill_null(0).cast("float64") if n in table.columns else none for n in names}
    table = table.select("customer_id", "category", "trade", "period", **money)
    if not wh.has("customers"):
        return table.mutate(kind=ibis.literal("unknown"))
    known = wh.customers.select("customer_id", "kind")
    table = table.left_join(known, "customer_id").drop("customer_id_right")
    return table.mutate(kind=table.kind.fill_null("unknown"))
