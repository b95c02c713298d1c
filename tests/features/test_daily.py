"""Sales by day: no gaps, no future, and indices that move only when prices do."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_analytics import features
from crm_analytics.warehouse.release import WarehouseError


@pytest.fixture(scope="module")
def daily(company) -> pd.DataFrame:
    return features.daily_sales(company).to_pandas()


def test_every_day_is_there_once(daily, company):
    days = pd.to_datetime(daily["day"])
    assert (days.diff().dropna() == pd.Timedelta(days=1)).all()
    assert days.iloc[-1].date() == company.today - timedelta(days=1)


def test_revenue_is_that_of_the_sale_lines(daily, company):
    orders = company.orders.filter(company.orders.kind == "sale")
    made = company.products.filter(company.products.made_to_order)
    lines = company.order_lines.semi_join(orders, "order_id").anti_join(made, "product_id")
    assert daily["revenue"].sum() == pytest.approx(float(lines.amount.sum().to_pyarrow().as_py()))


def test_own_price_index_follows_planted_prices_and_not_the_mix(daily, truth):
    planted = truth.days.pivot(index="day", columns="category", values="price").mean(axis=1)
    planted.index = pd.to_datetime(planted.index)
    index = daily.set_index(pd.to_datetime(daily["day"]))["price_index"]
    both = pd.concat([planted, index], axis=1, join="inner").to_numpy()
    assert np.corrcoef(np.log(both).T)[0, 1] > 0.93
    assert index.iloc[0] == 1.0
    assert index["2023-11-22"] / index["2023-11-15"] == pytest.approx(0.85, abs=0.03)


def test_competitors_move_when_they_moved(daily):
    index = daily.set_index(pd.to_datetime(daily["day"]))["competitor_index"]
    assert index["2024-05-20"] / index["2024-04-25"] > 1.08


def test_what_was_said_of_a_day_stays_said(company, daily):
    """Point in time: later facts change no earlier row; the indices' weights are those known on the day asked about."""
    as_of = date(2024, 3, 1)
    early = features.daily_sales(company, as_of=as_of, campaign=None).to_pandas()
    assert pd.to_datetime(early["day"]).max().date() == as_of - timedelta(days=1)
    weighted = ("price_index", "competitor_index", "stock_out")
    same = [c for c in early if c not in weighted and not c.startswith("touches")]
    pd.testing.assert_frame_equal(early[same], daily.head(len(early))[same])
    assert np.corrcoef(early["price_index"], daily["price_index"].head(len(early)))[0, 1] > 0.95


def test_market_holidays_and_shelves_are_read_as_they_are(daily, company):
    by_day = daily.set_index(pd.to_datetime(daily["day"]))
    market = company.market.to_pandas()
    turnover = market[market["indicator"] == "retail_turnover"].set_index("day")["value"]
    published = turnover[turnover.index <= pd.Timestamp("2024-02-20")].iloc[-1]
    assert by_day["market_retail_turnover"]["2024-02-20"] == pytest.approx(published)
    assert by_day["holiday"]["2024-12-25"] != ""
    assert (by_day["holiday"] != "").sum() < 70
    assert by_day["stock_out"].between(0, 0.5).all()
    assert by_day["stock_out"].max() > 0


def test_a_campaign_marks_its_days_and_brings_its_region(company, daily):
    local = company.campaigns.filter(company.campaigns.region.notnull()).order_by("starts").to_pandas().iloc[0]
    marked = features.daily_sales(company, campaign=local.campaign_id).to_pandas()
    inside = marked[marked["campaign"] != ""]
    assert set(inside["campaign"]) == {local["name"]}
    assert len(inside) == (local.ends - local.starts).days + 1
    assert marked["revenue"].sum() < 0.7 * daily["revenue"].sum()


def test_the_last_campaign_is_one_that_is_over_and_has_no_control(company):
    marked = features.daily_sales(company, as_of="2024-10-20").to_pandas()
    name = set(marked["campaign"]) - {""}
    assert name == {"Vilnius radio"}
    nothing = features.daily_sales(company, campaign=None).to_pandas()
    assert "campaign" not in nothing


