"""RFM: grades that do not move by themselves, segments that hold everybody, and migration with its money."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import RFM, features
from crm_analytics.planning.customers.rfm import NOT_YET, SEGMENTS
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


def test_who_does_not_come_back_falls_and_takes_money_along(crowd):
    then = RFM().fit(crowd)
    away = then.table["segment"].eq("best") & (then.table.index % 2 == 0)
    gone = set(then.table.loc[away, "customer_id"])
    later = crowd.assign(T=np.where(crowd["customer_id"].isin(gone), crowd["T"] + 700, crowd["T"]))
    newcomer = pd.DataFrame({"customer_id": ["new"], "orders": [1], "t_x": [0], "T": [3], "revenue": [10.0]})
    moved = then.against(pd.concat([later, newcomer], ignore_index=True))
    assert moved.fallen_money == pytest.approx(then.table.loc[away, "money"].sum())
    assert moved.matrix.loc["best", "at risk"] == len(gone)
    assert moved.matrix.loc[NOT_YET].sum() == 1
    assert moved.table["customers"].sum() == len(crowd) + 1
    assert f"{len(gone)} customers who fell" in moved.text


def test_customers_who_vanish_from_the_later_table_are_noticed(crowd):
    moved = RFM().fit(crowd).against(crowd.head(250))
    assert moved.checks[0].verdict == "weak"
    assert "50 %" in moved.checks[0].text


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
