"""Groups do not chain, golden ids stand from run to run, and people's decisions stand above the evidence."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.collection.identity.clusters import clustered
from crm_analytics.collection.identity.golden import named

RECORDS = [f"r{i}" for i in range(8)]
links = st.lists(st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS), st.floats(1, 30)), max_size=20)
two = st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS)).filter(lambda pair: pair[0] != pair[1])
pairs = st.lists(two, max_size=6)


def group(weights, **said):
    return clustered([(a, b, w) for (a, b), w in weights.items() if w > 0], weights=weights, against=[], **said)


def test_a_chain_is_no_customer():
    weights = {("a", "b"): 9.0, ("b", "c"): 8.0}
    assert clustered(
        [("a", "b", 9.0), ("b", "c", 8.0)], weights=weights | {("a", "c"): -10.0}, against=[]
    ) == [("a", "b")]
    assert clustered([("a", "b", 9.0), ("b", "c", 8.0)], weights=weights, against=[("a", "c")]) == [("a", "b")]


def test_a_record_with_little_in_it_may_join_two_that_say_nothing_of_each_other():
    weights = {("a", "b"): 9.0, ("b", "c"): 8.0}
    assert clustered([("a", "b", 9.0), ("b", "c", 8.0)], weights=weights, against=[]) == [("a", "b", "c")]


def test_decisions_stand_above_the_evidence():
    assert group({("a", "b"): 20.0}, separate=[("b", "a")]) == []
    assert group({("a", "b"): -20.0}, same=[("b", "a")]) == [("a", "b")]
    assert group({("a", "b"): 20.0, ("b", "c"): 20.0, ("a", "c"): 20.0}, separate=[("a", "c")]) == [("a", "b")]


@settings(deadline=None)
@given(links, pairs, pairs, st.randoms(use_true_random=False))
def test_the_order_of_the_evidence_does_not_matter(found, against, separate, random):
    weights = {(min(a, b), max(a, b)): w for a, b, w in found if a != b}
    given_links = [(a, b, w) for (a, b), w in weights.items()]
    once = clustered(given_links, weights=weights, against=against, separate=separate)
    random.shuffle(given_links)
    random.shuffle(against)
    again = clustered(given_links, weights=weights, against=against, separate=separate)
    assert again == once
    forbidden = {frozenset(pair) for pair in (*against, *separate)}
    assert not any(frozenset(pair) in forbidden for records in once for pair in combinations(records, 2))
    members = [record for records in once for record in records]
    assert len(members) == len(set(members))


partitions = st.lists(st.integers(0, 4), min_size=8, max_size=8)


def groups_of(labels, present):
    found = {}
    for record, label in zip(RECORDS[:present], labels, strict=False):
        found.setdefault(label, []).append(record)
    return [tuple(records) for records in found.values() if len(records) > 1]


@given(st.lists(st.tuples(partitions, st.integers(1, 8)), min_size=1, max_size=5))
def test_golden_ids_stand(history):
    """Whatever is merged and split: a golden id is a member of its group, groups that stay keep theirs, and every
    change is told."""
    before, present = {}, 0
    for labels, more in history:
        present = max(present, more)
        age = {record: (0 if record in before else 1, record) for record in RECORDS[:present]}
        now, changes = named(groups_of(labels, present), before=before, age=age)
        assert set(now) == set(RECORDS[:present])
        assert all(now[golden] == golden for golden in now.values())
        for golden in set(before.values()):
            was = {record for record, name in before.items() if name == golden}
            if len({now[record] for record in was}) == 1 and {r for r in now if now[r] == now[golden]} == was:
                assert now[golden] == golden
        assert {c.customer_id for c in changes} == {r for r in now if now[r] != before.get(r, r)}
        before = now


@given(partitions, st.permutations(RECORDS))
def test_a_group_keeps_its_name_when_records_join_it(labels, order):
    age = dict.fromkeys(RECORDS[:4], ("old",))
    first, _ = named(groups_of(labels, 4), before={}, age=age)
    whole = age | dict.fromkeys(RECORDS[4:], ("new",))
    joined = {}
    for record, label in zip(RECORDS, labels, strict=True):
        joined.setdefault(label, []).append(record)
    now, _ = named([tuple(r) for r in joined.values() if len(r) > 1], before=first, age=whole)
    assert {record: now[record] for record in RECORDS[:4]} == first


@pytest.mark.parametrize("new_age", ["0000", "9999"])
def test_a_known_record_is_not_renamed_for_a_new_one(new_age):
    now, changes = named([("a", "z")], before={"z": "z"}, age={"z": ("1",), "a": (new_age,)})
    assert now == {"a": "z", "z": "z"}
    assert [(c.customer_id, c.action) for c in changes] == [("a", "merged")]
