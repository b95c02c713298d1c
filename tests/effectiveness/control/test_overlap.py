"""Two campaigns at once: what one adds to the other is found, chance is not, and lots that knew of each other show."""

import numpy as np
import pytest

from crm_analytics import NotEnough, Overlap
from crm_analytics.simulation.experiments import experiment_tests


def test_the_difference_is_covered_and_chance_stays_chance():
    covered, alarms = [], []
    for seed in range(16):
        beside = 3.0 * (seed % 2)
        rows, _ = experiment_tests(seed, customers=2000, effects=(3.0, 3.0), beside=beside)
        table = Overlap().fit(rows).table
        covered.append(table["low"].iloc[0] <= 2 * beside <= table["high"].iloc[0])
        alarms.append(beside == 0 and table["beyond_noise"].any())
    assert np.sum(covered) >= 13
    assert np.sum(alarms) <= 2


def test_a_campaign_that_only_works_beside_another_is_found():
    rows, _ = experiment_tests(1, customers=20_000, effects=(3.0, 3.0), beside=3.0)
    result = Overlap(campaign="T2").fit(rows)
    row = result.table.iloc[0]
    assert row["beyond_noise"]
    assert row["difference"] == pytest.approx(row["effect_with"] - row["effect_without"])
    assert result.claims[0].decision.startswith("Send")
    assert "«Test 1»" in result.text


def test_lots_that_knew_of_each_other_fail():
    rows, _ = experiment_tests(2, customers=4000, effects=(3.0, 3.0))
    first = rows[rows["campaign_id"] == "T1"].set_index("customer_id")["arm"]
    second = rows["campaign_id"] == "T2"
    same = second & (rows["customer_id"].map(first) == rows["arm"])
    kept = rows[~second | same | (rows.index % 3 == 0)]
    check = next(check for check in Overlap().fit(kept).checks if check.name == "Drawn apart")
    assert check.verdict == "fails"


def test_it_refuses_what_cannot_be_asked():
    rows, _ = experiment_tests(3, customers=400)
    assert isinstance(Overlap().fit(rows[rows["campaign_id"] == "T1"]), NotEnough)
    assert isinstance(Overlap(weeks_before=0, campaign="T3").fit(rows), NotEnough)
    with pytest.raises(ValueError, match="T9"):
        Overlap(campaign="T9").fit(rows)
    with pytest.raises(ValueError, match="weeks_before"):
        Overlap(weeks_before=-1)
