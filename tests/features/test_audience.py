"""Whom a campaign could reach: everybody once, under the consent of that day, and nothing of the days after."""

from datetime import date, timedelta

import pandas as pd
import pytest

from crm_analytics import Audience, NotEnough, features
from crm_analytics.warehouse.engine import TableAbsent

DAY = date(2025, 6, 10)


@pytest.fixture(scope="module")
def people(company):
    return features.reachable(company, as_of=DAY).to_pandas()


@pytest.fixture(scope="module")
def bought(company):
    to_order = company.products.filter(company.products.made_to_order)
    lines = company.order_lines.anti_join(to_order, "product_id").join(company.orders, "order_id").to_pandas()
    lines = lines[(lines.kind == "sale") & lines.customer_id.notna() & (lines.ordered_at < pd.Timestamp(DAY))]
    money = lines[["amount", "quantity", "unit_cost"]].astype(float)
    return lines.assign(amount=money.amount, margin=money.amount - money.quantity * money.unit_cost)


def test_everybody_stands_in_it_once(company, people):
    assert people.customer_id.tolist() == sorted(company.customers.to_pandas().customer_id)


def test_consent_is_that_of_the_day(company, people):
    consents = company.consents.to_pandas()
    consents = consents[(consents.purpose == "marketing") & (consents.channel == "email")]
    granted = pd.to_datetime(consents.granted_at) < pd.Timestamp(DAY)
    withdrawn = pd.to_datetime(consents.withdrawn_at) < pd.Timestamp(DAY)
    assert withdrawn.any()
    wishes = company.do_not_contact.to_pandas()
    wishes = wishes[wishes.channel.isna() | (wishes.channel == "email")]
    known = pd.to_datetime(wishes.since) < pd.Timestamp(DAY)
    over = pd.to_datetime(wishes.until) < pd.Timestamp(DAY)
    agreed, barred = set(consents.customer_id[granted & ~withdrawn]), set(wishes.customer_id[known & ~over])
    assert agreed & barred
    expected = agreed - barred
    assert set(people.customer_id[people.consent]) == expected


def test_a_channel_nobody_was_asked_about_is_named_with_those_there_are(company):
    with pytest.raises(TableAbsent, match=r"no consents to marketing by pigeon; it has those to .*marketing by email"):
        features.reachable(company, as_of=DAY, channel="pigeon")


def test_money_is_that_of_the_past_year_and_month(people, bought):
    people = people.set_index("customer_id")
    year = bought[bought.ordered_at >= pd.Timestamp(DAY - timedelta(days=365))]
    month = bought[bought.ordered_at >= pd.Timestamp(DAY - timedelta(days=28))]
    assert people.worth.sum() == pytest.approx(year.margin.sum())
    assert people.revenue_28.sum() == pytest.approx(month.amount.sum())
    one = year.groupby("customer_id").margin.sum().idxmax()
    assert people.worth[one] == pytest.approx(year[year.customer_id == one].margin.sum())
    assert people.orders_365[one] == year[year.customer_id == one].ordered_at.dt.date.nunique()
    last = bought[bought.customer_id == one].ordered_at.max().date()
    assert people.days_since_last_order[one] == (DAY - last).days


def test_contacts_are_the_campaigns_of_thirty_days(company, people):
    contacts = company.contacts.to_pandas()
    inside = (contacts["at"] >= pd.Timestamp(DAY - timedelta(days=30))) & (contacts["at"] < pd.Timestamp(DAY))
    out = contacts[inside & (contacts.kind == "out") & contacts.campaign_id.notna() & contacts.customer_id.notna()]
    assert len(out)
    assert people.contacts_30.sum() == len(out)


def test_the_days_after_change_nothing(company, people):
    """A contact, an order or a consent of the day itself or later is not looked at: the answer is the same for ever."""
    before_orders = features.reachable(company, as_of=date(2022, 1, 1)).to_pandas()
    assert before_orders.orders_365.sum() == 0
    assert before_orders.contacts_30.sum() == 0
    assert not before_orders.consent.any() or before_orders.consent.mean() < people.consent.mean()


def test_each_channel_has_its_own_consent(company, people):
    assert features.reachable(company, as_of=DAY, channel="phone").to_pandas().consent.sum() < people.consent.sum()


def test_an_audience_can_be_chosen_from_it(people):
    result = Audience(campaign="garden", max_contacts_30=1).fit(people)
    assert not isinstance(result, NotEnough)
    assert result.table.customers.sum() == len(people)
    assert "touched often enough" in result.table.fate.tolist()
