"""Enquiries by day: as many as are recorded, with what also moves sales."""

import pandas as pd
import pytest

from crm_analytics import features
from crm_analytics.warehouse.release import WarehouseError


@pytest.fixture(scope="module")
def daily(company):
    return features.daily_enquiries(company).to_pandas()


def test_each_is_counted_once_and_no_day_is_missing(daily, company):
    contacts = company.contacts.filter(company.contacts.kind == "in").to_pandas()
    assert daily["contacts"].sum() == len(contacts)
    assert daily["complaints"].sum() == contacts["outcome"].str.contains("complaint", case=False).sum() > 0
    assert daily["leads"].sum() == company.leads.count().to_pandas()
    assert daily["visits"].sum() == company.touchpoints.count().to_pandas()
    assert daily["enquiries"].sum() == daily[["contacts", "leads"]].sum().sum() - daily["complaints"].sum()
    assert (pd.to_datetime(daily["day"]).diff().dropna() == pd.Timedelta(days=1)).all()


def test_they_come_with_what_moves_sales(daily):
    assert {"price_index", "market_retail_turnover", "holiday", "campaign", "other_campaigns"} <= set(daily)


def test_a_region_and_a_channel_are_parts(daily, company):
    riga = features.daily_enquiries(company, region="Riga", campaign=None).to_pandas()
    assert 0 < riga["contacts"].sum() < daily["contacts"].sum()
    assert "visits" not in riga, "a visitor is of no region"
    phone = features.daily_enquiries(company, channel="phone", campaign=None).to_pandas()
    assert "leads" not in phone
    with pytest.raises(WarehouseError, match="phone"):
        features.daily_enquiries(company, channel="pigeon")
