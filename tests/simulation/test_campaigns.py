"""Single campaigns: the series and the experiment hold the effect that was asked for, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics.simulation.amid import amid_others
from crm_analytics.simulation.campaigns import COINCIDENCES, daily_market, experiment


@pytest.mark.parametrize("coincides_with", COINCIDENCES)
def test_the_effect_is_the_difference_to_the_series_without_it(coincides_with):
    with_effect, truth = daily_market(5, effect=0.1, coincides_with=coincides_with)
    without, nothing = daily_market(5, effect=0.0, coincides_with=coincides_with)
    difference = with_effect["revenue"] - without["revenue"]
    assert difference.to_numpy() == pytest.approx(truth.effect_by_day, abs=1e-6)
    assert nothing.incremental_revenue == 0
    rows = (with_effect["day"] >= pd.Timestamp(truth.starts)) & (with_effect["day"] <= pd.Timestamp(truth.ends))
    assert truth.incremental_revenue == pytest.approx(0.1 * truth.expected_by_day[rows].sum())


def test_the_effect_comes_late_and_lasts_beyond_the_campaign():
    frame, truth = daily_market(2, effect=0.2)
    first = int(np.flatnonzero(frame["day"] == pd.Timestamp(truth.starts))[0])
    last = int(np.flatnonzero(frame["day"] == pd.Timestamp(truth.ends))[0])
    assert truth.within(0, first + 2) == 0
    assert 0 < truth.within(last + 1, len(frame) - 1) < truth.within(first, last)


def test_the_series_has_the_columns_of_the_feature_and_no_gap():
    frame, _ = daily_market(1)
    assert list(frame.columns) == [
        "day",
        "revenue",
        "units",
        "orders",
        "price_index",
        "competitor_index",
        "market_retail_turnover",
        "holiday",
        "stock_out",
    ]
    assert (frame["day"].diff().dropna() == pd.Timedelta(days=1)).all()
    assert (frame["holiday"] != "").sum() > 30


def test_what_coincides_with_a_campaign_moves_just_then():
    plain, truth = daily_market(3)
    inside = (plain["day"] >= pd.Timestamp(truth.starts)) & (plain["day"] <= pd.Timestamp(truth.ends))
    competitor = daily_market(3, coincides_with="competitor")[0]
    assert (competitor["competitor_index"] / plain["competitor_index"])[inside].to_numpy() == pytest.approx(1.12)
    cut = daily_market(3, coincides_with="price cut")[0]
    start = int(np.flatnonzero(inside)[0])
    assert (cut["price_index"][inside] / cut["price_index"][start - 1]).to_numpy() == pytest.approx(0.85)
    assert daily_market(3, coincides_with="season")[1].starts.strftime("%m-%d") == "12-01"


def test_the_noise_remembers_yesterday():
    frame, truth = daily_market(4)
    left = np.log(frame["revenue"] / truth.expected_by_day)
    assert 0.2 < left.autocorr() < 0.7
    assert left.mean() == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("make", [daily_market, experiment])
def test_the_same_seed_gives_the_same_draw(make):
    pd.testing.assert_frame_equal(make(9)[0], make(9)[0])
    assert not make(9)[0].equals(make(10)[0])


@pytest.mark.parametrize("effect", [-2.0, 0.0, 3.0])
def test_experiments_are_right_on_average(effect):
    estimates = []
    for seed in range(150):
        frame, truth = experiment(seed, customers=3000, effect=effect)
        treated = frame["arm"] == "treated"
        estimates.append(frame["outcome_revenue"][treated].mean() - frame["outcome_revenue"][~treated].mean())
        assert truth.effect == effect
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert np.mean(estimates) == pytest.approx(effect, abs=3.5 * error)


def test_no_effect_is_exactly_none():
    assert experiment(1, effect=0.0)[1].realised == 0


def test_an_experiment_is_skewed_and_foretold_by_the_weeks_before():
    frame, _ = experiment(1)
    assert (frame["outcome_revenue"] == 0).mean() > 0.6
    assert frame["outcome_revenue"].skew() > 3
    assert frame["outcome_revenue"].corr(frame["before_revenue"]) > 0.2


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="coincides with one of"):
        daily_market(1, coincides_with="the moon")
    with pytest.raises(ValueError, match="too few"):
        daily_market(1, days=100)
    with pytest.raises(ValueError, match="no campaign can cost"):
        experiment(1, effect=-50.0)


def test_other_campaigns_sell_beside_and_are_no_part_of_the_effect():
    alone, truth = daily_market(3, effect=0.1)
    amid, planted = amid_others(3, effect=0.1, beside=(-21, 7))
    assert planted.effect_by_day == pytest.approx(truth.effect_by_day)
    more = amid["revenue"] - alone["revenue"]
    first = int(np.flatnonzero(amid["day"] == pd.Timestamp(truth.starts))[0])
    assert set(amid["other_campaigns"][first - 21 : first]) == {"Flyer 12"}
    assert more[first + 12 : first + 28].min() > 0
    assert more[first - 21 : first + 28].sum() > 0.03 * truth.expected_by_day[first - 21 : first + 28].sum()
    assert amid["other_campaigns"][first + 28] == ""
