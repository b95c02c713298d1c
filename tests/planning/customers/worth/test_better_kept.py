"""The worth of better keeping: what it means, what it brings, and when there is nothing to bring."""

import numpy as np
import pytest

from crm_analytics import CustomerValue, NotEnough, draw
from crm_analytics.planning.customers.buying.bg_nbd import BGNBD


@pytest.fixture(scope="module")
def value(base):
    return CustomerValue().fit(base.people)


@pytest.fixture(scope="module")
def better(value):
    return value.but(retention_points=0.05)


def test_five_points_more_are_five_points_more(better):
    assert better.wanted - better.retention == pytest.approx(0.05)
    assert 0.5 < better.retention < 1
    assert better.low < better.gain < better.high
    assert better.text.startswith("€")
    assert len(draw(better).layout.title.text) > 20


def test_the_value_it_starts_from_is_the_value_told(value, better):
    row = better.table[better.table["horizon_days"] == 365].iloc[0]
    assert row["value"] == pytest.approx(value.table["value"].sum(), rel=1e-6)
    assert row["better"] - row["value"] == pytest.approx(row["gain"])
    assert (np.diff(better.table["gain"]) > 0).all()


def test_the_planted_gain_is_found(base, value, better):
    """Customers whose leaving is known: thinned so that five points more stay a year, they buy so much more."""
    people, k = base.people, value.forecast.orders
    planted = BGNBD(r=0.8, alpha=60.0, a=0.7, b=4.0)
    x, t_x, T = (people[name].to_numpy(float) for name in ("x", "t_x", "T"))
    alive = planted.p_alive(x, t_x, T)
    stay = alive @ planted.retained(x, T, 365) / alive.sum()
    shares = np.linspace(0.3, 1, 141)
    kept = np.array([alive @ planted.retained(x, T, 365, share) / alive.sum() for share in shares])
    share = shares[np.abs(kept - stay - 0.05).argmin()]
    more = alive @ (planted.expected_if_active(x, T, 365, share) - planted.expected_if_active(x, T, 365))
    told = better.gain / value.table["value"].sum() * value.table["expected_orders"].sum()
    assert better.retention == pytest.approx(stay, abs=0.04)
    assert told == pytest.approx(more, rel=0.25)
    assert k.retained(3.0, 300.0, 365, 0.5) > k.retained(3.0, 300.0, 365)


def test_where_nobody_leaves_there_is_nobody_to_keep(value):
    refused = value.but(retention_points=0.9)
    assert isinstance(refused, NotEnough)
    assert "to keep" in refused.text
    with pytest.raises(ValueError, match="retention_points"):
        value.but(retention_points=5)
