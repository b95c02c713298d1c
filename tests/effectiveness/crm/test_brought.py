"""What an introduction brought, where it is known: with a season, a trend and months that are alike."""

import numpy as np
import pytest

from crm_analytics import CRMBrought, NotEnough, features
from crm_analytics.simulation.introduction import METRICS, introduced

SEEDS = range(10)
ON = "2024-07-01"


@pytest.mark.parametrize("setting", [{}, {"trend": 0.15}, {"effect": 0.2, "trend": 0.1}], ids=str)
def test_intervals_cover_the_step_whatever_the_trend(setting):
    covered, plain = [], []
    for seed in SEEDS:
        table = CRMBrought(introduced=ON).fit(introduced(seed, **setting)).table.set_index("metric")
        for metric, (level, _) in METRICS.items():
            true = level * setting.get("effect", 0.0)
            covered.append(table.loc[metric, "low"] <= true <= table.loc[metric, "high"])
            plain.append((table.loc[metric, "plain"] - true) / level)
    assert np.mean(covered) >= 0.9
    if "trend" in setting:
        assert np.mean(plain) > 0.07  # the year before alone takes the trend for the CRM


def test_nothing_is_claimed_where_nothing_happened_and_much_is_found():
    called = [(CRMBrought(introduced=ON).fit(introduced(s, trend=0.1)).table["verdict"] != "not enough evidence").any()
              for s in SEEDS]  # fmt: skip
    assert sum(called) <= 2
    found = [CRMBrought(introduced=ON).fit(introduced(s, effect=0.2)).table.set_index("metric") for s in SEEDS]
    assert sum(one.loc["came again", "verdict"] == "better" for one in found) >= 8
    assert sum(one.loc["days to close", "verdict"] == "worse" for one in found) >= 8  # longer is worse


def test_money_is_benefit_less_cost():
    frame = introduced(1, effect=0.3)
    plain = CRMBrought(introduced=ON).fit(frame)
    paid = CRMBrought(introduced=ON, cost_yearly=5000.0).fit(frame)
    assert paid.money == pytest.approx([one - 5000 for one in plain.money])
    assert plain.money[0] == pytest.approx(plain.table["benefit_yearly"].sum())


def test_measures_are_those_of_the_facts(company):
    told = features.crm_metrics(company).to_pandas()
    stages = company.deal_stages.to_pandas()
    closed = stages[stages["outcome"].isin(["won", "lost"])].drop_duplicates("deal_id")
    deals = told[told["metric"] == "deals won"]
    months = closed["entered_at"].astype("datetime64[ns]").dt.to_period("M")
    inside = months.isin(deals["month"].astype("datetime64[ns]").dt.to_period("M"))
    assert deals["done"].sum() == (closed["outcome"] == "won")[inside].sum()
    again = told[told["metric"] == "came again"]
    assert ((again["done"] > 0) & (again["done"] < again["out_of"])).all()


def test_a_short_history_is_refused():
    assert isinstance(CRMBrought(introduced=ON).fit(introduced(1, before=10)), NotEnough)
    assert isinstance(CRMBrought(introduced=ON).fit(introduced(1, after=3)), NotEnough)
    with pytest.raises(ValueError, match="cost_yearly"):
        CRMBrought(cost_yearly=-1.0)
