"""What a customer is worth: on published data, on customers whose truth is planted, and at the edges."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import CustomerValue, NotEnough, features


@pytest.fixture(scope="module")
def value(base):
    return CustomerValue().fit(base.people)


def verdicts(result):
    return {check.name: check.verdict for check in result.checks}


def test_the_sentence_begins_with_the_worth_and_its_interval(cdnow_people):
    result = CustomerValue(horizon_days=273).fit(cdnow_people)
    assert result.text.startswith("A customer is worth €25.4")
    assert "of revenue over the next 273 days; a fifth of them hold 72 % of it." in result.text
    assert result.low < result.mean < result.high
    assert result.forecast.money.parameters == pytest.approx([6.249, 3.745, 15.448], abs=5e-4)
    assert result.table["expected_orders"].sum() == pytest.approx(1653, abs=2)


def test_the_table_holds_together(value, base):
    table = value.table
    assert list(table["customer_id"].sort_values()) == list(base.people["customer_id"])
    assert table["value"].is_monotonic_decreasing
    assert table["value"].to_numpy() == pytest.approx((table["expected_orders"] * table["value_per_order"]).to_numpy())
    assert (table["low"] <= table["high"]).all()
    assert table["p_alive"].between(0, 1).all()
    assert value.mean == pytest.approx(table["value"].mean())
    assert value.tenths["value"].sum() == pytest.approx(table["value"].sum())


def test_intervals_of_customers_cover_what_they_do(value, base):
    table = value.table.merge(base.spend[["customer_id", "revenue"]], how="left").fillna({"revenue": 0.0})
    inside = table["revenue"].between(table["low"], table["high"])
    assert 0.93 <= inside.mean() <= 0.985
    assert 0.9 <= inside[table["value"] > table["value"].median()].mean() <= 0.985


def test_intervals_cover_what_happens(draw_base):
    """In bases drawn afresh: what a customer brought on average, and what each tenth brought, against what was said."""
    base, tenths = [], []
    for seed in range(12):
        drawn = draw_base(300, seed=1000 + seed)
        result = CustomerValue().fit(drawn.people)
        base.append(result.low <= drawn.spend["revenue"].sum() / len(drawn.people) <= result.high)
        held = result.against(drawn.spend).table
        tenths += list(held["happened"].between(held["low"], held["high"]).iloc[:8])
    assert np.mean(base) >= 0.84
    assert 0.88 <= np.mean(tenths) <= 0.99


def test_the_same_base_asked_further(value, base):
    longer = value.predict(base.people, horizon_days=730)
    assert longer.study.horizon_days == 730
    assert value.mean < longer.mean < 2 * value.mean
    one = value.predict(base.people.head(1))
    same = value.table.set_index("customer_id").loc[one.table["customer_id"][0]]
    assert one.table.set_index("customer_id").iloc[0]["value"] == pytest.approx(same["value"])


def test_money_later_counts_less(base, value):
    discounted = CustomerValue(discount_rate_yearly=0.1).fit(base.people)
    assert 0.94 < discounted.mean / value.mean < 0.97


def test_the_seed_moves_only_the_intervals_of_single_customers(base, value):
    other = CustomerValue(seed=2).fit(base.people)
    assert other.text.split("(")[0] == value.text.split("(")[0]
    pd.testing.assert_series_equal(other.table["value"], value.table["value"])
    assert not other.table["high"].equals(value.table["high"])


def test_margin_is_used_where_it_is_known(base):
    people = base.people.assign(
        margin=base.people["revenue"] * 0.4, mean_repeat_margin=base.people["mean_repeat_revenue"] * 0.4
    )
    whole = CustomerValue().fit(people)
    assert "of margin over" in whole.text
    assert verdicts(whole)["margin"] == "holds"
    some = people.assign(margin=people["margin"].where(people.index % 20 > 0))
    assert CustomerValue().fit(some).mean == pytest.approx(whole.mean, rel=0.02)
    few = people.assign(margin=people["margin"].where(people.index % 2 > 0))
    assert "of revenue over" in CustomerValue().fit(few).text


def test_customers_bought_from_at_a_loss_stay_one(base):
    people = base.people.assign(
        mean_repeat_revenue=base.people["mean_repeat_revenue"].where(base.people.index > 5, -50)
    )
    table = CustomerValue().fit(people).table.set_index("customer_id")
    losing = table.loc[people.loc[people["x"].gt(1) & (people.index <= 5), "customer_id"]]
    assert (losing["value"] < 0).all()
    assert (losing["low"] <= losing["high"]).all()


def test_it_says_when_often_and_much_go_together(base, value):
    assert verdicts(value)["often is not much"] == "holds"
    linked = base.people.assign(mean_repeat_revenue=base.people["mean_repeat_revenue"] * base.people["x"])
    result = CustomerValue().fit(linked)
    assert verdicts(result)["often is not much"] == "fails"
    text = next(check.text for check in result.checks if check.name == "often is not much")
    assert "misjudges those who come most often" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": 0, "t_x": 0}, "none of 1,500 customers has bought on a second day"),
        ({"x": lambda p: (p.index < 15) * 1}, "about 1,500 more customers would be enough"),
        ({"x": lambda p: p["T"] // 30, "t_x": lambda p: p["T"] // 30 * 29.6}, "yet keep to no common period"),
        ({"x": lambda p: np.random.default_rng(1).poisson(p["T"] / 100)}, "Nothing tells one customer from another"),
    ],
    ids=["nobody came back", "few came back", "clockwork", "all alike"],
)
def test_it_refuses_with_what_would_be_enough(base, change, said):
    result = CustomerValue().fit(base.people.assign(**change))
    assert isinstance(result, NotEnough)
    assert said in result.text


@pytest.mark.parametrize("knobs", [{"horizon_days": 0}, {"discount_rate_yearly": 5}])
def test_knobs_that_make_no_sense_are_refused(knobs):
    with pytest.raises(ValueError, match=next(iter(knobs))):
        CustomerValue(**knobs)


def test_truth_of_the_simulated_company(company, truth):
    """The planted mean number of orders a year, which no table says, against what the purchases alone tell."""
    result = CustomerValue().fit(features.habits(company))
    assert result.choice.chosen.called == "BG/NBD"  # as customers of the simulation live
    told = result.table.set_index("customer_id")["expected_orders"]
    planted = truth.customers.set_index("customer_id")["expected_orders_365"].reindex(told.index)
    assert told.sum() == pytest.approx(planted.sum(), rel=0.1)
    assert told.rank().corr(planted.rank()) > 0.65
    tenth = told.rank(method="first", ascending=False).floordiv(len(told) / 10)
    assert (told.groupby(tenth).sum() / planted.groupby(tenth).sum()).iloc[:6].between(0.75, 1.3).all()
    assert np.polyfit(told, planted, 1)[0] == pytest.approx(1, abs=0.1)
    known = truth.customers.set_index("customer_id").reindex(told.index)
    pace = -np.log1p(-known["leave"] * known["expected_orders_365"]) / known["leave"]
    buys = -np.expm1(-pace)  # the planted chance of a purchase: whoever has left has none
    foretold = result.table.set_index("customer_id")["p_buys"]
    assert np.polyfit(foretold, buys, 1)[0] == pytest.approx(1, abs=0.1)
    assert foretold.mean() == pytest.approx(buys.mean(), abs=0.05)
