"""The funnel: a leak is found and worth what it is, nothing is rarely called one, and the young are not judged."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Funnel, NotEnough, draw, features
from crm_analytics.simulation.funnels import funnel


def test_a_planted_leak_is_found_and_costs_what_it_does():
    covered, found = [], []
    for seed in range(16):
        result = Funnel().fit(funnel(seed, leak=0.18)[0])
        first = result.table.query("part == 'source 0' and step == 'lead' and against == 'others'").iloc[0]
        covered.append(first["lost_low"] <= 400 * 0.18 * 0.5 * 100 <= first["lost_high"])
        found.append(result.leaks.iloc[0]["part"] == "source 0" if len(result.leaks) else False)
    assert np.mean(found) >= 0.9
    assert np.mean(covered) >= 0.75  # 93 % of a hundred


def test_where_nothing_leaks_nothing_is_rarely_called_a_leak():
    called = [len(Funnel().fit(funnel(seed)[0]).leaks) > 0 for seed in range(24)]
    assert np.sum(called) <= 4


def test_a_worse_year_for_all_is_nobody_s_leak():
    """Against the year before every source leaks; against the others none does, and it is said of everybody."""
    for seed in range(6):
        leaks = Funnel().fit(funnel(seed, worse_year=0.1)[0]).leaks
        assert "others" not in set(leaks["against"])
        assert "(all)" in set(leaks["part"])


def test_the_words_name_step_part_and_money():
    result = Funnel().fit(funnel(1, leak=0.2)[0])
    assert "from lead to qualified of source 0" in result.text
    assert result.text.startswith("€")
    assert "The leak: from lead to qualified of source 0" in draw(result).layout.title.text
    claim = result.claims[0]
    assert claim.low <= claim.value <= claim.high
    assert claim.last.isoformat() == "2025-06-30"
    assert "source 0" in claim.decision
    calm = Funnel().fit(funnel(3)[0])
    assert "no part and no step leaks" in calm.text
    assert calm.claims == ()


def test_the_whole_is_the_sum_of_its_parts():
    steps = Funnel().fit(funnel(2, leak=0.1)[0]).steps
    whole = steps[steps["part"] == "(all)"].set_index(["period", "step_no"])
    parts = steps[steps["part"] != "(all)"].groupby(["period", "step_no"])[["entered", "passed", "amount"]].sum()
    whole = whole[["entered", "passed", "amount"]]
    assert parts.sort_index().to_numpy() == pytest.approx(whole.sort_index().to_numpy())


def test_nonsense_is_an_error_and_too_little_a_refusal():
    frame, _ = funnel(1)
    with pytest.raises(ValueError, match="more than came"):
        Funnel().fit(frame.assign(passed=frame["entered"] + 1))
    with pytest.raises(ValueError, match="One chain"):
        Funnel().fit(pd.concat([frame, frame.assign(chain="orders")]))
    with pytest.raises(ValueError, match="confidence"):
        Funnel(confidence=95)
    refused = Funnel().fit(funnel(1, came=5, parts=2)[0])
    assert isinstance(refused, NotEnough)
    assert "20" in refused.text


def test_nobody_who_came_yesterday_is_called_lost(company):
    """Of enquiries of the last weeks it is not known what becomes of them, so a later day changes no rate by much."""
    late = features.funnel(company, chain="leads").to_pandas()
    assert (late["passed"] + late["undecided"] <= late["entered"]).all()
    first = late[(late["step_no"] == 1) & (late["period"] == "now")]
    assert 0 < first["undecided"].sum() < first["entered"].sum()


def test_the_demo_s_sources_qualify_as_planted(company, truth):
    frame = features.funnel(company, chain="leads", days=1095).to_pandas()
    steps = Funnel().fit(frame).steps
    steps = steps[(steps["step_no"] == 1) & (steps["period"] == "now")].set_index("part")
    planted = truth.numbers["leads_qualified"]
    inside = [steps.loc[part, "low"] <= chance <= steps.loc[part, "high"] for part, chance in planted.items()]
    assert sum(inside) >= len(inside) - 1


def test_every_chain_of_the_demo_holds_together(company):
    for chain, steps in {
        "leads": ("lead", "qualified", "offer", "negotiation"),
        "deals": ("qualified", "offer", "negotiation"),
        "visits": ("visit",),
        "orders": ("order", "paid"),
    }.items():
        frame = features.funnel(company, chain=chain).to_pandas()
        assert tuple(dict.fromkeys(frame.sort_values("step_no")["step"])) == steps
        assert (frame["passed"] + frame["undecided"] <= frame["entered"]).all()
        result = Funnel().fit(frame)
        assert not isinstance(result, NotEnough)
    visits = features.funnel(company, chain="visits", days=2000).to_pandas()
    ways = features.paths(company).to_pandas()
    assert visits["ended"].sum() == ways["conversions"].sum()
    assert visits["amount"].sum() == pytest.approx(ways["value"].sum())


def test_a_chain_or_a_part_there_is_not_is_an_error(company):
    for knobs in ({"chain": "calls"}, {"chain": "leads", "by": "agent"}, {"days": 3}):
        with pytest.raises(ValueError, match=r"chain|split|days"):
            features.funnel(company, **knobs)
