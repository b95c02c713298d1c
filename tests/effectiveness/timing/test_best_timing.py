"""Best start and length: found where they matter, not invented where nothing does."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import BestTiming, NotEnough, draw
from crm_analytics.effectiveness.timing.shrunk import fitted
from crm_analytics.simulation.timing import BEST_WEEKDAY, campaigns_in_time

MATTERS = 0.2


@pytest.fixture(scope="module")
def nothing():
    return [BestTiming(shuffles=99).fit(campaigns_in_time(seed, campaigns=40)[0]) for seed in range(4)]


@pytest.fixture(scope="module")
def planted():
    found = []
    for seed in range(4):
        sales, truth = campaigns_in_time(seed, campaigns=60, matters=MATTERS)
        found.append((BestTiming(shuffles=99).fit(sales), truth))
    return found


def test_where_nothing_matters_hardly_anything_is_found(nothing):
    assert np.mean([len(result.best) > 0 for result in nothing]) <= 0.25
    quiet = next(result for result in nothing if result.best.empty)
    assert "no start and no length stands out" in quiet.text
    assert "different weekdays" in quiet.claims[0].decision


def test_differences_of_none_are_covered(nothing):
    tables = pd.concat([result.table for result in nothing])
    assert ((tables["against_low"] <= 0) & (tables["against_high"] >= 0)).mean() >= 0.9


def test_what_matters_is_found(planted):
    best = [set(zip(result.best["kind"], result.best["level"], strict=True)) for result, _ in planted]
    assert np.mean([("weekday", "Thursday") in one for one in best]) >= 0.5
    wrong = {("weekday", day) for day in ("Monday", "Tuesday", "Wednesday", "Friday", "Saturday", "Sunday")}
    assert not any(wrong & one for one in best)
    assert not any(("length", "15–28 days") in one for one in best)


def test_what_weekdays_do_is_covered(planted):
    inside = []
    for result, truth in planted:
        days = truth.campaigns["starts"].dt.day_of_week
        usual = (days == BEST_WEEKDAY).mean()
        rows = result.table[result.table["kind"] == "weekday"]
        for row in rows.itertuples():
            true = MATTERS * ((row.level == "Thursday") - usual)
            inside.append(row.against_low <= true <= row.against_high)
    assert np.mean(inside) >= 0.88


def test_a_dozen_campaigns_are_too_few_and_the_picture_shows_the_rest(planted):
    few, _ = campaigns_in_time(1, campaigns=8)
    refused = BestTiming().fit(few)
    assert isinstance(refused, NotEnough)
    assert "12" in refused.text
    assert len(draw(planted[0][0]).data) == len(planted[0][0].table)


def test_the_demo_s_sixteen_campaigns_carry_no_best_start(company):
    from crm_analytics import features

    result = BestTiming().fit(features.daily_sales(company, campaign=None))
    assert result.best.empty
    assert result.usual[1] > 0


def test_parts_are_shrunk_where_errors_are_large():
    lifts = np.array([0.3, 0.1, 0.3, 0.1, 0.32, 0.08, 0.31, 0.12] * 2)
    levels = pd.DataFrame({"weekday": ["a", "b"] * 8})
    sharp = fitted(lifts, np.eye(16) * 0.01**2, levels).against("weekday", "a", 0.95)[0]
    vague = fitted(lifts, np.eye(16) * 0.5**2, levels).against("weekday", "a", 0.95)[0]
    assert sharp == pytest.approx(0.1, abs=0.02)
    assert abs(vague) < 0.4 * sharp
    with pytest.raises(ValueError, match="least_campaigns"):
        BestTiming(least_campaigns=2)
