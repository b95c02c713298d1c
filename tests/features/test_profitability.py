"""Costs land where they belong: on orders' lines, on customers, on nobody; and only once."""

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import features
from crm_analytics.features.sharing import spread
from crm_analytics.warehouse.engine import Warehouse
from crm_analytics.warehouse.release import Company, Shelf
from crm_analytics.warehouse.tables import TABLES

DAY = date(2025, 7, 1)


def warehouse(home, **tables):
    """A company of a few rows, the newest order of 30 June 2025."""
    with Shelf(home).draft() as draft:
        for name, some in tables.items():
            schema = TABLES[name].arrow_schema()
            full = [dict.fromkeys(schema.names) | row | {"source": "s"} for row in some]
            typed = pa.table(
                {f.name: pa.array([_typed(r[f.name], f.type) for r in full], f.type) for f in schema}, schema=schema
            )
            draft.replace_source(name, typed, source="s")
        draft.publish(company=Company(name="Tiny"), facts_until="2025-06-30")
    return Warehouse.open(home)


def _typed(value, kind):
    from decimal import Decimal

    return Decimal(str(value)) if value is not None and pa.types.is_decimal(kind) else value


def order(number, customer, day="2025-05-01", kind="sale"):
    from datetime import datetime

    return {"order_id": number, "customer_id": customer, "ordered_at": datetime.fromisoformat(day), "kind": kind}


def line(number, amount, *, product="p", cost=None, at=1):
    return {"order_id": number, "line_no": at, "product_id": product, "quantity": 1 if amount >= 0 else -1,
            "amount": amount, "price": abs(amount), "list_price": abs(amount), "unit_cost": cost}  # fmt: skip


GOODS = [{"product_id": "p", "category": "Pots"}, {"product_id": "q", "category": "Quilts"}]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return warehouse(
        tmp_path_factory.mktemp("tiny"),
        customers=[{"customer_id": "a", "kind": "dealer"}, {"customer_id": "b", "kind": "person"}],
        products=GOODS,
        orders=[order("1", "a"), order("2", None), order("3", "b", "2023-12-01"), order("4", "a", kind="return"),
                order("5", "b", "2024-05-01")],
        order_lines=[line("1", 30, cost=10), line("1", 60, product="q", cost=20, at=2), line("2", 50, cost=20),
                     line("4", -30, cost=10), line("5", 10, cost=4), line("3", 99, cost=1)],
        order_costs=[{"cost_id": "i", "order_id": "1", "kind": "delivery", "amount": 10},
                     {"cost_id": "j", "order_id": "4", "kind": "delivery", "amount": 3},
                     {"cost_id": "k", "kind": "delivery", "day": date(2025, 4, 1), "amount": 7},
                     {"cost_id": "l", "order_id": "1", "kind": "packing", "day": DAY, "amount": 500}],
        campaigns=[{"campaign_id": "c", "starts": date(2025, 2, 1), "ends": date(2025, 2, 9)},
                   {"campaign_id": "m", "starts": date(2025, 2, 1), "ends": date(2025, 2, 9)}],
        campaign_costs=[{"campaign_id": "c", "day": date(2025, 2, 1), "kind": "post", "amount": 9},
                        {"campaign_id": "m", "day": date(2025, 2, 1), "kind": "media", "amount": 100}],
        contacts=[_touch("x", "a", "c"), _touch("y", "b", "c"), _touch("z", "b", "c"), _touch("w", "b", None, cost=2),
                  _touch("v", "b", None), _touch("u", None, None, cost=4)],
        payments=[{"payment_id": "n", "order_id": "1", "due_at": date(2025, 5, 31), "paid_at": date(2025, 6, 10),
                   "invoiced_at": date(2025, 5, 1), "amount": 90},
                  {"payment_id": "o", "customer_id": "b", "due_at": date(2025, 2, 1), "amount": 40},
                  {"payment_id": "r", "customer_id": "b", "due_at": date(2025, 6, 21), "amount": 5,
                   "paid_at": date(2025, 7, 9)}],
    )  # fmt: skip


def _touch(number, customer, campaign, cost=None):
    from datetime import datetime

    return {"contact_id": number, "customer_id": customer, "campaign_id": campaign, "at": datetime(2025, 2, 2, 9),
            "channel": "phone", "kind": "out", "cost": cost}  # fmt: skip


@pytest.fixture(scope="module")
def told(found):
    return table(found)


def table(wh, **knobs):
    frame = features.profitability(wh, as_of=DAY, **knobs).to_pandas()
    return frame[frame.period == "window"].set_index(["customer_id", "category"])


