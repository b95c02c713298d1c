"""What each campaign did is a known number, and the company's tables hold exactly that."""

import numpy as np
import pytest

from crm_analytics.simulation.plan import CAMPAIGNS, LOST_WEEKS, campaign_id

DIRECT = [i for i, campaign in enumerate(CAMPAIGNS) if campaign.direct]


def test_the_tables_hold_what_would_have_been_plus_what_campaigns_brought_minus_what_they_put_off(large):
    orders, worth = large.orders, np.bincount(large.lines.order, large.lines.amount, len(large.orders)) / 100
    without = worth[orders.campaign <= 0].sum()
    effect = large.truth.campaign_orders["revenue"].sum()
    booked = large.sales.lines.amount[np.isin(large.sales.kind, (0, 2))[large.sales.lines.order]].sum() / 100
    ordered = large.deals.amount_cents[large.deals.won].sum() / 100
    assert booked == pytest.approx(without + effect + ordered, abs=0.01)


def test_campaigns_add_up_to_their_orders_and_arms_to_their_campaigns(large):
    truth = large.truth
    for measure in ("orders", "revenue", "margin"):
        assert truth.campaigns[f"incremental_{measure}"].sum() == pytest.approx(truth.campaign_orders[measure].sum())
    randomised = truth.campaigns.query("randomised").set_index("campaign_id")["incremental_revenue_28"]
    by_arm = truth.campaign_effects.groupby("campaign_id")["incremental_revenue_28"].sum()
    assert by_arm.to_dict() == pytest.approx(randomised.to_dict())


def test_control_customers_are_left_alone(large):
    control = large.truth.campaign_effects.query("arm == 'control'")
    assert (control["incremental_orders_28"] == 0).all()


def test_the_reminder_does_nothing(large):
    reminder = large.truth.campaigns.set_index("name").loc["Points reminder"]
    assert reminder["incremental_orders"] == reminder["incremental_revenue"] == reminder["expected_orders"] == 0
    assert reminder["treated"] > 1000


@pytest.mark.parametrize("number", DIRECT)
def test_a_direct_campaign_does_what_is_expected_of_it(large, number):
    row = large.truth.campaigns.iloc[number]
    spread = 4 * np.sqrt(row["treated"] * 0.15) + 1
    assert row["incremental_orders"] == pytest.approx(row["expected_orders"], abs=spread)


@pytest.mark.parametrize("number", DIRECT)
def test_arms_are_as_large_as_planned_and_drawn_by_chance(large, number, binomial_band):
    group = next(g for g in large.arms if g.campaign == number)
    share = 1 - CAMPAIGNS[number].control
    assert group.treated.mean() == pytest.approx(share, abs=binomial_band(share, len(group.treated)))
    rate = large.people.rate[group.customer]
    spread = 4 * rate.std() * np.sqrt(1 / group.treated.sum() + 1 / (~group.treated).sum())
    assert rate[group.treated].mean() == pytest.approx(rate[~group.treated].mean(), abs=spread)


@pytest.mark.parametrize("number", [i for i in range(len(CAMPAIGNS)) if i not in DIRECT])
def test_a_mass_campaign_brings_what_its_curve_says(large, number):
    row = large.truth.campaigns.iloc[number]
    assert row["incremental_revenue"] == pytest.approx(row["expected_revenue"], rel=0.5)


def test_some_are_put_off_and_buy_less(large):
    calls = large.truth.campaign_effects.query("campaign_id == 'C07' and arm == 'treated'")
    attitude = large.truth.customers.set_index("customer_id")["attitude"]
    by_attitude = calls.groupby(calls["customer_id"].map(attitude))["incremental_orders_28"].sum()
    assert by_attitude["put off"] < 0 < by_attitude["glad"]
    assert by_attitude["indifferent"] == 0


def test_effects_keep_to_their_days(large):
    found = large.truth.campaign_orders
    for number, campaign in enumerate(CAMPAIGNS):
        days = found[found["campaign_id"] == campaign_id(number)]
        brought = days[days["orders"] > 0]["day"]
        lost = days[days["orders"] < 0]["day"]
        since = np.timedelta64(int(np.ceil(campaign.lag_days)), "D")
        assert brought.empty or brought.min() >= np.datetime64(campaign.starts) + since
        assert lost.empty or (lost < np.datetime64(campaign.starts) + np.timedelta64(7 * LOST_WEEKS, "D")).all()


def test_regional_campaigns_stay_in_their_region(large):
    regional = {campaign_id(i): c.region for i, c in enumerate(CAMPAIGNS) if c.region}
    region = large.tables()["customers"].to_pandas().set_index("customer_id")["region"]
    found = large.truth.campaign_orders.dropna(subset="customer_id")
    found = found[found["campaign_id"].isin(regional)]
    assert len(found) > 20
    assert (found["customer_id"].map(region) == found["campaign_id"].map(regional)).all()
