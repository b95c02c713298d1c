"""To win or to keep: planted effects of campaigns, nothing claimed where nothing was, and what is missing is named."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import NotEnough, WinOrKeep, draw, features

WON = {"cost": 1000.0, "addressed": 0.0, "won": 50.0}
KEPT = {"cost": 600.0, "addressed": 2000.0, "won": 0.0, "treated": 2000.0, "kept_treated": 800.0, "control": 2000.0,
        "kept_control": 600.0}  # fmt: skip


def campaigns(*rows: dict) -> pd.DataFrame:
    empty = dict.fromkeys(("treated", "kept_treated", "control", "kept_control"), np.nan)
    named = [
        {"campaign_id": f"C{i}", "name": f"campaign {i}", "starts": pd.Timestamp("2024-01-01")} | empty | row
        for i, row in enumerate(rows)
    ]
    return pd.DataFrame(named)


def test_costs_of_one_customer():
    result = WinOrKeep().fit(campaigns(WON, KEPT))
    assert result.win.each == pytest.approx(20)
    assert result.win.low < 20 < result.win.high
    assert result.keep.each == pytest.approx(3)  # 200 of 2,000 would not have come
    assert result.keep.low < 3 < result.keep.high
    assert result.text.startswith("€20")
    assert [check.verdict for check in result.checks] == ["weak", "holds", "holds"]
    assert len(draw(result).layout.title.text) > 20


def test_a_campaign_that_changed_nothing_kept_nobody():
    result = WinOrKeep().fit(campaigns(KEPT | {"kept_treated": 610.0}))
    assert "It is not shown that campaigns kept anybody" in result.text
    assert np.isinf(result.keep.high)
    assert len(draw(result).layout.title.text) > 20


def test_nothing_is_claimed_too_often_where_nothing_was_planted():
    random, shown = np.random.default_rng(1), 0
    for _ in range(100):
        treated, control = random.binomial(1500, 0.3, 2)
        row = KEPT | {"treated": 1500.0, "control": 1500.0, "kept_treated": treated, "kept_control": control}
        shown += np.isfinite(WinOrKeep().fit(campaigns(row)).keep.high)
    assert shown / 100 <= 0.05


def test_campaigns_of_one_aim_are_taken_together():
    result = WinOrKeep().fit(campaigns(KEPT, KEPT, WON, WON))
    assert (result.keep.campaigns, result.win.campaigns) == (2, 2)
    assert result.keep.customers == pytest.approx(400)
    assert result.win.each == pytest.approx(20)


def test_what_is_missing_is_named():
    free = WinOrKeep().fit(campaigns(WON).assign(cost=np.nan))
    assert isinstance(free, NotEnough)
    assert "table of campaign costs" in free.text
    nobody = WinOrKeep().fit(campaigns(WON | {"won": np.nan}))
    assert isinstance(nobody, NotEnough)
    assert "arms of campaigns" in nobody.text
    assert "campaigns" in WinOrKeep().fit(campaigns(WON).head(0)).text


def test_the_demo_company_keeps_cheaper_than_it_wins(company, truth):
    frame = features.campaign_aims(company).to_pandas()
    result = WinOrKeep().fit(frame)
    named = result.table.set_index("campaign_id")
    planted = truth.campaigns.set_index("campaign_id")["expected_orders"]
    assert named.loc["C07", "most"] < 0 > planted["C07"]  # the calls that put customers off
    assert named.loc["C09", "fewest"] < 0 < named.loc["C09", "most"]  # the reminder that does nothing
    assert result.keep.high < result.win.low
