"""The forecast that every other has to beat: its intervals hold, and it grows with the company."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import NotEnough, Outlook
from crm_analytics.simulation.campaigns import daily_market


def test_its_intervals_hold_what_they_promise():
    inside = []
    for seed in range(40):
        frame, _ = daily_market(seed)
        told = Outlook(measure="orders").fit(frame.iloc[:-84])
        came = frame["orders"].iloc[-84:].to_numpy().reshape(3, 28).sum(axis=1)
        inside += list((came >= told.table["low"]) & (came <= told.table["high"]))
    assert 0.88 <= np.mean(inside) <= 1


def test_it_carries_on_growth_and_season():
    day = pd.date_range("2021-01-04", periods=1100, freq="D")
    orders = 100 * 1.2 ** (np.arange(1100) / 364) * (1 + 0.4 * np.sin(2 * np.pi * np.arange(1100) / 364))
    frame = pd.DataFrame({"day": day, "orders": orders})
    told = Outlook(measure="orders").fit(frame.iloc[:1016])
    came = orders[1016:].reshape(3, 28).sum(axis=1)
    np.testing.assert_allclose(told.table["value"], came, rtol=0.01)
    assert told.trust == 1


def test_a_short_history_or_a_gap_is_refused():
    frame, _ = daily_market(1)
    assert isinstance(Outlook().fit(frame.tail(500)), NotEnough)
    with pytest.raises(ValueError, match="every day"):
        Outlook().fit(frame.drop(index=700))
    assert isinstance(Outlook().fit(frame.assign(revenue=0.0)), NotEnough)
