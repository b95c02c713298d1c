"""Membership: everybody in with the clause that let them in, drawn by lot or by rank, kept under a day, used again."""

import numpy as np
import pytest

from crm_analytics import Audience, Membership, NotEnough, Warehouse, draw, features

RULES = """
spenders: spent over 400 in the last year or orders at least 3 in the last 6 months
  of Riga: region is "Riga"
quiet: recency over 365 days
"""
ONE, TWO = "spent over 400 in the last year", "orders at least 3 in the last 6 months"


@pytest.fixture(scope="module")
def people(company):
    return features.segments(company, rules=RULES).to_pandas()


@pytest.fixture(scope="module")
def members(people):
    return Membership(rules=RULES).fit(people)


def test_the_reason_is_the_way_that_was_taken(people, members):
    rows = members.table[members.table["segment"] == "spenders"].merge(people, on="customer_id")
    assert set(rows["reason"]) == {ONE, TWO, f"{ONE} and {TWO}"}
    assert ((rows[ONE] == 1) == rows["reason"].str.contains(ONE)).all()
    assert ((rows[TWO] == 1) == rows["reason"].str.contains(TWO)).all()
    riga = members.table[members.table["segment"] == "of Riga"]
    assert riga["reason"].str.endswith('region is "Riga"').all()
    assert set(riga["customer_id"]) <= set(rows["customer_id"])
    assert members.reasons().table["customers"].sum() == len(members.table)
    assert draw(members)


def test_a_sample_does_not_depend_on_the_order_of_the_rows(people, members):
    again = Membership(rules=RULES).fit(people.sample(frac=1, random_state=9))
    one, same = (which.sample("quiet", customers=40, seed=3).table for which in (members, again))
    assert one["customer_id"].tolist() == same["customer_id"].tolist()
    other = members.sample("quiet", customers=40, seed=4).table
    assert 0 < len(set(one["customer_id"]) & set(other["customer_id"])) < 40
    assert one["customer_id"].is_unique


def test_a_sample_is_of_everybody_alike(members):
    """Over many seeds each member is drawn as often as any other."""
    everybody = members.table.loc[members.table["segment"] == "quiet", "customer_id"].tolist()
    drawn = [
        set(members.sample("quiet", customers=len(everybody) // 2, seed=s).table["customer_id"]) for s in range(40)
    ]
    shares = np.array([np.mean([one in sample for sample in drawn]) for one in everybody])
    assert abs(shares.mean() - 0.5) < 0.01
    assert 0.05 < shares.min() <= shares.max() < 0.95
    assert abs(shares.std() - 0.5 / np.sqrt(40)) < 0.02


def test_the_top_is_the_top(members):
    top = members.top("spenders", customers=10).table
    everybody = members.table[members.table["segment"] == "spenders"]
    assert top["revenue_window"].min() >= everybody["revenue_window"].nlargest(10).min()
    with pytest.raises(ValueError, match="there is revenue_window"):
        members.top("spenders", by="height")
    with pytest.raises(ValueError, match="the segments are spenders, of Riga, quiet"):
        members.sample("nobody")


def test_nobody_in_is_said(company):
    rules = "impossible: orders over 100000"
    assert isinstance(Membership(rules=rules).fit(features.segments(company, rules=rules)), NotEnough)


def test_frozen_under_its_day_it_can_be_an_audience(company_home, members):
    """What was kept is read again as it was, and chooses the people of a campaign; the rule is not asked again."""
    wh = Warehouse.open(company_home)
    wh.keep(members, as_of="2025-07-01")
    wh.keep(members.sample("quiet", customers=50), as_of="2025-06-01")
    wh.keep(members, as_of="2025-07-01")
    frozen = wh.kept("membership")
    rows = frozen.filter(frozen.as_of == "2025-07-01").to_pandas()
    assert len(rows) == len(members.table)
    assert frozen.filter(frozen.as_of == "2025-06-01").count().to_pyarrow().as_py() == 50
    assert rows.merge(members.table, on=["customer_id", "segment", "reason"]).shape[0] == len(rows)
    chosen = rows[rows["segment"] == "spenders"]["customer_id"]
    reachable = features.reachable(wh).to_pandas()
    audience = Audience(campaign="For spenders", budget=150.0, max_contacts_30=9).fit(
        reachable[reachable["customer_id"].isin(chosen)]
    )
    assert set(audience.arms["customer_id"]) <= set(chosen)
    assert len(audience.arms) > 60
