"""Cohorts: equal ages, empty cells for what was not lived through, and better ones found where there are any."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Cohorts, NotEnough, features


def lives(seed: int, *, better: float = 0.0, size: int = 500, quarters: int = 9) -> pd.DataFrame:
    """Quarterly cohorts whose customers buy in 30 % of their months, the last two by `better` more, in the columns of
    the feature."""
    rng, rows = np.random.default_rng(seed), []
    for number in range(quarters):
        share = 0.3 + better * (number >= quarters - 2)
        loyal = rng.beta(3 * share, 3 * (1 - share), size)
        part = rng.integers(0, 32, size)
        seen = 3 * (quarters - 1 - number) + rng.integers(0, 3, size) + 1
        came = pd.Timestamp("2022-01-01") + pd.DateOffset(months=3 * number)
        for age in range(13):
            there = seen > age
            active = there & (rng.random(size) < loyal)
            for place in range(32):
                mine = part == place
                if there[mine].any() or age == 0:
                    rows.append((f"{came.year}-Q{came.quarter}", came, place, age, int(there[mine].sum()),
                                 int(active[mine].sum()), 40.0 * active[mine].sum(), int(mine.sum())))  # fmt: skip
    names = ["cohort", "came", "part", "age", "customers", "active", "revenue", "of"]
    days = {"kind": "quarter", "begins": pd.Timestamp("2021-01-01"), "until": pd.Timestamp("2024-04-15")}
    return pd.DataFrame(rows, columns=names).assign(**days)


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
