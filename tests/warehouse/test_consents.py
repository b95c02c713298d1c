"""Consent on a day is what its history says when it is replayed; a wish to be left in peace wins over it."""

from datetime import date, timedelta

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.warehouse.consents import agreed, barred
from crm_analytics.warehouse.engine import Warehouse

START = date(2025, 1, 1)
SCHEMA = {"customer_id": "string", "purpose": "string", "channel": "string",
          "granted_at": "date", "withdrawn_at": "date"}  # fmt: skip


def day(number):
    return None if number is None else START + timedelta(days=number)


GRANTS = st.tuples(
    st.sampled_from(["ann", "ben"]),
    st.sampled_from(["email", "sms"]),
    st.integers(0, 12),
    st.none() | st.integers(0, 9),
)


def replayed(history, channel, until):
    """Day after day, as a clerk would keep a card for each customer: withdrawals first, then new consents."""
    card = {}
    for today in range(until + 1):
        for who, by, granted, lasts in history:
            if by == channel and lasts is not None and granted + lasts == today:
                card[who] = False
        for who, by, granted, lasts in history:
            if by == channel and granted == today and lasts != 0:
                card[who] = True
    return {who for who, yes in card.items() if yes}


@settings(max_examples=60, deadline=None)
@given(st.lists(GRANTS, max_size=6), st.integers(0, 22))
def test_the_state_on_a_day_is_the_replayed_history(history, on):
    rows = [
        (who, "marketing", by, day(start), day(None if lasts is None else start + lasts))
        for who, by, start, lasts in history
    ]
    table = ibis.memtable(pd.DataFrame(rows, columns=list(SCHEMA)), schema=SCHEMA)
    found = agreed(table, purpose="marketing", channel="email", on=day(on)).to_pandas()
    assert set(found.customer_id) == replayed(history, "email", on)
    assert agreed(table, purpose="research", channel="email", on=day(on)).to_pandas().empty


@pytest.mark.parametrize(
    ("channel", "since", "until", "out"),
    [
        ("email", 0, None, True),
        ("email", 5, None, True),
        ("email", 6, None, False),
        (None, 0, None, True),
        ("sms", 0, None, False),
        ("email", 0, 5, True),
        ("email", 0, 4, False),
    ],
)
def test_a_wish_holds_from_its_first_day_through_its_last(channel, since, until, out):
    wishes = ibis.memtable(
        pd.DataFrame([("ann", channel, day(since), day(until))], columns=["customer_id", "channel", "since", "until"]),
        schema={"customer_id": "string", "channel": "string", "since": "date", "until": "date"},
    )
    found = barred(wishes, channel="email", on=day(5), known_by=day(5)).to_pandas()
    assert (found.customer_id.tolist() == ["ann"]) is out


def test_no_address_is_given_of_somebody_who_wishes_to_be_left_in_peace(make, home):
    make.publish(home, do_not_contact=make.rows(
        "do_not_contact", {"customer_id": "ben", "since": date(2025, 3, 1), "until": date(2025, 3, 31)}
    ))  # fmt: skip
    book = Warehouse.open(home).addresses(purpose="service", channel="email")
    for on, there in (date(2025, 2, 28), 1), (date(2025, 3, 1), 0), (date(2025, 3, 31), 0), (date(2025, 4, 1), 1):
        assert len(book.of(["ben"], on=on)) == there


def test_a_release_written_before_a_column_existed_can_be_read(make, tmp_path):
    rows = make.rows("consents", {"customer_id": "ben", "purpose": "service", "channel": "email"})
    make.publish(tmp_path, consents=rows.drop_columns(["basis"]))
    assert Warehouse.open(tmp_path).consents.to_pandas().basis.isna().all()
