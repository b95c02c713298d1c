"""Payback by channel: censored cohorts, planted months, and what is missing is named."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import NotEnough, Payback, draw, features


def won(cost: float, *, monthly: float = 10.0, customers: int = 400, seed: int = 1, channel: str = "radio"):
    """Customers who bring `monthly` on average in every month of their lives and were won evenly over two years."""
    random = np.random.default_rng(seed)
    seen = random.integers(1, 25, customers)
    part = np.arange(customers) % 40
    rows = [
        {"channel": channel, "part": p, "month": m, "money": random.gamma(2, monthly / 2)}
        for p, s in zip(part, seen, strict=True)
        for m in range(s)
    ]
    frame = pd.DataFrame(rows).groupby(["channel", "part", "month"], as_index=False).agg(
        customers=("money", "size"), revenue=("money", "sum")
    )  # fmt: skip
    return frame.assign(costed=frame["revenue"], margin=0.5 * frame["revenue"], won=customers, cost=cost * customers)


def test_the_planted_month_is_found_although_most_were_seen_for_less():
    result = Payback().fit(won(62.0))  # five a month in margin: back after 12.4 months
    row = result.table.iloc[0]
    assert row["payback_months"] == pytest.approx(13, abs=1)
    assert row["earliest"] <= row["payback_months"] <= row["latest"]
    assert row["brought"] == pytest.approx(5 * row["seen_months"], rel=0.05)
    assert "pay back a customer won by radio" in result.text
    assert len(draw(result).layout.title.text) > 20


def test_the_interval_covers_the_planted_mean():
    inside = []
    for seed in range(24):
        curve = Payback().fit(won(500.0, seed=seed)).curves
        at = curve[curve["months"] == 12].iloc[0]
        inside.append(at["low"] <= 60 <= at["high"])
    assert np.mean(inside) >= 0.83


def test_what_has_not_come_back_is_not_yet_paid_back():
    result = Payback().fit(won(500.0))
    assert result.text.startswith("Not yet paid back")
    assert np.isnan(result.table["payback_months"].iloc[0])


def test_channels_stand_beside_each_other_the_dearest_first():
    both = pd.concat([won(62.0), won(20.0, channel="search", seed=2)])
    result = Payback().fit(both)
    assert list(result.table["channel"]) == ["radio", "search"]
    assert "search: 4 months." in result.text or "search: 5 months." in result.text
    assert "radio" in Payback().fit(both.sample(frac=1, random_state=1)).text


def test_what_is_missing_is_named():
    unknown = Payback().fit(won(62.0).assign(channel=None))
    assert isinstance(unknown, NotEnough)
    assert "acquired channel in the table of customers" in unknown.text
    free = Payback().fit(won(62.0).assign(cost=np.nan))
    assert isinstance(free, NotEnough)
    assert "campaign costs or leads" in free.text
    nothing = Payback().fit(won(0.0))
    assert isinstance(nothing, NotEnough)
    assert "acquired campaign" in nothing.text
    few = Payback().fit(won(62.0, customers=20))
    assert isinstance(few, NotEnough)
    assert "30 customers" in few.text


def test_the_demo_company_pays_back_its_advertising(company):
    frame = features.acquisition(company).to_pandas()
    result = Payback().fit(frame)
    row = result.table.set_index("channel").loc["advertising"]
    costs, customers = company.campaign_costs.to_pandas(), company.customers.to_pandas()
    named = set(customers["acquired_campaign"].dropna())
    assert row["cost"] == pytest.approx(float(costs[costs["campaign_id"].isin(named)]["amount"].sum()), rel=0.01)
    assert 1 <= row["payback_months"] <= 12
    month = frame[(frame["channel"] == "store") & (frame["month"] == 0)]
    assert month["customers"].sum() <= month["won"].iloc[0] <= (customers["acquired_channel"] == "store").sum()
