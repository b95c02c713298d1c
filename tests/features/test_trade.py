"""Of which trade a question is: the parts are apart, and together they are all that was sold."""

from datetime import date

import pytest

from crm_analytics import features
from crm_analytics.features.trade import TRADES

DAY = date(2025, 7, 1)
PARTS = [trade for trade in TRADES if trade != "all"]


def money(wh, feature, trade, column):
    return getattr(features, feature)(wh, as_of=DAY, trade=trade).to_pandas()[column].sum()


@pytest.mark.parametrize(
    ("feature", "column"),
    [("sales", "revenue"), ("daily_sales", "revenue"), ("product_periods", "revenue"), ("product_periods", "units")],
)
def test_the_trades_are_apart_and_sum_to_all(company, feature, column):
    parts = {trade: money(company, feature, trade, column) for trade in PARTS}
    assert all(parts.values()), parts
    assert sum(parts.values()) == pytest.approx(money(company, feature, "all", column), abs=0.01)


def test_spend_of_customers_sums_too(company):
    spent = {
        trade: features.spend(company, since=date(2024, 1, 1), as_of=DAY, trade=trade).to_pandas().revenue.sum()
        for trade in TRADES
    }
    assert sum(spent[trade] for trade in PARTS) == pytest.approx(spent["all"], abs=0.01)


def test_sales_of_one_trade_are_what_its_kind_says(company):
    everything = features.sales(company, as_of=DAY).to_pandas()
    for trade in ("wholesale", "made_to_order"):
        asked = features.sales(company, as_of=DAY, trade=trade).to_pandas()
        assert set(asked.kind) == {trade}
        assert asked.revenue.sum() == pytest.approx(everything.revenue[everything.kind == trade].sum())


def test_ordinary_is_what_is_asked_unless_told_otherwise(company):
    for feature in ("purchases", "daily_sales", "product_periods", "reachable", "campaign_outcomes"):
        ask = getattr(features, feature)
        assert ask(company, as_of=DAY).to_pandas().equals(ask(company, as_of=DAY, trade="ordinary").to_pandas())


def test_an_unknown_trade_is_named_with_those_there_are(company):
    with pytest.raises(ValueError, match="no trade 'retail'; choose among ordinary"):
        features.purchases(company, as_of=DAY, trade="retail")
