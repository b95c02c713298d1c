"""Demand moves with prices, competitors and the season as planted, and nothing is sold off empty shelves."""

from datetime import date

import numpy as np
import pytest
import statsmodels.api as sm

from crm_analytics.simulation.assortment import CATEGORIES, GOODS, ORDINARY
from crm_analytics.simulation.demand import DAYS, Calendar, carry, response


@pytest.fixture(scope="module")
def daily(large, large_lines):
    """Lines sold by category and day, beside what is planted to move them."""
    sold = large_lines[(large_lines["kind"] == 0) & (large_lines["product"] < ORDINARY)]
    category = GOODS.category[sold["product"]]
    counts = np.bincount(category * DAYS + sold["day"], minlength=len(CATEGORIES) * DAYS)
    return large.truth.days.assign(lines=counts)


def test_elasticities_show_in_the_data(daily, large):
    known = np.log(daily[["rhythm", "season", "noise", "available"]]).sum(axis=1)
    moved = np.log(daily[["price", "competitor", "market"]])
    dummies = (daily["category"].to_numpy()[:, None] == np.array(CATEGORIES)).astype(float)
    month = (np.arange(DAYS) // 61)[np.tile(np.arange(DAYS), len(CATEGORIES))]
    crowd = (month[:, None] == np.unique(month)[1:]).astype(float)
    fit = sm.GLM(
        daily["lines"].to_numpy(), np.column_stack([moved, dummies, crowd]), family=sm.families.Poisson(), offset=known
    ).fit()
    own, competitor, _ = fit.params[:3]
    planted = large.truth.numbers["elasticity"]
    assert own == pytest.approx(planted["own_by_revenue"], abs=0.25)
    assert competitor == pytest.approx(planted["competitor"], abs=0.2)


def test_the_week_has_its_rhythm(daily, large):
    by_day = daily.groupby("day")["lines"].sum()
    plain = large.market.calendar.holiday[:DAYS] == ""
    weekday = large.market.calendar.weekday[:DAYS]
    shares = np.array([by_day.to_numpy()[plain & (weekday == w)].mean() for w in range(7)])
    assert shares / shares.mean() == pytest.approx(np.array(large.truth.numbers["week"]), abs=0.04)


def test_gardens_are_made_in_spring_and_tables_laid_at_christmas(daily):
    by_month = daily.groupby(["category", daily["day"].dt.month])["lines"].sum().unstack()
    assert by_month.loc["Garden"].idxmax() in (4, 5, 6)
    assert by_month.loc["Tableware"].idxmax() == 12


def test_what_is_sold_out_is_not_sold(large, large_lines):
    sold = large_lines[(large_lines["kind"] == 0) & (large_lines["product"] < ORDINARY)]
    assert not large.market.out_of_stock[sold["product"], sold["day"]].any()
    assert large.market.out_of_stock[:ORDINARY].mean() > 0.005


def test_promotions_are_in_the_prices(simulation):
    tables = simulation.tables()
    prices = tables["prices"].to_pandas()
    promotions = tables["promotions"].to_pandas()
    alone = promotions[(promotions["starts"] < date(2023, 12, 1)) & (promotions["ends"] > date(2023, 11, 1))]
    alone = alone[~alone["product_id"].duplicated(keep=False)]
    cut = alone[alone["promotion_id"] == "PR-BF23"].iloc[0]
    during = prices[(prices["product_id"] == cut["product_id"]) & (prices["day"] == cut["starts"])]["price"]
    before = prices[(prices["product_id"] == cut["product_id"]) & (prices["day"] < cut["starts"])]["price"].iloc[-1]
    assert float(during.iloc[0]) / float(before) == pytest.approx(1 - cut["discount"], abs=0.01)


def test_holidays_are_latvian_days():
    calendar = Calendar()
    assert calendar.holiday[calendar.position(calendar.first.replace(month=11, day=18))] != ""
    assert calendar.holiday[0] == ""


def test_an_effect_is_carried_over_without_loss():
    shares = carry(3, 5)
    assert shares.sum() == pytest.approx(1)
    assert shares[:3].sum() == 0
    assert shares[13] / shares[8] == pytest.approx(0.5)


def test_each_further_euro_brings_less():
    spend = np.linspace(0, 5000, 50)
    brought = response(spend, a=1000, b=300)
    assert brought[0] == 0
    assert (np.diff(brought) > 0).all()
    assert (np.diff(brought, 2) < 0).all()
