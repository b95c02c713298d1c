"""How many customers stand behind the records is told in one sentence, and the known truth is met."""

from itertools import combinations

import pandas as pd
import pytest

from crm_analytics import NotEnough, OneCustomer, draw, features
from crm_analytics.collection.identity.find import Rules, found
from crm_analytics.collection.identity.identify import identify, known, rules_of
from crm_analytics.collection.identity.records import records
from crm_analytics.warehouse.engine import Warehouse


def test_the_sentence_and_what_merging_changes(home, run):
    identify(home, by="keys", run=run)
    result = OneCustomer().fit(features.identities(Warehouse.open(home)))
    assert result.text.startswith("6 customers stand behind 9 records: 3 records (33 %) are duplicates.")
    assert result.before["customers"] == 9
    assert (result.before["buyers"], result.after["buyers"]) == (3, 1)
    assert (result.before["repeat_rate"], result.after["repeat_rate"]) == (0, 1)
    assert (result.before["spend_per_buyer"], result.after["spend_per_buyer"]) == (20, 60)
    assert result.table.records.sum() == 9
    assert result.table.spend.sum() == pytest.approx(60)
    mixed = next(check for check in result.checks if check.name == "contamination")
    assert mixed.verdict == "weak"
    assert mixed.text.startswith("1 customers were addressed and left alone")
    assert "3 were counted twice" in draw(result).layout.title.text


def test_precision_and_recall_where_the_truth_is_known(home, run):
    identify(home, by="keys", run=run)
    result = OneCustomer().fit(features.identities(Warehouse.open(home)))
    person = {"N2": "N1", "K1": "N1", "W7": "N7", "N4": "N3"}
    truth = pd.DataFrame({"record": result.members.record})
    truth["person"] = truth.record.map(lambda record: person.get(record, record))
    row = result.against(truth).iloc[0]
    assert (row.precision, row.recall, row.true_pairs, row.joined_pairs) == (1.0, 0.8, 5, 4)


def test_nobody_identified_yet(home):
    result = OneCustomer().fit(features.identities(Warehouse.open(home)))
    assert result.text.startswith("9 customers stand behind 9 records: no record is known to be another's duplicate.")
    draw(result)


def test_knobs_and_an_empty_table():
    with pytest.raises(ValueError, match="try"):
        OneCustomer(threshold=2)
    empty = pd.DataFrame(columns=OneCustomer.columns)
    assert isinstance(OneCustomer().fit(empty), NotEnough)


def quality(groups, person):
    """Precision and recall over pairs of records."""
    said = {pair for group in groups for pair in combinations(sorted(group), 2)}
    members = {}
    for record, whose in person.items():
        members.setdefault(whose, []).append(record)
    true = {pair for group in members.values() for pair in combinations(sorted(group), 2)}
    return len(said & true) / len(said), len(said & true) / len(true)


def test_the_demo_companys_duplicates_are_found(demo_home, truth):
    wh = Warehouse.open(demo_home)
    people = records(known(wh), country=wh.company.country)
    answer = found(people, rules_of(wh))
    twice = dict(zip(truth.duplicates.record_id, truth.duplicates.customer_id, strict=True))
    precision, recall = quality(answer.groups, {one: twice.get(one, one) for one in people.customer_id})
    assert 2 * precision * recall / (precision + recall) >= 0.97


@pytest.mark.parametrize(
    ("files", "precision", "recall"),
    [(("dataset1",), 0.999, 0.97), (("dataset4a", "dataset4b"), 0.999, 0.99)],
    ids=["febrl1", "febrl4"],
)
def test_people_with_typing_errors_and_known_duplicates(datasets, files, precision, recall):
    """The sets of febrl (P. Christen, 2008). Nothing is tuned to them: they come in by the columns of contacts."""
    frame = pd.concat(
        [pd.read_csv(datasets / "febrl" / f"{file}.csv", skipinitialspace=True, dtype=str) for file in files]
    )
    street = frame[["street_number", "address_1", "address_2"]].fillna("").agg(" ".join, axis=1)
    people = pd.DataFrame(
        {"customer_id": frame.rec_id, "given_name": frame.given_name, "surname": frame.surname, "street": street,
         "city": frame.suburb, "postcode": frame.postcode, "region": frame.state, "birth_date": frame.date_of_birth,
         "tax_number": frame.soc_sec_id}
    )  # fmt: skip
    answer = found(records(people, country="AU"), Rules())
    person = dict(zip(frame.rec_id, frame.rec_id.str.extract(r"rec-(\d+)")[0], strict=True))
    reached = quality(answer.groups, person)
    assert reached[0] >= precision
    assert reached[1] >= recall


@pytest.mark.parametrize(
    "least",
    [("full_name",), ("email",), ("phone",), ("address",), ("birth_date",), ("tax_number",),
     ("full_name", "email", "phone", "tax_number")],
)  # fmt: skip
def test_a_company_may_know_only_some_of_it(home, least):
    """Most companies know neither addresses nor dates of birth; whatever nobody has says nothing."""
    people = known(Warehouse.open(home)).assign(tax_number=lambda frame: [str(10**9 + n) for n in range(len(frame))])
    answer = found(records(people[["customer_id", "source", *least]], country="LV"), Rules())
    assert not any({"N5", "N6"} <= set(group) for group in answer.groups)  # the twins


def test_the_order_in_which_records_came_does_not_matter(home):
    people = known(Warehouse.open(home))
    answers = [found(records(people.sample(frac=1, random_state=seed)), Rules()).groups for seed in (1, 2)]
    assert answers[0] == answers[1]
