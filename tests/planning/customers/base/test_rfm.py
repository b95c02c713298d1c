"""RFM: grades that do not move by themselves, segments that hold everybody, and migration with its money."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import RFM, features
from crm_analytics.planning.customers.base.rfm import SEGMENTS
from crm_analytics.result import enough
from crm_analytics.say import say


def people(orders, recency, revenue):
    count = len(orders)
    return pd.DataFrame(
        {
            "customer_id": [f"{i:04d}" for i in range(count)],
            "orders": orders,
            "t_x": 0,
            "T": recency,
            "revenue": revenue,
        }
    )


@pytest.fixture(scope="module")
def crowd():
    rng = np.random.default_rng(4)
    return people(rng.geometric(0.3, 500), rng.integers(1, 700, 500), rng.lognormal(3, 1, 500))


numbers = st.integers(1, 6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(numbers, numbers, st.integers(-5, 50)), min_size=25, max_size=60))
def test_everybody_is_in_one_segment_and_equals_are_graded_equally(rows):
    result = RFM().fit(people(*zip(*rows, strict=True)))
    assert result.segments["customers"].sum() == len(rows)
    assert result.segments["money"].sum() == pytest.approx(sum(row[2] for row in rows))
    assert set(result.table["segment"]) <= set(SEGMENTS)
    for grade, of in (("r", "recency_days"), ("f", "frequency"), ("m", "money")):
        assert result.table[grade].between(1, 5).all()
        assert (result.table.groupby(of)[grade].nunique() == 1).all()
        order = result.table.groupby(of)[grade].first()
        assert (order.diff().dropna() * (-1 if grade == "r" else 1) >= 0).all()


def test_fifths_are_fifths_where_values_differ(crowd):
    result = RFM().fit(crowd)
    assert result.table["m"].value_counts().tolist() == [100] * 5
    assert result.table["segment"].eq("best").sum() == result.segments.set_index("segment").loc["best", "customers"]


def test_equal_values_are_said_to_spoil_the_grades(crowd):
    once = crowd.assign(orders=np.where(crowd.index % 10 > 0, 1, 3))
    grades = RFM().fit(once).checks[0]
    assert grades.verdict == "weak"
    assert "90 % of customers bought once" in grades.text


def test_frozen_cut_offs_do_not_move(crowd):
    first = RFM().fit(crowd)
    richer = crowd.assign(revenue=crowd["revenue"] * 10)
    again = RFM(cuts=first.cuts).fit(richer)
    assert again.cuts == first.cuts
    assert again.table["m"].eq(5).mean() > 0.6
    assert RFM().fit(richer).table["m"].eq(5).mean() == pytest.approx(0.2)


def test_the_sentence_names_the_best_and_those_at_risk(crowd):
    result = RFM().fit(crowd)
    best = result.segments.set_index("segment").loc["best"]
    assert result.text.startswith(say("{share:percent} of customers are the best", share=best["share_of_customers"]))
    assert "customers at risk stand for €" in result.text


def test_the_window_counts_and_nobody_is_lost_between_two_days(company):
    whole = features.rfm(company, as_of="2025-01-01").to_pandas()
    year = features.rfm(company, as_of="2025-01-01", window_days=365).to_pandas()
    before = features.rfm(company, as_of="2024-01-02").to_pandas().set_index("customer_id")["revenue"]
    assert list(year["customer_id"]) == list(whole["customer_id"])
    assert (year["T"] - year["t_x"] == whole["T"] - whole["t_x"]).all()
    before = before.reindex(whole["customer_id"]).fillna(0).to_numpy()
    np.testing.assert_allclose(year["revenue"], whole["revenue"] - before, atol=0.01)
    assert (year["orders"] == 0).any()
    assert RFM().fit(year).table.query("frequency == 0")["segment"].isin(["lost", "promising", "cooling"]).all()


def test_it_says_of_each_customer_what_customer_value_is_told(company):
    """Two ways to the same purchases: one pass over the lines, and purchase by purchase."""
    one = features.rfm(company).to_pandas()
    other = features.purchases(company).to_pandas()
    pd.testing.assert_frame_equal(one[["customer_id", "orders", "t_x", "T"]],
                                  other[["customer_id", "orders", "t_x", "T"]])  # fmt: skip


def test_a_window_in_which_hardly_anybody_bought_is_refused(crowd):
    nobody = crowd.assign(orders=np.where(crowd.index < 5, 1, 0), window_days=7)
    refused = RFM().fit(nobody)
    assert not enough(refused)
    assert "5 customers bought" in refused.text


def test_truth_of_the_simulated_company(company, truth):
    """The best are there and buy much; the lost have mostly left, which only the truth knows."""
    result = RFM().fit(features.purchases(company))
    known = truth.customers.set_index("customer_id")
    by = result.table.assign(
        alive=result.table["customer_id"].map(known["alive"]),
        ahead=result.table["customer_id"].map(known["expected_orders_365"]),
    ).groupby("segment")[["alive", "ahead"]].mean()  # fmt: skip
    assert by.loc["best", "alive"] > 0.8 > 0.5 > by.loc["lost", "alive"]
    assert by["ahead"].idxmax() == "best"
    assert by.loc["best", "ahead"] > 2 * by.loc["at risk", "ahead"]
