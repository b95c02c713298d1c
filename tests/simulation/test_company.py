"""The company's tables fit the canonical schema, hang together, and come again from the same seed."""

from datetime import date

import pyarrow.compute as pc
import pytest

from crm_analytics.simulation.company import Simulation
from crm_analytics.warehouse.tables import TABLES

PLANTED = (
    "customers",
    "customer_contacts",
    "consents",
    "do_not_contact",
    "traits",
    "payments",
    "order_costs",
    "products",
    "stores",
    "orders",
    "order_lines",
    "prices",
    "promotions",
    "competitor_prices",
    "market",
    "stock",
    "campaigns",
    "campaign_steps",
    "campaign_costs",
    "arms",
    "contacts",
    "responses",
    "leads",
    "deal_stages",
    "touchpoints",
    "survey_answers",
    "survey_profiles",
)


@pytest.fixture(scope="module")
def tables(simulation):
    return simulation.tables()


@pytest.mark.parametrize("name", PLANTED)
def test_a_table_has_the_canonical_columns_and_rows(tables, name):
    rows, table = tables[name], TABLES[name]
    assert rows.schema.equals(table.arrow_schema())
    assert rows.num_rows
    for column in table.columns:
        if column.required:
            assert rows[column.name].null_count == 0, column.name
        if column.values:
            assert set(pc.unique(rows[column.name]).drop_null().to_pylist()) <= set(column.values)


@pytest.mark.parametrize("name", PLANTED)
def test_a_key_stands_once(tables, name):
    keys = tables[name].select(list(TABLES[name].key))
    assert keys.group_by(keys.column_names).aggregate([]).num_rows == keys.num_rows


@pytest.mark.parametrize("name", PLANTED)
def test_what_a_row_refers_to_is_there(tables, name):
    for column in TABLES[name].columns:
        if column.refers and column.refers.partition(".")[0] in tables:
            parent, _, key = column.refers.partition(".")
            said = pc.unique(tables[name][column.name]).drop_null()
            assert pc.all(pc.is_in(said, pc.unique(tables[parent][key]))).as_py() is not False, column.name


def test_lines_add_up(tables):
    lines = tables["order_lines"].to_pandas()
    assert (lines["amount"] == lines["price"] * lines["quantity"]).all()
    assert (lines["price"] <= lines["list_price"]).all()
    assert (lines["unit_cost"] > 0).all()


def test_returns_are_negative_and_sales_are_not(tables):
    merged = tables["order_lines"].to_pandas().merge(tables["orders"].to_pandas()[["order_id", "kind"]], on="order_id")
    assert (merged.loc[merged["kind"] == "return", "quantity"] < 0).all()
    assert (merged.loc[merged["kind"] != "return", "quantity"] > 0).all()


def test_the_history_is_three_years(tables):
    days = tables["orders"]["ordered_at"].cast("date32")
    assert pc.min(days).as_py() == date(2022, 7, 1)
    assert pc.max(days).as_py() == date(2025, 6, 30)


def test_the_same_seed_gives_the_same_company_and_another_gives_another(tables):
    again, other = Simulation(2000, 1).tables(), Simulation(2000, 2).tables()
    assert all(again[name].equals(tables[name]) for name in tables)
    assert not other["orders"].equals(tables["orders"])


def test_the_warehouse_opens_with_all_tables(company):
    assert company.has(*PLANTED)
    assert company.today == date(2025, 7, 1)
    assert company.company.name == "Nordhaus"


def test_too_few_customers_are_no_company():
    with pytest.raises(ValueError, match="at least 100"):
        Simulation(customers=50)
