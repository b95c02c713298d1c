"""Stages by each customer's own rhythm: the same rule for bread and for furniture, and what it foretold comes true."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import LifeCycle, features
from crm_analytics.planning.customers.base.life_cycle import STAGES, STRATEGY
from crm_analytics.planning.customers.base.stages import ACTIVE, History
from crm_analytics.planning.customers.buying.pauses import Pauses
from crm_analytics.result import enough

BEGINS = pd.Timestamp("2015-01-01")


def life(seed, *, usual_days, history_days, count=900, shape=3.0):
    """Purchases of customers of a base whose pauses last about so long; what each does lately is planted in `kind`."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(["steady", "slower", "faster", "gone"], count, p=[0.6, 0.15, 0.1, 0.15])
    pause = usual_days * rng.gamma(3, 1 / 3, count)
    rows = []
    for who in range(count):
        day, turn = rng.uniform(0, 0.4) * history_days, rng.uniform(0.6, 0.75) * history_days
        while day < history_days:
            rows.append((f"{who:05d}", int(day)))
            change = {"steady": 1, "slower": 3, "faster": 1 / 3, "gone": 1e9}[kind[who]] if day > turn else 1
            day += max(1.0, rng.gamma(shape, pause[who] * change / shape))
    frame = pd.DataFrame(rows, columns=["customer_id", "at"]).drop_duplicates()
    frame["number"] = frame.groupby("customer_id").cumcount() + 1
    frame["day"] = BEGINS + pd.to_timedelta(frame["at"], unit="D")
    return frame.assign(revenue=10.0, until=BEGINS + pd.Timedelta(days=history_days)).drop(columns="at"), kind


@pytest.mark.parametrize(("usual_days", "history_days"), [(3, 200), (30, 1000), (365, 6000)])
def test_the_same_rule_finds_what_changed_whatever_the_rhythm(usual_days, history_days):
    frame, kind = life(1, usual_days=usual_days, history_days=history_days)
    result = LifeCycle().fit(frame)
    stage = result.people.set_index("customer_id")["stage"]
    planted = kind[stage.index.astype(int)]
    assert stage[planted == "gone"].isin(["dormant", "lost"]).mean() > 0.85
    assert stage[planted == "steady"].isin(["steady", "growing", "returned", "declining"]).mean() > 0.85
    assert stage[planted == "steady"].isin(["growing", "declining"]).mean() < 0.2
    assert (stage[planted == "faster"] == "growing").mean() > 0.6
    slower = stage[planted == "slower"].isin(["declining", "dormant", "lost", "returned"]).mean()
    assert slower > 0.65 > 0.3 > stage[planted == "steady"].isin(["declining", "dormant", "lost", "returned"]).mean()


def test_the_rhythm_of_a_base_is_found_again():
    rng = np.random.default_rng(5)
    planted = {"shape": 3.0, "r": 2.0, "alpha_days": 60.0, "leave_first": 0.3, "leave_later": 0.08}
    pace, history = rng.gamma(2.0, 1 / 60, 4000), rng.uniform(50, 900, 4000)
    x, t, logs, here = np.zeros(4000), np.zeros(4000), np.zeros(4000), rng.random(4000) > 0.3
    while here.any():
        pause = rng.gamma(3.0, 1 / pace)
        here &= t + pause < history
        x, t, logs = x + here, t + here * pause, logs + here * np.log(pause)
        here &= rng.random(4000) > 0.08
    found = Pauses.fit(x, t, logs, history - t, reach_days=900)
    for name, value in planted.items():
        assert getattr(found, name) == pytest.approx(value, rel=0.2), name


def test_silence_is_judged_by_the_own_rhythm_and_by_the_base_where_there_is_none():
    base = Pauses(shape=1.0, r=2.0, alpha_days=60, leave_first=0.1, leave_later=0.1, reach_days=1000)
    often, seldom, silence = np.array([20.0]), np.array([2.0]), np.array([60.0])
    assert (
        base.as_long(often, np.array([200.0]), silence) < 0.02 < 0.3 < base.as_long(seldom, np.array([400.0]), silence)
    )
    once = base.as_long(np.zeros(3), np.zeros(3), np.array([0.0, 100.0, 1000.0]))
    assert once == pytest.approx([1.0, 0.14, 0.0], abs=0.02)
    counts = np.arange(-1, 200)
    chance = base.at_most(counts, x=np.full(201, 5.0), t=np.full(201, 100.0), days=np.full(201, 90.0))
    assert chance[[0, -1]] == pytest.approx([0, 1])
    assert (np.diff(chance) >= 0).all()


def test_parts_sum_and_everybody_has_one_stage_with_a_strategy(company):
    frame = features.rhythm(company).to_pandas()
    result = LifeCycle().fit(frame)
    assert result.table["customers"].sum() == frame["customer_id"].nunique()
    assert result.table["share"].sum() == pytest.approx(1)
    assert set(result.table["stage"]) == set(STRATEGY)
    assert set(result.strategies.table["strategy"]) == set(STRATEGY.values())
    year = frame[pd.to_datetime(frame["day"]) >= pd.Timestamp("2024-07-01")]["revenue"].sum()
    assert result.table["money_year"].sum() == pytest.approx(year)
    assert ((result.table["low"] <= result.table["share"]) & (result.table["share"] <= result.table["high"])).all()
    now = result.people["stage"].value_counts().reindex(STAGES, fill_value=0)
    assert (result.flows.matrix.sum() == now).all()
    assert result.table.set_index("stage").loc["prospect", "customers"] == (frame["number"] == 0).sum()


