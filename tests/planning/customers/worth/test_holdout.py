"""Foretold and happened: it says how far off it was, and when it cannot be compared."""

import pandas as pd
import pytest

from crm_analytics import CustomerValue


@pytest.fixture(scope="module")
def value(base):
    return CustomerValue().fit(base.people)


def verdicts(result):
    return {check.name: check.verdict for check in result.checks}


def test_on_published_data_it_says_that_it_is_twelve_percent_low(cdnow_people, cdnow_spend):
    held = CustomerValue(horizon_days=273).fit(cdnow_people).against(cdnow_spend)
    assert "The forecast of purchases is 12 % low: 1,653 foretold, 1,882 happened." in held.text
    assert held.miss_orders == pytest.approx(1653 / 1882 - 1, abs=0.001)
    assert verdicts(held)["total"] != "holds"


def test_it_holds_for_customers_who_behave_as_the_models_say(value, base):
    held = value.against(base.spend)
    assert set(verdicts(held).values()) == {"holds"}
    assert abs(held.miss) < 0.1
    assert len(held.table) == 10
    inside = held.table["happened"].between(held.table["low"], held.table["high"])
    assert inside.sum() >= 8


def test_the_parts_sum_to_the_whole(value, base):
    held = value.against(base.spend)
    assert held.table["foretold"].sum() == pytest.approx(held.foretold)
    assert held.table["happened"].sum() == pytest.approx(base.spend["revenue"].sum())
    assert held.table["customers"].sum() == len(base.people)


def test_customers_unknown_to_the_forecast_do_not_count(value, base):
    stranger = pd.DataFrame({"customer_id": ["new"], "orders": [9], "revenue": [1e6], "margin": [0.0], "days": [365]})
    assert value.against(pd.concat([base.spend, stranger])).happened == pytest.approx(base.spend["revenue"].sum())


def test_discounting_is_undone(base, value):
    discounted = CustomerValue(discount_rate_yearly=0.2).fit(base.people).against(base.spend)
    assert discounted.foretold == pytest.approx(value.against(base.spend).foretold)


def test_a_forecast_of_nothing_true_fails(value, base):
    backward = base.spend.assign(revenue=base.spend["revenue"] * 4)
    assert verdicts(value.against(backward))["total"] == "fails"
    mixed = base.spend.assign(customer_id=base.people["customer_id"].sample(len(base.spend), random_state=1).to_numpy())
    assert verdicts(value.against(mixed))["order"] != "holds"


def test_other_days_are_refused_with_the_next_move(value, base):
    with pytest.raises(ValueError, match=r"predict\(people, horizon_days=90\)"):
        value.against(base.spend.assign(days=90))
    with pytest.raises(ValueError, match=r"features\.spend"):
        value.against(base.spend.drop(columns="orders"))
