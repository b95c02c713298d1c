"""More, or only sooner: what is planted is found, bands hold when looked at daily, what is not known is not said."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Lift, NotEnough, PullForward, draw, features
from crm_analytics.simulation.experiments import experiment_days


def test_bands_and_shares_cover_what_is_planted():
    whole, daily, shares = [], [], []
    for seed in range(12):
        borrowed = 0.5 * (seed % 2)
        rows, truth = experiment_days(seed, customers=1500, effect=4.0, borrowed=borrowed)
        result = PullForward(draws=1000).fit(rows)
        planted = np.cumsum(list(truth.parts.values()))
        low, high = result.whole.interval(0.95)
        whole.append(low <= truth.effect <= high)
        told = result.table["low"].notna()
        inside = (result.table["low"] <= planted) & (planted <= result.table["high"])
        daily.append(inside[told].all())
        shares.append(result.borrowed[1] <= borrowed <= result.borrowed[2])
    assert np.mean(whole) >= 0.85
    assert np.mean(daily) >= 0.85
    assert np.mean(shares) >= 0.85


def test_a_gain_that_is_wholly_taken_back_is_called_so():
    rows, _ = experiment_days(2, customers=20_000, effect=6.0, borrowed=1.0)
    result = PullForward().fit(rows)
    assert result.first.interval(0.95)[0] > 0
    assert result.later.interval(0.95)[1] < 0
    assert "brought forward" in result.text
    assert result.claims[0].decision.startswith("Count")
    lasting = PullForward().fit(experiment_days(2, customers=20_000, effect=6.0, borrowed=0.0)[0])
    assert lasting.borrowed[2] < 1
    assert "no sign" in lasting.text


def test_days_sum_to_the_whole_and_agree_with_the_lift():
    rows, _ = experiment_days(3, customers=2000)
    result = PullForward().fit(rows)
    assert result.table["effect"].sum() == pytest.approx(result.whole.value)
    assert result.first.value + result.later.value == pytest.approx(result.whole.value)
    people = rows.groupby(["customer_id", "arm", "before_revenue", "before_orders"], as_index=False)
    lift = Lift().fit(people["outcome_revenue"].sum())
    assert lift.effect == pytest.approx(result.whole.value)
    low, high = result.whole.interval(0.95)
    assert high - low == pytest.approx(lift.high - lift.low, rel=0.05)
    assert list(result.horizons["weeks"]) == [4, 8, 12]


def test_the_band_is_wider_than_one_days_interval():
    rows, _ = experiment_days(4, customers=2000)
    result = PullForward().fit(rows)
    low, high = result.whole.interval(0.95)
    last = result.table.iloc[-1]
    assert last["high"] - last["low"] > 1.2 * (high - low)


def test_it_refuses_what_is_too_early_or_too_small():
    rows, _ = experiment_days(5, customers=600)
    early = rows[rows["day"].isna() | (rows["day"] < 30)].assign(days=30)
    assert "from day 35 on" in PullForward().fit(early).text
    assert isinstance(PullForward().fit(rows[rows["arm"] == "treated"]), NotEnough)
    assert isinstance(PullForward(measure="margin").fit(rows.assign(outcome_margin=np.nan)), NotEnough)
    nobody = rows.drop_duplicates("customer_id").assign(day=np.nan, outcome_revenue=0.0)
    assert isinstance(PullForward().fit(nobody), NotEnough)


@pytest.mark.parametrize("knobs", [{"measure": "luck"}, {"first_weeks": 0}, {"confidence": 95}, {"draws": 3}])
def test_knobs_that_make_no_sense_are_refused(knobs):
    with pytest.raises(ValueError, match=next(iter(knobs))):
        PullForward(**knobs)


def test_the_feature_says_what_the_outcomes_say(company):
    days = features.campaign_days(company, campaign="C11", weeks=8).to_pandas()
    people = features.campaign_outcomes(company, campaign="C11", weeks=8).to_pandas()
    revenue = days.groupby("customer_id")["outcome_revenue"].sum()
    pd.testing.assert_series_equal(
        revenue, people.set_index("customer_id")["outcome_revenue"].sort_index(), check_names=False, atol=1e-6
    )
    assert days["day"].max() < 56
    with pytest.raises(ValueError, match="one week"):
        features.campaign_days(company, weeks=0)


def test_days_of_which_no_facts_are_known_are_not_taken_for_days_without_purchases(company):
    days = features.campaign_days(company, campaign="C16", as_of="2025-12-01").to_pandas()
    assert days["days"].iloc[0] == (company.today - pd.Timestamp("2025-05-19").date()).days


@pytest.mark.parametrize("by", ["habit", "purchases"])
def test_where_customers_were_chosen_the_interval_reaches_over_both_readings(by):
    for seed in range(3):
        rows, truth = experiment_days(seed, customers=3000, effect=3.0, borrowed=0.5, by=by)
        result = PullForward(draws=500).fit(rows)
        low, high = result.whole.interval(0.95)
        assert low <= truth.effect <= high
        fades, lasts = (one.interval(0.95) for one in result.whole.readings)
        wrong = fades if by == "habit" else lasts
        assert not wrong[0] <= truth.effect <= wrong[1], "one reading alone would have been sure, and wrong"
        assert result.claims[0].decision == ""
    assert "how customers were chosen" in result.text
    assert "chosen" in draw(result).layout.title.text


def test_arms_that_differed_before_are_told():
    frame, _ = experiment_days(1, customers=2000)
    check = {c.name: c for c in PullForward().fit(frame).checks}["Alike before"]
    assert check.verdict == "holds" if "before_orders" in frame else "weak"
