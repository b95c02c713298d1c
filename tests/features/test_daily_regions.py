"""A day's sales fall into regions without a rest: web orders belong to where their customers live."""

import pytest

from crm_analytics import features
from crm_analytics.warehouse.release import WarehouseError

REGIONS = ("Riga", "Kurzeme", "Latgale", "Tallinn", "Tartu", "Vilnius")


def test_known_regions_add_up_to_the_whole(company):
    by_region = sum(features.daily_sales(company, region=name).revenue.sum().execute() for name in REGIONS)
    assert by_region == pytest.approx(features.daily_sales(company).to_pandas()["revenue"].sum())


def test_a_central_warehouse_serves_every_region(company):
    assert features.daily_sales(company, region="Vilnius").to_pandas()["stock_out"].notna().all()


def test_an_unknown_region_is_named_with_those_there_are(company):
    with pytest.raises(WarehouseError, match="Vilnius"):
        features.daily_sales(company, region="Atlantis")
