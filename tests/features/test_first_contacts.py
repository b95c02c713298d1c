"""Cases and whether they were settled, on a handful of contacts told by hand."""

from datetime import date

import pandas as pd
import pytest

from crm_analytics import features


class Some:
    """A warehouse of contacts alone."""

    def __init__(self, rows, reasons=None):
        import ibis

        frame = pd.DataFrame(rows, columns=["customer_id", "at", "kind", "outcome", "agent"])
        frame = frame.assign(contact_id=[str(i) for i in range(len(frame))], channel="phone", duration_s=60.0)
        frame["reason"] = pd.Series(reasons or [None] * len(frame), dtype="string")
        self.contacts = ibis.memtable(frame.assign(at=pd.to_datetime(frame["at"])))

    def has(self, *tables):
        return all(table == "contacts" for table in tables)

    def require(self, *tables):
        pass

    def day(self, as_of):
        return date.fromisoformat(as_of)


CONTACTS = [
    ("first", "2024-01-01 10:00", "in", "question", "A"),  # the past of the first days is unknown
    ("helped", "2024-02-01 10:00", "in", "Question.", "A"),
    ("again", "2024-02-01 11:00", "in", "question", "A"),
    ("again", "2024-02-04 11:00", "in", "complaint", "B"),  # part of the same case
    ("again", "2024-02-20 11:00", "in", "complaint", "B"),  # another one
    ("buyer", "2024-02-02 10:00", "in", "question", "B"),
    ("buyer", "2024-02-03 10:00", "in", "order", "B"),  # came to order, not for help
    ("mailed", "2024-02-02 10:00", "out", "delivered", None),
    (None, "2024-02-02 10:00", "in", "question", "A"),
    ("young", "2024-02-27 10:00", "in", "question", "A"),  # may still ask again
    ("nobody took it", "2024-02-05 10:00", "in", "missed", None),
]


def test_a_case_is_settled_when_nobody_asks_again():
    told = features.first_contacts(Some(CONTACTS), as_of="2024-03-01").to_pandas()
    counts = told.groupby(["reason", "agent"])[["cases", "settled"]].sum()
    assert counts.loc[("question", "A")].tolist() == [2, 1]
    assert counts.loc[("question", "B")].tolist() == [1, 1]
    assert counts.loc[("complaint", "B")].tolist() == [1, 1]
    assert counts["cases"].sum() == 4
    assert told["seconds"].sum() == 240
    longer = features.first_contacts(Some(CONTACTS), as_of="2024-03-01", again_days=20).to_pandas()
    assert longer["cases"].sum() == 3  # who asks again after 16 days was not helped
    with pytest.raises(ValueError, match="again_days"):
        features.first_contacts(Some(CONTACTS), as_of="2024-03-01", again_days=0)


def test_what_a_contact_was_about_comes_before_how_it_ended():
    rows = [("past", "2024-01-01", "in", None, "A"), ("helped", "2024-02-01", "in", "solved", "A"),
            ("buyer", "2024-02-02", "in", "solved", "A"), ("plain", "2024-02-03", "in", "question", "A")]  # fmt: skip
    some = Some(rows, reasons=[None, "Delivery.", "Order", None])
    told = features.first_contacts(some, as_of="2024-03-01").to_pandas()
    assert sorted(told["reason"]) == ["delivery", "question"], "an order is no case, wherever it is written"


def test_a_complaint_is_one_whether_the_reason_or_the_outcome_says_so():
    from crm_analytics.features.contact_words import COMPLAINT, says

    rows = [("a", "2024-02-01", "in", "solved", "A"), ("b", "2024-02-01", "in", "Жалоба", "A"),
            ("c", "2024-02-01", "in", "answered", "A"), ("d", "2024-02-01", "in", "claim", "A")]  # fmt: skip
    contacts = Some(rows, reasons=["Complaint", None, "Claim points", None]).contacts
    assert contacts.filter(says(contacts, COMPLAINT)).customer_id.to_pandas().tolist() == ["a", "b", "d"]
