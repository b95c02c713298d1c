"""Changes of habits: false alarms come as often as stated, true changes are found, and their day is in the span."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Changes, NotEnough, draw, features
from crm_analytics.planning.customers.one import change_points

BEGIN, DAYS = pd.Timestamp("2022-01-01"), 1000


def histories(customers, *, a_day=0.05, shape=1.0, times=1.0, changing=0, seed=1, season=0.0):
    """Purchases of customers who come by chance (gamma gaps); every `changing`-th by another pace from a known day on.

    With `season`, everybody's time runs faster in each December. Returns the frame and the days of change.
    """
    rng = np.random.default_rng(seed)
    speed = 1 + season * (pd.date_range(BEGIN, periods=DAYS).month == 12)
    clock = np.concatenate(([0.0], np.cumsum(speed)))
    rows, changed = [], {}
    for i in range(customers):
        start, pace = rng.integers(0, 200), rng.gamma(2, a_day / 2)
        at = start + (DAYS - start) * rng.uniform(0.2, 0.8)
        factor = times if changing and i % changing == 0 else 1.0
        run = clock[start] + np.concatenate(([0.0], rng.gamma(shape, 1 / (shape * pace), 400).cumsum()))
        turn = np.interp(at, np.arange(DAYS + 1), clock)
        late = run > turn
        run[late] = turn + (run[late] - turn) / factor if factor else np.inf
        days = np.unique(np.interp(run[run < clock[-1]], clock, np.arange(DAYS + 1)).astype(int))
        rows.append(pd.DataFrame({"customer_id": f"c{i:05d}", "day": days}))
        if factor != 1:
            changed[f"c{i:05d}"] = BEGIN + timedelta(days=float(at))
    frame = pd.concat(rows, ignore_index=True)
    frame["revenue"] = rng.lognormal(3, 0.6, len(frame))
    frame["day"] = BEGIN + pd.to_timedelta(frame["day"], unit="D")
    return frame.assign(until=BEGIN + timedelta(days=DAYS)), changed


@pytest.mark.parametrize(
    ("test", "n", "shape"), [("pace", 4, 1.0), ("pace", 12, 2.5), ("pace", 60, 0.6), ("basket", 30, 1.0)]
)
def test_p_values_are_what_they_say(test, n, shape):
    rng = np.random.default_rng(11)
    if test == "basket":
        drawn, _ = change_points.basket_statistic(rng.pareto(2, (8000, n)))
    else:
        run = rng.gamma(shape, size=(8000, n)).cumsum(axis=1)
        rest = rng.random((8000, 1)) * rng.gamma(shape + 1, size=(8000, 1))
        drawn, _ = change_points.pace_statistic(run / (run[:, -1:] + rest))
    p = change_points.p_values(drawn, n, test=test, shape=shape, seed=0)
    for level in (0.05, 0.01):
        assert (p <= level).mean() == pytest.approx(level, abs=4 * np.sqrt(level / 8000) + 0.1 * level)


@pytest.mark.parametrize("shape", [1.0, 2.0])
def test_nobody_changed_and_few_are_named(shape):
    frame, _ = histories(1500, shape=shape)
    result = Changes(false_alarm_rate=0.02).fit(frame)
    assert len(result.table) / result.tested < 0.02 + 3 * np.sqrt(0.02 / result.tested)
    assert result.text.startswith("0 –")


def test_a_season_of_all_is_no_change_of_anybody():
    """Everybody buys three times as much in December; fewer than twice the stated share are named."""
    shares = []
    for seed in (1, 2, 3):
        frame, _ = histories(1500, season=2.0, seed=seed)
        result = Changes(false_alarm_rate=0.02).fit(frame)
        shares.append(len(result.table) / result.tested)
    assert np.mean(shares) < 0.035


@pytest.mark.parametrize(("times", "kinds"), [(0.0, {"stopped"}), (4.0, {"buys more often"})])
def test_who_changed_is_found_and_the_day_is_in_the_span(times, kinds):
    frame, changed = histories(1500, times=times, changing=4)
    table = Changes().fit(frame).table
    found = table[table["customer_id"].isin(changed) & table["change"].isin(kinds)]
    assert len(found) > 0.45 * len(changed)
    false = table[~table["customer_id"].isin(changed)]
    assert len(false) / (1500 - len(changed)) < 0.02
    truth = found["customer_id"].map(changed)
    inside = (pd.to_datetime(found["earliest"]) <= truth) & (
        truth <= pd.to_datetime(found["latest"]) + timedelta(days=1)
    )
    assert inside.mean() > 0.85
    assert (found["money_a_year"] * (1 if times > 1 else -1) > 0).all()


def test_a_basket_that_doubles_is_found():
    frame, _ = histories(300)
    late = frame["day"] >= BEGIN + timedelta(days=600)
    bigger = late & (frame["customer_id"] < "c00050")
    table = Changes().fit(frame.assign(revenue=frame["revenue"].where(~bigger, 3 * frame["revenue"]))).table
    named = table[table["change"] == "spends more each time"]
    assert (named["customer_id"] < "c00050").mean() > 0.9
    assert len(named) > 20


def test_in_the_demo_company_those_who_left_are_named(company, truth):
    result = Changes().fit(features.purchase_days(company))
    assert {check.name: check.verdict for check in result.checks}["false alarms"] == "holds"
    assert result.table["p_value"].max() <= 0.005
    assert (result.table["earliest"] <= result.table["changed_on"]).all()
    assert (result.table["changed_on"] <= result.table["latest"]).all()
    assert draw(result).layout.title.text


def test_too_few_purchases_are_not_enough():
    frame, _ = histories(100, a_day=0.002)
    assert isinstance(Changes().fit(frame.groupby("customer_id").head(3)), NotEnough)


@pytest.mark.parametrize("rate", [0, 0.5, -1])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(ValueError, match="false_alarm_rate"):
        Changes(false_alarm_rate=rate)


def test_money_is_the_difference_of_what_a_year_brings():
    frame, _ = histories(800, times=0.2, changing=3)
    table = Changes().fit(frame).table
    money = table["per_year_after"] * table["each_after"] - table["per_year_before"] * table["each_before"]
    assert table["money_a_year"].to_numpy() == pytest.approx(money.to_numpy())
    assert table["changed_on"].min() >= date(2022, 1, 1)
