"""How often customers buy and how soon they leave is what was planted."""

import numpy as np
import pytest

from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.segments import KNOWN, SEGMENTS


@pytest.mark.parametrize("segment", range(KNOWN - 1))
def test_a_segment_buys_as_often_as_planted(large, segment):
    chosen = large.people.segment == segment
    rates = large.people.rate[chosen]
    planted = SEGMENTS[segment]
    mean = planted.r / planted.alpha_days
    assert rates.mean() == pytest.approx(mean, abs=4 * mean / np.sqrt(planted.r * chosen.sum()))
    assert large.people.leave[chosen].mean() == pytest.approx(planted.a / (planted.a + planted.b), abs=0.02)


def test_repeat_purchases_are_as_many_as_rates_and_leaving_make_them(large):
    who, clock = large.people, large.clock
    span = clock[who.segment, DAYS - 1] - clock[who.segment, who.joined]
    expected = (-np.expm1(-who.rate * who.leave * span) / who.leave).sum()
    untouched = large.orders.customer[(large.orders.campaign <= 0) & (large.orders.customer >= 0)]
    assert len(untouched) - len(who) == pytest.approx(expected, rel=0.02)


def test_the_expected_future_is_the_mean_of_many_futures(large):
    truth = large.truth.customers
    assert (truth.loc[~truth["alive"], "expected_orders_365"] == 0).all()
    alive = large.lives.alive
    ahead = large.lives.ahead[large.people.segment[alive]]
    rng = np.random.default_rng(7)
    futures = np.minimum(rng.poisson(large.people.rate[alive] * ahead), rng.geometric(large.people.leave[alive]))
    assert futures.sum() == pytest.approx(truth["expected_orders_365"].sum(), rel=0.03)


def test_a_year_ahead_is_about_a_year_of_demand(large):
    assert large.lives.ahead == pytest.approx(365, rel=0.5)


def test_who_has_left_buys_no_more(large):
    last_day = np.where(large.lives.alive, DAYS, large.lives.last_day)
    orders = large.orders
    own = (orders.customer >= 0) & (orders.campaign == 0)
    assert (orders.day[own] <= last_day[orders.customer[own]]).all()


def test_orders_without_a_card_fill_up_the_company(large):
    unknown = large.sales.customer < 0
    assert 0.15 < unknown.mean() < 0.35
