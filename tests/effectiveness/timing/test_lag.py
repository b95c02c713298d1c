"""Lag: planted delays and fadings found, silence where campaigns leave no trace."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Lag, NotEnough, draw
from crm_analytics.effectiveness.timing.lag import FIRST, HALF, HORIZON_DAYS, OVER, _courses
from crm_analytics.effectiveness.unlinked.carry import fading
from crm_analytics.simulation.demand import carry
from crm_analytics.simulation.timing import campaigns_in_time

PLANTED = [(0, 2.0), (2, 5.0), (3, 3.0), (6, 5.0), (1, 8.0), (8, 3.0)]


def days_until(truth, share: float) -> int:
    return int((truth.come < share - 1e-9).sum())


@pytest.fixture(scope="module")
def answers():
    """A dozen companies with six different courses, of eight to twenty campaigns each."""
    found = []
    for seed in range(12):
        lag, half = PLANTED[seed % len(PLANTED)]
        sales, truth = campaigns_in_time(seed, campaigns=(8, 14, 20)[seed % 3], lag_days=lag, half_life_days=half)
        found.append((sales, Lag().fit(sales), truth))
    return found


@pytest.mark.parametrize(("name", "share"), [("first", FIRST), ("half", HALF), ("over", OVER)])
def test_planted_courses_are_covered(answers, name, share):
    inside = [
        getattr(result, name).low <= days_until(truth, share) <= getattr(result, name).high
        for _, result, truth in answers
    ]
    assert np.mean(inside) >= 0.88


def test_half_of_the_effect_is_told_to_a_few_days(answers):
    errors = [abs(result.half.day - days_until(truth, HALF)) for _, result, truth in answers]
    assert np.mean(errors) <= 2
    assert np.mean([result.half.high - result.half.low for _, result, _ in answers]) < 9


def test_campaigns_without_effect_leave_no_course():
    answers = [Lag().fit(campaigns_in_time(seed, lift=0.0, differ=0.0)[0]) for seed in range(4)]
    refused = [isinstance(answer, NotEnough) for answer in answers]
    assert np.sum(refused) >= 3
    assert "times as large" in answers[int(np.argmax(refused))].text


def test_one_campaign_may_be_asked_about():
    sales, truth = campaigns_in_time(3, lift=0.5, differ=0.0, lag_days=4)
    result = Lag(campaign="Campaign 05").fit(sales)
    assert "Campaign 05" in result.text
    assert result.half.low <= days_until(truth, HALF) <= result.half.high
    with pytest.raises(ValueError, match="Campaign 05"):
        Lag(campaign="Campaign 99").fit(sales)


def test_a_campaign_that_just_ended_is_too_early_to_judge(answers):
    sales, _, _ = answers[1]
    running = sales["other_campaigns"] != ""
    last = sales.index[running][-1]
    early = Lag().fit(sales.iloc[: last + 3])
    check = next(check for check in early.checks if check.name == "Too early")
    assert check.verdict == "weak"
    assert pd.Timestamp(early.judge_from) > sales["day"].iloc[last]


def test_the_course_is_one(answers):
    _, result, _ = answers[0]
    assert result.table["share"].sum() == pytest.approx(1)
    assert (np.diff(result.table["come"]) >= -1e-12).all()
    assert (result.table["low"] <= result.table["high"]).all()
    assert result.first.day <= result.half.day <= result.over.day
    assert result.free["come"].iloc[-1] == pytest.approx(1)
    assert "nine tenths" in draw(result).layout.title.text
    assert {claim.measure for claim in result.claims} >= {"days until half of the effect has come"}


def test_courses_are_distributions():
    assert _courses().shape[1] == HORIZON_DAYS
    assert _courses().sum(axis=1) == pytest.approx(1)
    assert (_courses() >= 0).all()
    assert fading(3, 5, days=120) == pytest.approx(carry(3, 5))
    between = fading(2.5, 4)
    assert between[2] > 0 == between[1]


def test_without_campaigns_it_says_so():
    sales, _ = campaigns_in_time(1)
    bare = sales.drop(columns=[name for name in sales if name.startswith("touches: ")])
    assert isinstance(Lag().fit(bare.assign(other_campaigns="")), NotEnough)
    with pytest.raises(ValueError, match="confidence"):
        Lag(confidence=2)
