"""What every customer and every category brought and cost: each cost on exactly one of them, or on nobody, said so."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.service import (
    Spans,
    campaign_costs,
    contact_costs,
    order_costs,
    payment_costs,
    read_tariff,
)
from crm_analytics.features.sharing import DECIMAL, parts_of, summed, union_of
from crm_analytics.features.trade import checked, trade_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

TOUCHES = ("within", "besides")
"""Whether what the touches of a campaign cost is within its costs, or was paid besides."""

MONEY_PARTS = (
    "sold", "sold_list", "sold_listed", "sold_cost", "sold_uncosted", "returned", "returned_cost", "returned_uncosted",
    "serving", "handling", "contacts", "campaigns", "late_money_days", "lost",
)  # fmt: skip
MOMENTS = ("profit_squares", "profit_by_paid", "paid_squares")
OF_AN_ORDER = ("serving", "handling")
OF_A_CUSTOMER = ("contacts", "campaigns", "late_money_days", "lost", "unpriced_contacts")
_PLACE = ("category", "trade")
_LINE, _CENTS = "decimal(18, 4)", "decimal(18, 2)"


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
    spans = Spans(as_of, window_days)
    bought, nobodys = _with_order_costs(_cells(wh, spans), order_costs(wh, spans))
    table = _with_customer_costs(
        summed(bought.drop("order_id"), ("customer_id", "period", *_PLACE)),
        contact_costs(wh, spans, read_tariff(tariff), touches),
        campaign_costs(wh, spans),
        payment_costs(wh, spans, lost_after_days),
    )
    parts = [table] if nobodys is None else [table, nobodys]
    table = union_of(parts, ("customer_id", "period", *_PLACE))
    table = table.mutate(trade=table.trade.fill_null("ordinary"))
    if checked(trade) != "all":
        table = table.filter(table.trade == trade)
    return _told(wh, table).order_by("customer_id", "category", "trade", "period")


def _cells(wh: Warehouse, spans: Spans) -> ir.Table:
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
        return side.ifelse(money, 0).fill_null(0).cast(DECIMAL)

    return sums.select(
        "order_id",
        "customer_id",
        "category",
        period=spans.period(sums.day),
        trade=trade_of(sums.kind, sums.made),
        weight=sums.weight.fill_null(0).cast(DECIMAL),
        sold=on(~back, sums.amount),
        sold_list=on(~back, sums.at_list),
        sold_listed=on(~back, sums.listed),
        sold_cost=on(~back, sums.at_cost),
        sold_uncosted=on(~back, sums.uncosted),
        returned=on(back, -sums.amount),
        returned_cost=on(back, -sums.at_cost),
        returned_uncosted=on(back, -sums.uncosted),
    )


def _with_order_costs(cells: ir.Table, costs: ir.Table | None) -> tuple[ir.Table, ir.Table | None]:
    """The cells with their part of what their orders cost; and apart from them the costs of no order."""
    import ibis

    if costs is None:
        return _with_moments(cells), None
    of_orders = costs.filter(costs.order_id.notnull()).drop("period")
    table = cells.left_join(of_orders, "order_id").drop("order_id_right")
    table = parts_of(table, of=("order_id",), over=_PLACE, amounts=OF_AN_ORDER)
    nobodys = costs.filter(costs.order_id.isnull()).drop("order_id").mutate(customer_id=ibis.null("string"))
    return _with_moments(table), nobodys


def _with_customer_costs(sold: ir.Table, *costs: ir.Table | None) -> ir.Table:
    """The places where customers bought with their part of what the customers cost; what finds no place has none."""
    import ibis

    some = [found for found in costs if found is not None]
    if not some:
        return sold
    owed = union_of(some, ("customer_id", "period"))
    owed = owed.rename(owing="customer_id", when="period")
    table = sold.outer_join(owed, [sold.customer_id == owed.owing, sold.period == owed.when])
    table = table.mutate(
        customer_id=ibis.coalesce(table.customer_id, table.owing),
        period=ibis.coalesce(table.period, table.when),
        bought=table.category.notnull(),
    ).drop("owing", "when")
    return parts_of(table, of=("customer_id", "period", "bought"), over=_PLACE, amounts=OF_A_CUSTOMER).drop("bought")


def _with_moments(orders: ir.Table) -> ir.Table:
    """With the number of orders, and the squares and the product of what each brought and was paid, at its largest
    part."""
    import ibis

    profit = orders.sold - orders.sold_cost - orders.returned + orders.returned_cost
    for name in OF_AN_ORDER:
        profit = profit - orders[name].fill_null(0) if name in orders.columns else profit
    whole = ibis.window(group_by=orders.order_id)
    largest = ibis.window(group_by=orders.order_id, order_by=[orders.weight.desc(), orders.category, orders.trade])
    orders = orders.mutate(
        profit=profit.sum().over(whole).cast(_CENTS),
        paid=(orders.sold - orders.returned).sum().over(whole).cast(_CENTS),
        first=(ibis.row_number().over(largest) == 0) & orders.order_id.notnull(),
    )
    return orders.mutate(
        orders=orders.first.ifelse(1, 0).cast(DECIMAL),
        **{
            name: orders.first.ifelse(one * other, 0).cast(DECIMAL)
            for name, one, other in (
                ("profit_squares", orders.profit, orders.profit),
                ("profit_by_paid", orders.profit, orders.paid),
                ("paid_squares", orders.paid, orders.paid),
            )
        },
    ).drop("profit", "paid", "first")


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
