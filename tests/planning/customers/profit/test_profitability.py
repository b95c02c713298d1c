"""Every cost on exactly one customer and category, the planted losers found, chance not taken for guilt."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import NotEnough, Profitability, features
from crm_analytics.planning.customers.profit.cost_to_serve import COSTS, in_units
from crm_analytics.planning.customers.profit.lasting_loss import chance_of_loss
from crm_analytics.planning.customers.profit.whale import whale

EMPTY = dict.fromkeys(Profitability.columns[5:], 0.0)


@pytest.fixture(scope="module")
def frame(company):
    return features.profitability(company).to_pandas()


@pytest.fixture(scope="module")
def profit(frame):
    return Profitability().fit(frame)


def rows(*some, period="window"):
    """Rows of the feature in which only some columns are said."""
    return pd.DataFrame([
        {"customer_id": "a", "kind": "person", "category": "x", "trade": "ordinary", "period": period} | EMPTY | one
        for one in some
    ])


def test_the_parts_are_the_company_to_the_cent(company, frame, profit):
    """By customer, by category, by line and straight from the tables."""
    last = company.today
    first = last.replace(year=last.year - 1)
    orders, lines = company.orders.to_pandas(), company.order_lines.to_pandas()
    orders = orders[(orders.ordered_at >= str(first)) & (orders.ordered_at < str(last))]
    sold = lines.merge(orders[["order_id", "kind"]], on="order_id")
    costs = company.order_costs.to_pandas().merge(orders[["order_id"]], on="order_id")
    spent = company.campaign_costs.to_pandas()
    spent = spent[(spent.day >= str(first)) & (spent.day < str(last))]
    goods = (sold.quantity * sold.unit_cost).sum()
    served = profit.lines[["serving", "returns"]].sum().sum() - float(
        -sold.amount[sold.kind == "return"].sum() + (sold.quantity * sold.unit_cost)[sold.kind == "return"].sum()
    )
    assert served == pytest.approx(float(costs.amount.sum()), abs=0.005)
    assert profit.lines.campaigns.sum() == pytest.approx(float(spent.amount.sum()), abs=0.005)
    others = profit.lines[["serving", "contacts", "campaigns", "payment"]].sum().sum() + served
    others -= profit.lines["serving"].sum()
    assert profit.lines.profit.sum() == pytest.approx(float(sold.amount.sum() - goods) - others, abs=0.02)
    for parts in (profit.categories, profit.by("kind"), profit.by("kind", "category")):
        assert in_units(parts["profit"]) == in_units(profit.lines["profit"])
    known = profit.lines.set_index("line").profit["known customers"]
    assert profit.table.profit.sum() == pytest.approx(known, abs=0.005)


def test_each_trade_has_its_part_of_the_whole(company, frame):
    part = features.profitability(company, trade="wholesale").to_pandas()
    pd.testing.assert_frame_equal(part, frame[frame.trade == "wholesale"].reset_index(drop=True))
    assert set(frame.trade) == {"ordinary", "wholesale", "made_to_order"}


def test_the_planted_losers_are_found_and_the_unlucky_are_not_blamed(profit, simulation):
    found = profit.against(simulation.truth.service[["customer_id", "nature"]])
    assert found.loc["loses", "remote"] >= 5
    assert found.loc["loses", ["plain", "spoils"]].sum() <= 1
    assert found.loc["perhaps unlucky", "plain"] > found.loc["loses", "plain"]
    blamed = profit.table[profit.table.verdict == "loses"].merge(simulation.truth.service, on="customer_id")
    assert (blamed[blamed.nature == "remote"].reason == "serving").all()
    assert profit.remedies.reason[0] == "serving"


def test_one_default_is_an_unlucky_year(profit):
    """A dealer who left a large invoice unpaid once and earned well before."""
    lost = profit.table[(profit.table.reason == "payment") & (profit.table.orders >= 10)]
    assert len(lost)
    assert (lost.verdict == "perhaps unlucky").all()


def test_nothing_is_found_where_nothing_was_planted():
    """Five hundred customers who all earn the same on average: whoever is below zero was unlucky."""
    rng = np.random.default_rng(4)
    found = []
    for n in range(500):
        paid = rng.gamma(2.0, 30, 3)
        brought = 0.15 * paid + rng.normal(0, 9, 3)
        found.append(
            {"customer_id": f"c{n:03d}", "orders": 3, "sold": paid.sum(), "sold_cost": (paid - brought).sum(),
             "profit_squares": (brought**2).sum(), "profit_by_paid": (brought * paid).sum(),
             "paid_squares": (paid**2).sum()}
        )  # fmt: skip
    result = Profitability().fit(rows(*found))
    assert (result.table.profit < 0).sum() > 25
    assert (result.table.verdict == "loses").sum() <= 5
    assert next(check for check in result.checks if check.name == "chance").verdict == "weak"


def test_who_really_loses_is_told_with_the_probability_that_is_said():
    """A tenth of the customers lose by nature: of those called so with 90 % and more, nine in ten are."""
    rng = np.random.default_rng(8)
    loses = rng.random(3000) < 0.1
    orders = rng.integers(1, 12, 3000)
    sums = []
    for rate, n in zip(np.where(loses, -0.2, 0.35), orders, strict=True):
        paid = rng.gamma(2.0, 30, n)
        brought = rate * paid + rng.normal(0, 15, n)
        sums.append((n, brought.sum(), paid.sum(), (brought**2).sum(), (brought * paid).sum(), (paid**2).sum()))
    names = ["orders", "profit", "revenue", "profit_squares", "profit_by_paid", "paid_squares"]
    customers = pd.DataFrame(sums, columns=names)
    chance = chance_of_loss(customers.assign(operating=customers.profit))
    assert loses[chance >= 0.9].mean() > 0.9
    assert (chance[loses] >= 0.9).mean() > 0.6
    assert abs(chance.sum() / loses.sum() - 1) < 0.15


def test_costs_that_are_not_recorded_are_said_and_never_zero_in_silence(frame):
    bare = frame.assign(serving=None, handling=None, contacts=None, campaigns=None).astype({"serving": float})
    result = Profitability().fit(bare)
    recorded = next(check for check in result.checks if check.name == "recorded")
    assert recorded.verdict == "weak"
    assert "delivery" in recorded.text
    assert "contacts" in recorded.text


def test_without_costs_of_goods_there_is_no_profit_unless_a_margin_is_assumed(frame):
    unknown = frame.assign(sold_cost=0.0, sold_uncosted=frame["sold"], returned_cost=0.0,
                           returned_uncosted=frame["returned"])  # fmt: skip
    refused = Profitability().fit(unknown)
    assert isinstance(refused, NotEnough)
    assert "margin_share" in refused.text
    assumed = Profitability(margin_share=0.4).fit(unknown)
    assert "assumed" in assumed.text
    assert assumed.lines.goods.sum() == pytest.approx(0.6 * frame.query("period == 'window'").sold.sum(), abs=0.1)


def test_a_discount_is_counted_once():
    """List 100, paid 80, goods 50: 20 are the discount, 30 the profit."""
    sold = {"orders": 1, "sold": 80.0, "sold_list": 100.0, "sold_listed": 80.0, "sold_cost": 50.0}
    result = Profitability().fit(rows(*({"customer_id": f"c{n}"} | sold for n in range(30))))
    one = result.table.iloc[0]
    assert (one.list_value, one.discount, one.goods, one.profit) == (100, 20, 50, 30)
    assert one.list_value - one[list(COSTS)].sum() == one.profit


def test_late_money_and_lost_money_are_the_cost_of_payment():
    late = {"orders": 1, "sold": 1000.0, "sold_cost": 500.0, "late_money_days": 1000.0 * 73, "lost": 100.0}
    result = Profitability(capital_rate=0.1).fit(rows(*({"customer_id": f"c{n}"} | late for n in range(30))))
    assert result.table.payment.unique() == [120.0]


@given(st.lists(st.floats(-500, 900, allow_nan=False), min_size=30, max_size=80), st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_the_whale_ends_at_the_total_and_peaks_at_what_the_profitable_earn(profits, seed):
    sorted_profits = np.sort(np.array(profits))[::-1]
    curve = whale(sorted_profits, draws=50, seed=seed)
    assert curve.profit[-1] == pytest.approx(sum(profits), abs=1e-6)
    assert curve.profit.max() == pytest.approx(max(0.0, sum(p for p in profits if p > 0)), abs=1e-6)
    if curve.total > 1:
        assert curve.peak >= 1 - 1e-9


def test_a_company_that_loses_money_is_told_so():
    sold = {"orders": 1, "sold": 10.0, "sold_cost": 50.0}
    result = Profitability().fit(rows(*({"customer_id": f"c{n}"} | sold for n in range(30))))
    assert "-€1,200" in result.text.replace("\N{MINUS SIGN}", "-")


@pytest.mark.parametrize(
    "knob", [{"capital_rate": 2}, {"margin_share": 1.5}, {"sure": 0.2}, {"draws": 3}], ids=lambda k: next(iter(k))
)
def test_a_knob_that_makes_no_sense_is_refused(knob):
    with pytest.raises(ValueError, match=next(iter(knob))):
        Profitability(**knob)
