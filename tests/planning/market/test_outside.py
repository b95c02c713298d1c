"""The world outside: planted influences lie in their intervals, and what does nothing is not said to do anything."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import NotEnough, Outside, features

ELASTICITIES = {"competitor": 0.6, "turnover": 0.9, "fuel": 0.0}


def company(seed, years=3, noise=0.08):
    """Daily sales with a trend, a season, a price, and three outside series of known effect."""
    rng = np.random.default_rng(seed)
    n = int(365 * years)
    t = np.arange(n)
    walk = {name: np.exp(np.repeat(rng.normal(0, 0.03, n // 30 + 1).cumsum(), 30)[:n]) for name in ELASTICITIES}
    price = np.exp(np.repeat(rng.normal(0, 0.04, n // 20 + 1), 20)[:n])
    holiday = rng.random(n) < 0.03
    logs = 0.1 * t / 365 + 0.2 * np.sin(2 * np.pi * t / 365.25) - 1.5 * np.log(price) - 0.1 * holiday
    logs = logs + sum(ELASTICITIES[name] * np.log(series) for name, series in walk.items())
    logs = logs + np.repeat(rng.normal(0, noise / 2, n // 7 + 1), 7)[:n] + rng.normal(0, noise, n)
    return pd.DataFrame(
        {
            "day": pd.date_range("2022-01-03", periods=n),
            "revenue": 1000 * np.exp(logs),
            "price_index": price,
            "competitor_index": walk["competitor"],
            "market_turnover": walk["turnover"],
            "market_fuel": walk["fuel"],
            "holiday": np.where(holiday, "feast", ""),
        }
    )


@pytest.fixture(scope="module")
def tables():
    return [Outside().fit(company(seed)).table.set_index("series") for seed in range(40)]


def test_intervals_hold_the_planted_effects(tables):
    for name, truth in ELASTICITIES.items():
        held = np.mean([table.loc[name, "low"] <= truth <= table.loc[name, "high"] for table in tables])
        assert held >= 0.92, name


def test_what_matters_is_mostly_seen_and_what_does_not_hardly_ever(tables):
    seen = {name: np.mean([table.loc[name, "moves_sales"] == "yes" for table in tables]) for name in ELASTICITIES}
    assert seen["turnover"] > 0.6
    assert seen["fuel"] <= 0.1


def test_in_the_demo_company_the_planted_elasticities_are_in_the_intervals(company, truth):
    table = Outside().fit(features.daily_sales(company, campaign=None)).table.set_index("series")
    planted = {"competitor": 0.5, "retail turnover": 0.8, "fuel price": 0.0}
    for name, effect in planted.items():
        assert table.loc[name, "low"] <= effect <= table.loc[name, "high"]


def test_a_series_that_never_moves_is_said_to():
    frame = company(1).assign(market_flat=1.0)
    table = Outside().fit(frame).table.set_index("series")
    assert table.loc["flat", "moves_sales"] == "never moved"
    assert np.isnan(table.loc["flat", "effect"])


def test_without_anything_outside_it_says_so():
    frame = company(1)[["day", "revenue", "price_index"]]
    assert isinstance(Outside().fit(frame), NotEnough)


def test_old_data_are_called_stale():
    frame = company(2)
    frame.loc[frame.index[-200:], "market_fuel"] = frame["market_fuel"].iloc[-201]
    checks = {check.name: check for check in Outside().fit(frame).checks}
    assert checks["fresh"].verdict == "weak"
    assert "fuel" in checks["fresh"].text


@pytest.mark.parametrize("knobs", [{"measure": "profit"}, {"fresh_days": 0}])
def test_knobs_out_of_range_are_refused(knobs):
    with pytest.raises(ValueError, match=next(iter(knobs))):
        Outside(**knobs)
