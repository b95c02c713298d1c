"""What was paid long ago at today's level: as the purchases say, and only where they can."""

import numpy as np
import pytest

from crm_analytics import CustomerValue, features


def drifting(base, yearly: float, error: float = 0.01, days: int = 800):
    people = base.people.assign(age_days=365.0, drift_yearly=yearly, drift_error=error)
    return people.assign(T=people["T"].where(people.index > 0, days))


def level(result):
    return next(check for check in result.checks if check.name == "level")


def test_past_purchases_count_at_todays_level(base):
    plain, risen = (CustomerValue().fit(drifting(base, rise)) for rise in (0.0, np.log(1.2)))
    assert risen.mean == pytest.approx(1.2 * plain.mean, rel=0.01)
    assert "20 % more at a time with every year (18 – 22 %)" in level(risen).text
    assert level(plain).verdict == "holds"
    fallen = CustomerValue().fit(drifting(base, np.log(0.8)))
    assert "20 % less" in level(fallen).text
    assert risen.predict(drifting(base, np.log(1.2))).mean == pytest.approx(risen.mean)


def test_what_may_be_chance_or_a_season_is_not_counted(base):
    plain = CustomerValue().fit(drifting(base, 0.0))
    assert CustomerValue().fit(drifting(base, 0.05, error=0.03)).mean == pytest.approx(plain.mean)
    short = CustomerValue().fit(drifting(base, 0.2, days=700))
    assert "less than two years of history" in level(short).text
    assert short.mean == pytest.approx(plain.mean, rel=0.01)


def test_the_engine_finds_the_line_through_each_customers_own_purchases(company):
    told = features.habits(company).to_pandas()
    days = features.purchase_days(company).to_pandas()
    days = days[days["revenue"] > 0]
    t = -(days["until"] - days["day"]).dt.days / 365
    y = np.log(days["revenue"])
    t, y = (v - v.groupby(days["customer_id"]).transform("mean") for v in (t, y))
    slope = (t @ y) / (t @ t)
    assert told["drift_yearly"].iloc[0] == pytest.approx(slope, rel=1e-3)
    free = len(days) - days["customer_id"].nunique() - 1
    error = np.sqrt(((y - slope * t) ** 2).sum() / free / (t @ t))
    assert told["drift_error"].iloc[0] == pytest.approx(error, rel=1e-3)


def test_habits_are_purchases_with_what_was_known_before(company):
    habits, known = features.habits(company).to_pandas(), features.purchases(company).to_pandas()
    before = features.purchases(company, as_of=company.today - np.timedelta64(365, "D").astype(object)).to_pandas()
    assert habits[list(known.columns)].equals(known)
    assert habits["hidden_days"].unique() == [365]
    joined = habits.merge(before, on="customer_id", how="left", suffixes=("", "_then"))
    assert joined["x_before"].equals(joined["x_then"].astype("float64"))
    assert joined["t_x_before"].equals(joined["t_x_then"].astype("float64"))
    with pytest.raises(ValueError, match="hidden_days"):
        features.habits(company, hidden_days=0)
