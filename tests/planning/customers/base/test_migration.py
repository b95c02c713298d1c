"""Who moved: every customer and every euro is in one cell, and ordinary movement is not taken for news."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import RFM, draw, features
from crm_analytics.planning.customers.base.rfm import NOT_YET, SEGMENTS
from crm_analytics.planning.customers.shares import difference_of_shares
from crm_analytics.result.chance import holm, share_interval


def window(rates, rng):
    """A year of customers who buy at their own steady rates: whoever moves, moves by chance."""
    orders = rng.poisson(rates)
    recency = np.where(orders > 0, 365 * rng.beta(1, np.maximum(orders, 1)), 365 + rng.integers(1, 365, len(rates)))
    recency = recency.astype(int)
    ids = [f"{i:05d}" for i in range(len(rates))]
    money = orders * rng.gamma(4, 10, len(rates))
    return pd.DataFrame({"customer_id": ids, "orders": orders, "t_x": 1000 - recency, "T": 1000, "revenue": money,
                         "window_days": 365})  # fmt: skip


def years(seed, count=3000, change=None):
    """Three years of the same customers; `change` alters the rates of the third."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(1.0, 3.0, count)
    return [window(r, rng) for r in (rates, rates, rates if change is None else change(rates))]


def movements(seed, change=None):
    first, then, now = years(seed, change=change)
    graded = RFM().fit(then)
    usual = RFM(cuts=graded.cuts).fit(first).against(then)
    return graded.against(now), usual


cells = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 500), st.integers(-5, 90)), min_size=30, max_size=60)


@settings(max_examples=30, deadline=None)
@given(cells, cells)
def test_every_customer_and_every_euro_is_in_one_cell(then, now):
    def frame(rows, first):
        orders, recency, revenue = zip(*rows, strict=True)
        ids = [f"{i:04d}" for i in range(first, first + len(rows))]
        return pd.DataFrame({"customer_id": ids, "orders": [max(o, 1) for o in orders], "t_x": 0, "T": recency,
                             "revenue": revenue, "window_days": 100})  # fmt: skip

    before, after = frame(then, 0), frame(now, 7)
    moved = RFM().fit(before).against(after)
    assert moved.table["customers"].sum() == len(set(before["customer_id"]) | set(after["customer_id"]))
    assert moved.table["money_before"].sum() == pytest.approx(before["revenue"].sum())
    assert moved.table["money_after"].sum() == pytest.approx(after["revenue"].sum())
    known = moved.table[moved.table["before"] != NOT_YET]
    assert known.groupby("before")["share"].sum().to_numpy() == pytest.approx(1.0)
    fell = moved.fell
    assert moved.at_stake == pytest.approx((fell["money_before"] - fell["money_after"]).sum())
    assert moved.matrix.to_numpy().sum() == moved.table["customers"].sum()


def test_without_a_window_money_is_until_then_and_since():
    before = pd.DataFrame({"customer_id": [f"{i:02d}" for i in range(30)], "orders": 2, "t_x": 0, "T": 200,
                           "revenue": np.arange(30.0)})  # fmt: skip
    after = before.assign(T=300, revenue=before["revenue"] + 5)
    moved = RFM().fit(before).against(after)
    assert moved.table["money_before"].sum() == pytest.approx(before["revenue"].sum())
    assert moved.table["money_after"].sum() == pytest.approx(150)
    fell = moved.fell
    assert moved.at_stake == pytest.approx((fell["money_before"] / 2 - fell["money_after"]).sum())


def test_many_leave_the_best_though_nobody_changed_and_that_is_called_ordinary():
    """The trap: with steady rates a third of the best fall. Held against the year before, that is no news."""
    called = 0
    for seed in range(6):
        now, usual = movements(seed)
        best = now.table[now.table["before"] == "best"]
        fell = best[best["after"] != "best"]["customers"].sum() / best["customers"].sum()
        assert fell > 0.2
        assert now.checks[-1].verdict == "weak"
        called += (now.against(usual).table["verdict"].isin(["more than usual", "fewer than usual"])).any()
    assert called <= 2


def test_a_real_change_is_called_one_with_its_money():
    now, usual = movements(3, change=lambda rates: np.where(rates > 5, rates / 4, rates))
    held = now.against(usual)
    news = held.table[held.table["verdict"] == "more than usual"]
    assert {"best"} <= set(news["before"])
    assert "more than usual" in held.text
    assert held.checks[0].verdict == "holds"
    assert (news["more_low"] > 0).all()
    assert held.table["customers"].sum() == now.table["customers"].sum()


def test_movements_among_other_groups_cannot_be_compared():
    now, usual = movements(1)
    other = type(usual)(**{**vars(usual), "order": ("a", "b")})
    with pytest.raises(ValueError, match="same groups"):
        now.against(other)


def test_the_picture_shows_every_cell_with_people_and_money(company):
    days = ("2023-07-01", "2024-07-01", None)
    first, then, now = (features.rfm(company, as_of=day, window_days=365).to_pandas() for day in days)
    graded = RFM().fit(then)
    moved = graded.against(now)
    figure = draw(moved)
    assert len(figure.layout.shapes) == (moved.table["before"] != NOT_YET).sum()
    assert set(moved.table["after"]) <= set(SEGMENTS)
    told = draw(moved.against(RFM(cuts=graded.cuts).fit(first).against(then)))
    assert "usual" in told.layout.title.text


def test_intervals_of_shares_and_their_difference():
    assert share_interval(0, 10)[0] == 0
    assert share_interval(81, 263)[0] == pytest.approx(0.2553, abs=1e-4)  # Newcombe 1998a, method 3
    low, high = difference_of_shares(56, 70, 48, 80)  # Newcombe 1998b, table II, row a, method 10
    assert (low, high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.04, 0.03])), [0.03, np.nan, 0.06, 0.06])
