"""One customer on one page: everything on record, in order, and only what was known by then."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from crm_analytics import RFM, Changes, CustomerPage, CustomerValue, NotEnough, draw, features
from crm_analytics.planning.customers.one.page import Rhythm
from crm_analytics.warehouse.release import WarehouseError

DAY = date(2025, 6, 1)


@pytest.fixture(scope="module")
def somebody(company):
    """A customer who bought, was written to and answered."""
    answered = company.responses.to_pandas()["customer_id"].value_counts()
    return sorted(answered.index[answered == answered.max()])[0]


@pytest.fixture(scope="module")
def page(company, somebody):
    return CustomerPage().fit(features.history(company, as_of=DAY, customer=somebody))


def test_every_order_of_the_customer_is_there_with_its_money(company, page, somebody):
    orders = company.orders.to_pandas()
    orders = orders[(orders["customer_id"] == somebody) & (orders["ordered_at"] < pd.Timestamp(DAY))]
    lines = company.order_lines.to_pandas().merge(orders[["order_id"]], on="order_id")
    bought = page.table[page.table["event"].isin(["sale", "return", "wholesale"])]
    assert len(bought) == lines["order_id"].nunique()
    assert bought["money"].sum() == pytest.approx(float(lines["amount"].sum()))


def test_every_contact_and_answer_is_there(company, page, somebody):
    for table, events in (("contacts", ["in", "out"]), ("responses", ["response"])):
        rows = getattr(company, table).to_pandas()
        rows = rows[(rows["customer_id"] == somebody) & (rows["at"] < pd.Timestamp(DAY))]
        assert page.table["event"].isin(events).sum() == len(rows)


def test_nothing_of_later_and_nothing_personal(page):
    assert page.table["at"].max() < pd.Timestamp(DAY)
    assert page.table["at"].is_monotonic_decreasing
    assert set(page.facts) <= {
        "kind", "region", "gender", "birth_year", "acquired_channel", "reason_first_purchase", *page.facts
    }  # fmt: skip
    assert "@" not in page.text + page.table.to_csv()


def test_the_next_purchase_comes_when_the_span_says():
    """Eighty spans of a hundred hold the next purchase of somebody who buys by chance at an unknown pace."""
    rng = np.random.default_rng(5)
    held, until = [], 700.0
    for _ in range(3000):
        days = rng.exponential(1 / rng.gamma(2, 0.01), 200).cumsum() - rng.random() * 100
        past, ahead = days[days < until], days[days >= until][0]
        if len(past) > 2:
            rhythm = Rhythm(gaps=len(past) - 1, days=past[-1] - past[0], silence=until - past[-1], until=DAY)
            held.append(rhythm.wait(0.1) <= ahead - until <= rhythm.wait(0.9))
    assert len(held) > 2000
    assert np.mean(held) == pytest.approx(0.8, abs=0.04)


def test_standing_says_how_many_are_below(company, page, somebody):
    past = features.purchases(company, as_of=DAY).to_pandas()
    rfm = RFM().fit(past)
    standing = page.standing(value=CustomerValue().fit(past), rfm=rfm)
    money = standing.table.set_index("score").loc["Money so far"]
    mine = rfm.table.set_index("customer_id")["money"]
    assert money["above"] == pytest.approx((mine < mine[somebody]).mean())
    assert draw(standing).data


def test_a_change_of_habits_stands_on_the_page(company):
    changes = Changes().fit(features.purchase_days(company, as_of=DAY))
    who = changes.table["customer_id"].iloc[0]
    page = CustomerPage().fit(features.history(company, as_of=DAY, customer=who))
    assert changes.table["change"].iloc[0] in page.standing(changes=changes).table["reason"].iloc[-1]


def test_no_score_is_said(page):
    assert isinstance(page.standing(), NotEnough)


def test_an_unknown_customer_is_one_sentence_that_does_not_repeat_what_was_typed(company):
    with pytest.raises(WarehouseError) as error:
        features.history(company, as_of=DAY, customer="jane@example.org")
    assert "jane" not in str(error.value)


def test_a_wish_to_be_left_in_peace_wins_over_every_consent(page):
    asked = {"customer_id": page.customer_id, "at": pd.Timestamp(DAY), "until": DAY, "channel": None, "what": None}
    frame = pd.DataFrame([asked | {"event": event, "money": None} for event in ("agreed", "do not contact")])
    bought = pd.DataFrame([asked | {"at": pd.Timestamp("2025-01-01"), "event": "sale", "money": 9.0}])
    may = {check.name: check for check in CustomerPage().fit(pd.concat([bought, frame])).checks}["may we write"]
    assert may.verdict == "weak"
    assert may.text.startswith("Do not write")


def test_who_is_barred_is_barred_on_the_page(company):
    wishes = company.do_not_contact.to_pandas()
    day = pd.Timestamp(DAY)
    held = wishes[(wishes.since < day) & (wishes.until.isna() | (wishes.until >= day))]
    who = sorted(set(held.customer_id) & set(company.orders.to_pandas().customer_id.dropna()))[0]
    events = features.history(company, as_of=DAY, customer=who).to_pandas()
    assert (events["event"] == "do not contact").any()


def test_a_customer_without_purchases_is_not_enough(company):
    buyers = set(company.orders.to_pandas()["customer_id"].dropna())
    idle = sorted(set(company.customers.to_pandas()["customer_id"]) - buyers)
    if idle:
        assert isinstance(CustomerPage().fit(features.history(company, as_of=DAY, customer=idle[0])), NotEnough)
