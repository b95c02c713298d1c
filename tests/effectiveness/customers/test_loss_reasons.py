"""Reasons for lost deals: planted shares are covered, and reasons that follow competitors' prices are found."""

import numpy as np
import pandas as pd

from crm_analytics import LossReasons, NotEnough, features
from crm_analytics.simulation.deals import REASONS_LOST


def test_the_planted_reasons_are_covered(company):
    result = LossReasons().fit(features.loss_reasons(company))
    rows = result.table.set_index("reason")
    covered = [rows.loc[name, "low"] <= share <= rows.loc[name, "high"] for name, share in REASONS_LOST.items()]
    assert np.mean(covered) >= 0.75
    assert rows["share"].sum() == 1
    assert not rows["verdict"].isin(["more", "less"]).any()


def deals(more: int) -> pd.DataFrame:
    months = pd.date_range("2023-01-01", periods=24, freq="MS")
    cheap = np.arange(24) % 2 == 0
    rows = [
        (month, "lost", "price", 6 + more * low, 0.9 if low else 1.1) for month, low in zip(months, cheap, strict=True)
    ]
    rows += [(month, "lost", "no budget", 6, 0.9 if low else 1.1) for month, low in zip(months, cheap, strict=True)]
    rows += [(month, "won", "", 10, 1.0) for month in months]
    frame = pd.DataFrame(rows, columns=["month", "outcome", "reason", "deals", "competitor_price"])
    return frame.assign(amount=100.0, until=pd.Timestamp("2025-01-01"))


def test_price_that_comes_up_when_competitors_are_cheaper_is_found():
    found = LossReasons().fit(deals(6)).table.set_index("reason")
    assert found.loc["price", "verdict"] == "more"
    assert not LossReasons().fit(deals(0)).table["verdict"].isin(["more", "less"]).any()


def test_few_lost_deals_are_refused():
    assert isinstance(LossReasons().fit(deals(0).head(3)), NotEnough)
