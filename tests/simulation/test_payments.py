"""Invoices are paid by habit, orders cost what they cost to send, and the rest of the company knows nothing of it."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics.simulation.costs import SETTING_UP_CENTS, spend_cents
from crm_analytics.simulation.payments import SPREAD_DAYS, draw_payments
from crm_analytics.simulation.plan import CAMPAIGNS, campaign_id


@pytest.fixture(scope="module")
def tables(simulation):
    return simulation.tables()


def test_everything_sold_on_invoice_is_due_to_the_cent(tables, truth):
    orders, lines = tables["orders"].to_pandas(), tables["order_lines"].to_pandas()
    on_invoice = orders[orders.customer_id.isin(truth.payment_habits.customer_id) & (orders.kind != "return")]
    sold = lines[lines.order_id.isin(on_invoice.order_id)].groupby("order_id").amount.sum()
    due = tables["payments"].to_pandas().groupby("order_id").amount.sum()
    assert due.equals(sold[sold > 0].sort_index())


def test_customers_pay_by_their_habit_and_some_never(tables, truth, simulation):
    paid = tables["payments"].to_pandas().dropna(subset="paid_at")
    late = (pd.to_datetime(paid.paid_at) - pd.to_datetime(paid.due_at)).dt.days.groupby(paid.customer_id)
    seen = truth.payment_habits.merge(late.agg(["mean", "count"]), left_on="customer_id", right_index=True)
    often = seen[seen["count"] >= 5]
    error = (often["mean"] - often.mean_days_late) * np.sqrt(often["count"]) / SPREAD_DAYS
    assert len(often) > 40
    assert error.abs().median() < 1.0
    lost = simulation.payments.lost
    chance = simulation.habits.default_chance[simulation.payments.customer].mean()
    assert abs(lost.mean() - chance) < 4 * np.sqrt(chance / len(lost))


def test_open_on_the_last_day_are_the_lost_and_the_not_yet_paid(simulation):
    owed = simulation.payments
    assert (owed.paid[owed.lost] == -1).all()
    assert (owed.due[(owed.paid < 0) & ~owed.lost] > owed.due.max() - 150).all()
    again = draw_payments(simulation.sales, simulation.habits, seed=simulation.seed)
    assert (again.paid == owed.paid).all()


def test_only_what_is_sent_costs_delivery_and_the_remote_cost_more(tables, truth):
    costs = tables["order_costs"].to_pandas().merge(tables["orders"].to_pandas(), on="order_id")
    near = ~costs.customer_id.isin(truth.service.customer_id[truth.service.nature == "remote"])
    assert set(costs.channel[(costs.kind_x == "delivery") & near]) <= {"web", "phone", "dealer"}
    assert set(costs.kind_y[costs.kind_x == "return handling"]) == {"return"}
    of_persons = costs[(costs.kind_x == "delivery") & (costs.channel == "web")].merge(truth.service, on="customer_id")
    a_parcel = of_persons.amount.astype(float).groupby(of_persons.nature).mean()
    assert a_parcel["remote"] > 4 * a_parcel["plain"]


def test_the_touches_of_a_campaign_cost_what_is_in_its_costs(tables, simulation):
    touches = tables["contacts"].to_pandas().dropna(subset="campaign_id")
    cents = (touches.cost.astype(float).groupby(touches.campaign_id).sum() * 100).round()
    for number, (campaign, spent) in enumerate(zip(CAMPAIGNS, spend_cents(simulation), strict=True)):
        if campaign.direct:
            assert cents[campaign_id(number)] == pytest.approx(spent - SETTING_UP_CENTS, abs=1)
