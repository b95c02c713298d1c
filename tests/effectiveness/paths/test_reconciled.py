"""Claimed against caused: sums, honest ranges, over-claims in money, and a decision for each."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Attribution, NotEnough, draw, features
from crm_analytics.simulation.paths import ADVERTISING, ways


def known(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["channel", "incremental", "low", "high", "evidence"])


@pytest.fixture(scope="module")
def simulated():
    frame, truth = ways(2)
    days = {"first_day": pd.Timestamp("2024-01-01"), "last_day": pd.Timestamp("2024-12-31")}
    return Attribution(order=1).fit(frame.assign(**days)), truth


def test_what_is_credited_too_much_is_told_in_money(simulated):
    credited, truth = simulated
    portal = truth.value_without["price portal"]
    held = credited.against(known(("price portal", portal, portal - 800, portal + 800, "tested")))
    row = held.table.set_index("channel").loc["price portal"]
    assert row["too_much"] == pytest.approx(row["claimed"] - portal)
    assert held.claimed > held.high
    assert "too much" in held.text
    assert "price portal: credited with" in draw(held).layout.title.text
    claim = next(one for one in held.claims if "price portal" in one.subject)
    assert claim.evidence == "tested"
    assert claim.low <= claim.value <= claim.high
    assert claim.decision.startswith("Plan price portal on")
    assert claim.first.year == 2024
    others = [one for one in held.claims if "no experiment" in one.measure]
    assert others
    assert all("Leave" in one.decision for one in others)


def test_without_an_experiment_nothing_is_said_of_what_a_channel_brought(simulated):
    credited, _ = simulated
    held = credited.against(known(("search", 20_000.0, 15_000.0, 25_000.0, "compared")))
    told = held.table.set_index("channel")
    for channel in ("social", "banner", "price portal"):
        assert told.loc[channel, "evidence"] == "unknown"
        assert told.loc[channel, ["incremental", "low", "high"]].isna().all()
    assert told.loc["direct", "evidence"] == told.loc["organic", "evidence"] == "anyway"
    assert np.isnan(held.anyway)
    assert next(check.verdict for check in held.checks if check.name == "Without an experiment") == "weak"


def test_profit_is_margin_less_cost_and_last_clicks_are_shown_up(simulated):
    credited, _ = simulated
    costs = pd.DataFrame({"channel": ["price portal", "banner"], "cost": [5_000.0, 300.0], "margin_share": 0.4})
    held = credited.against(known(("price portal", 500.0, -500.0, 1_500.0, "tested")), costs)
    row = held.table.set_index("channel").loc["price portal"]
    assert row["profit"] == pytest.approx(0.4 * 500 - 5_000)
    assert row["profit_high"] == pytest.approx(0.4 * 1_500 - 5_000)
    assert row["profit_by_last_touch"] > 0
    told = next(check.text for check in held.checks if check.name == "Profit")
    assert "By last click price portal would pass for profitable" in told
    assert "€300 were spent on banner" in told
    assert any(claim.decision.startswith("Stop price portal") for claim in held.claims)
    for wrong in (costs.drop(columns="cost"), pd.concat([costs, costs])):
        with pytest.raises(ValueError, match=r"columns|twice"):
            credited.against(known(("search", 1.0, 0.0, 2.0, "tested")), wrong)


def test_a_known_total_is_shared_out_exactly_and_the_rest_came_anyway(simulated):
    credited, truth = simulated
    total = truth.caused_value
    held = credited.against(
        known(("", total, 0.9 * total, 1.1 * total, "compared"), ("search", 9_000.0, 8_000.0, 10_000.0, "tested"))
    )
    told = held.table[held.table["evidence"].isin(["tested", "assumed"])]
    assert set(told["channel"]) == set(ADVERTISING)
    assert told["incremental"].sum() == pytest.approx(total)
    assert held.anyway == pytest.approx(credited.value - total)
    assert held.anyway == pytest.approx(truth.anyway_value, rel=1e-6)
    assert (told["low"] <= told["incremental"]).all()
    assert (told["incremental"] <= told["high"]).all()
    ranges = held.table.set_index("channel")
    for channel in ("social", "banner", "price portal"):
        assert ranges.loc[channel, "low"] <= truth.value_without[channel] <= ranges.loc[channel, "high"]


def test_what_no_way_shows_is_said(simulated):
    credited, _ = simulated
    held = credited.against(known(("radio", 5_000.0, 1_000.0, 9_000.0, "modelled")))
    assert held.table.set_index("channel").loc["radio", "claimed"] == 0
    assert any("radio" in check.text for check in held.checks if check.name == "Not seen on the way")
    assert not held.table["incremental"].drop(held.table.index[held.table["channel"] == "radio"]).notna().any()


def test_nothing_known_is_a_refusal_and_nonsense_an_error(simulated):
    credited, _ = simulated
    refused = credited.against(known())
    assert isinstance(refused, NotEnough)
    assert "four weeks" in refused.text
    for rows in (
        known(("search", 1.0, 2.0, 3.0, "tested")),
        known(("search", 1.0, 0.0, np.nan, "tested")),
        known(("search", 1.0, 0.0, 2.0, "guessed")),
        known(("search", 1.0, 0.0, 2.0, "tested"), ("search", 1.0, 0.0, 2.0, "tested")),
    ):
        with pytest.raises(ValueError, match=r"between|evidence|twice"):
            credited.against(rows)
    with pytest.raises(ValueError, match="needs the columns"):
        credited.against(pd.DataFrame({"channel": ["a"]}))


def test_the_demo_s_newsletter_is_held_against_its_tests(company, truth):
    """What the tests of e-mail campaigns found is what is planted, within their intervals."""
    planted = truth.campaigns.set_index("name")["incremental_revenue"]
    tested = features.incremental(company).to_pandas().set_index("channel")
    inside = [row.low <= planted[name] <= row.high for name, row in tested.iterrows()]
    assert len(inside) == 7
    assert sum(inside) >= 6
    held = Attribution().fit(features.paths(company)).against(features.incremental(company, by="source"))
    row = held.table.set_index("channel").loc["newsletter"]
    e_mail = [name for name in planted.index if (name in tested.index and "e-mail" in name) or name in _E_MAIL]
    assert row["evidence"] == "tested"
    assert row["low"] <= planted[e_mail].sum() <= row["high"]


_E_MAIL = ("Points reminder", "New year, new home")