def test_categories_are_parts_of_the_whole(company, daily):
    categories = company.products.select("category").distinct().to_pandas()["category"].dropna()
    parts = sum(features.daily_sales(company, category=c, campaign=None).to_pandas()["revenue"].sum()
                for c in sorted(categories)[:3])
    assert 0 < parts < daily["revenue"].sum()


def test_what_does_not_exist_is_named_with_what_does(company):
    with pytest.raises(WarehouseError, match="Garden"):
        features.daily_sales(company, category="Spaceships")
    with pytest.raises(WarehouseError, match="no campaign 'C99'"):
        features.daily_sales(company, campaign="C99")
    with pytest.raises(WarehouseError, match="Nothing was sold"):
        features.daily_sales(company, as_of="2020-01-01", campaign=None)


def test_campaigns_that_ran_besides_are_named_where_they_ran(company):
    campaigns = company.campaigns.to_pandas().set_index("campaign_id")
    asked = campaigns.loc["C08"]
    daily = features.daily_sales(company, campaign="C08").to_pandas()
    by_day = daily.set_index(pd.to_datetime(daily["day"]))["other_campaigns"]
    assert not by_day.str.contains(asked["name"], regex=False).any()
    for campaign, row in campaigns.drop(index="C08").iterrows():
        assert row["name"] in by_day[pd.Timestamp(row["starts"])], campaign
    riga = features.daily_sales(company, region="Riga", campaign=None).to_pandas()["other_campaigns"]
    elsewhere = campaigns.loc[campaigns["region"].notna() & (campaigns["region"] != "Riga"), "name"]
    assert not riga.isin(elsewhere).any()


def test_other_campaigns_run_as_strongly_as_they_reach(company):
    """Those addressed one by one on the days they were addressed, a region's as far as the region sells."""
    daily = features.daily_sales(company, campaign="C15").to_pandas()
    touches = daily.filter(like="touches: ").rename(columns=lambda name: name.removeprefix("touches: "))
    campaigns = company.campaigns.to_pandas().set_index("name")
    length = (pd.to_datetime(campaigns["ends"]) - pd.to_datetime(campaigns["starts"])).dt.days + 1
    assert "Garden season search" not in touches
    assert touches["Christmas radio"].sum() == pytest.approx(length["Christmas radio"])
    sent = touches["Spring garden catalogue"]
    assert (sent > 0).sum() < 4, "posted on one day, however long it was meant to run"
    assert sent.sum() == pytest.approx(length["Spring garden catalogue"])
    assert 0 < touches["Vilnius radio"].max() < 0.5
    inside = features.daily_sales(company, region="Vilnius", campaign=None).to_pandas()
    assert inside["touches: Vilnius radio"].max() == 1.0
    assert "touches: Riga billboards" not in inside


def test_a_campaign_may_have_been_on_several_times(company):
    daily = features.daily_sales(company, campaign="C04, C15").to_pandas()
    assert (daily["campaign"] != "").sum() == 70
    assert "touches: Summer search advertising" not in daily
    with pytest.raises(WarehouseError, match="C99"):
        features.daily_sales(company, campaign="C04, C99")


def test_stores_channels_and_products_are_parts_of_the_whole(company, daily):
    retail = company.orders.filter(company.orders.kind != "wholesale")
    stores = sorted(retail.select("store_id").distinct().to_pandas()["store_id"].dropna())
    parts = sum(features.daily_sales(company, campaign=None, only={"store": s}).revenue.sum().execute()
                for s in stores)
    assert parts == pytest.approx(daily["revenue"].sum())
    web = features.daily_sales(company, campaign=None, only={"channel": "web", "product": "P003"}).to_pandas()
    assert 0 < web["revenue"].sum() < 0.05 * daily["revenue"].sum()
    with pytest.raises(ValueError, match="colour"):
        features.daily_sales(company, only={"colour": "red"})
    with pytest.raises(WarehouseError, match="S01"):
        features.daily_sales(company, only={"store": "S99"})
