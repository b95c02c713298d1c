"""Real files and databases, loaded by maps that took no code: counts and money as anybody can count them there."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from crm_analytics.collection import load
from crm_analytics.warehouse.engine import Warehouse

MAPS = Path(__file__).parents[3] / "maps"


def loaded(name, datasets, tmp_path_factory):
    home = tmp_path_factory.mktemp(name)
    report = load(MAPS / f"{name}.yaml", data=datasets / name, home=home)
    assert report.published, report.text
    assert all(account.reconciles for account in report.accounts)
    return report, Warehouse.open(home)


def total(report, file):
    [account] = [one for one in report.accounts if one.file.startswith(file)]
    return account


@pytest.fixture(scope="module")
def deals(datasets, tmp_path_factory):
    return loaded("crm_sales_opportunities", datasets, tmp_path_factory)


@pytest.fixture(scope="module")
def airline(datasets, tmp_path_factory):
    return loaded("airline_loyalty", datasets, tmp_path_factory)


@pytest.fixture(scope="module")
def bank(datasets, tmp_path_factory):
    return loaded("bank_marketing", datasets, tmp_path_factory)


@pytest.fixture(scope="module")
def hillstrom(datasets, tmp_path_factory):
    return loaded("hillstrom_email", datasets, tmp_path_factory)


@pytest.fixture(scope="module")
def chinook(datasets, tmp_path_factory):
    return loaded("chinook", datasets, tmp_path_factory)


def test_deals_and_what_they_won(deals):
    report, wh = deals
    pipeline = total(report, "sales_pipeline.csv")
    assert (pipeline.lines_loaded, pipeline.money_loaded) == (8_800, Decimal(10_005_534))
    stages = wh.deal_stages.to_pandas()
    assert stages.deal_id.nunique() == 8_800
    won = stages[stages.outcome == "won"]
    assert (len(won), won.amount.sum()) == (4_238, Decimal(10_005_534))
    assert stages[stages.customer_id.isna()].deal_id.nunique() == 1_425
    assert stages[stages.outcome == "open"].stage.value_counts().to_dict() == {"Engaging": 1_589, "Prospecting": 500}
    assert wh.traits.filter(wh.traits.trait == "sector").value.nunique().execute() == 10


def test_a_product_that_is_not_in_the_list_is_kept_with_its_money(deals):
    _, wh = deals
    lost = wh.unknown_references.to_pandas()
    assert lost[["table", "column", "value"]].drop_duplicates().to_numpy().tolist() == [
        ["deal_stages", "product_id", "GTXPro"]
    ]
    stages = wh.deal_stages.to_pandas()
    without = stages[stages.product_id.isna()]
    assert without.deal_id.nunique() == 1_480
    assert lost.rows.sum() == len(without)
    assert lost.money.sum() == without.amount.sum() == Decimal(3_510_578)


def test_members_and_their_months(airline):
    report, wh = airline
    flights = total(report, "Customer_Flight_Activity")
    assert (flights.lines_read, flights.lines_loaded) == (405_624, 401_688)
    assert (flights.money_read, flights.money_loaded) == (Decimal(1_007_774), Decimal(1_000_551))
    assert total(report, "Customer_Loyalty_History").money_loaded == Decimal("133710161.32")
    assert wh.customers.count().execute() == 16_737
    measures = wh.activity.group_by("measure").agg(n=wh.activity.count(), days=wh.activity.day.nunique()).to_pandas()
    assert measures.n.tolist() == [401_688] * 7
    assert measures.days.tolist() == [24] * 7
    traits = wh.traits.group_by("trait").agg(n=wh.traits.count()).to_pandas().set_index("trait").n
    assert (traits["card"], traits["yearly salary"], traits["left the programme"]) == (16_737, 12_499, 2_067)
    assert wh.customers.acquired_campaign.count().execute() == 971


def test_calls_stand_in_the_order_of_time(bank):
    report, wh = bank
    assert total(report, "bank").lines_loaded == 41_188
    calls = wh.contacts.to_pandas()
    calls = calls.assign(place=calls.contact_id.astype(int)).sort_values("place")
    assert calls["at"].is_monotonic_increasing
    assert (calls["at"].min().date(), calls["at"].max().date()) == (date(2008, 5, 1), date(2010, 11, 1))
    assert calls["at"].nunique() == 26
    assert calls.outcome.value_counts().to_dict() == {"no": 36_548, "yes": 4_640}
    assert (calls.duration_s.sum(), calls.duration_s.max()) == (10_638_243, 4_918)
    assert wh.responses.count().execute() == 4_640
    assert wh.traits.filter(wh.traits.trait == "job").count().execute() == 41_188 - 330
    assert not wh.traits.value.isin(["unknown", "nonexistent"]).any().execute()
    assert wh.market.group_by("indicator").agg(n=wh.market.count()).n.execute().tolist() == [26] * 5


def test_arms_and_outcomes(hillstrom):
    report, wh = hillstrom
    assert total(report, "hillstrom").money_loaded == Decimal("67258.13")
    seen = wh.activity.to_pandas().pivot(index="customer_id", columns="measure", values="value")
    arms = wh.arms.to_pandas()
    both = arms.merge(seen, left_on="customer_id", right_index=True).groupby(["campaign_id", "arm"])
    found = both.agg(n=("visit", "size"), visit=("visit", "sum"), conversion=("conversion", "sum"))
    assert found.reset_index().to_numpy().tolist() == [
        ["Mens E-Mail", "control", 21_306, 2_262, 122],
        ["Mens E-Mail", "treated", 21_307, 3_894, 267],
        ["Womens E-Mail", "control", 21_306, 2_262, 122],
        ["Womens E-Mail", "treated", 21_387, 3_238, 189],
    ]
    bought = arms.merge(wh.orders.to_pandas(), on="customer_id").merge(wh.order_lines.to_pandas(), on="order_id")
    assert bought.groupby(["campaign_id", "arm"]).amount.sum().tolist() == [
        Decimal("13908.33"),
        Decimal("30311.69"),
        Decimal("13908.33"),
        Decimal("23038.11"),
    ]
    assert wh.contacts.count().execute() == 42_694
    assert wh.orders.customer_id.type().is_string(), "a number that stands for a customer is a name all the same"
    assert wh.responses.count().execute() == 3_894 + 3_238


def test_invoices_of_a_database(chinook):
    report, wh = chinook
    for file in ("Chinook_Sqlite.sqlite: Invoice", "Chinook_Sqlite.sqlite: lines"):
        assert total(report, file).money_loaded == Decimal("2328.60")
    assert wh.order_lines.count().execute() == 2_240
    assert wh.orders.count().execute() == 412
    assert wh.products.count().execute() == 3_503
    assert wh.products.category.nunique().execute() == 25
    assert wh.customers.to_pandas().kind.value_counts().to_dict() == {"person": 49, "company": 10}
    sold = wh.order_lines.group_by("order_id").agg(lines=wh.order_lines.line_no.max()).lines.sum().execute()
    assert sold == 2_240
