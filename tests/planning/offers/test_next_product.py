"""What those who buy alike buy beside: planted pairs are found, and nothing where there is nothing."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import NextProduct, NotEnough, features


def frame(buyers_alike, buyers_all, alike=200, everybody=2000):
    names = [f"p{i:02d}" for i in range(len(buyers_alike))]
    return pd.DataFrame(
        {
            "customer_id": "c1",
            "product_id": names,
            "product": names,
            "category": "unknown",
            "buyers_alike": buyers_alike,
            "alike": alike,
            "buyers_all": buyers_all,
            "everybody": everybody,
        }
    )


def test_what_stands_out_is_named_with_its_share():
    result = NextProduct().fit(frame([80, 12, 20], [200, 120, 200]))
    assert result.table["product_id"].tolist() == ["p00"]
    row = result.table.iloc[0]
    assert (row["share_alike"], row["share_all"], row["times"]) == pytest.approx((0.4, 0.1, 4.0))
    assert row["low"] < 0.4 < row["high"]


def test_nothing_is_named_among_many_by_chance():
    rng = np.random.default_rng(3)
    named = 0
    for _ in range(100):
        everywhere = rng.integers(50, 400, 60)
        alike = rng.hypergeometric(everywhere, 2000 - everywhere, 200)
        named += not isinstance(NextProduct().fit(frame(alike, everywhere)), NotEnough)
    assert named <= 10


def test_the_customers_own_products_are_never_offered(company):
    alike = features.alike(company).to_pandas()
    who = alike["customer_id"].iloc[0]
    lines = company.order_lines.join(company.orders.filter(company.orders.customer_id == who), "order_id").to_pandas()
    bought = set(lines.loc[lines["kind"] == "sale", "product_id"])
    assert bought
    assert not bought & set(alike["product_id"])


@pytest.mark.parametrize("knobs", [{"at_least": 0}, {"level": 1.5}])
def test_knobs_out_of_range_are_refused(knobs):
    with pytest.raises(ValueError, match=next(iter(knobs))):
        NextProduct(**knobs)
