"""Customers who come and leave: what is to be expected of them is what many of them do."""

import pytest

from crm_analytics import Bridge
from crm_analytics.simulation.movements import moving


@pytest.mark.parametrize(
    "world", [{}, {"stay": 0.5, "often": 2.0}, {"stay": 1.0, "often": 30.0, "founders": True}], ids=str
)
def test_what_is_expected_is_what_many_do(world):
    frame, truth = moving(1, customers=40_000, **world)
    result = Bridge().fit(frame)
    near = 0.05 * truth.before
    assert result.before == pytest.approx(truth.before, abs=near)
    assert result.now == pytest.approx(truth.now, abs=near)
    assert result.won[0] == pytest.approx(truth.won, abs=near)
    assert result.kept[0] == pytest.approx(truth.kept, abs=near)
    assert result.net[0] == pytest.approx(truth.net, abs=0.05)


def test_the_faithful_who_buy_often_move_nothing():
    assert moving(1, customers=10, stay=1.0, often=30.0, founders=True)[1].kept == 0
