"""Which campaign was best: intervals that hold for all together, the luckiest not taken for the best, and Hillstrom."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import BestCampaign, Lift, NotEnough, features
from crm_analytics.simulation.experiments import experiment_tests


def test_together_the_intervals_cover_and_the_true_best_is_kept():
    covered, kept, crowned = [], [], []
    for seed in range(10):
        rows, truth = experiment_tests(seed, customers=1500, effects=(4.0, 2.0, 0.0))
        table = BestCampaign(draws=2000).fit(rows).table.set_index("campaign")
        planted = pd.Series(truth.parts).loc[table.index]
        covered.append(((table["low"] <= planted) & (planted <= table["high"])).all())
        kept.append(table["may_be_best"]["Test 1"])
        rows, _ = experiment_tests(seed, customers=1000, effects=(2.0, 2.0, 2.0))
        crowned.append(BestCampaign(draws=2000).fit(rows).settled)
    assert np.sum(covered) >= 8
    assert np.sum(kept) >= 9
    assert np.sum(crowned) <= 2, "where all are alike, none may be called the best"


def test_a_best_that_is_really_better_is_called_so():
    rows, _ = experiment_tests(1, customers=20_000, effects=(8.0, 1.0, 0.0))
    result = BestCampaign().fit(rows)
    assert result.settled
    assert result.table["campaign"].iloc[0] == "Test 1"
    assert result.claims[0].decision.startswith("Prefer")
    assert result.table["ahead_low"].iloc[0] == 0


def test_each_effect_is_that_of_its_own_test_and_the_expected_lie_closer_together():
    rows, _ = experiment_tests(2, customers=1500)
    table = BestCampaign().fit(rows).table.set_index("campaign")
    for name, people in rows.groupby("campaign"):
        assert table["effect"][name] == pytest.approx(Lift().fit(people).effect)
    assert table["expected"].std() <= table["effect"].std()


def test_two_mails_with_one_control(datasets):
    mails = pd.read_csv(datasets / "hillstrom_email" / "hillstrom.csv.gz").reset_index(names="customer_id")
    parts = [
        mails[mails["segment"].isin([arm, "No E-Mail"])].assign(
            campaign_id=arm, arm=lambda t: np.where(t["segment"] == "No E-Mail", "control", "treated"),
            outcome_revenue=lambda t: t["spend"], outcome_orders=lambda t: t["conversion"],
        )
        for arm in ("Mens E-Mail", "Womens E-Mail")
    ]  # fmt: skip
    result = BestCampaign().fit(pd.concat(parts))
    assert result.table["effect"].tolist() == pytest.approx([0.770, 0.424], abs=1e-3)
    assert result.settled
    common = result.covariance[0, 1]
    control = mails.loc[mails["segment"] == "No E-Mail", "spend"]
    assert common == pytest.approx(control.var() / len(control), rel=0.02), "what both share is their control's mean"


def test_it_refuses_one_campaign_and_odd_knobs():
    rows, _ = experiment_tests(3, customers=300)
    assert isinstance(BestCampaign().fit(rows[rows["campaign_id"] == "T1"]), NotEnough)
    with pytest.raises(ValueError, match="measure"):
        BestCampaign(measure="luck")


def test_the_feature_agrees_with_the_outcomes_of_each_campaign(company):
    tests = features.campaign_tests(company).to_pandas()
    people = features.campaign_outcomes(company, campaign="C07").to_pandas()
    mine = tests[tests["campaign_id"] == "C07"].set_index("customer_id")
    people = people.set_index("customer_id")
    for column in ("outcome_revenue", "outcome_orders", "before_revenue"):
        np.testing.assert_allclose(mine[column].loc[people.index].astype(float), people[column].astype(float))
    with pytest.raises(ValueError, match="one week"):
        features.campaign_tests(company, weeks=0)
