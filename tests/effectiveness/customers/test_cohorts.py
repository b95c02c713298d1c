"""Cohorts: equal ages, empty cells for what was not lived through, and better ones found where there are any."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Cohorts, NotEnough, features
from crm_analytics.simulation.cohorts import cohort_lives


def lives(seed: int, **world) -> pd.DataFrame:
    return cohort_lives(seed, **world)[0]


def test_alike_cohorts_are_rarely_called_better_or_worse():
    called = [Cohorts().fit(lives(seed)).table["verdict"].isin(["better", "worse"]).any() for seed in range(12)]
    assert np.mean(called) <= 0.17


def test_better_cohorts_are_found_and_their_gap_is_covered():
    covered, found = [], []
    for seed in range(8):
        row = Cohorts().fit(lives(seed, better=0.08)).table.set_index("cohort").loc["2023-Q4"]
        covered.append(row["active_low"] <= 0.08 <= row["active_high"])
        found.append(row["verdict"] == "better")
    assert np.mean(covered) >= 0.75
    assert np.mean(found) >= 0.75


def test_cells_not_lived_through_by_all_stay_empty_and_ages_are_equal():
    result = Cohorts().fit(lives(1))
    oldest = result.cells.groupby("cohort")["age"].max()
    assert (oldest <= 12).all()
    assert oldest["2024-Q1"] < oldest["2022-Q1"]
    row = result.table.set_index("cohort").loc["2023-Q3"]
    assert row["against"] == "2022-Q3"
    young = result.table.set_index("cohort").loc["2023-Q4"]
    cells = result.cells.set_index(["cohort", "age"])
    lived = range(1, int(young["months"]) + 1)
    assert young["active"] == pytest.approx(np.mean([cells.loc[("2023-Q4", age), "retained"] for age in lived]))


def test_the_feature_counts_what_customers_did(company):
    table = features.cohorts(company).to_pandas()
    assert (table["active"] <= table["customers"]).all()
    assert (table["customers"] <= table["of"]).all()
    whole = table.drop_duplicates(["cohort", "part"])["of"].sum()
    spent = features.purchases(company).to_pandas()
    assert whole == len(spent)
    by_channel = Cohorts().fit(features.cohorts(company, cohort="acquired_channel"))
    assert set(by_channel.table["against"]) == {"all others"}
    with pytest.raises(ValueError, match="cohort is"):
        features.cohorts(company, cohort="mood")


def test_one_cohort_is_nothing_to_compare():
    frame = lives(2)
    assert isinstance(Cohorts().fit(frame[frame["cohort"] == "2022-Q1"]), NotEnough)


def test_cohorts_that_are_all_too_small_are_refused():
    assert isinstance(Cohorts().fit(lives(1, size=3)), NotEnough)


def test_old_customers_seen_for_the_first_time_are_no_cohort_to_compare_with():
    first = ["2022-Q1", "2022-Q2"]
    rows = [lives(2, size=2000).query("cohort in @first"), lives(1).query("cohort not in @first")]
    table = Cohorts().fit(pd.concat(rows, ignore_index=True)).table.set_index("cohort")
    assert (table["customers"].head(2) == 2000).all()
    assert (table.loc[[*first, "2023-Q1", "2023-Q2"], "against"] == "–").all()
    assert table.loc["2023-Q3", "against"] == "2022-Q3"
