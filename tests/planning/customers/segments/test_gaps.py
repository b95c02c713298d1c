"""Gaps: counts against a count by hand, what is planted is found, what is not is not, and money has its interval."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Gaps, NotEnough, features


def holdings(n=2500, seed=5, pull=0.3):
    """Who has a printer takes to paper with a chance of `pull` more than the tenth that everybody has."""
    rng = np.random.default_rng(seed)
    since, rows = pd.Timestamp("2024-07-01"), []
    for i in range(n):
        has = {name: rng.random() < 0.4 for name in ("printer", "paper", "lamp")}
        for name, early in has.items():
            if early:
                rows.append((f"c{i}", name, since - pd.Timedelta(days=int(rng.integers(1, 300))), 10.0))
            elif rng.random() < 0.1 + pull * (name == "paper" and has["printer"]):
                rows.append((f"c{i}", name, since + pd.Timedelta(days=int(rng.integers(0, 300))), rng.gamma(2, 20)))
    frame = pd.DataFrame(rows, columns=["customer_id", "goods", "first_day", "revenue_window"])
    return frame.assign(of="category", since=since, until=pd.Timestamp("2025-07-01"))


def test_what_is_planted_is_found_and_first():
    result = Gaps().fit(holdings())
    best = result.table.iloc[0]
    assert (best.has, best.lacks) == ("printer", "paper")
    assert best.low < 0.4 < best.high
    assert best.uptake_of_others == pytest.approx(0.1, abs=0.03)
    assert best.each == pytest.approx(40, rel=0.15)
    assert best.likely_low < best.customers * 0.4 * 40 < best.likely_high
    assert result.table["matters"].tolist().count(True) == 1
    assert result.checks[0].verdict == "holds"
    assert best.rule == 'bought category "printer" ever and not bought category "paper" ever'


def test_where_nothing_is_planted_nothing_matters():
    found = [Gaps().fit(holdings(1500, seed, pull=0.0)).table["matters"].any() for seed in range(12)]
    assert sum(found) <= 2


def test_what_has_only_just_come_is_no_gap():
    frame = holdings()
    new = frame[frame["goods"] == "lamp"].assign(goods="novelty", first_day=pd.Timestamp("2024-09-01"))
    assert "novelty" not in set(Gaps().fit(pd.concat([frame, new])).table["lacks"])


def test_counts_are_those_of_a_count_by_hand():
    frame = holdings(500)
    result = Gaps(least_customers=2).fit(frame.sample(frac=1, random_state=1))
    row = result.table.set_index(["has", "lacks"]).loc[("lamp", "paper")]
    ever = frame.groupby("goods")["customer_id"].agg(set)
    before = frame[frame["first_day"] < frame["since"]].groupby("goods")["customer_id"].agg(set)
    assert row.customers == len(ever["lamp"] - ever["paper"])
    standing = before["lamp"] - before["paper"]
    assert row.took == len(standing & ever["paper"])
    assert row.uptake == pytest.approx(row.took / len(standing))
    assert row.ceiling == pytest.approx(row.customers * row.each)


def test_one_group_of_goods_or_no_takers_is_no_answer():
    one = holdings(300)
    assert isinstance(Gaps().fit(one[one["goods"] == "lamp"]), NotEnough)
    assert "longer window" in Gaps().fit(one[one["first_day"] < one["since"]]).text
    with pytest.raises(ValueError, match="at least 2"):
        Gaps(least_customers=1)


def test_its_rule_is_one_that_segments_understands(company):
    result = Gaps().fit(features.holdings(company))
    rule = result.table.iloc[0].rule
    told = features.segments(company, rules=f"open: {rule}").to_pandas()
    inside = (told.iloc[:, -2] == 1) & (told.iloc[:, -1] == -1)
    assert inside.sum() == result.table.iloc[0].customers
