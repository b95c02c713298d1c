"""Ways from touchpoints: cut where they end, machines left out, nothing from the future, and no visitor in sight."""

from __future__ import annotations

import pyarrow as pa
import pytest

from crm_analytics import Warehouse, features
from crm_analytics.simulation.columns import table
from crm_analytics.warehouse.release import Company, Shelf

TOUCHES = [
    ("a", "2025-01-01 10:00", "search", False, None),
    ("a", "2025-01-01 10:10", "search", False, None),  # the same visit
    ("a", "2025-01-03 10:00", "mail > news", True, 50),
    ("a", "2025-01-04 10:00", "search", True, 70),  # a way of its own: the one before ended with an order
    ("b", "2025-01-01 10:00", "search", False, None),
    ("b", "2025-03-15 10:00", "banner", False, None),  # away too long: another way
    ("c", "2025-03-30 10:00", " ", False, None),  # no source, and not over yet
    ("d", "2025-01-02 10:00", "banner", True, None),  # an order without a value
    ("e", "2025-05-01 10:00", "banner", True, 900),  # in the future
]
AS_OF = "2025-04-20"


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Warehouse:
    machine = [("m", f"2025-02-01 {i // 60:02d}:{i % 60:02d}", "crawler", False, None) for i in range(120)]
    rows = sorted(TOUCHES + machine)
    moments = pa.array([row[1] + ":00" for row in rows]).cast(pa.timestamp("us"))
    columns = {
        "visitor_id": [row[0] for row in rows],
        "at": moments,
        "source_name": [row[2] for row in rows],
        "converted": [row[3] for row in rows],
        "value": pa.array([row[4] for row in rows], pa.float64()).cast(pa.decimal128(18, 4)),
    }
    home = tmp_path_factory.mktemp("shop")
    with Shelf(home).draft() as draft:
        draft.replace_source("touchpoints", table("touchpoints", "web", columns), source="web")
        draft.publish(
            company=Company(name="Shop", currency="EUR", country="LV", language="en"), facts_until="2025-05-01"
        )
    return Warehouse.open(home)


def test_ways_end_with_an_order_or_with_silence(shop):
    told = features.paths(shop, as_of=AS_OF).to_pandas().set_index("path")
    assert told["conversions"].to_dict() == {
        "(not set)": 0, "banner": 1, "search": 1, "search > mail › news": 1,
    }  # fmt: skip
    assert told.loc["search > mail › news", "value"] == 50
    assert told.loc["search", "lost"] == 1
    assert told.loc["banner", "lost"] == 1
    assert told.loc["(not set)", ["lost", "open"]].tolist() == [0, 1]
    assert told["machines"].iloc[0] == 1
    assert told["visitors"].iloc[0] == 4
    assert told["unpriced"].iloc[0] == 1
    assert not {"visitor_id", "at"} & set(told.columns)


def test_time_decays_as_it_should(shop):
    told = features.paths(shop, as_of=AS_OF, half_life_days=2.0).to_pandas().set_index("path")
    first, last = told.loc["search > mail › news", "decayed"]
    assert first + last == pytest.approx(1)
    assert first / last == pytest.approx(0.5, abs=0.01)


def test_a_shorter_memory_forgets_the_first_touch(shop):
    told = features.paths(shop, as_of=AS_OF, lookback_days=1).to_pandas()
    assert told["conversions"].sum() == 3
    assert "search > mail › news" not in set(told["path"])


def test_an_earlier_day_knows_less(shop):
    told = features.paths(shop, as_of="2025-01-04").to_pandas()
    assert told["conversions"].sum() == 2
    assert told["value"].sum() == 50


def test_nonsense_is_an_error(shop):
    for knobs in ({"by": "visitor"}, {"lookback_days": 0}, {"half_life_days": 0.0}):
        with pytest.raises(ValueError, match=r"by is|at least"):
            features.paths(shop, as_of=AS_OF, **knobs)


def test_campaigns_of_one_name_are_told_apart(company):
    by_campaign = features.paths(company, by="campaign").to_pandas()
    by_source = features.paths(company, by="source").to_pandas()
    assert by_campaign["conversions"].sum() == by_source["conversions"].sum()
    assert by_campaign["path"].str.contains("Garden season search").any()


def test_contacts_and_orders_of_known_customers_make_ways_too(company):
    told = features.contact_paths(company).to_pandas()
    orders, lines = company.orders.to_pandas(), company.order_lines.to_pandas()
    made = company.products.filter(company.products.made_to_order).to_pandas()["product_id"]
    sold = orders[(orders["kind"] == "sale") & orders["customer_id"].notna()]
    lines = lines[~lines["product_id"].isin(made)].merge(sold, on="order_id")
    assert told["value"].sum() == pytest.approx(float(lines["amount"].sum()))
    assert told["conversions"].sum() == len(lines.drop_duplicates(["customer_id", "ordered_at"]))
    asked = told[~told["path"].str.contains("no contact")]
    assert 0 < asked["conversions"].sum() < 0.2 * told["conversions"].sum(), "most orders came without a contact"
    with pytest.raises(ValueError, match="channel or by campaign"):
        features.contact_paths(company, by="source")
