"""The record of trust: it is of this code, it adds up, and it says so where an interval is too narrow."""

import pandas as pd
import pytest

from crm_analytics import NotEnough, Trust, studies
from crm_analytics.trust.record import RECORD, record, summed
from crm_analytics.trust.trials import Situation, Trial, situations

SITUATIONS = list(situations())
ONE_EACH = list({one.estimator: one for one in SITUATIONS}.values())


COUNTED = {"DataDrift", "Diary", "LossReasons", "ManagementReview", "PlanFact", "RootCause"}
"""Studies of effectiveness that count, split or compare what is on record: there is no truth behind it to be tried."""


@pytest.fixture(scope="module")
def told():
    return pd.read_csv(RECORD)


def row(estimator="A", situation="s", *, trials=200, covered=190, called=10, truth=0.0, randomised=False, **more):
    sums = {"trials": trials, "refused": 0, "covered": covered, "called": called, "truth": truth}
    return sums | {
        "estimator": estimator, "situation": situation, "randomised": randomised, "bias": 0.0, "error": 0.1,
        "naive_error": 0.3,
    } | more  # fmt: skip


def test_every_situation_is_on_record_and_no_other(told):
    assert {(one.estimator, one.words) for one in SITUATIONS} == set(
        told[["estimator", "situation"]].itertuples(index=False, name=None)
    )
    assert (told["trials"] >= 60).all()


def test_every_study_that_estimates_an_effect_is_on_record():
    of_effects = {one.__name__ for one in studies().values() if ".effectiveness." in one.__module__}
    assert of_effects - COUNTED <= {one.estimator.split(",")[0] for one in SITUATIONS}


@pytest.mark.parametrize("situation", ONE_EACH, ids=lambda one: one.estimator)
def test_the_record_is_of_this_code(told, situation):
    again = summed(situation, [situation.draw(0)])
    kept = told[(told["estimator"] == situation.estimator) & (told["situation"] == situation.words)].iloc[0]
    for name in ("first_estimate", "first_low", "first_high"):
        assert again[name] == pytest.approx(kept[name], rel=0.02, abs=1e-3, nan_ok=True), "run make trust"


def test_no_interval_is_surely_too_narrow(told):
    """At least 92 % where chance decided who was treated, 90 % elsewhere, as far as so many trials can tell."""
    assert not [check.text for check in Trust().fit(told).checks if check.verdict == "fails"]


def test_trials_are_summed_as_they_should_be():
    fake = Situation(estimator="A", words="s", draw=lambda seed: Trial(truth=0))
    trials = [
        Trial(truth=0, estimate=1, low=-1, high=3, naive=4, scale=2),
        Trial(truth=0, estimate=3, low=1, high=5, scale=2), Trial(truth=0, scale=2),
    ]  # fmt: skip
    sums = summed(fake, trials)
    assert (sums["trials"], sums["refused"], sums["covered"], sums["called"]) == (3, 1, 1, 1)
    assert sums["bias"] == pytest.approx(1.0)
    assert sums["error"] == pytest.approx((0.5 * (0.5**2 + 1.5**2)) ** 0.5, abs=1e-6)
    assert sums["naive_error"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("truth", "low", "high", "called"), [(5, 1, 9, 1), (5, -9, -1, 0), (-5, -9, -1, 1), (5, -1, 9, 0)]
)
def test_an_effect_counts_as_seen_only_on_its_own_side(truth, low, high, called):
    trial = Trial(truth=truth, estimate=(low + high) / 2, low=low, high=high)
    assert summed(Situation(estimator="A", words="s", draw=lambda _: trial), [trial])["called"] == called


def test_narrow_intervals_are_named():
    result = Trust().fit(pd.DataFrame([row(), row("B", "of a bad day", covered=150, truth=1.0)]))
    (fails,) = [check for check in result.checks if check.verdict == "fails"]
    assert "B, of a bad day" in fails.text
    assert "75" in fails.text
    randomised = Trust().fit(pd.DataFrame([row(covered=182, randomised=True)]))
    assert next(check.verdict for check in randomised.checks) == "weak"


def test_false_alarms_and_power_are_told_apart():
    table = Trust().fit(pd.DataFrame([row(), row("A", "t", truth=0.1, called=180)])).table
    assert table["false_alarms"].tolist()[0] == pytest.approx(0.05)
    assert table["power"].tolist()[1] == pytest.approx(0.9)
    assert table["false_alarms"].isna().tolist() == [False, True]


def test_without_answers_there_is_none():
    assert isinstance(Trust().fit(pd.DataFrame([row(trials=5, covered=0, called=0, refused=5)])), NotEnough)


def test_a_record_is_made_by_several_processes_and_is_the_same_again():
    some = [next(one for one in SITUATIONS if one.estimator == "Lift" and one.words.startswith("2,000"))]
    pd.testing.assert_frame_equal(record(some, 3), record(some, 3))
