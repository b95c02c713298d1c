"""At whose expense: parts sum to the whole, planted cannibalisation is found, parts without any are left in peace."""

import numpy as np
import pytest

from crm_analytics import Lift, NotEnough, Spillover, features
from crm_analytics.simulation.experiments import experiment_parts


def test_intervals_cover_and_quiet_parts_stay_quiet():
    covered, alarms = [], []
    for seed in range(16):
        share = 0.5 * (seed % 2)
        rows, truth = experiment_parts(seed, customers=2500, cannibalised=share)
        result = Spillover(promoted=("Garden",)).fit(rows)
        for one, planted in ((result.whole, truth.effect), (result.promoted, 3.0), (result.elsewhere, -3 * share)):
            low, high = one.interval(0.95)
            covered.append(low <= planted <= high)
        quiet = result.table.loc[result.table["part"].isin(["Textiles", "Lighting"]), "beyond_noise"]
        alarms.append(quiet.any())
    assert np.mean(covered) >= 0.88
    assert np.sum(alarms) <= 2


def test_what_other_goods_lose_is_found():
    rows, _ = experiment_parts(1, customers=20_000, cannibalised=0.5)
    result = Spillover(promoted=("Garden",)).fit(rows)
    assert result.elsewhere.interval(0.95)[1] < 0
    assert result.lost[1] <= 0.5 <= result.lost[2]
    assert "taken from other goods" in result.text
    assert result.claims[0].decision.startswith("Judge")
    alone = Spillover().fit(rows)
    assert "Kitchen lost" in alone.text
    assert alone.claims == ()


def test_parts_sum_to_the_lift_and_small_ones_go_together():
    rows, _ = experiment_parts(2, customers=1500)
    rare = rows["part"].eq("Garden") & (rows.index % 50 == 0)
    rows["part"] = rows["part"].where(~rare, "Rare")
    result = Spillover().fit(rows)
    assert "Rare" not in set(result.table["part"])
    assert "all others" in set(result.table["part"])
    people = rows.groupby(["customer_id", "arm", "before_revenue", "before_orders"], as_index=False)
    assert result.table["effect"].sum() == pytest.approx(Lift().fit(people["outcome_revenue"].sum()).effect)


def test_it_refuses_what_cannot_be_asked():
    rows, _ = experiment_parts(3, customers=600)
    with pytest.raises(ValueError, match="Boats"):
        Spillover(promoted=("Boats",)).fit(rows)
    with pytest.raises(ValueError, match="promoted"):
        Spillover(promoted="Garden")
    assert isinstance(Spillover().fit(rows[rows["arm"] == "control"]), NotEnough)
    nothing = rows.drop_duplicates("customer_id").assign(part=None, outcome_revenue=0.0)
    assert isinstance(Spillover().fit(nothing), NotEnough)


@pytest.mark.parametrize("by", ["category", "brand", "channel"])
def test_every_cut_holds_all_that_was_bought(company, by):
    parts = features.campaign_parts(company, campaign="C11", by=by).to_pandas()
    people = features.campaign_outcomes(company, campaign="C11").to_pandas()
    assert parts["outcome_revenue"].sum() == pytest.approx(people["outcome_revenue"].sum())
    assert set(parts["customer_id"]) == set(people["customer_id"])
    with pytest.raises(ValueError, match="colour"):
        features.campaign_parts(company, by="colour")