def test_a_cost_of_an_order_falls_on_its_lines_by_what_was_paid(told):
    assert told.loc[("a", "Quilts"), "serving"] == pytest.approx(6.6667, abs=1e-4)
    assert told.loc["a", "serving"].sum() == 10
    assert told.loc["a", "handling"].sum() == 3
    assert told.serving.sum() == 17  # what was booked on the day asked about is not yet known


def test_costs_of_no_order_and_campaigns_of_nobody_stay_with_nobody(told):
    nobody = told.reset_index().query("customer_id.isna() and category.isna()").iloc[0]
    assert (nobody.serving, nobody.campaigns, nobody.contacts) == (7, 100, 4)


def test_a_campaign_costs_those_it_touched_as_often_as_it_did(told):
    assert told.loc["a", "campaigns"].sum() == 3
    assert told.loc["b", "campaigns"].sum() == 6


def test_a_contact_is_counted_once_and_unpriced_ones_by_the_tariff_or_as_unknown(found, told):
    assert told.loc["b", "contacts"].sum() == 2
    assert told.loc["b", "unpriced_contacts"].sum() == 1
    priced = table(found, tariff="phone 1.50, mail 0.95").loc["b"]
    assert (priced.contacts.sum(), priced.unpriced_contacts.sum()) == (3.5, 0)
    besides = table(found, tariff="phone 1.50", touches="besides").loc["b"]
    assert besides.contacts.sum() == 6.5


def test_late_is_what_fell_in_the_window_and_lost_what_was_given_up_in_it(told):
    assert told.loc["a", "late_money_days"].sum() == 900
    assert told.loc["b", "lost"].sum() == 40
    assert told.loc["b", "late_money_days"].sum() == 40 * 90 + 5 * 10


def test_an_order_of_nobody_known_is_a_customer_without_a_name(told):
    told = told.reset_index()
    unknown = told[told.customer_id.isna() & told.category.notna()]
    assert unknown.sold.tolist() == [50]
    assert unknown.campaigns.tolist() == [0]


def test_what_a_company_does_not_record_is_empty_and_not_nothing(tmp_path):
    wh = warehouse(tmp_path, orders=[order("1", "a")], order_lines=[line("1", 30)])
    [row] = features.profitability(wh).to_pandas().itertuples()
    assert row.serving != row.serving
    assert row.contacts != row.contacts
    assert (row.sold, row.sold_uncosted, row.category) == (30, 30, "unknown")


@pytest.mark.parametrize(
    ("knob", "value"), [("tariff", "phone two"), ("touches", "twice"), ("window_days", 0), ("trade", "none")]
)
def test_a_knob_that_cannot_be_read_is_answered_with_a_sentence(found, knob, value):
    with pytest.raises(ValueError, match=str(value)):
        features.profitability(found, as_of=DAY, **{knob: value})


@given(st.integers(0, 10_000))
@settings(max_examples=3, deadline=None)
def test_parts_sum_to_their_cost_in_the_last_digit_whatever_they_weigh(seed):
    """Three hundred costs at once, of any sign, over weights of which many are nothing and some are not there."""
    rng = np.random.default_rng(seed)
    who = np.array([f"k{n:03d}" for n in range(300)])
    owed = pd.DataFrame({"campaign": who, "amount": rng.integers(-10_000_00, 10_000_00, 300) / 100, "period": "window"})
    names = ["campaign", "customer_id"]
    pairs = pd.MultiIndex.from_product([who[:250], list("uvwxyz")], names=names).to_frame(index=False)
    some = pairs[rng.random(len(pairs)) < 0.6].reset_index(drop=True)
    some["weight"] = (rng.random(len(some)) < 0.7) * rng.integers(0, 900, len(some)) / 7
    parts = spread(
        ibis.memtable(owed).cast({"amount": "decimal(38, 4)"}),
        ibis.memtable(some).cast({"weight": "decimal(38, 4)"}),
        by="campaign",
        amount="amount",
    ).to_pandas()
    sums = parts.groupby("campaign").amount.sum().astype(float).round(4)
    assert sums.to_dict() == dict(zip(owed.campaign, owed.amount, strict=True))
    assert set(parts.campaign[parts.customer_id.isna()]) == set(who) - set(some.campaign)
    even = some.groupby("campaign").weight.transform("sum") == 0
    for key in sorted(set(some.campaign[even]))[:5]:
        mine = parts.amount[parts.campaign == key].astype(float)
        assert mine.max() - mine.min() <= 0.0002
