"""One wide row for each customer: what a rule, a word or a score may be about, and nothing past the day."""

from datetime import date, datetime
from decimal import Decimal

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from crm_analytics import Warehouse, features
from crm_analytics.features.profile import PROFILE
from crm_analytics.warehouse.tables import TABLES

AS_OF = date(2025, 1, 31)


class Facts:
    """As much of a warehouse as a feature looks at, made from rows of canonical tables."""

    def __init__(self, **tables):
        self._tables = tables

    def __getattr__(self, name):
        return ibis.memtable(pa.Table.from_pylist(self._tables[name], schema=TABLES[name].arrow_schema()))

    def has(self, *tables):
        return all(self._tables.get(name) for name in tables)

    def require(self, *tables):
        assert self.has(*tables)

    def day(self, as_of):
        return as_of


def receipt(number, at, amount, *, who="a", what="P1", **order):
    listed = order.pop("listed", None)
    head = {"order_id": str(number), "ordered_at": at, "customer_id": who, "kind": "sale", "channel": "store"} | order
    line = {
        "order_id": str(number),
        "line_no": 1,
        "product_id": what,
        "quantity": Decimal(1),
        "amount": Decimal(amount),
    }
    return head, line | {"list_price": listed and Decimal(listed), "unit_cost": Decimal(1)}


def facts(*receipts, **more):
    tables = {
        "customers": [{"customer_id": "a", "birth_year": 1988, "region": "Riga"}],
        "orders": [head for head, _ in receipts],
        "order_lines": [line for _, line in receipts],
        "products": [
            {"product_id": "P1", "category": "Garden", "made_to_order": False},
            {"product_id": "P2", "category": "Books", "made_to_order": False},
        ],
    }
    return Facts(**tables | more)


def row(*receipts, **more):
    table = features.profile(facts(*receipts, **more), as_of=AS_OF, window_days=30).to_pandas()
    return table.set_index("customer_id").loc["a"]


def test_a_customer_in_one_row():
    one = row(
        receipt(1, datetime(2024, 12, 7, 18), 40, listed=50),
        receipt(2, datetime(2024, 12, 7, 19), 10, what="P2"),
        receipt(3, datetime(2025, 1, 6, 9), 50, channel="web", listed=50),
        receipt(4, datetime(2025, 1, 9), -10, kind="return"),
        receipt(5, datetime(2025, 1, 31), 1000),
    )
    assert (one.orders, one.orders_window, one.recency_days, one.age) == (2, 1, 25, 37)
    assert (one.revenue, one.revenue_window, one.revenue_before, one.mean_order) == (90, 40, 50, 45)
    assert (one.days_between, one.lines_per_order, one.weekend_share) == (30, 1.5, 0.5)
    assert (one.top_category, one.categories, one.first_category) == ("Garden", 2, "Garden")
    assert one.top_category_share == pytest.approx(0.9)
    assert (one.top_channel, one.day_part) == ("store", "evening")
    assert (one.discount_share, one.return_share) == (pytest.approx(0.1), pytest.approx(0.1))
    assert one.margin_window == 40 - 2
    assert pd.isna(one.contacts_window)


def test_contacts_answers_and_deals_are_counted_where_they_are_recorded():
    touches = [
        {"contact_id": "1", "at": datetime(2025, 1, 3), "customer_id": "a", "kind": "out"},
        {"contact_id": "2", "at": datetime(2025, 1, 3), "customer_id": "a", "kind": "in"},
        {"contact_id": "3", "at": datetime(2025, 1, 31), "customer_id": "a", "kind": "out"},
        {"contact_id": "4", "at": datetime(2023, 1, 31), "customer_id": "a", "kind": "out"},
    ]
    one = row(contacts=touches, responses=[{"campaign_id": "c", "customer_id": "b", "at": datetime(2025, 1, 2)}])
    assert (one.contacts_window, one.responses_window) == (1, 0)
    assert pd.isna(one.orders)  # this company records no orders at all


def test_traits_are_columns_and_activity_too():
    def trait(name, value, who="a", known=date(2024, 1, 1)):
        return {"customer_id": who, "trait": name, "value": value, "known_at": known}

    told = [
        trait("income", "4900"),
        trait("income", "x9", who="b", known=date(2025, 5, 1)),
        trait("job", "chemist"),
        trait("late", "1", known=AS_OF),
        trait("age", "55", who="b"),
        trait("age", "54"),
        trait("region", "7"),
    ]
    moved = [{"customer_id": "a", "measure": "flights", "day": date(2025, 1, 9), "value": 3.0}]
    people = [{"customer_id": "a", "birth_year": 1988}, {"customer_id": "b"}]
    table = features.profile(Facts(customers=people, traits=told, activity=moved), as_of=AS_OF).to_pandas()
    table = table.set_index("customer_id")
    assert (table.income["a"], table.job["a"], table.flights["a"]) == (4900.0, "chemist", 3.0)
    assert "late" not in table
    assert (table.age["a"], table.age["b"]) == (37, 55)  # the trait speaks where the customer's own row is silent
    assert table["region (trait)"]["a"] == 7


def test_names_that_another_column_has_are_told_apart():
    def trait(name):
        return {"customer_id": "a", "trait": name, "value": "5"}

    names = ("customer_id", "Income", "income", "Region", 'x"; DROP TABLE orders; --', "flights")
    told = [trait(name) for name in names]
    moved = [{"customer_id": "a", "measure": "Flights", "day": date(2025, 1, 9), "value": 3.0}]
    facts = Facts(customers=[{"customer_id": "a"}], traits=told, activity=moved)
    [one] = features.profile(facts, as_of=AS_OF).to_pandas().to_dict("records")
    assert one["customer_id"] == "a"
    beside = {name: value for name, value in one.items() if name not in PROFILE}
    assert sorted(beside.values()) == [3, 5, 5, 5, 5, 5, 5]
    assert beside["flights (activity)"] == 3


def test_who_comes_later_is_not_yet_there():
    people = [
        {"customer_id": "a", "first_seen": date(2025, 1, 30)},
        {"customer_id": "b", "first_seen": AS_OF},
        {"customer_id": "c"},
    ]
    table = features.profile(Facts(customers=people), as_of=AS_OF).to_pandas()
    assert table.customer_id.tolist() == ["a", "c"]
    assert table.columns.tolist() == list(PROFILE)


def test_nothing_after_the_day_leaks(company: Warehouse):
    then = features.profile(company, as_of="2024-06-30").to_pandas()
    assert then.last_day.max() < pd.Timestamp("2024-06-30")
    assert then.customer_id.is_unique
    bought = features.purchases(company, as_of="2024-06-30").to_pandas().set_index("customer_id")
    buyers = then[then.orders > 0].set_index("customer_id")
    pd.testing.assert_series_equal(
        buyers.orders, bought.orders.astype(float), check_names=False, check_index_type=False
    )
    assert buyers.recency_days.equals((pd.Timestamp("2024-06-30") - bought.last_day).dt.days.astype(float))
