"""Monthly sales: every coarser cut is a sum of these rows, and nothing on or after the day is looked at."""

from datetime import date

import pandas as pd
import pytest

from crm_analytics import features
from crm_analytics.features.sales import CELL


@pytest.fixture(scope="module")
def facts(company):
    """The lines with their orders, straight from the tables."""
    lines, orders = company.order_lines.to_pandas(), company.orders.to_pandas()
    return lines.merge(orders, on="order_id", suffixes=("", "_order"))


def whole(frame: pd.DataFrame, column: str) -> float:
    return round(float(frame[column].sum()), 4)


def test_it_holds_all_the_money_of_the_whole_months(company, facts):
    table = features.sales(company, as_of="2025-03-20").to_pandas()
    before = facts[facts.ordered_at < "2025-03-01"]
    assert whole(table, "revenue") == whole(before, "amount")
    assert whole(table, "units") == whole(before, "quantity")
    assert whole(table, "margin") == whole(before.assign(m=before.amount - before.quantity * before.unit_cost), "m")


def test_its_grain_is_what_it_says(company):
    table = features.sales(company, as_of=None).to_pandas()
    assert not table.duplicated(list(CELL)).any()
    assert (pd.to_datetime(table.month).dt.day == 1).all()
    assert list(table[list(CELL)].itertuples(index=False)) == sorted(table[list(CELL)].itertuples(index=False))


def test_an_order_counts_once_whatever_it_holds(company, facts):
    table = features.sales(company, as_of="2025-07-01").to_pandas()
    assert table.orders.sum() == facts.order_id.nunique()
    in_may = facts[(facts.ordered_at >= "2025-05-01") & (facts.ordered_at < "2025-06-01")]
    assert table[pd.to_datetime(table.month) == "2025-05-01"].orders.sum() == in_may.order_id.nunique()


def test_it_looks_at_nothing_on_or_after_the_day(company):
    early = features.sales(company, as_of="2024-06-01").to_pandas()
    late = features.sales(company, as_of="2025-06-01").to_pandas()
    pd.testing.assert_frame_equal(early, late[pd.to_datetime(late.month) < "2024-06-01"].reset_index(drop=True))


def test_it_begins_with_the_first_whole_month_since(company):
    table = features.sales(company, as_of="2025-06-15", since=date(2024, 12, 2)).to_pandas()
    assert str(table.month.min())[:10] == "2025-01-01"
    assert str(table.month.max())[:10] == "2025-05-01"


def test_made_to_order_is_a_kind_of_its_own(company, facts):
    table = features.sales(company, as_of="2025-07-01").to_pandas()
    made = set(company.products.filter(company.products.made_to_order).product_id.to_pandas())
    expected = facts[facts.product_id.isin(made) & (facts.ordered_at < "2025-07-01")].amount.sum()
    assert expected
    assert whole(table[table.kind == "made_to_order"], "revenue") == round(float(expected), 4)


def test_a_company_without_stores_and_products_has_unknown_parts(company, monkeypatch):
    has, absent = company.has, {"stores", "products", "customers"}
    monkeypatch.setattr(company, "has", lambda *tables: not absent & set(tables) and has(*tables))
    table = features.sales(company, as_of="2025-07-01").to_pandas()
    assert set(table.category) == set(table.region) == {"unknown"}
    assert set(table.store) - {"unknown"} <= set(company.orders.store_id.to_pandas())
    assert "made_to_order" not in set(table.kind)
