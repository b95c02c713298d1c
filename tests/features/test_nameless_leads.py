"""Enquiries that name nobody cannot be followed: no chain takes that for a leak."""

import pytest

from crm_analytics import features
from crm_analytics.warehouse.engine import TableAbsent
from crm_analytics.warehouse.release import WarehouseError


def test_enquiries_without_customers_are_no_leak(company, monkeypatch):
    nobody = company.leads.mutate(customer_id=company.leads.customer_id.nullif(company.leads.customer_id))
    monkeypatch.setattr(type(company), "leads", nobody, raising=False)
    assert features.funnel(company, days=90).to_pandas()["chain"].unique().tolist() == ["deals"]
    for ask in (lambda: features.funnel(company, chain="leads"), lambda: features.lead_money(company)):
        with pytest.raises(TableAbsent, match="names its customer"):
            ask()


def test_an_unknown_campaign_is_answered_with_those_there_are(company):
    known = company.campaigns.order_by(company.campaigns.starts.desc()).to_pandas()["campaign_id"].iloc[0]
    for feature in (features.daily_sales, features.panel):
        with pytest.raises(WarehouseError, match=f"no campaign 'X-1'.*there are .*{known}"):
            feature(company, campaign="X-1")
