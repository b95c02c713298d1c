"""Where the next money goes: a plan that does not change, that can be asked further and says what it does not know."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import Budget, NotEnough


@pytest.fixture(scope="module")
def plan(four_channels):
    return Budget(budget=40_000).fit(four_channels)


def test_the_whole_budget_is_spent_and_the_parts_add_up(plan):
    assert plan.table.spend.sum() == pytest.approx(40_000)
    assert plan.table.expected_return.sum() == pytest.approx(plan.expected[0])
    assert plan.expected[1] < plan.expected[0] < plan.expected[2]
    assert (plan.table.low <= plan.table.high).all()


def test_one_more_unit_brings_the_same_everywhere(plan):
    margins = plan.table.marginal_return[plan.table.spend > 0]
    assert margins.max() == pytest.approx(margins.min())


def test_it_beats_the_present_and_the_equal_split_and_any_other(plan):
    assert plan.expected[0] >= plan.present_split().expected[0]
    assert plan.expected[0] >= plan.equal_split().expected[0]
    rng = np.random.default_rng(0)
    for shares in rng.dirichlet(np.ones(4), 50):
        assert plan.curves.returns(40_000 * shares).sum() <= plan.expected[0] + 1e-6


def test_the_plan_is_better_in_truth(plan, true_curves, four_channels):
    last = four_channels[four_channels.starts > four_channels.starts.max() - pd.Timedelta(days=365)]
    runs = last.groupby("channel").size().to_numpy()

    def truth(spend):
        return (runs * true_curves[0] * np.log1p(spend / runs / true_curves[1])).sum()

    spend, present = plan.table.spend.to_numpy(), plan.present_split().table.spend.to_numpy()
    assert truth(spend) > truth(present)
    assert plan.expected[1] <= truth(spend) <= plan.expected[2]
    assert plan.gain[1] <= truth(spend) - truth(present) <= plan.gain[2]


@settings(max_examples=25, deadline=None)
@given(budget=st.floats(1_000, 90_000), cap=st.floats(0.3, 1), floor=st.floats(0, 0.2))
def test_but_is_pure_and_keeps_its_limits(plan, budget, cap, floor):
    before = (plan.text, plan.table.copy(), dict(plan.study.caps))
    limits = {"caps": {"call": cap * budget}, "floors": {"sms": floor * budget}}
    other = plan.but(budget=budget, **limits)
    again = plan.but(budget=budget, **limits)
    assert other.table.spend.sum() == pytest.approx(budget)
    assert other.table.spend[0] <= cap * budget * (1 + 1e-9)
    assert other.table.spend[3] >= floor * budget * (1 - 1e-9)
    assert other.text == again.text
    assert (plan.text, dict(plan.study.caps)) == (before[0], before[2])
    pd.testing.assert_frame_equal(plan.table, before[1])
    assert plan.but().text == plan.text


def test_but_takes_milliseconds(plan):
    times = []
    for budget in range(20_000, 40_000, 1_000):
        started = time.process_time()
        plan.but(budget=budget)
        times.append(time.process_time() - started)
    assert np.median(times) < 0.02


def test_from_wanted_profit_to_needed_budget(plan):
    wanted = 0.6 * (plan.expected[0] - plan.budget)
    needed = plan.for_profit(wanted)
    assert needed.expected[0] - needed.budget == pytest.approx(wanted, rel=1e-6)
    less = plan.but(budget=needed.budget * 0.99)
    assert less.expected[0] - less.budget < wanted


def test_a_profit_that_no_budget_earns_is_refused_with_what_can_be(plan):
    refused = plan.for_profit(1e9)
    assert isinstance(refused, NotEnough)
    assert "the most is" in refused.text


def test_scenarios_stand_side_by_side(plan):
    capped = plan.but(caps={"call": 10_000}, how="with calls capped at 10,000")
    scenarios = plan.against(capped, plan.present_split())
    assert scenarios.table.scenario.tolist() == [
        "put where it works best", "with calls capped at 10,000", "split as in the last year",
    ]  # fmt: skip
    assert scenarios.table.gain[0] == 0
    assert (scenarios.table.gain[1:] > 0).all()
    assert scenarios.table.gain[2] == pytest.approx(plan.gain[0])


def test_only_plans_on_the_same_curves_are_compared(plan, make_campaigns):
    with pytest.raises(ValueError, match="same curves"):
        plan.against(Budget().fit(make_campaigns(seed=2)))


def test_without_a_budget_it_is_that_of_the_last_year(four_channels):
    last = four_channels[four_channels.starts > four_channels.starts.max() - pd.Timedelta(days=365)]
    assert Budget().fit(four_channels).budget == pytest.approx(last.cost.sum())


def test_noise_is_not_sold_as_a_gain(make_campaigns):
    for seed in range(5):
        plan = Budget().fit(make_campaigns(seed=seed, sd=400.0, per_channel=3))
        if not isinstance(plan, NotEnough):
            assert plan.gain[1] <= 0
            assert "not enough evidence to prefer" in plan.text
            assert plan.checks[0].verdict == "weak"


def test_money_beyond_experience_is_doubted(plan):
    def verdict(budget):
        return {c.name: c.verdict for c in plan.but(budget=budget).checks}["Within what was seen"]

    assert verdict(10_000) == "holds"
    assert verdict(500_000) == "fails"


def test_channels_with_few_campaigns_are_doubted(make_campaigns):
    checks = {c.name: c.verdict for c in Budget().fit(make_campaigns(per_channel=2)).checks}
    assert checks["Enough campaigns"] == "weak"


def test_regions_can_be_the_parts(four_channels):
    regions = ["Riga", "Vilnius"] * (len(four_channels) // 2)
    plan = Budget(by="channel and region").fit(four_channels.assign(region=regions))
    assert "call · Riga" in plan.table.part.tolist()
    assert len(plan.table) == 8


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ({"channel": "email"}, "nothing to choose between"),
        ({"cost": np.nan}, "only 0 have a cost"),
        ({"mean_treated": 5.0}, "in none of the 4 parts"),
    ],
)
def test_it_refuses_what_cannot_be_learnt(four_channels, spoil, says):
    refused = Budget().fit(four_channels.assign(**spoil))
    assert isinstance(refused, NotEnough)
    assert says in refused.text


@pytest.mark.parametrize("knobs", [{"budget": 0}, {"by": "weather"}, {"caps": {"email": -1}}, {"confidence": 1}])
def test_knobs_that_make_no_sense_are_refused(knobs):
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        Budget(**knobs)


def test_a_part_that_does_not_exist_is_named(plan):
    with pytest.raises(ValueError, match="no part radio"):
        plan.but(caps={"radio": 3})
