"""What campaigns did: arms complete, windows exact, nothing from the future."""

from datetime import date, timedelta

import pandas as pd
import pytest

from crm_analytics import features
from crm_analytics.warehouse.engine import TableAbsent
from crm_analytics.warehouse.release import WarehouseError


@pytest.fixture(scope="module")
def tested(company) -> pd.DataFrame:
    """The campaigns with a control group, oldest first."""
    controlled = company.arms.filter(company.arms.arm == "control")
    campaigns = company.campaigns.semi_join(controlled, "campaign_id").order_by("starts").to_pandas()
    return campaigns.assign(starts=pd.to_datetime(campaigns["starts"]).dt.date)


@pytest.fixture(scope="module")
def lines(company) -> pd.DataFrame:
    """Every line of ordinary trade with a known customer, in plain pandas, to count by hand."""
    orders = company.orders.to_pandas().query("kind != 'wholesale' and customer_id.notna()")
    products = company.products.to_pandas()
    to_order = products.product_id[products.made_to_order.fillna(False).astype(bool)]
    lines = company.order_lines.to_pandas().drop(columns="source")
    joined = lines[~lines.product_id.isin(to_order)].merge(orders, on="order_id")
    return joined.assign(day=pd.to_datetime(joined["ordered_at"]).dt.date, amount=joined["amount"].astype(float))


def test_outcomes_are_those_counted_by_hand(company, tested, lines):
    campaign = tested.iloc[1]
    people = features.campaign_outcomes(company, campaign=campaign.campaign_id).to_pandas().set_index("customer_id")
    arms = company.arms.filter(company.arms.campaign_id == campaign.campaign_id).to_pandas()
    assert sorted(people.index) == sorted(arms["customer_id"])
    after = lines[(lines["day"] >= campaign.starts) & (lines["day"] < campaign.starts + timedelta(days=28))]
    before = lines[(lines["day"] < campaign.starts) & (lines["day"] >= campaign.starts - timedelta(days=84))]
    for rows, column in ((after, "outcome_revenue"), (before, "before_revenue")):
        by_hand = rows.groupby("customer_id")["amount"].sum().reindex(people.index, fill_value=0.0)
        assert people[column].to_numpy() == pytest.approx(by_hand.to_numpy(), abs=1e-6)
    sales = after[after["kind"] == "sale"].groupby("customer_id")["order_id"].nunique()
    assert people["outcome_orders"].tolist() == sales.reindex(people.index, fill_value=0).tolist()
    assert (people["days"] == 28).all()


def test_without_a_name_it_is_the_newest_that_is_over(company, tested):
    newest = tested.iloc[-1]
    over = newest.starts + timedelta(weeks=4)
    for as_of, expected in ((over, newest.campaign_id), (over - timedelta(days=1), tested.iloc[-2].campaign_id)):
        people = features.campaign_outcomes(company, as_of=as_of).to_pandas()
        assert set(people["campaign_id"]) == {expected}


def test_too_early_unknown_and_none_at_all_are_said(company, tested):
    with pytest.raises(WarehouseError, match="too early"):
        features.campaign_outcomes(company, campaign=tested.iloc[0].campaign_id, as_of=tested.iloc[0].starts)
    with pytest.raises(WarehouseError, match="no campaign 'C99'"):
        features.campaign_outcomes(company, campaign="C99")
    with pytest.raises(TableAbsent, match="control group"):
        features.campaign_outcomes(company, as_of=tested.iloc[0].starts)


def test_what_was_said_of_a_day_stays_said(company, tested):
    as_of = tested.iloc[2].starts + timedelta(weeks=6)
    early = features.campaign_outcomes(company, campaign=tested.iloc[2].campaign_id, as_of=as_of).to_pandas()
    late = features.campaign_outcomes(company, campaign=tested.iloc[2].campaign_id).to_pandas()
    pd.testing.assert_frame_equal(early, late)


def test_money_before_a_day_holds_only_what_fell_before_it(company, tested):
    campaign = tested.iloc[0]
    as_of = campaign.starts + timedelta(days=5)
    early = features.campaign_money(company, as_of=as_of).to_pandas().set_index("campaign_id")
    late = features.campaign_money(company).to_pandas().set_index("campaign_id")
    assert set(early.index) < set(late.index)
    assert early["linked_revenue"][campaign.campaign_id] < late["linked_revenue"][campaign.campaign_id]
    assert early["responders"][campaign.campaign_id] < late["responders"][campaign.campaign_id]
    assert early["days_left"][campaign.campaign_id] > 0
    assert late["days_left"][campaign.campaign_id] == 0


def test_money_reconciles_with_its_tables(company):
    money = features.campaign_money(company).to_pandas()
    costs = company.campaign_costs.filter(company.campaign_costs.day < company.today).amount.sum().to_pyarrow().as_py()
    assert money["cost"].sum() == pytest.approx(float(costs))
    assert len(money) == company.campaigns.count().to_pyarrow().as_py()


def test_returns_are_the_sums_of_the_outcomes(company, tested):
    returns = features.campaign_returns(company).to_pandas().set_index("campaign_id")
    for campaign in tested["campaign_id"].iloc[:2]:
        people = features.campaign_outcomes(company, campaign=campaign).to_pandas()
        measure = "outcome_" + returns["measure"][campaign]
        for arm, money in people.groupby("arm")[measure]:
            assert returns[f"n_{arm}"][campaign] == len(money)
            assert returns[f"mean_{arm}"][campaign] == pytest.approx(money.mean())
            assert returns[f"var_{arm}"][campaign] == pytest.approx(money.var())


def test_returns_wait_until_the_weeks_are_over(company, tested):
    newest = tested.iloc[-1]
    day_before = features.campaign_returns(company, as_of=newest.starts + timedelta(days=27)).to_pandas()
    on_the_day = features.campaign_returns(company, as_of=newest.starts + timedelta(days=28)).to_pandas()
    assert newest.campaign_id not in set(day_before["campaign_id"])
    assert newest.campaign_id in set(on_the_day["campaign_id"])
    assert date.fromisoformat(str(on_the_day["starts"].iloc[-1])[:10]) == newest.starts


@pytest.mark.parametrize("weeks", [{"weeks": 0}, {"weeks": -3}, {"before_weeks": 0}])
def test_a_window_of_no_weeks_is_refused(company, weeks):
    with pytest.raises(ValueError, match="one week at least"):
        features.campaign_outcomes(company, **weeks)
