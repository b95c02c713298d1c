"""How customers were won and kept, and at what cost: what payback and the choice between winning and keeping rest
on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.feature import feature
from crm_analytics.features.purchases import customer_days

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

MONTH_DAYS = 30.4375
PARTS = 40
"""Each channel's customers are dealt into so many parts, from whose differences the interval comes."""
MONTHS = 60
"""The first five years of a customer are looked at."""


@feature(needs=("orders", "order_lines"), grain="a channel × part × month since the first purchase")
def acquisition(
    wh: Warehouse, as_of: date | str | None = None, by: str = "channel", trade: str = "ordinary"
) -> ir.Table:
    """What the customers won by each channel (or `by` campaign) brought month after month, and what winning them cost.

    Months are twelfths of a year since a customer's first purchase, the first is 0; `customers` counts those of the
    part who have been seen for the whole of that month, `revenue` and `margin` are theirs, net of returns, `costed`
    is the revenue whose unit costs are known (`margin` covers only that). The customers of a channel are dealt into
    40 parts, to see how the sums scatter. On every row of a channel stand `won`, all its customers, and its `cost`:
    campaigns that its customers say they came by and leads up to their first purchase, in full; null where the
    company records neither. Who was a customer before the records begin is left out. `channel` is null where it is
    not known. Ordered by channel, part and month.
    """
    import ibis

    if by not in ("channel", "campaign"):
        raise ValueError(f"by is {by!r}; ask by channel or by campaign.")
    days = customer_days(wh, as_of, trade)
    people = _won(wh, as_of, days, by)
    sold = days.inner_join(people, "customer_id")
    sold = sold.mutate(month=(sold.day.delta(sold.first_day, unit="day") / MONTH_DAYS).floor().cast("int64"))
    sold = sold.filter(sold.month >= 0, sold.month < sold.seen)
    money = sold.group_by("channel", "part", "month").agg(
        revenue=sold.revenue.sum().cast("float64"),
        costed=sold.revenue.sum(where=sold.cost_known).cast("float64"),
        margin=sold.margin.sum(where=sold.cost_known).cast("float64"),
    )
    alike = people.group_by("channel", "part", "seen").agg(customers=people.count())
    alike = alike.mutate(month=ibis.range(0, alike.seen).unnest())
    risk = alike.group_by("channel", "part", "month").agg(customers=alike.customers.sum())
    same = [risk.channel.identical_to(money.channel), risk.part == money.part, risk.month == money.month]
    table = risk.left_join(money, same).select(
        risk.channel,
        risk.part,
        risk.month,
        risk.customers,
        *(money[name].fill_null(0).name(name) for name in ("revenue", "costed", "margin")),
    )
    won = people.group_by("channel").agg(won=people.count())
    table = table.left_join(won, table.channel.identical_to(won.channel)).drop("channel_right")
    costs = _costs(wh, as_of, people, by)
    if costs is None:
        table = table.mutate(cost=ibis.null("float64"))
    else:
        table = table.left_join(costs, "channel").drop("channel_right")
        table = table.mutate(cost=table.cost.fill_null(0.0))
    return table.order_by("channel", "part", "month")


