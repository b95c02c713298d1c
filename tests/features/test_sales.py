"""Lines of sales: every cut is a sum of them, and nothing on or after the day is looked at."""

from datetime import date

import pandas as pd
import pytest

from crm_analytics import features
from crm_analytics.features.sales import BUYER, GOODS, PLACE


@pytest.fixture(scope="module")
def facts(company):
    """The lines with their orders, straight from the tables."""
    lines, orders = company.order_lines.to_pandas(), company.orders.to_pandas()
    return lines.merge(orders, on="order_id", suffixes=("", "_order"))


@pytest.fixture(scope="module")
def table(company):
    return features.sales(company, as_of="2025-03-20").to_pandas()


def whole(frame: pd.DataFrame, column: str) -> float:
    return round(float(frame[column].sum()), 4)


def test_it_holds_all_the_money_before_the_day(table, facts):
    before = facts[facts.ordered_at < "2025-03-20"]
    assert len(table) == len(before)
    assert whole(table, "revenue") == whole(before, "amount")
    assert whole(table, "units") == whole(before, "quantity")
    margins = before.amount - before.quantity * before.unit_cost
    assert whole(table, "margin") == pytest.approx(float(margins.sum()), abs=0.01)
    assert whole(table, "list_revenue") == pytest.approx(float((before.quantity * before.list_price).sum()), abs=0.01)
    assert set(table.until) == {pd.Timestamp("2025-03-20")}


def test_its_grain_is_a_line_in_its_order(table):
    assert not table.duplicated(["order_id", "line_no"]).any()
    keys = list(table[["order_id", "line_no"]].itertuples(index=False, name=None))
    assert keys == sorted(keys)


def test_it_looks_at_nothing_on_or_after_the_day(company, table):
    early = features.sales(company, as_of="2024-06-01").to_pandas()
    late = table[table.day < "2024-06-01"].reset_index(drop=True)
    pd.testing.assert_frame_equal(early.drop(columns="until"), late.drop(columns="until"))


def test_it_begins_with_the_day_since(company):
    table = features.sales(company, as_of="2025-06-15", since=date(2024, 12, 2)).to_pandas()
    assert str(table.day.min())[:10] == "2024-12-02"
    assert str(table.day.max())[:10] == "2025-06-14"


def test_made_to_order_is_a_kind_of_its_own(company, table, facts):
    made = set(company.products.filter(company.products.made_to_order).product_id.to_pandas())
    expected = facts[facts.product_id.isin(made) & (facts.ordered_at < "2025-03-20")].amount.sum()
    assert expected
    assert whole(table[table.kind == "made_to_order"], "revenue") == round(float(expected), 4)


def test_the_place_is_the_stores_and_else_the_buyers(company, table):
    homes = company.customers.select("customer_id", "region").to_pandas().set_index("customer_id").region
    assert (table.region != "unknown").mean() > 0.9
    known = table[table.customer_id.notna()]
    assert (known.customer_region == homes.reindex(known.customer_id).fillna("unknown").to_numpy()).all()


def test_an_hour_is_known_unless_the_moment_is_midnight_sharp(company, table, facts):
    moments = facts[facts.ordered_at < "2025-03-20"].sort_values(["order_id", "line_no"]).ordered_at
    at_midnight = (moments.dt.normalize() == moments).to_numpy()
    assert (table.hour.isna().to_numpy() == at_midnight).all()
    assert (table.hour[~at_midnight].to_numpy() == moments.dt.hour[~at_midnight].to_numpy()).all()


def test_segments_are_a_table_or_what_was_kept_by_then(company, monkeypatch):
    people = company.customers.select("customer_id").to_pandas().sort_values("customer_id")
    people["segment"] = ["gold" if i % 3 else "iron" for i in range(len(people))]
    given = features.sales(company, as_of="2025-03-20", segments=people).to_pandas()
    expected = people.set_index("customer_id").segment.reindex(given.customer_id).fillna("unknown")
    assert (given.segment.to_numpy() == expected.to_numpy()).all()

    import ibis

    later = people.assign(segment="later", as_of="2025-04-01")
    kept = pd.concat([people.assign(segment="old", as_of="2024-01-01"), people.assign(as_of="2025-03-01"), later])
    monkeypatch.setattr(company, "kept", lambda study: {"rfm": ibis.memtable(kept)}[study])
    named = features.sales(company, as_of="2025-03-20", segments="rfm").to_pandas()
    pd.testing.assert_frame_equal(named, given)
    with pytest.raises(ValueError, match="customer_id and cluster"):
        features.sales(company, as_of="2025-03-20", segments="rfm.cluster")


def test_a_company_without_stores_and_products_has_unknown_parts(company, monkeypatch):
    has, absent = company.has, {"stores", "products", "customers"}
    monkeypatch.setattr(company, "has", lambda *tables: not absent & set(tables) and has(*tables))
    table = features.sales(company, as_of="2025-03-20").to_pandas()
    unknown = {"region", "store_format", "category", "brand", "supplier", *BUYER}
    assert all(set(table[name]) == {"unknown"} for name in unknown)
    assert set(table.store) - {"unknown"} <= set(company.orders.store_id.to_pandas())
    assert "made_to_order" not in set(table.kind)
    assert {*PLACE, *GOODS, *BUYER} <= set(table.columns)
