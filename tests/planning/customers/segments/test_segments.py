"""Segments: everybody is counted once in the whole, guards speak where they should and are silent where they should."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import NotEnough, Segments, draw, features
from crm_analytics.planning.customers.cut.reversal import reversals

TREE = """
red: colour is "red"
  big red: size over 5
blue: colour is "blue"
large: size over 5
"""
COLUMNS = ['colour is "red"', "size over 5", 'colour is "blue"']


def crowd(n=600, seed=3, **columns):
    """People with answers to the clauses of TREE; a later outcome is whatever `revenue` grows by."""
    rng = np.random.default_rng(seed)
    red = rng.integers(0, 3, n)
    frame = pd.DataFrame({
        "customer_id": [f"c{i:05d}" for i in range(n)], "kind": "person", "region": rng.choice(["N", "S"], n),
        "gender": None, "acquired_channel": rng.choice(["web", "store"], n), "orders": 3.0, "orders_window": 2.0,
        "revenue": rng.gamma(2, 50, n), "revenue_window": rng.gamma(2, 40, n),
        COLUMNS[0]: np.where(red == 0, 1, -1), COLUMNS[1]: rng.choice([-1, 0, 1], n),
        COLUMNS[2]: np.where(red == 1, 1, -1),
    })  # fmt: skip
    return frame.assign(**columns)


@settings(max_examples=20, deadline=None)
@given(st.integers(60, 200), st.integers(0, 99), st.sampled_from(["every", "first"]))
def test_segments_and_their_rests_make_the_whole(n, seed, assign):
    frame = crowd(n, seed)
    result = Segments(rules=TREE, assign=assign).fit(frame)
    table = result.table.set_index("segment")
    several = int((result.who.number_of(None) > 1).sum())
    tops = table[(table["level"] == 0) & (table["rule"] != "")]
    assert table.loc["in no segment", "customers"] + (result.who.number_of(None) > 0).sum() == n
    assert (
        table.loc["big red", "customers"] + table.loc["the rest of red", "customers"] == table.loc["red", "customers"]
    )
    assert table["money"]["big red"] + table["money"]["the rest of red"] == pytest.approx(table["money"]["red"])
    if assign == "first":
        assert several == 0
        assert tops["customers"].sum() + table.loc["in no segment", "customers"] == n
        assert tops["money"].sum() + table.loc["in no segment", "money"] == pytest.approx(frame["revenue_window"].sum())
    assert f"{several:,} in several" in result.text
    assert table.loc["big red", "unknown"] == ((frame[COLUMNS[0]] == 1) & (frame[COLUMNS[1]] == 0)).sum()


def test_whoever_is_in_two_is_counted_in_both_and_named():
    frame = crowd()
    result = Segments(rules=TREE).fit(frame)
    red, large = frame[COLUMNS[0]] == 1, frame[COLUMNS[1]] == 1
    pair = result.overlaps().table.set_index(["segment", "other"]).loc[("red", "large")]
    assert pair["in_both"] == (red & large).sum()
    assert pair["money"] == pytest.approx(frame.loc[red & large, "revenue_window"].sum())
    assert result.checks[2].verdict == "weak"
    assert draw(result.overlaps())
    first = result.but(assign="first")
    assert first.table.set_index("segment").loc["large", "customers"] == (large & (frame[COLUMNS[2]] != 1) & ~red).sum()
    assert len(first.overlaps().table) == 0
    assert draw(first.overlaps())


def test_too_small_a_segment_and_an_idle_clause_are_named():
    frame = crowd()
    few = frame.assign(**{COLUMNS[0]: np.where(frame.index < 20, 1, -1), COLUMNS[2]: -1})
    checks = {check.name: check for check in Segments(rules=TREE).fit(few).checks}
    assert checks["size"].verdict == "weak"
    assert "«red» has 20 customers" in checks["size"].text
    assert checks["clauses"].verdict == "weak"
    assert '«colour is "blue"» holds for nobody' in checks["clauses"].text
    assert checks["known"].verdict == "weak"


def later(frame, brought):
    return frame.assign(revenue=frame["revenue"] + brought, orders=frame["orders"] + (brought > 0))


def test_what_differs_is_told_apart_and_what_does_not_is_not():
    frame = crowd(4000)
    rng = np.random.default_rng(1)
    noise = rng.gamma(2, 50, len(frame))
    rules = "red: colour is red\nblue: colour is blue"
    differ = Segments(rules=rules).fit(frame).against(later(frame, noise + 30 * (frame[COLUMNS[0]] == 1)))
    check = {one.name: one for one in differ.checks}["told apart"]
    assert check.verdict == "holds"
    rows = differ.table.set_index("segment")
    assert rows.loc["red", "brought_low"] < 130 < rows.loc["red", "brought_high"]
    same = Segments(rules=rules).fit(frame).against(later(frame, noise))
    check = {one.name: one for one in same.checks}["told apart"]
    assert check.verdict == "weak"
    assert "behave alike" in check.text
    few = Segments(rules=rules).fit(frame.head(70)).against(later(frame, noise).head(70))
    assert "need more customers or more time" in {one.name: one for one in few.checks}["told apart"].text


def test_where_nothing_differs_a_false_alarm_is_rare():
    rng = np.random.default_rng(8)
    alarms = 0
    for seed in range(30):
        frame = crowd(300, seed)
        result = Segments(rules=TREE, assign="first").fit(frame).against(later(frame, rng.gamma(1, 60, 300)))
        told = {one.name: one for one in result.checks}["told apart"].text
        pairs = re.match(r"(\d+) of (\d+) pairs cannot", told)
        alarms += pairs is None or pairs[1] != pairs[2]
    assert alarms <= 5


def test_who_stayed_left_and_joined():
    frame = crowd(1000)
    now = frame.assign(**{COLUMNS[0]: np.where(frame.index % 4 == 0, -frame[COLUMNS[0]], frame[COLUMNS[0]])})
    was, is_ = frame[COLUMNS[0]] == 1, now[COLUMNS[0]] == 1
    result = Segments(rules="red: colour is red").fit(frame).against(now.sample(frac=1, random_state=2))
    row = result.table.iloc[0]
    assert (row.then, row.now, row.stayed) == (was.sum(), is_.sum(), (was & is_).sum())
    assert (row.left, row.joined) == ((was & ~is_).sum(), (is_ & ~was).sum())
    assert row.alike == pytest.approx((was & is_).sum() / (was | is_).sum())
    assert row.alike_low < row.alike < row.alike_high
    gone = Segments(rules="red: colour is red").fit(frame).against(now.head(500))
    assert {one.name: one for one in gone.checks}["same customers"].verdict == "weak"


def simpson(n=6000, seed=4, turned=True):
    """Red live where everybody spends much; in each region blue spend more, if `turned`, else red do."""
    rng = np.random.default_rng(seed)
    red = rng.random(n) < 0.5
    rich = rng.random(n) < np.where(red, 0.8, 0.2)
    each = np.where(rich, 200, 50) + np.where(red, -20.0, 0.0) * (1 if turned else -1) + rng.normal(0, 40, n)
    return crowd(n, region=np.where(rich, "capital", "country"), revenue_window=each,
                 **{COLUMNS[0]: np.where(red, 1, -1), COLUMNS[2]: np.where(red, -1, 1)})  # fmt: skip


def test_an_average_that_misleads_is_named():
    rules = "red: colour is red\nblue: colour is blue"
    check = {one.name: one for one in Segments(rules=rules).fit(simpson()).checks}["reversal"]
    assert check.verdict == "fails"
    assert "«red» is ahead of «blue»" in check.text
    assert re.search(r"by €[\d.]+ a customer, but behind by €[\d.]+ within the same region", check.text)
    straight = {one.name: one for one in Segments(rules=rules).fit(simpson(turned=False)).checks}["reversal"]
    assert straight.verdict == "holds"


def test_chance_alone_turns_no_order_round():
    rng = np.random.default_rng(2)
    found = 0
    for _ in range(200):
        groups = {name: rng.random(400) < 0.4 for name in "abc"}
        axes = pd.DataFrame({"region": rng.choice(list("NSEW"), 400), "kind": rng.choice(list("pq"), 400)})
        found += bool(reversals(rng.gamma(1, 50, 400), groups, axes))
    assert found <= 1


def test_a_table_made_for_other_rules_is_refused():
    with pytest.raises(ValueError, match=r"features\.segments\(wh, rules=…\)"):
        Segments(rules="old: age over 60").fit(crowd())
    assert isinstance(Segments(rules='x: colour is "red"').fit(crowd().assign(**{COLUMNS[0]: -1})), NotEnough)


@pytest.mark.parametrize("knobs", [{"rules": "age over"}, {"assign": "both"}, {"measure": "age"}, {"least_size": 1}])
def test_knobs_are_checked(knobs):
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        Segments(**knobs)


def test_truth_of_the_simulated_company(company, truth):
    """Who mostly buys garden things is a gardener, and regulars are alive, which only the truth knows."""
    rules = """
    green fingers: top_category is "Garden" and share of the top category over 40 % and orders at least 3
    regulars: orders at least 4 and recency at most 180 days
    gone: recency over 365 days
    """
    result = Segments(rules=rules).fit(features.segments(company, rules=rules))
    known = truth.customers.set_index("customer_id").reindex(result.who.people["customer_id"]).reset_index()
    inside = {name: result.who.members(name) & known["alive"].notna() for name in ("green fingers", "regulars", "gone")}
    gardener = known["segment"] == "gardeners"
    assert gardener[inside["green fingers"]].mean() > 0.5 > 2 * gardener.mean()
    assert known["alive"][inside["regulars"]].mean() > 0.75 > 0.5 > known["alive"][inside["gone"]].mean()
    past = features.segments(company, as_of="2024-12-31", rules=rules)
    after = Segments(rules=rules).fit(past).against(features.segments(company, rules=rules))
    brought = after.table.set_index("segment")
    assert brought.loc["regulars", "brought_low"] > brought.loc["gone", "brought_high"]