@feature(needs=("orders", "order_lines"), grain="a campaign")
def campaign_aims(
    wh: Warehouse, as_of: date | str | None = None, kept_days: int = 90, trade: str = "ordinary"
) -> ir.Table:
    """What each campaign cost, and whom it won or kept: one row for each that was over `kept_days` after its start.

    `addressed` are known customers it wrote to or called (0: it was aimed at everybody, new customers included), `won`
    those who say they came by it or whose lead of it came before their first purchase. Of campaigns with a control
    group, `treated` and `control` count customers who had bought before it, and `kept_treated` and `kept_control` those
    of them who bought in the `kept_days` from its start. What the company does not record is null. Columns:
    campaign_id, name, goal, channel, starts, cost, addressed, won, treated, kept_treated, control, kept_control.
    Ordered by start.
    """
    import ibis

    if kept_days < 1:
        raise ValueError(f"kept_days is {kept_days}; look at one day at least.")
    if not wh.has("campaigns"):
        kinds = dict.fromkeys(("campaign_id", "name", "goal", "channel"), "string") | {"starts": "date"}
        kinds |= dict.fromkeys(("cost", "addressed", "won", *KEPT), "float64")
        return wh.orders.limit(0).select(**{name: ibis.null(kind) for name, kind in kinds.items()})
    campaigns = wh.campaigns
    over = campaigns.starts.cast("timestamp") + ibis.interval(days=kept_days) <= ibis.literal(as_of).cast("timestamp")
    campaigns = campaigns.filter(over)
    table = campaigns.select("campaign_id", "name", "goal", "channel", "starts")
    parts = (_cost_of(wh, as_of), _addressed(wh, as_of), _won_by(wh, as_of), _kept(wh, as_of, kept_days, trade))
    for names, part in zip((("cost",), ("addressed",), ("won",), KEPT), parts, strict=True):
        if part is None:
            table = table.mutate(**dict.fromkeys(names, ibis.null("float64")))
            continue
        table = table.left_join(part, "campaign_id").drop("campaign_id_right")
        if names is not KEPT:
            table = table.mutate(**{name: table[name].fill_null(0).cast("float64") for name in names})
    return table.order_by("starts", "campaign_id")


KEPT = ("treated", "kept_treated", "control", "kept_control")


def _won(wh: Warehouse, as_of: date, days: ir.Table, by: str) -> ir.Table:
    """Each customer won since the records begin: channel, first_day, months seen in full, and one of PARTS."""
    import ibis

    bought = days.filter(days.bought > 0)
    people = bought.group_by("customer_id").agg(first_day=bought.day.min())
    people = _named(wh, people, by)
    begins = wh.orders.ordered_at.min().date()
    people = people.filter(people.first_seen.isnull() | (people.first_seen >= begins))
    seen = (ibis.literal(as_of, type="date").delta(people.first_day, unit="day") / MONTH_DAYS).floor().cast("int64")
    place = ibis.row_number().over(ibis.window(group_by=people.channel, order_by=people.customer_id))
    return people.mutate(seen=ibis.least(seen, MONTHS), part=place % PARTS)


def _named(wh: Warehouse, people: ir.Table, by: str) -> ir.Table:
    """The customers with `channel` and `first_seen`, null where nobody wrote them down."""
    import ibis

    if not wh.has("customers"):
        return people.mutate(channel=ibis.null("string"), first_seen=ibis.null("date"))
    known = wh.customers.select("customer_id", "first_seen", channel=wh.customers[f"acquired_{by}"])
    return people.left_join(known, "customer_id").drop("customer_id_right")


def _costs(wh: Warehouse, as_of: date, people: ir.Table, by: str) -> ir.Table | None:
    """What winning the customers of each channel cost: campaigns shared out by who came by them, and leads."""
    import ibis

    parts = [part for part in (_of_campaigns(wh, as_of, people, by), _of_leads(wh, as_of, people)) if part is not None]
    if not parts:
        return None
    costs = ibis.union(*parts)
    return costs.group_by("channel").agg(cost=costs.cost.cast("decimal(38, 4)").sum().cast("float64"))


def _of_campaigns(wh: Warehouse, as_of: date, people: ir.Table, by: str) -> ir.Table | None:
    cost = _cost_of(wh, as_of)
    if cost is None or not wh.has("customers"):
        return None
    came = wh.customers.filter(wh.customers.acquired_campaign.notnull())
    came = came.select("customer_id", campaign_id="acquired_campaign").inner_join(people, "customer_id")
    count = came.group_by("campaign_id", "channel").agg(n=came.count())
    share = count.mutate(share=count.n / count.n.sum().over(group_by=count.campaign_id))
    shared = share.inner_join(cost, "campaign_id")
    return shared.select("channel", cost=(shared.cost * shared.share).round(4).cast("float64"))


