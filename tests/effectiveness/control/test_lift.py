"""Test against control: the published experiment, planted effects, and what must make a reader doubt."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import Lift, NotEnough, draw, features
from crm_analytics.effectiveness.control.arms import compared
from crm_analytics.effectiveness.control.measures import measure_of
from crm_analytics.simulation.campaigns import experiment


def verdict(result, name: str) -> str:
    return next(check.verdict for check in result.checks if check.name == name)


@pytest.fixture(scope="module")
def hillstrom(datasets) -> pd.DataFrame:
    return pd.read_csv(datasets / "hillstrom_email" / "hillstrom.csv.gz")


@pytest.mark.parametrize(
    ("arm", "visit", "conversion", "spend"),
    [("Mens E-Mail", 0.1828, 0.01253, 1.423), ("Womens E-Mail", 0.1514, 0.00884, 1.077)],
)
def test_hillstrom(hillstrom, arm, visit, conversion, spend):
    mails = hillstrom[hillstrom["segment"].isin([arm, "No E-Mail"])]
    control = {"visit": 0.1062, "conversion": 0.00573, "spend": 0.653}
    for measure, treated in (("visit", visit), ("conversion", conversion), ("spend", spend)):
        people = pd.DataFrame({
            "customer_id": mails.index.astype(str), "arm": np.where(mails["segment"] == arm, "treated", "control"),
            "outcome_revenue": mails[measure], "before_revenue": mails["history"],
        })
        result = Lift(expected_share=0.5).fit(people)
        rows = result.table.set_index("arm")
        assert rows["plain_mean"]["treated"] == pytest.approx(treated, abs=6e-4)
        assert rows["plain_mean"]["control"] == pytest.approx(control[measure], abs=6e-4)
        assert result.effect == pytest.approx(treated - control[measure], abs=0.01)
        assert result.low > 0, "all three were changed by either mail"
        assert verdict(result, "Sizes of the arms") == "holds"


def test_without_a_covariate_it_is_the_welch_interval():
    from scipy.stats import ttest_ind

    people, _ = experiment(4, customers=40_000, effect=2.0)
    people = people.drop(columns=["before_revenue", "before_orders"])
    result = Lift().fit(people)
    arms = people.groupby("arm")["outcome_revenue"]
    welch = ttest_ind(arms.get_group("treated"), arms.get_group("control"), equal_var=False).confidence_interval(0.95)
    assert result.effect == pytest.approx(arms.mean()["treated"] - arms.mean()["control"])
    assert (result.low, result.high) == pytest.approx(tuple(welch), rel=0.01)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    covered, called = [], []
    for seed in range(200):
        for effect in (0.0, 3.0):
            people, truth = experiment(seed, customers=2000, effect=effect, treated_share=0.8)
            low, high = compared(people, measure_of("revenue", people)).effect.interval(0.95)
            covered.append(low <= truth.effect <= high)
            if effect == 0:
                called.append(low > 0 or high < 0)
    assert 0.92 <= np.mean(covered) <= 0.98
    assert np.mean(called) <= 0.07


def test_what_was_bought_before_narrows_the_interval():
    people, _ = experiment(1, customers=20_000)
    plain = Lift().fit(people.drop(columns=["before_revenue", "before_orders"]))
    adjusted = Lift().fit(people)
    assert adjusted.high - adjusted.low < 0.97 * (plain.high - plain.low)


def test_total_and_ratio_follow_from_the_effect():
    people, _ = experiment(2, customers=20_000, effect=4.0)
    result = Lift().fit(people)
    rows = result.table.set_index("arm")
    assert rows["mean"]["difference"] == pytest.approx(rows["mean"]["treated"] - rows["mean"]["control"])
    assert result.total == pytest.approx(rows["customers"]["treated"] * result.effect)
    assert result.ratio == pytest.approx(rows["mean"]["treated"] / rows["mean"]["control"] - 1)
    assert result.ratio_low < result.ratio < result.ratio_high
    assert "more revenue" in result.text


def test_noise_is_called_noise_and_never_an_effect():
    people, _ = experiment(6, customers=4000)
    result = Lift().fit(people)
    assert result.low < 0 < result.high
    assert result.text.startswith("Within noise")


def test_a_draw_that_went_wrong_fails():
    people, _ = experiment(3, customers=8000)
    lost = people[(people["arm"] == "control") | (people.index % 8 != 0)]
    assert verdict(Lift(expected_share=0.5).fit(lost), "Sizes of the arms") == "fails"
    in_one_region = people[(people["arm"] == "control") | (people["region"] != "Riga") | (people.index % 3 == 0)]
    assert verdict(Lift().fit(in_one_region), "Sizes of the arms") == "fails"
    assert verdict(Lift().fit(people), "Sizes of the arms") == "holds"


def test_arms_that_differed_before_fail():
    people, _ = experiment(3, customers=8000)
    people.loc[people["arm"] == "treated", "before_revenue"] *= 1.5
    assert verdict(Lift().fit(people), "Alike before") == "fails"


def test_an_effect_that_one_customer_carries_is_doubted():
    people, _ = experiment(3, customers=400)
    people.loc[people["arm"].eq("treated").idxmax(), "outcome_revenue"] = 40_000.0
    result = Lift().fit(people)
    assert verdict(result, "Unequal customers") == "weak"
    assert result.low < 0


def test_a_small_test_says_what_it_could_not_have_shown():
    small, large = (Lift().fit(experiment(3, customers=n)[0]) for n in (400, 40_000))
    assert small.smallest > 5 * large.smallest
    assert verdict(small, "What it could show") == "weak"


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(0.01, 1000), seed=st.integers(0, 50))
def test_in_another_currency_the_answer_is_the_same(scale, seed):
    people, _ = experiment(seed, customers=500)
    money = ["outcome_revenue", "before_revenue"]
    other = people.assign(**{name: people[name] * scale for name in money})
    one, two = Lift().fit(people), Lift().fit(other)
    assert (two.effect, two.low, two.high) == pytest.approx((one.effect * scale, one.low * scale, one.high * scale))
    assert two.ratio == pytest.approx(one.ratio)


def test_groups_where_nothing_differs_are_not_ranked():
    people, _ = experiment(5, customers=6000)
    split = Lift().fit(people).by("region")
    assert not split.table["beyond_noise"].any()
    assert "0 of" in split.text
    assert draw(split).layout.title.text.startswith("No group stands out")


def test_false_alarms_over_many_groups_stay_rare():
    alarms = [Lift().fit(experiment(s, customers=3000)[0]).by("region").table["beyond_noise"].any() for s in range(40)]
    assert np.mean(alarms) <= 0.15


def test_a_group_that_alone_gains_is_found():
    people, _ = experiment(5, customers=12_000)
    won = people["region"].eq("Tallinn") & people["arm"].eq("treated")
    people.loc[won, "outcome_revenue"] += 15.0
    split = Lift().fit(people).by("region")
    found = split.table[split.table["beyond_noise"]]
    assert list(found["segment"]) == ["Tallinn"]
    assert split.differ_p < 0.01


def test_groups_too_small_to_ask_are_counted_not_guessed():
    people, _ = experiment(5, customers=2000)
    people.loc[people.index[:15], "region"] = "Elsewhere"
    split = Lift().fit(people).by("region")
    assert "Elsewhere" not in set(split.table["segment"])
    assert verdict(split, "Too small to ask") == "weak"
    with pytest.raises(ValueError, match="region"):
        Lift().fit(people).by("shoe_size")


def test_without_a_measure_it_is_margin_where_every_cost_is_known():
    people, _ = experiment(seed=3, customers=400, effect=5.0)
    people = people.assign(outcome_margin=people["outcome_revenue"] * 0.4)
    assert Lift(measure=None).fit(people).effect == pytest.approx(Lift(measure="margin").fit(people).effect)
    people.loc[0, "outcome_margin"] = np.nan
    assert Lift(measure=None).fit(people).effect == pytest.approx(Lift(measure="revenue").fit(people).effect)


def test_it_refuses_where_there_is_nothing_to_compare():
    people, _ = experiment(5, customers=500)
    assert isinstance(Lift().fit(people[people["arm"] == "treated"]), NotEnough)
    assert isinstance(Lift().fit(people.assign(outcome_revenue=0.0)), NotEnough)
    assert isinstance(Lift(measure="margin").fit(people.assign(outcome_margin=np.nan)), NotEnough)
    with pytest.raises(ValueError, match="outcome_margin"):
        Lift(measure="margin").fit(people.drop(columns="outcome_margin"))


@pytest.mark.parametrize("knobs", [{"measure": ""}, {"expected_share": 1.2}, {"confidence": 95}])
def test_knobs_that_make_no_sense_are_refused(knobs):
    with pytest.raises(ValueError, match=next(iter(knobs))):
        Lift(**knobs)


def test_planted_campaigns_of_the_company_are_covered(company, truth):
    """Seven randomised campaigns; at most one interval in twenty may miss."""
    planted = truth.campaign_effects.groupby("campaign_id")["incremental_revenue_28"]
    missed = 0
    for campaign in truth.campaigns.query("randomised")["campaign_id"]:
        result = Lift().fit(features.campaign_outcomes(company, campaign=campaign))
        treated = result.table.set_index("arm")["customers"]["treated"]
        realised = planted.get_group(campaign).sum() / treated
        missed += not result.low <= realised <= result.high
    assert missed <= 1
