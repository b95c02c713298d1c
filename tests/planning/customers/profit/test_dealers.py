"""Terms that follow turnover, payment and returns; nothing proposed where dealers are equal or orders are too few."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import Dealers, NotEnough, features
from crm_analytics.planning.customers.profit.dealer_payment import days_late, default_risk
from crm_analytics.planning.customers.profit.dealer_scale import learned_scale, read_scale

STEPS = ((0, 0.20), (10_000, 0.22), (50_000, 0.25))
SCALE = "bronze 20 from 0, silver 22 from 10000, gold 25 from 50000"


def dealer(name, turnover, discount, *, orders=40, before=None, **more):
    """A dealer as the feature tells it, paying in time unless said otherwise."""
    listed = turnover / (1 - discount)
    return {
        "customer_id": name, "kind": "dealer", "window_days": 365, "known_days": 900, "orders": orders,
        "turnover": turnover, "sold": turnover, "returned": 0.0, "squares": 1.3 * turnover**2 / max(orders, 1),
        "list_value": listed, "margin": turnover - 0.55 * listed, "turnover_before": before or turnover,
        "squares_before": 1.3 * (before or turnover) ** 2 / max(orders, 1), "orders_before": orders,
        "discount": discount, "serving": 0.0, "due": 2 * orders, "days_late": 0.0, "late_squares": 18.0 * orders,
        "old": orders, "lost": 0, "overdue": 0.0, "overdue_days": 0, "owed": 0.0,
    } | more  # fmt: skip


def earned(turnover):
    return max(discount for start, discount in STEPS if turnover >= start)


@pytest.fixture(scope="module")
def many():
    """Three hundred dealers whose discounts follow the scale, but for slips of half a point."""
    rng = np.random.default_rng(3)
    turnovers = np.exp(rng.uniform(np.log(1_500), np.log(200_000), 300))
    slips = rng.choice([-0.005, 0, 0, 0, 0.005], 300)
    rows = [dealer(f"d{n:03d}", t, earned(t) + s) for n, (t, s) in enumerate(zip(turnovers, slips, strict=True))]
    habit = rng.normal(-1, 4, 300).clip(-9, 8)
    return pd.DataFrame(rows).assign(days_late=habit, late_squares=80 * (9 + habit**2))


def verdicts(frame, **knobs):
    result = Dealers(**knobs).fit(frame)
    assert not isinstance(result, NotEnough), result.text
    return result.facts.set_index("customer_id")


def with_one(many, **more):
    """All the others, and one more to look at."""
    one = dealer("new", more.pop("turnover", 30_000), more.pop("discount", 0.22), **more)
    return pd.concat([many, pd.DataFrame([one])], ignore_index=True)


def test_the_scale_is_learned_from_what_dealers_have(many):
    scale = learned_scale(many)
    assert [step.discount for step in scale.steps] == [0.20, 0.22, 0.25]
    assert [step.name for step in scale.steps] == ["bronze", "silver", "gold"]
    for step, (start, _) in zip(scale.steps[1:], STEPS[1:], strict=True):
        assert step.turnover == pytest.approx(start, rel=0.15)


def test_who_outgrew_its_discount_is_raised_with_reasons_and_money(many):
    frame = with_one(many, turnover=90_000.0, discount=0.22, before=40_000.0, days_late=-4.0,
                     late_squares=80 * 25.0)  # fmt: skip
    one = verdicts(frame).loc["new"]
    assert (one.verdict, one.suggested, one.status) == ("raise", 0.25, "gold")
    assert "turnover +125 %" in one.reasons
    assert "early" in one.reasons
    assert "raise from 22 % to 25 %" in one.reasons
    listed = 90_000 / 0.78
    assert one.money == pytest.approx(-0.03 * listed, rel=0.01)
    before, after = 0.78 - 0.55, 0.75 - 0.55
    assert one.break_even == pytest.approx(before / after - 1)


def test_who_pays_late_is_held_until_it_is_settled(many):
    late = with_one(many, turnover=90_000.0, discount=0.22, days_late=45.0, late_squares=80 * 45.0**2 + 700,
                    overdue=12_400.0, overdue_days=45)  # fmt: skip
    one = verdicts(late).loc["new"]
    assert one.verdict == "hold"
    assert "€12,400" in one.reasons
    assert "45 days" in one.reasons


def test_who_sends_back_too_much_is_held(many):
    back = with_one(many, turnover=90_000.0, discount=0.22, sold=130_000.0, returned=40_000.0)
    assert verdicts(back).loc["new"].verdict == "hold"
    assert "sends back" in verdicts(back).loc["new"].reasons


def test_a_raise_that_leaves_nothing_is_held(many):
    poor = with_one(many, turnover=90_000.0, discount=0.22, margin=5_000.0)
    assert verdicts(poor).loc["new"].verdict == "hold"
    assert "would be left" in verdicts(poor).loc["new"].reasons


def test_who_has_more_than_it_earns_is_lowered(many):
    one = verdicts(with_one(many, turnover=3_000.0, discount=0.25)).loc["new"]
    assert (one.verdict, one.suggested) == ("lower", 0.20)
    assert one.money > 0
    assert one.break_even < 0


def test_one_large_order_makes_no_gold_dealer(many):
    lucky = with_one(many, turnover=60_000.0, discount=0.22, orders=5, squares=55_000.0**2)
    assert verdicts(lucky).loc["new"].verdict == "leave"


def test_a_scale_that_was_set_wins_over_what_is_usual(many):
    table = verdicts(many, scale="plain 20 from 0, best 30 from 100000")
    assert set(table.status) == {"plain", "best"}
    assert set(table[table.yearly_low > 100_000].suggested) == {0.30}


def test_nothing_is_proposed_where_dealers_are_equal():
    rng = np.random.default_rng(5)
    turnovers = np.exp(rng.uniform(np.log(1_000), np.log(200_000), 200))
    table = verdicts(pd.DataFrame([dealer(f"d{n:03d}", t, 0.25) for n, t in enumerate(turnovers)]))
    assert set(table.verdict) == {"leave"}


def test_discounts_without_rule_make_no_scale():
    """Discounts that have nothing to do with turnover: in fifty companies of forty dealers next to none is found."""
    found = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame({"turnover": np.exp(rng.normal(9, 1, 40)), "discount": rng.choice([0.2, 0.22, 0.25], 40)})
        found += len(learned_scale(frame).steps) > 1
    assert found <= 6


def test_without_payments_and_list_prices_it_is_said(many):
    empty = dict.fromkeys(("due", "days_late", "late_squares", "old", "lost", "overdue", "overdue_days", "owed"))
    result = Dealers().fit(many.assign(**empty).astype(dict.fromkeys(empty, float)))
    assert next(check for check in result.checks if check.name == "payment").verdict == "weak"
    blind = Dealers().fit(many.assign(discount=np.nan, list_value=np.nan))
    assert set(blind.table.verdict) == {"leave"}
    assert next(check for check in blind.checks if check.name == "scale").verdict == "fails"


def test_five_dealers_are_enough_to_speak_and_four_are_not():
    five = pd.DataFrame([dealer(f"d{n}", 1_000.0 * (n + 1), 0.2) for n in range(5)])
    assert not isinstance(Dealers().fit(five), NotEnough)
    assert isinstance(Dealers().fit(five.head(4)), NotEnough)


def test_planted_habits_of_payment_are_found(company, truth):
    frame = features.dealers(company, kinds="dealer, company").to_pandas()
    result = Dealers().fit(frame)
    both = result.facts.merge(truth.payment_habits, on="customer_id")
    assert both.usual_days_late.corr(both.mean_days_late, "spearman") > 0.9
    error = both.usual_days_late - both.mean_days_late
    assert error.abs().median() < 2
    held = both[both.verdict == "hold"]
    assert (held.mean_days_late > 8).mean() > 0.8
    assert not set(result.table.verdict) & {"raise", "lower"}  # all of a kind have the same discount


def test_the_facts_are_those_of_the_tables(company):
    frame = features.dealers(company).to_pandas().set_index("customer_id")
    orders = company.orders.to_pandas()
    lines = company.order_lines.to_pandas().merge(orders, on="order_id")
    lines = lines[(lines.ordered_at >= "2024-07-01") & lines.customer_id.isin(frame.index)]
    net = lines.groupby("customer_id").amount.sum().astype(float)
    assert (frame.turnover - net.reindex(frame.index).fillna(0)).abs().max() < 0.005
    owed = company.payments.to_pandas()
    is_open = owed[owed.paid_at.isna() & owed.customer_id.isin(frame.index)]
    sums = is_open.groupby("customer_id").amount.sum().astype(float).reindex(frame.index).fillna(0)
    assert (frame.owed.fillna(0) - sums).abs().max() < 0.005
    late = is_open[pd.to_datetime(is_open.due_at) < pd.Timestamp("2025-07-01")].groupby("customer_id").amount.sum()
    assert frame.overdue.sum() == pytest.approx(float(late.sum()), abs=0.005)


@given(st.lists(st.tuples(st.integers(1, 60), st.floats(-20, 60), st.floats(0, 400)), min_size=2, max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_habit_lies_between_the_own_mean_and_that_of_all(invoices):
    due, mean, variance = (np.array(values, float) for values in zip(*invoices, strict=True))
    frame = pd.DataFrame({"due": due, "days_late": mean, "late_squares": due * (variance + mean**2)})
    found = days_late(frame)
    assert found.min() >= mean.min() - 1e-6
    assert found.max() <= mean.max() + 1e-6


def test_the_risk_of_a_dealer_leans_on_that_of_all():
    risk = default_risk(pd.DataFrame({"old": [0, 2, 100, 100], "lost": [0, 2, 0, 30]}))
    assert risk[2] < risk[0] < risk[1] < 0.5
    assert risk[3] == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize("text", ["gold", "gold 25", "silver 25 from 0, gold 20 from 100", ","])
def test_a_scale_that_cannot_be_read_is_answered_with_a_sentence(text):
    with pytest.raises(ValueError, match="scale"):
        read_scale(text)


def test_the_order_of_rows_and_a_name_that_is_markup_change_nothing(many):
    named = with_one(many, turnover=90_000.0, discount=0.22).replace({"customer_id": {"new": "<b>x</b>"}})
    from crm_analytics import draw

    one, other = Dealers().fit(named), Dealers().fit(named.sample(frac=1, random_state=2))
    assert one.text == other.text
    pd.testing.assert_frame_equal(one.facts, other.facts)
    assert "<b>" not in draw(one).to_json()
