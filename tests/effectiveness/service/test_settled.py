"""Satisfaction beside first contacts: what is planted is found among like cases, and a plain count finds too much."""

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from crm_analytics import FirstContact, NotEnough, draw, features
from crm_analytics.effectiveness.service.settled import Settled
from crm_analytics.simulation.settled import settled_cases


def test_what_is_planted_is_covered_and_a_plain_count_is_not_believed():
    found = [Settled().fit(settled_cases(seed)) for seed in range(8)]
    assert sum(one.satisfaction.low <= 0.4 <= one.satisfaction.high for one in found) >= 7
    assert sum(one.worth.low <= 10 <= one.worth.high for one in found) >= 6
    assert all(one.satisfaction.plain > one.satisfaction.high for one in found)
    assert all(one.claims[0].decision for one in found if one.satisfaction.low > 0)
    nothing = [Settled().fit(settled_cases(seed, gain=0.0, worth=0.0)) for seed in range(8)]
    assert sum(one.satisfaction.low > 0 for one in nothing) <= 1


def test_its_sentence_says_what_it_is_worth_and_where_that_is_not_known():
    rows = settled_cases(1)
    result = Settled().fit(rows)
    assert "on the scale from 1 to 5" in result.text
    assert "cases a year that take several contacts" in result.text
    assert draw(result).layout.title.text
    bare = Settled().fit(rows.assign(before=np.nan, after=np.nan))
    assert "not known" in bare.text
    assert bare.worth is None
    assert draw(bare).layout.title.text


def test_few_answers_are_refused_and_the_next_move_is_said():
    rows = settled_cases(2)
    few = rows.assign(satisfaction=rows["satisfaction"].where(rows["settled"] == 1))
    refused = Settled().fit(few)
    assert isinstance(refused, NotEnough)
    assert "Ask for satisfaction after each case" in refused.text


def test_cases_of_one_customer_are_not_so_many_customers():
    rows = settled_cases(3, cases=800)
    twice = pd.concat([rows, rows], ignore_index=True)
    one, two = (Settled().fit(frame).satisfaction for frame in (rows, twice))
    assert two.high - two.low == pytest.approx(one.high - one.low, rel=0.06)


SATISFIED, RECOMMEND = "Overall, how satisfied are you?", "Would you recommend us?"


class Desk:
    """A warehouse of contacts and answers alone."""

    def __init__(self):
        came = [("a", "2024-02-01"), ("a", "2024-02-03"), ("b", "2024-02-01"), ("c", "2024-02-01"), ("z", "2024-01-01")]
        contacts = pd.DataFrame(came, columns=["customer_id", "at"]).astype({"at": "datetime64[us]"})
        self.contacts = ibis.memtable(contacts.assign(
            contact_id=[str(i) for i in range(5)], kind="in", reason="Delivery", outcome="solved", channel="phone",
            agent="A", duration_s=60.0,
        ))  # fmt: skip
        said = [
            ("a", SATISFIED, 2.0, "2024-02-20"), ("a", "How important is price?", 5.0, "2024-02-20"),
            ("b", SATISFIED, 5.0, "2024-02-20"), ("b", SATISFIED, 1.0, "2024-03-20"),
            ("c", SATISFIED, 4.0, "2024-12-20"), ("c", RECOMMEND, 4.0, "2024-02-20"),
        ]  # fmt: skip
        answers = pd.DataFrame(said, columns=["customer_id", "question", "position", "answered_at"])
        self.survey_answers = ibis.memtable(answers.assign(
            respondent_id=[str(i) for i in range(6)], kind="scale", lowest=1, highest=5,
            item=pd.Series([None] * 6, dtype="string"), answered_at=pd.to_datetime(answers["answered_at"]).dt.date,
        ))  # fmt: skip

    def has(self, *tables):
        return all(table in ("contacts", "survey_answers") for table in tables)

    def require(self, *tables):
        pass

    def day(self, as_of):
        return date.fromisoformat(as_of)


def test_the_feature_sets_the_first_answer_beside_the_case_before_it():
    told = features.settled_cases(Desk(), as_of="2025-01-01").to_pandas()
    assert len(told) == 3, "of the first days the past is not known"
    found = told.sort_values("satisfaction")[["settled", "satisfaction"]].to_numpy().tolist()
    assert found[:2] == [[0, 0.25], [1, 1.0]]
    assert np.isnan(found[2][1]), "an answer of a year later says nothing of the case"
    assert told["after"].isna().all()
    longer = features.settled_cases(Desk(), as_of="2025-01-01", question=RECOMMEND).to_pandas()
    assert longer["satisfaction"].dropna().tolist() == [0.75]
    with pytest.raises(ValueError, match="within_days"):
        features.settled_cases(Desk(), as_of="2025-01-01", within_days=0)


def test_of_the_company_nearly_all_is_settled_so_it_is_refused(company):
    asked = FirstContact().fit(features.first_contacts(company))
    assert isinstance(asked.satisfaction(features.settled_cases(company)), NotEnough)
