"""Who stays: published survival, planted rates of leaving, and the demo company's departures that nobody states."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import NotEnough, Retention, features
from crm_analytics.effectiveness.customers.survival import Curve, Risk, cox, log_rank
from crm_analytics.simulation.lifetimes import memberships

TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
"""Remission of leukaemia under 6-mercaptopurine and placebo, weeks (Freireich et al. 1963)."""


@pytest.fixture(scope="module")
def leukaemia() -> Risk:
    return Risk.of(TREATED + PLACEBO, RELAPSED + [1] * 21, pattern=[0] * 21 + [1] * 21)


def test_leukaemia_as_published(leukaemia):
    assert log_rank(leukaemia)[0] == pytest.approx(16.793, abs=0.001)
    hazards = cox(leukaemia, np.array([[0.0], [1.0]]))
    assert hazards.coefficients[0] == pytest.approx(1.5721, abs=0.0001)
    assert hazards.errors[0] == pytest.approx(0.4124, abs=0.0001)
    curve = Curve.of(leukaemia.only(np.array([0])), 0.95)
    assert curve.at(10)[0] == pytest.approx(0.7529, abs=0.0001)
    assert curve.at(23) == pytest.approx((0.4482, 0.1881, 0.6801), abs=0.0001)
    assert Curve.of(leukaemia.only(np.array([1])), 0.95).half_life == 8


def test_as_statsmodels_has_it_with_late_entry_and_three_columns():
    from statsmodels.duration.hazard_regression import PHReg

    rng = np.random.default_rng(3)
    x = np.stack([rng.integers(0, 2, 1500), rng.integers(0, 2, 1500), rng.integers(0, 3, 1500)], axis=1)
    life = rng.exponential(300, 1500) / np.exp(x @ [0.5, -0.4, 0.2])
    entered = np.where(rng.random(1500) < 0.4, rng.integers(1, 90, 1500), 0)
    days = np.ceil(np.minimum(life, 400)).astype(int)
    seen = days > entered
    columns, pattern = np.unique(x[seen], axis=0, return_inverse=True)
    risk = Risk.of(days[seen], life[seen] <= 400, entered=entered[seen], pattern=pattern.ravel())
    ours = cox(risk, columns)
    theirs = PHReg(
        days[seen], x[seen].astype(float), status=(life <= 400)[seen], entry=entered[seen], ties="efron"
    ).fit()
    assert ours.coefficients == pytest.approx(theirs.params, abs=0.01)
    assert ours.errors == pytest.approx(theirs.bse, rel=0.01)


def test_a_ratio_that_changes_with_tenure_is_found_and_a_steady_one_is_not():
    rng, p = np.random.default_rng(1), []
    for late in (1.0, 4.0):
        x = rng.integers(0, 2, 4000)
        exposure = rng.exponential(1, 4000)
        early = 100 * 0.004 * np.exp(-0.7 * x)
        life = np.where(
            exposure < early, exposure / (early / 100), 100 + (exposure - early) / (0.002 * np.where(x, late, 1))
        )
        days = np.ceil(np.minimum(life, 700)).astype(int)
        p.append(cox(Risk.of(days, life <= 700, pattern=x), np.array([[0.0], [1.0]])).proportional[0])
    assert p[1] < 0.001


def test_intervals_cover_planted_retention_and_ratios_and_plain_counts_do_not():
    covered, ratios, naive = [], [], []
    for seed in range(20):
        frame, truth = memberships(seed, ratio=1.6)
        result = Retention().fit(frame)
        row, web = result.table.iloc[0], result.table.set_index("group").loc["web"]
        covered.append(row["low"] <= truth.retained_365 <= row["high"])
        ratios.append(web["hazard_low"] <= 1.6 <= web["hazard_high"])
        naive.append(row["low"] <= truth.naive_365 <= row["high"])
    assert np.sum(covered) >= 17
    assert np.sum(ratios) >= 17
    assert np.mean(naive) < 0.5


def test_groups_that_leave_alike_are_rarely_called_different():
    called = [Retention().fit(memberships(seed)[0]).table["p_value"].lt(0.05).any() for seed in range(20)]
    assert np.sum(called) <= 3


def test_departures_nobody_states_lie_within_the_interval(company, truth):
    frame = features.lifetimes(company).to_pandas()
    people = frame.merge(truth.customers[["customer_id", "alive", "left", "joined"]], on="customer_id")
    lived = (people["left"].fillna(people["until"]) - people["joined"]).dt.days.clip(lower=0)
    planted = Curve.of(Risk.of(lived, ~people["alive"]), 0.95).at(365)[0]
    row = Retention().fit(frame).table.iloc[0]
    assert row["low"] <= planted <= row["high"]
    assert row["high"] - row["low"] < 0.25
    gone = 1 - people["alive"].mean()
    assert row["lost"] / row["customers"] == pytest.approx(gone, abs=0.08)


def test_chances_to_have_left_are_as_often_true_as_they_say(company, truth):
    from crm_analytics.effectiveness.customers.leaving import Left

    people = features.lifetimes(company).to_pandas().merge(truth.customers[["customer_id", "alive"]], on="customer_id")
    chance = Left.of(people["purchases"], people["as_long"], people["never"]).chance
    for low, high in ((0, 0.3), (0.3, 0.7), (0.7, 1.01)):
        inside = (chance >= low) & (chance < high)
        assert (~people["alive"])[inside].mean() == pytest.approx(chance[inside].mean(), abs=0.2)


def test_who_came_before_the_records_does_not_make_everybody_stay():
    frame, truth = memberships(4, customers=6000, earlier=0.7)
    row = Retention(by=None).fit(frame).table.iloc[0]
    blind = Retention(by=None).fit(frame.assign(entered=0)).table.iloc[0]
    assert row["low"] <= truth.retained_365 <= row["high"]
    assert blind["low"] > truth.retained_365


def test_too_short_a_record_and_too_few_departures_are_refused(company):
    frame, _ = memberships(5)
    few = Retention().fit(frame.assign(as_long=1.0, as_long_near=1.0, as_long_far=1.0))
    assert isinstance(few, NotEnough)
    early = features.lifetimes(company, as_of="2022-12-15").to_pandas()
    assert isinstance(Retention().fit(early), NotEnough)


def test_groups_with_few_departures_are_not_judged():
    frame, _ = memberships(6, customers=1000)
    columns = ["acquired_channel", "as_long", "as_long_near", "as_long_far"]
    frame.loc[frame.index[:40], columns] = ["fair", 1.0, 1.0, 1.0]
    result = Retention().fit(frame)
    assert np.isnan(result.table.set_index("group").loc["fair", "hazard_ratio"])
    assert any(check.name == "enough who left" and check.verdict == "weak" for check in result.checks)


def test_it_can_be_asked_by_another_column_and_for_the_next_quarter(company):
    result = Retention().fit(features.lifetimes(company))
    kinds = result.by("customer_kind")
    assert {"person", "company"} <= set(kinds.table["group"])
    share, low, high = result.next_period
    assert 0 < low <= share <= high <= 1
    assert result.claims[0].measure == "retention"
    with pytest.raises(ValueError, match="compare by"):
        result.by("colour")


def test_shuffled_memberships_of_the_airline(datasets):
    members = pd.read_csv(datasets / "airline_loyalty" / "Customer_Loyalty_History.csv.gz", encoding="utf-8-sig")
    start = pd.to_datetime({"year": members["Enrollment Year"], "month": members["Enrollment Month"], "day": 1})
    left = pd.to_datetime({"year": members["Cancellation Year"], "month": members["Cancellation Month"], "day": 1})
    until = pd.Timestamp("2019-01-01")
    last = (left.fillna(until) - start).dt.days.clip(lower=0)
    template, _ = memberships(1, customers=100)
    frame = pd.DataFrame(
        {"customer_id": members["Loyalty Number"].astype(str), "start": start, "last": last, "days": last}
    )
    frame = frame.assign(entered=(left.min() - start).dt.days.clip(lower=0), purchases=1, from_start=False, stated=True,
                         begins=start.min(), until=until, acquired_campaign=members["Enrollment Type"])  # fmt: skip
    for end in ("", "_near", "_far"):
        frame = frame.assign(**{f"as_long{end}": left.isna() * 1.0, f"never{end}": 0.0})
    result = Retention(by="acquired_campaign").fit(frame)
    promoted = result.table.set_index("group").loc["2018 Promotion"]
    assert promoted["hazard_low"] > 1
    assert result.table["retained"].iloc[0] == pytest.approx(0.908, abs=0.002)
    assert set(template) >= set(result.study.columns)