def test_what_was_foretold_comes_true_and_the_lost_have_left(company, truth):
    """Out of time: judged a period ago, active customers buy more than dormant ones, dormant more than lost."""
    result = LifeCycle().fit(features.rhythm(company))
    assert [check.verdict for check in result.checks[:3]] == ["holds", "holds", "holds"]
    known = truth.customers.set_index("customer_id")
    alive = result.people.assign(alive=result.people["customer_id"].map(known["alive"]).astype(float))
    alive = alive.groupby("stage")["alive"].mean()
    assert alive["lost"] < 0.2 < 0.4 < alive["dormant"] < 0.65 < 0.75 < alive["steady"]
    expected = result.people["customer_id"].map(known["expected_orders_365"])
    by = expected.groupby(result.people["stage"]).mean()
    assert by["growing"] > by["steady"] > by["dormant"] > by["lost"]
    truly = truth.segments.set_index("name")[["a", "b"]]
    leave = (truly["a"] / (truly["a"] + truly["b"])).iloc[:5].mean()
    assert result.pauses.leave_later == pytest.approx(leave, abs=0.1)
    assert result.pauses.leave_first < 0.05  # nobody leaves after the first purchase, and none is said to


def test_a_frozen_rhythm_judges_another_day_by_the_same_measure(company):
    frame = features.rhythm(company).to_pandas()
    first = LifeCycle(period_days=91).fit(frame)
    again = LifeCycle(period_days=91, pauses=first.pauses).fit(frame)
    pd.testing.assert_frame_equal(again.people, first.people)
    other = LifeCycle(period_days=182, pauses=first.pauses).fit(frame)
    pd.testing.assert_frame_equal(other.people, first.people)


def test_a_season_is_nobodys_silence():
    """Everybody buys from April to September only; in March they are not called dormant."""
    rng = np.random.default_rng(2)
    rows = [
        (f"{who:04d}", BEGINS + pd.Timedelta(days=int(365 * year + 90 + day)))
        for who in range(400)
        for year in range(4)
        for day in np.unique(rng.uniform(0, 180, rng.poisson(6)).astype(int))
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    frame["number"] = frame.groupby("customer_id").cumcount() + 1
    stages = LifeCycle(period_days=61).fit(frame.assign(revenue=1.0, until=pd.Timestamp("2019-03-15"))).people["stage"]
    assert stages.isin(ACTIVE).mean() > 0.7  # at any time, in any season, a tenth and more of the pauses are long ones


@pytest.mark.parametrize("change", ["short", "once"])
def test_too_little_is_refused_with_what_would_be_enough(change):
    frame, _ = life(3, usual_days=60, history_days=400)
    if change == "short":
        frame = frame[frame["day"] < BEGINS + pd.Timedelta(days=120)].assign(until=BEGINS + pd.Timedelta(days=120))
    else:
        frame = frame[frame["number"] == 1]
    refused = LifeCycle().fit(frame)
    assert not enough(refused)
    assert "would be enough" in refused.text


def test_knobs_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="gone < doubt"):
        LifeCycle(doubt=0.01, gone=0.05)
    with pytest.raises(ValueError, match="period_days"):
        LifeCycle(period_days=0)


def test_the_feature_numbers_purchases_and_knows_who_never_bought(company):
    rows = features.rhythm(company, as_of="2024-07-01").to_pandas()
    bought = rows[rows["number"] > 0]
    made = features.purchase_days(company, as_of="2024-07-01").to_pandas()
    pd.testing.assert_frame_equal(bought[["customer_id", "day", "revenue"]].reset_index(drop=True),
                                  made[["customer_id", "day", "revenue"]])  # fmt: skip
    assert (bought.groupby("customer_id")["number"].max() == bought.groupby("customer_id").size()).all()
    assert not set(rows[rows["number"] == 0]["customer_id"]) & set(bought["customer_id"])


def test_music_lovers_who_came_once_are_not_new_for_ever(datasets):
    """CDNOW: most bought once and never again, at paces that differ widely; 18 months of records."""
    names = ["again", "customer_id", "day", "units", "revenue"]
    rows = pd.read_csv(datasets / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", names=names, dtype={"customer_id": str})
    rows["day"] = pd.to_datetime(rows["day"].astype(str))
    rows = rows.groupby(["customer_id", "day"], as_index=False)["revenue"].sum()
    rows["number"] = rows.groupby("customer_id").cumcount() + 1
    result = LifeCycle().fit(rows.assign(until=pd.Timestamp("1998-07-01")))
    assert result.table["customers"].sum() == 2357
    once = result.people[result.people["purchases"] == 1]
    assert (once["stage"] == "dormant").mean() > 0.9  # all joined more than a year before
    verdicts = {check.name: check.verdict for check in result.checks}
    assert verdicts["seasons"] == "weak"
    stage = result.table.set_index("stage")
    assert stage.loc["steady", "bought_low"] > stage.loc["dormant", "bought_high"]


def test_an_empty_past_has_no_stages():
    frame = pd.DataFrame({"customer_id": ["a"], "day": [BEGINS]})
    assert len(History.of(frame, BEGINS + pd.Timedelta(days=1)).ids) == 1
