"""The real file: every line accounted for, and the clean subset as published, to the cent."""

from decimal import Decimal
from pathlib import Path

import pytest

from crm_analytics import Sources, features
from crm_analytics.collection import load
from crm_analytics.warehouse.engine import Warehouse

MAP = Path(__file__).parents[3] / "maps" / "online_retail.yaml"


@pytest.fixture(scope="module")
def loaded(datasets, tmp_path_factory):
    home = tmp_path_factory.mktemp("online_retail")
    report = load(MAP, data=datasets / "online_retail", home=home)
    return report, Warehouse.open(home)


def test_every_line_is_loaded_or_refused(loaded):
    report, wh = loaded
    [account] = report.accounts
    assert (account.lines_read, account.lines_loaded, account.lines_quarantined) == (541_909, 539_391, 2_518)
    assert account.money_read == Decimal("9747747.934")
    assert account.reconciles
    assert wh.order_lines.count().execute() == 539_391
    assert wh.refused_lines().count().execute() == 2_518


def test_the_clean_subset_is_the_published_one(loaded):
    _, wh = loaded
    sold = wh.order_lines.inner_join(wh.orders, "order_id")
    clean = sold.filter(sold.kind == "sale", sold.customer_id.notnull())
    found = (
        clean.agg(
            lines=clean.count(),
            customers=clean.customer_id.nunique(),
            invoices=clean.order_id.nunique(),
            amount=clean.amount.sum(),
        )
        .to_pandas()
        .iloc[0]
    )
    assert (found.lines, found.customers, found.invoices) == (397_884, 4_338, 18_532)
    assert round(Decimal(str(found.amount)), 2) == Decimal("8911407.90")


def test_cancellations_are_returns_and_services_are_told_apart(loaded):
    _, wh = loaded
    sold = wh.order_lines.inner_join(wh.orders, "order_id")
    assert sold.filter(sold.kind == "return").count().execute() == 9_288
    products = wh.products.to_pandas().set_index("product_id").category
    assert (products["85123A"], products["POST"], products["M"]) == ("Goods", "Postage", "Manual entry")


def test_lines_of_an_invoice_are_numbered_as_they_came(loaded):
    _, wh = loaded
    lines = wh.order_lines.filter(wh.order_lines.order_id == "536365").to_pandas().sort_values("line_no")
    assert lines.line_no.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert lines.product_id.iloc[0] == "85123A"


def test_the_study_says_so(loaded):
    _, wh = loaded
    result = Sources().fit(features.loads(wh))
    assert result.text == (
        "541,909 lines came in one file: 539,391 were loaded and 2,518 refused (0.46 %), and every line and every "
        "cent is accounted for."
    )
    assert {check.name: check.verdict for check in result.checks} == {
        "adds up": "holds",
        "refused": "holds",
        "fresh": "weak",
        "audit": "holds",
    }
