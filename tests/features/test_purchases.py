"""Who bought when and for how much: days not receipts, returns taken off, nothing past the day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import ibis
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import features
from crm_analytics.warehouse.tables import TABLES

AS_OF = date(2025, 1, 31)


@dataclass
class Facts:
    """As much of a warehouse as a feature looks at, made from a list of receipts."""

    receipts: list[dict]
    made_to_order: tuple[str, ...] = ()

    def _table(self, name, rows):
        return ibis.memtable(pa.Table.from_pylist(rows, schema=TABLES[name].arrow_schema()))

    @property
    def orders(self):
        rows = [
            {"order_id": str(i), "ordered_at": r["at"], "customer_id": r["who"], "kind": r.get("kind", "sale")}
            for i, r in enumerate(self.receipts)
        ]
        return self._table("orders", rows)

    @property
    def order_lines(self):
        rows = [
            {
                "order_id": str(i),
                "line_no": 1,
                "product_id": r.get("what", "P1"),
                "quantity": Decimal(1 if r["amount"] >= 0 else -1),
                "amount": Decimal(r["amount"]),
                "unit_cost": None if r.get("cost") is None else Decimal(r["cost"]),
            }
            for i, r in enumerate(self.receipts)
        ]
        return self._table("order_lines", rows)

    @property
    def products(self):
        return self._table("products", [{"product_id": p, "made_to_order": True} for p in self.made_to_order])

    def has(self, *tables):
        return "products" not in tables or bool(self.made_to_order)

    def require(self, *tables):
        assert set(tables) <= {"orders", "order_lines"}

    def day(self, as_of):
        return date.fromisoformat(as_of) if isinstance(as_of, str) else as_of


def at(day, hour=12):
    return datetime(2025, 1, day, hour)


def one(receipts, **more):
    table = features.purchases(Facts(receipts, **more), as_of=AS_OF).to_pandas()
    assert len(table) == 1
    return table.iloc[0]


def test_two_receipts_of_a_day_are_one_purchase():
    row = one(
        [
            {"who": "a", "at": at(1), "amount": 10},
            {"who": "a", "at": at(1, 18), "amount": 5},
            {"who": "a", "at": at(9), "amount": 30},
        ]
    )
    assert (row.orders, row.x, row.t_x, row["T"]) == (2, 1, 8, 30)
    assert (row.revenue, row.mean_repeat_revenue) == (45, 30)
    assert (str(row.first_day)[:10], str(row.last_day)[:10]) == ("2025-01-01", "2025-01-09")


def test_a_return_is_taken_off_the_purchase_before_it_and_is_none_itself():
    row = one(
        [
            {"who": "a", "at": at(1), "amount": 10},
            {"who": "a", "at": at(9), "amount": 30},
            {"who": "a", "at": at(12), "amount": -20, "kind": "return"},
            {"who": "a", "at": at(20), "amount": 50},
            {"who": "a", "at": at(20, 13), "amount": -50, "kind": "return"},
        ]
    )
    assert (row.orders, row.x, row.t_x) == (3, 2, 19)
    assert (row.revenue, row.mean_repeat_revenue) == (20, 5)


def test_what_was_bought_before_the_records_begin_and_came_back_counts_for_nothing():
    row = one([{"who": "a", "at": at(1), "amount": -7, "kind": "return"}, {"who": "a", "at": at(3), "amount": 10}])
    assert (row.orders, row.revenue) == (1, 10)
    only_returned = Facts([{"who": "a", "at": at(1), "amount": -7, "kind": "return"}])
    assert features.purchases(only_returned, as_of=AS_OF).count().to_pandas() == 0


def test_wholesale_made_to_order_gifts_and_the_unknown_are_left_out():
    row = one(
        [
            {"who": "a", "at": at(2), "amount": 10},
            {"who": "a", "at": at(4), "amount": 900, "kind": "wholesale"},
            {"who": "a", "at": at(5), "amount": 400, "what": "special"},
            {"who": "a", "at": at(6), "amount": 0},
            {"who": None, "at": at(7), "amount": 10},
        ],
        made_to_order=("special",),
    )
    assert (row.orders, row.revenue) == (1, 10)


def test_margin_is_known_only_where_every_cost_is():
    known = {"who": "a", "at": at(1), "amount": 10, "cost": 6}
    also = {"who": "a", "at": at(2), "amount": 20, "cost": 11}
    lacking = {"who": "a", "at": at(3), "amount": 30}
    row = one([known, also])
    assert (row.margin, row.mean_repeat_margin) == (13, 9)
    row = one([known, also, lacking])
    assert pd.isna(row.margin)
    assert pd.isna(row.mean_repeat_margin)
    row = one([{**known, "cost": None}, also])
    assert pd.isna(row.margin)
    assert row.mean_repeat_margin == 9


def test_spend_looks_at_its_window_and_says_how_long_it_is():
    facts = Facts(
        [
            {"who": "a", "at": at(1), "amount": 10},
            {"who": "a", "at": at(10), "amount": 20, "cost": 5},
            {"who": "a", "at": at(11), "amount": -4, "kind": "return", "cost": 1},
            {"who": "b", "at": at(20), "amount": 7},
            {"who": "c", "at": at(9, 23), "amount": 7},
        ]
    )
    table = features.spend(facts, since="2025-01-10", as_of="2025-01-20").to_pandas()
    assert table.to_dict("records") == [{"customer_id": "a", "orders": 1, "revenue": 16.0, "margin": 12.0, "days": 10}]


receipts = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.sampled_from(["a", "b", None]),
            "at": st.datetimes(datetime(2025, 1, 1), datetime(2025, 3, 1)),
            "amount": st.integers(-20, 60),
            "cost": st.sampled_from([None, 1, 3]),
        }
    ).map(lambda r: {**r, "kind": "return" if r["amount"] < 0 else "sale"}),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(receipts)
def test_nothing_on_or_after_the_day_changes_it(receipts):
    whole = features.purchases(Facts(receipts), as_of=AS_OF).to_pandas()
    cut = [r for r in receipts if r["at"].date() < AS_OF]
    pd.testing.assert_frame_equal(whole, features.purchases(Facts(cut), as_of=AS_OF).to_pandas())


@settings(max_examples=25, deadline=None)
@given(receipts)
def test_it_agrees_with_a_plain_loop(receipts):
    table = features.purchases(Facts(receipts), as_of=AS_OF).to_pandas()
    expected = {}
    for who in ("a", "b"):
        own = [r for r in receipts if r["who"] == who and r["at"].date() < AS_OF]
        worth = []
        for day in (date(2025, 1, 1) + timedelta(days=d) for d in range(30)):
            today = [r["amount"] for r in own if r["at"].date() == day]
            if sum(a for a in today if a > 0) > 0:
                worth.append([day, 0])
            if worth:
                worth[-1][1] += sum(today)
        if worth:
            days = [day for day, _ in worth]
            expected[who] = (
                len(worth),
                (days[-1] - days[0]).days,
                (AS_OF - days[0]).days,
                sum(w for _, w in worth),
                sum(w for _, w in worth[1:]),
            )
    found = {r.customer_id: (r.orders, r.t_x, r["T"], r.revenue, (r.mean_repeat_revenue or 0) * r.x if r.x else 0)
             for _, r in table.iterrows()}  # fmt: skip
    assert found.keys() == expected.keys()
    for who, numbers in expected.items():
        assert found[who] == pytest.approx(numbers)


def test_on_the_company_every_history_is_possible(company):
    table = features.purchases(company, as_of="2024-06-01").to_pandas()
    assert table["customer_id"].is_monotonic_increasing
    assert table["customer_id"].is_unique
    assert (table["T"] >= 1).all()
    assert (table["t_x"] < table["T"]).all()
    assert ((table["t_x"] > 0) == (table["x"] > 0)).all()
    assert (table["mean_repeat_revenue"].notna() == (table["x"] > 0)).all()
    assert table["margin"].notna().all()