def _of_leads(wh: Warehouse, as_of: date, people: ir.Table) -> ir.Table | None:
    if not wh.has("leads"):
        return None
    leads = wh.leads.filter(wh.leads.at < as_of, wh.leads.cost.notnull())
    leads = leads.inner_join(people.select("customer_id", "channel", "first_day"), "customer_id")
    leads = leads.filter(leads.at.date() <= leads.first_day)
    return leads.select("channel", cost=leads.cost.cast("float64"))


def _cost_of(wh: Warehouse, as_of: date) -> ir.Table | None:
    if not wh.has("campaign_costs"):
        return None
    costs = wh.campaign_costs.filter(wh.campaign_costs.day < as_of)
    return costs.group_by("campaign_id").agg(cost=costs.amount.sum().cast("float64"))


def _addressed(wh: Warehouse, as_of: date) -> ir.Table | None:
    """How many known customers each campaign wrote to or called."""
    import ibis

    found = []
    if wh.has("arms"):
        found.append(wh.arms.filter(wh.arms.arm == "treated").select("campaign_id", "customer_id"))
    if wh.has("contacts"):
        out = wh.contacts.filter(wh.contacts.kind == "out", wh.contacts.at < as_of)
        found.append(
            out.filter(out.campaign_id.notnull(), out.customer_id.notnull()).select("campaign_id", "customer_id")
        )
    if not found:
        return None
    people = ibis.union(*found, distinct=True)
    return people.group_by("campaign_id").agg(addressed=people.count())


def _won_by(wh: Warehouse, as_of: date) -> ir.Table | None:
    """How many customers each campaign won: who say so, or whose lead of it came before they first bought."""
    import ibis

    found = []
    if wh.has("customers"):
        came = wh.customers.filter(wh.customers.acquired_campaign.notnull())
        found.append(came.select("customer_id", campaign_id="acquired_campaign"))
    if wh.has("leads", "orders"):
        first = wh.orders.filter(wh.orders.kind != "return", wh.orders.ordered_at < as_of)
        first = first.group_by("customer_id").agg(first_at=first.ordered_at.min())
        leads = wh.leads.filter(wh.leads.campaign_id.notnull()).inner_join(first, "customer_id")
        found.append(leads.filter(leads.at <= leads.first_at).select("customer_id", "campaign_id"))
    if not found:
        return None
    people = ibis.union(*found, distinct=True)
    return people.group_by("campaign_id").agg(won=people.count())


def _kept(wh: Warehouse, as_of: date, kept_days: int, trade: str) -> ir.Table | None:
    """Of customers in the arms of a campaign who had bought before it, who bought again in time."""
    import ibis

    if not wh.has("arms", "orders", "order_lines"):
        return None
    days = customer_days(wh, as_of, trade)
    days = days.filter(days.bought > 0).select("customer_id", "day")
    arms = wh.arms.inner_join(wh.campaigns.select("campaign_id", "starts"), "campaign_id")
    bought = arms.inner_join(days, "customer_id")
    until = (bought.starts.cast("timestamp") + ibis.interval(days=kept_days)).cast("date")
    people = bought.group_by("campaign_id", "customer_id", "arm").agg(
        known=(bought.day < bought.starts).any(), kept=((bought.day >= bought.starts) & (bought.day < until)).any()
    )
    people = people.filter(people.known)
    treated, control = people.arm == "treated", people.arm == "control"
    return people.group_by("campaign_id").agg(
        treated=treated.sum().cast("float64"),
        kept_treated=(treated & people.kept).sum().cast("float64"),
        control=control.sum().cast("float64"),
        kept_control=(control & people.kept).sum().cast("float64"),
    )
