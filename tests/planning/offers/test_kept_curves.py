"""Curves of a kept mix in the budget: channels nobody tested, with what is not known about them."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Budget, ChannelMix, NotEnough, Warehouse, draw, features
from crm_analytics.planning.offers.kept_curves import curves_of
from crm_analytics.simulation.media import media_market


def kept(channel: str, **said) -> dict:
    row = {"campaign_id": f"mix: {channel}", "channel": channel, "region": None, "starts": pd.Timestamp("2024-12-31"),
           "measure": "revenue", "curve_a": 5000.0, "curve_b": 1000.0, "curve_spend": 2000.0, "curve_se": 400.0,
           "curve_bend_sd": 0.5, "now": 2000.0, "told": True}  # fmt: skip
    return row | said


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    tests = ["cost", "n_treated", "n_control", "mean_treated", "mean_control", "var_treated", "var_control"]
    found = pd.DataFrame([kept("radio"), kept("search", curve_a=9000.0), kept("press", told=False)])
    return found.assign(**dict.fromkeys(tests, np.nan))


def test_draws_have_the_mean_and_the_spread_they_were_kept_with(rows):
    curves = curves_of(rows.head(2), parts=rows["channel"].head(2), draws=20_000, seed=1)
    drawn = curves.drawn_returns(np.array([2000.0, 2000.0]))
    assert drawn.mean(axis=0) == pytest.approx(curves.returns(np.array([2000.0, 2000.0])), rel=0.01)
    assert drawn.std(axis=0) == pytest.approx([400, 400], rel=0.05)
    assert np.log(curves.b_draws).std(axis=0) == pytest.approx([0.5, 0.5], rel=0.05)


def test_a_budget_of_kept_curves_alone_moves_money_and_names_what_it_left_out(rows):
    plan = Budget().fit(rows)
    table = plan.table.set_index("part")
    assert list(table.index) == ["radio", "search"]
    assert table.spend["search"] > table.spend["radio"]
    assert table.spend.sum() == pytest.approx(4000)
    said = {check.name: check.text for check in plan.checks}
    assert "press" in said["Left out"]
    assert "radio, search" in said["Known from the channel mix"]
    assert {check.name for check in plan.but(budget=5000).checks} == set(said)
    assert draw(plan).layout.title.text


def test_a_tested_channel_is_taken_from_its_tests(rows, four_channels):
    mixed = pd.concat([four_channels, rows, pd.DataFrame([kept("sms", curve_a=1e6)])], ignore_index=True)
    mixed["measure"] = "revenue"
    alone, both = Budget().fit(four_channels), Budget().fit(mixed)
    assert set(both.table.part) == {*alone.table.part, "radio", "search"}
    sms = list(both.curves.parts).index("sms"), list(alone.curves.parts).index("sms")
    assert both.curves.a[sms[0]] == pytest.approx(alone.curves.a[sms[1]])
    margins = Budget().fit(mixed.assign(measure=np.where(mixed["campaign_id"].str.startswith("mix"), "revenue",
                                                         "margin")))  # fmt: skip
    assert set(margins.table.part) == set(alone.table.part), "revenue and margin are not weighed against each other"


def test_where_no_channel_was_told_the_refusal_stands(rows):
    assert isinstance(Budget().fit(rows.assign(told=False)), NotEnough)
    assert isinstance(Budget(by="region").fit(rows), NotEnough)


def test_what_was_kept_of_a_mix_reaches_the_budget_on_its_day(company_home, tmp_path):
    import shutil

    home = tmp_path / "home"
    shutil.copytree(company_home, home)
    wh = Warehouse.open(home)
    before = features.campaign_returns(wh).to_pandas()
    frame, _ = media_market(1)
    mix = ChannelMix(draws=100).fit(frame.assign(margin=0.4 * frame["revenue"]))
    wh.keep(mix, as_of="2025-06-01")
    after = features.campaign_returns(wh).to_pandas()
    assert len(after) == len(before) + 4
    row = after.set_index("campaign_id").loc["mix: radio"]
    assert row.curve_a == pytest.approx(0.4 * mix.table.set_index("channel").curve_a["radio"])
    assert row.measure == "margin"
    assert len(features.campaign_returns(wh, as_of="2025-05-31").to_pandas()) <= len(before)
    assert "radio" in set(Budget().fit(after).table.part)
